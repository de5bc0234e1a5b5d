"""init-db: migrate to head, then see that offices, holidays, law tables, the process file and the machine's accounts are there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow import law
from workflow.definition import load
from workflow.models import HolidayYear, LawRule, Meta, Office, User
from workflow.situation import Actor
from workflow.store import Store, migrate
from workflow.versions import shelf

OFFICES = Path(__file__).with_name("offices.yaml")
SYSTEM_ACCOUNTS = (("system", "系统"), ("import", "导入"))
"""Accounts the machine acts under; without a password, nobody can sign in with them."""


def init_db(store: Store) -> dict[str, Any]:
    """Bring the database to head and its tables of law and offices up to what is shipped; safe to repeat.

    The first states.yaml is published; a later one is kept as a draft (`definition_state`), for running cases are moved by
    `definition publish` alone. Returns counts. Raises BadSetting (database), DefinitionFaults (states.yaml).
    """
    definition = load(store.settings.states_path)
    migrate(store)
    with store.writing() as session:
        _marks(session)
        _accounts(session)
        actor = machine_account(session, "system")
        offices = _offices(session)
        years = _holidays(session)
        _law(session)
        state = shelf.shipped(session, actor, definition)
    store.forget()
    return {
        "ok": True,
        "offices": offices,
        "holiday_years": years,
        "definition": definition.version,
        "digest": definition.digest,
        "definition_state": state,
    }


def machine_account(session: Session, username: str) -> Actor:
    """The system or the import account as an actor."""
    user = session.execute(select(User).where(User.username == username, User.system)).scalar_one()
    return Actor(user.id, user.username, user.name, frozenset(), system=True)


def _marks(session: Session) -> None:
    for name, value in (("system-head", "0:"), ("heartbeat", "")):
        if session.get(Meta, name) is None:
            session.add(Meta(name=name, value=value))
    session.flush()


def _accounts(session: Session) -> None:
    for username, name in SYSTEM_ACCOUNTS:
        if session.scalar(select(User.id).where(User.username == username)) is None:
            session.add(User(username=username, name=name, roles=[], system=True, active=True, epoch=1, demo=False))
    session.flush()


def _offices(session: Session) -> int:
    """Add what is missing; an office's own entries are never overwritten."""
    known = set(session.scalars(select(Office.code)))
    shipped = yaml.safe_load(OFFICES.read_text("utf-8"))["offices"]
    for o in shipped:
        if o["code"] not in known:
            session.add(Office(
                code=o["code"], name=o["name"], county=o["county"], city=o.get("city", False), letter=o["letter"],
                phone=o.get("phone", "12333"), address=o.get("address", f"{o['name']}一站式服务窗口"),
                government=o["government"], court=o["court"],
            ))  # fmt: skip
    session.flush()
    return len(shipped)


def _holidays(session: Session) -> int:
    years = list(law.shipped_years())
    for y in years:
        row = session.get(HolidayYear, y["year"])
        if row is None:
            session.add(
                HolidayYear(
                    year=y["year"],
                    notice=y["notice"],
                    confidence=y["confidence"],
                    off=list(y["off"]),
                    work=list(y["work"]),
                )
            )
    session.flush()
    return len(years)


def _law(session: Session) -> None:
    """The table of limits mirrors the shipped file: it is for reading (and for SQL), the engine reads the file."""
    session.query(LawRule).delete()
    session.flush()
    for row in law.table():
        session.add(LawRule(**row))
    session.flush()
