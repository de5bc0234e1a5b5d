"""What the window's pages share: the blueprint, who may read, the case, sentences with articles in Chinese."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal

from flask import Blueprint, request
from sqlalchemy.orm import Session

from documents.facts import article
from web.auth import current_actor
from web.db import store
from web.shared import money
from workflow.cases.load import NO_CASE, Loaded, load_seen
from workflow.errors import NotFound, Reason
from workflow.permissions import READERS

blueprint = Blueprint("window", __name__)
WORKERS = READERS - {"supervisor", "auditor"}
INTAKE = frozenset({"desk", "officer"})
MARKS = {"late": "■", "judge": "◇", "near": "▲", "normal": "●", "paused": "‖", "none": "○", "closed": "✓"}
"""The shape of each light: colour only adds to it."""
_CASE_NO = re.compile(r"[0-9]{4}-[0-9]{6,9}")
_CITATION = re.compile(r"[^\s#《》（）():：、，；。]+#\d+(?:\.\d+)*(?:\(\d+\))?")


@blueprint.app_template_filter("in_words")
def in_words(text: str) -> str:
    """A sentence with its citations (工伤保险条例#20.2) as people read them (《工伤保险条例》第二十条第二款)."""
    return _CITATION.sub(lambda found: article(found.group()), text)


@blueprint.app_template_filter("light_mark")
def light_mark(kind: str) -> str:
    """The shape of a light."""
    return MARKS[kind]


@blueprint.app_template_filter("as_money")
def as_money(text: str) -> str:
    """An amount kept as text, as people read it."""
    return money(Decimal(text))


def case_of(session: Session, case_no: str) -> Loaded:
    """The case, if the signed-in person may see it; else NotFound as for a number nobody has."""
    if not _CASE_NO.fullmatch(case_no):  # PostgreSQL breaks on a NUL where it should find nothing
        raise NotFound(NO_CASE)
    return load_seen(store(), session, case_no, current_actor())


def matter_in_url(matter: str) -> str:
    """`benefit#2` as it stands in an address: benefit-2."""
    return matter.replace("#", "-")


def matter_from_url(text: str) -> str:
    """benefit-2 → benefit#2."""
    return text.replace("-", "#")


def posted(names: Iterable[str]) -> dict[str, str]:
    """What was typed into these fields, as typed."""
    return {name: request.form.get(name, "") for name in names}


def posted_key() -> str:
    """The submitted form's own key; the column that keeps it is bounded."""
    return "".join(c for c in request.form.get("form_key", "")[:80] if c.isprintable())


def readable(reasons: Iterable[Reason]) -> list[Reason]:
    """Reasons with their citations in Chinese, ready to be shown beside their fields."""
    return [Reason(in_words(r.sentence()), r.code, "", r.who, r.field) for r in reasons]


def beside(reasons: Iterable[Reason]) -> Mapping[str, str]:
    """Reasons by field, joined; '' for a field nothing is wrong with."""
    found: defaultdict[str, str] = defaultdict(str)
    for r in reasons:
        found[r.field] += r.sentence()
    return found
