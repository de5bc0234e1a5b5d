"""Finding a case: number, name, pinyin, employer, identity number (keyed index, whole or last four). Reads only."""

from __future__ import annotations

import re
import unicodedata

from sqlalchemy import ColumnElement, ScalarSelect, false, or_, select, true

from workflow import clock, identity, permissions, pinyin, sealed
from workflow.errors import BadInput
from workflow.models import Case, Employer, Worker
from workflow.situation import Actor
from workflow.store import Store

LONGEST_SEARCH = 80
_CASE_NO = re.compile(r"(\d{4})-(\d{1,6})")
_TAIL = re.compile(r"\d{3}[\dX]")


def visible(actor: Actor) -> ColumnElement[bool]:
    """permissions.sees_case as a condition on Case; tests hold the two together."""
    if actor.system:
        return true()
    if actor.employer_id is not None:
        return Case.employer_id == actor.employer_id
    if not actor.roles & permissions.READERS:
        return false()
    return true() if actor.city else Case.office_id == actor.office_id


def tidy(text: str) -> str:
    """A search as typed: full-width letters and digits made narrow, nothing invisible, of bounded length."""
    seen = "".join(c for c in unicodedata.normalize("NFKC", text[: 2 * LONGEST_SEARCH]) if c.isprintable())
    return seen.strip()[:LONGEST_SEARCH]


def case_number(text: str) -> str:
    """2026-123 → 2026-000123; '' for what is no case number."""
    found = _CASE_NO.fullmatch(tidy(text))
    return f"{found[1]}-{int(found[2]):06d}" if found else ""


def looks_like_identity(text: str) -> bool:
    """Whether a whole identity number was typed: such a text must not get into an address."""
    return bool(re.fullmatch(r"\d{15}|\d{17}[\dXx]", "".join(tidy(text).split())))


def find_person(store: Store, text: str) -> str:
    """The uid of the worker with this identity number by the keyed index; '' for none."""
    try:
        person = identity.parse("".join(tidy(text).split()), clock.today())
    except BadInput:
        return ""
    with store.reading() as session:
        index = sealed.index(store.settings, "number", person.number)
        return session.scalar(select(Worker.uid).where(Worker.id_index == index)) or ""


def worker_of(person: str) -> ScalarSelect[int]:
    """The worker's row id by his uid, as a subquery."""
    return select(Worker.id).where(Worker.uid == person).scalar_subquery()


def only_case(store: Store, actor: Actor, *, case_no: str = "", person: str = "") -> str:
    """The one visible case with this number or of this person; '' where there is none or several."""
    wanted = Case.case_no == case_no if case_no else Case.worker_id == worker_of(person)
    with store.reading() as session:
        found = session.scalars(select(Case.case_no).where(visible(actor), wanted).limit(2)).all()
    return found[0] if len(found) == 1 else ""


def matching(store: Store, raw: str) -> ColumnElement[bool]:
    """Case number, last four of the identity number, name, pinyin (full or initials), employer."""
    text = tidy(raw)
    if number := case_number(text):
        return Case.case_no == number
    if looks_like_identity(text):  # keyed index only, whatever way it came here
        index = sealed.index(store.settings, "number", "".join(text.split()))
        return Case.worker_id.in_(select(Worker.id).where(Worker.id_index == index))
    people = [Worker.name.contains(text, autoescape=True)]
    if term := pinyin.search_term(text):
        people += [Worker.pinyin.startswith(term, autoescape=True), Worker.pinyin.contains(f" {term}", autoescape=True)]
    if _TAIL.fullmatch(text.upper()):
        people.append(Worker.tail_index == sealed.index(store.settings, "tail", text))
    return or_(
        Case.worker_id.in_(select(Worker.id).where(or_(*people))),
        Case.employer_id.in_(select(Employer.id).where(Employer.name.contains(text, autoescape=True))),
    )
