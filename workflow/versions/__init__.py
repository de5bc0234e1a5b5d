"""Versions of the process: their difference, their days, and moving running cases from one to the next."""
