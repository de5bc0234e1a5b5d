"""The engine: process, clocks, law, benefits, audit. Knows no Flask and makes no PDF."""
