"""Periods in which a party may do something and need not (复议、起诉、再次鉴定): when they are over nobody was late."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from workflow.definition.model import ClockDef, Definition
from workflow.permissions import PARTY, PARTY_OWNERS


def is_right(known: ClockDef | None) -> bool:
    """Whether a clock only measures how long a party may still ask for something.

    Its end closes a door by itself (`do`), settles something (`mark` that warns nobody), or only tells a party of a child matter
    that it is over (起诉、上诉); where the end asks a person to act (`route`), the party had something to do (补正).
    """
    if known is None or not known.legal or known.kind != "deadline" or known.owner not in PARTY_OWNERS:
        return False
    end = known.on_expiry
    settles = bool(end.mark) and not (end.warn or end.escalate)
    return bool(end.act) or settles or (known.owner == PARTY and not end.route)


def right_of(definition: Definition, row: Mapping[str, Any]) -> bool:
    """is_right for a clock row under its definition."""
    return is_right(definition.clocks.get(row["name"]))


def gone(definition: Definition, row: Mapping[str, Any], today: date) -> bool:
    """Whether a row is such a right whose last day has passed."""
    return row["state"] == "running" and row["due_on"] < today and right_of(definition, row)
