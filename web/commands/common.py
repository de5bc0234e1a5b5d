"""What commands share: the open store, the acting account, printing for people or as JSON."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

from workflow.errors import BadInput, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.situation import Actor
    from workflow.store import Store


def open_store(ready: bool = True) -> Store:
    """The database the environment names; with `ready` it must be migrated to head. Raises BadSetting.

    Documents are checked against their templates before an act is committed.
    """
    from documents.kinds import document_check
    from workflow.settings import from_environment
    from workflow.store import Store

    store = Store(from_environment())
    store.check_document = document_check
    if ready:
        store.require_ready()
        _refuse_demo(store)
    return store


def _refuse_demo(store: Store) -> None:
    """Production serves no demonstration, neither by page nor by command."""
    from workflow.accounts import demo_left
    from workflow.errors import BadSetting

    if store.settings.demo:
        return
    with store.reading() as session:
        if faults := demo_left(session):
            raise BadSetting(faults)


def actor_named(store: Store, username: str) -> Actor:
    """The active account with that name as an actor. Raises NotFound."""
    from sqlalchemy import select

    from workflow.accounts import actor_of
    from workflow.models import User

    with store.reading() as session:
        user = session.scalar(select(User).where(User.username == username, User.active))
        if user is None:
            known = session.scalars(
                select(User.username).where(User.active, ~User.system).order_by(User.username).limit(20)
            ).all()
            raise NotFound(f"没有启用的账号“{username}”。现有账号：{'、'.join(known) or '无，请先建账号'}。")
        return actor_of(user)


def signer(store: Store, username: str | None, what: str) -> Actor:
    """Who answers for a change: the account named; in a rehearsal database the machine's own where nobody is. Raises Refused."""
    from workflow.errors import Refused
    from workflow.setup import machine_account

    if username:
        return actor_named(store, username)
    if not store.rehearsal:
        raise Refused(f"{what}要写明由谁办理，什么都没有写。请加 --as 账号。")
    with store.reading() as session:
        return machine_account(session, "system")


def emit(args: argparse.Namespace, payload: Mapping[str, Any], lines: Iterable[str]) -> None:
    """One JSON document with --json, else the lines."""
    if getattr(args, "json", False):
        print(json.dumps(payload, ensure_ascii=False, default=_plain))
        return
    for line in lines:
        print(line)


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def pairs(given: Iterable[str]) -> dict[str, str]:
    """`K=V` words as a mapping. Raises BadInput naming every word that is none."""
    wrong = [word for word in given if "=" not in word or word.startswith("=")]
    if wrong:
        raise BadInput(f"--fact 要写成 名称=内容，这些不是：{'、'.join(wrong)}。例如 --fact ground=证据不足。")
    return {k: v for k, _, v in (word.partition("=") for word in given)}


def day(text: str) -> date:
    """A date of the command line. Raises BadInput."""
    from workflow.cases.typed import parse_day

    try:
        return parse_day(text)
    except ValueError as error:
        raise BadInput(f"“{text}”不是日期，请写成 2026-11-24。") from error


@contextmanager
def at(store: Store, text: str | None) -> Iterator[None]:
    """Rehearse another day where the database allows it (`--at`)."""
    from workflow import clock
    from workflow.worker import rehearsed

    if not text:
        yield
        return
    with clock.frozen(rehearsed(store, text)):
        yield
