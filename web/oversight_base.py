"""What the oversight pages share: the blueprint, who may look, and what a list is narrowed to."""

from __future__ import annotations

from flask import Blueprint, request
from sqlalchemy.orm import Session

from web.auth import current_actor
from web.db import store
from workflow.board import KINDS, LIGHTS, Asked
from workflow.cases.opening import current_definition
from workflow.definition.model import Definition

WATCHERS = frozenset({"supervisor", "auditor"})
AUDITORS = frozenset({"auditor"})
blueprint = Blueprint("oversight", __name__, url_prefix="/oversight")
FIELDS = ("office", "stage", "light", "owner", "kind")


def asked() -> Asked:
    """What the address asks for, within what this person may see; words nobody knows find nothing."""
    given = {name: request.args.get(name, "").strip()[:80] for name in FIELDS}
    matter, _, state = given["stage"].partition(".")
    return Asked(
        seen=Asked.by(current_actor()).seen, office=given["office"], matter=matter, state=state,
        light=given["light"] if given["light"] in LIGHTS else "", owner=given["owner"],
        kind=given["kind"] if given["kind"] in KINDS else "",
    )  # fmt: skip


def page_number() -> int:
    """`?page=`, 1 where there is none."""
    return min(max(1, request.args.get("page", 1, type=int)), 100_000)


def address_of(asked: Asked) -> dict[str, str]:
    """The address's part for what is asked, without empty fields."""
    stage = f"{asked.matter}.{asked.state}" if asked.state else asked.matter
    given = {"office": asked.office, "stage": stage, "light": asked.light, "owner": asked.owner, "kind": asked.kind}
    return {name: value for name, value in given.items() if value}


def process(session: Session) -> Definition:
    """The newest version of the process: labels of stages and people."""
    return store().definition(session, current_definition(session)[0])
