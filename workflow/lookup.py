"""The worker's look-up (查进度): case number and last four of the identity number, throttled, one answer for failure.

What comes out is what its page shows and nothing more: the name masked, no identity number, no disease, of an account
only the last four.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow import attempts, rights, roadmap, sealed, words
from workflow.attempts import Counted, Limit
from workflow.cases.load import Loaded, load
from workflow.definition.model import ActionDef, StateDef
from workflow.models import Case, DeliveryRecord, Instrument, Office, Paper, Worker
from workflow.reading import about_of
from workflow.roadmap import Step
from workflow.stages import chinese_day, headline, public_sentence
from workflow.store import Store

PER_CASE = Limit(5, 60 * 60)
PER_ADDRESS = Limit(30, 60 * 60)
"""Wrong tries only: who finds his case has his try given back. Five of 11 000 endings an hour: 90 days for all."""
ME = "worker"
DECIDED = ("decided_on", "declined_on", "concluded_on", "approved_on")
TO_FILL = "日期待补录，请打电话告诉窗口。"
_TAIL = re.compile(r"\d{3}[\dX]")
_NOBODY = "0" * 64
_ASKS = re.compile(r"(?<!申)请")
"""A sentence that asks him for something, and does not only name an application (申请)."""


@dataclass(frozen=True)
class Todo:
    """One thing the worker has to do or may do: `until` is the last (or appointed) day, None where there is none."""

    title: str
    note: str
    until: date | None = None
    days_left: int | None = None
    bring: tuple[str, ...] = ()
    appointed: bool = False
    provisional: bool = False


@dataclass(frozen=True)
class Part:
    """One matter beside the headline, in a sentence."""

    label: str
    sentence: str


@dataclass(frozen=True)
class PaperOut:
    """A document issued to the worker; `received_on` is None until it was served on him."""

    label: str
    number: str
    issued_on: date
    received_on: date | None


@dataclass(frozen=True)
class Paid:
    """One payment. `returned`: the bank sent it back; `repaid`: and it was paid again since."""

    label: str
    month: str
    amount: Decimal
    paid_on: date
    returned: bool
    repaid: bool


@dataclass(frozen=True)
class Answer:
    """Everything the worker's page shows. `asked`: its first sentences ask him for something (no day may be set);
    `elsewhere`: who decides what the headline is about, '' where we do."""

    case_no: str
    name: str
    lead: str
    more: str
    stage: str
    closed: bool
    asked: bool
    todos: tuple[Todo, ...]
    parts: tuple[Part, ...]
    steps: tuple[Step, ...]
    papers: tuple[PaperOut, ...]
    objections: tuple[str, ...]
    payments: tuple[Paid, ...]
    account: str
    imported: bool
    office: str
    phone: str
    elsewhere: str = ""
    later: tuple[str, ...] = ()

    @property
    def total(self) -> Decimal:
        """What has arrived, 元: payments the bank sent back are left out."""
        return sum((p.amount for p in self.payments if not p.returned), Decimal("0.00"))


def read_case_no(text: str) -> str:
    """A number as people type it (full width, spaces, no hyphen) as it is written: 2026-000123; '' if it is none."""
    groups = re.findall(r"[0-9]+", unicodedata.normalize("NFKC", text))
    if len(groups) == 2 and len(groups[0]) == 4:
        year, number = groups[0], groups[1].zfill(6)
    else:
        digits = "".join(groups)
        year, number = digits[:4], digits[4:]
    return f"{year}-{number}" if 6 <= len(number) <= 8 else ""


def read_tail(text: str) -> str:
    """The last four of an identity number, X in either case and any width; '' if it is none."""
    tail = "".join(unicodedata.normalize("NFKC", text).split()).upper()
    return tail if _TAIL.fullmatch(tail) else ""


def look_up(store: Store, case_no: str, tail: str, address: str) -> Answer | None:
    """The case with this number if the last four fit, or None: no such case, wrong ending, too many tries alike.

    `case_no` and `tail` as `read_case_no` and `read_tail` give them. Every way does the same work before it fails.
    """
    case = Counted(attempts.key_for(store.settings, "lookup-case", case_no), PER_CASE)
    place = Counted(attempts.key_for(store.settings, "lookup-address", address), PER_ADDRESS)
    allowed = attempts.allowed(store, case, place)
    typed = sealed.index(store.settings, "tail", tail)
    with store.reading() as session:
        known = session.execute(
            select(Worker.tail_index).join(Case, Case.worker_id == Worker.id).where(Case.case_no == case_no)
        ).scalar_one_or_none()
        fits = hmac.compare_digest(typed, known or _NOBODY)
        if not (fits and allowed):
            return None
        answer = _answer(load(store, session, case_no))
    attempts.forgive(store, give_back=[case, place])
    return answer


# --- what the page says -----------------------------------------------------------------------------------------------


def _answer(loaded: Loaded) -> Answer:
    definition = loaded.definition
    mine = [m for m in loaded.matters if m.addressee in ("", ME)]
    stage = headline(definition, [(m.name, m.state) for m in mine])
    head = mine[stage.position]
    sentence = _sentence(loaded, head)
    lead, more = _split(sentence)
    office = loaded.session.get_one(Office, loaded.row.office_id)
    account = next((str(m.facts["bank_account"])[-4:] for m in loaded.matters if m.facts.get("bank_account")), "")
    received = _received(loaded)
    return Answer(
        case_no=loaded.row.case_no, name=words.mask_name(loaded.row.name), lead=lead, more=more,
        stage=f"{_title(loaded, head)}：{stage.label}", closed=stage.closed,
        asked=not stage.closed and _asks(lead, more), todos=tuple(_todos(loaded, head)),
        parts=tuple(_parts(loaded, head)),
        steps=roadmap.steps(loaded, stage, received), papers=_papers(loaded, received),
        objections=tuple(_objections(loaded, received, head)), payments=_payments(loaded), account=account,
        imported=_imported(loaded),
        office=office.name, phone=office.phone, elsewhere=_decided_by(loaded, head), later=tuple(_later(loaded)),
    )  # fmt: skip


def _title(loaded: Loaded, matter: Any) -> str:
    """What a matter is called on the worker's page."""
    label = loaded.definition.matters[matter.name].label
    if matter.addressee:
        return f"{label}（针对{about_of(matter)}）"
    return label if matter.number == 1 else f"{label}（第 {matter.number} 次）"


def _decided_by(loaded: Loaded, matter: Any) -> str:
    """Who decides a matter that is only watched here; '' for our own. What a review or a suit is about says so itself."""
    defined = loaded.definition.matters[matter.name]
    return loaded.definition.people.get(defined.elsewhere, "") if defined.elsewhere and not matter.addressee else ""


def window_open(loaded: Loaded, matter: Any) -> bool:
    """Whether a child matter only waits for whether its party objects: nothing of the law runs but his own days."""
    rows = [r for r in loaded.book(matter).rows if r["state"] in LIVE and r["legal"]]
    return bool(matter.addressee) and bool(rows) and all(rights.right_of(loaded.definition, r) for r in rows)


def _parts(loaded: Loaded, head: Any) -> list[Part]:
    """The other matters in a sentence each. Where he may object is told under that heading, and what the employer's objection
    has come to without the sentence that speaks to the employer."""
    found = []
    for m in loaded.matters:
        _, state = loaded.place(m)
        if m.id == head.id or (m.addressee and (state.end or window_open(loaded, m))):
            continue
        if m.addressee in ("", ME):
            by = _decided_by(loaded, m)
            found.append(
                Part(_title(loaded, m), _sentence(loaded, m) + (f"这件事由{by}决定。" if by and not state.end else ""))
            )
        else:
            who = loaded.definition.people.get(m.addressee, m.addressee)
            found.append(Part(_title(loaded, m), f"这是{who}提出的，现在：{state.label}。有结果会告诉您。"))
    return found


def _imported(loaded: Loaded) -> bool:
    source = loaded.session.scalar(select(Case.source).where(Case.id == loaded.row.id)) or {}
    return source.get("way") == "import"


def _sentence(loaded: Loaded, matter: Any) -> str:
    """The state's sentence; a day in it that has gone by is called so."""
    _, state = loaded.place(matter)
    rows = loaded.book(matter).rows
    text = public_sentence(state, rows, matter.addressee or ME)
    gone = {r["due_on"] for r in rows if r["state"] == "running" and r["due_on"] < loaded.today}
    for day in gone:
        text = text.replace(f"{chinese_day(day)}（暂估）", chinese_day(day)).replace(
            chinese_day(day), f"{chinese_day(day)}（已过）"
        )
    return text


def _asks(lead: str, more: str) -> bool:
    """Whether these sentences ask him for something now; what only may be done, or names an application, does not."""
    return bool(_ASKS.search(lead)) or any(part.startswith("请") for part in more.split("。"))


def _split(text: str) -> tuple[str, str]:
    """The first sentence, for the top of the page, and the rest."""
    first, stop, rest = text.partition("。")
    return first + stop, rest


LIVE = ("running", "paused", "unstarted")


def _mine(loaded: Loaded, row: dict[str, Any]) -> bool:
    """What he has to do; what he only may do stands under the objections."""
    his = row["owner"] == ME and row["addressee"] in ("", ME) and row["state"] in ("running", "unstarted")
    return bool(his and row["kind"] == "deadline" and not rights.right_of(loaded.definition, row))


def _todos(loaded: Loaded, head: Any) -> list[Todo]:
    found = []
    for m in loaded.matters:
        _, state = loaded.place(m)
        if state.end:
            continue
        rows = [r for r in loaded.book(m).rows if _mine(loaded, r) and (m.id == head.id or r["legal"])]
        action = _own_act(state)
        for r in rows:
            title = action.label if action and r["name"] in state.clocks else r["label"]
            found.append(_todo(loaded, m, title, action, r))
        found += _examination(loaded, m)
    return found


def _own_act(state: StateDef) -> ActionDef | None:
    """What the worker himself can do here to move on (withdrawing comes later in the file, and is no way on)."""
    return next((a for a in state.actions.values() if ME in a.by and a.to != state.name and not a.unsettled), None)


def _todo(loaded: Loaded, matter: Any, title: str, action: ActionDef | None, row: dict[str, Any]) -> Todo:
    bring: tuple[str, ...] = ()
    if action and action.receive:
        held = set(loaded.session.scalars(select(Paper.name).where(Paper.matter_id == matter.id)))
        bring = tuple(loaded.definition.papers[p].label for p in action.receive if p not in held)
    if row["state"] == "unstarted":
        return Todo(title, TO_FILL, bring=bring)
    if not row["legal"]:
        return Todo(title, "法律没有规定最后一天，请早点办。", bring=bring)
    left = (row["due_on"] - loaded.today).days
    note = "过了这一天的，请马上打电话问窗口，能不能办由窗口判断。" if left < 0 else ""
    return Todo(title, note, row["due_on"], left, bring, provisional=bool(row["provisional"]))


def _examination(loaded: Loaded, matter: Any) -> list[Todo]:
    """The appointed day of the examination, until it is over."""
    facts = loaded.facts_of(matter)
    on = facts.get("exam_on")
    if not isinstance(on, date) or on < loaded.today or "concluded_on" in facts:
        return []
    where = "，".join(str(facts[n]) for n in ("exam_time", "place") if facts.get(n))
    return [Todo("参加鉴定检查", f"{where}。" if where else "", on, (on - loaded.today).days, appointed=True)]


# --- papers, objections, money ----------------------------------------------------------------------------------------


def _received(loaded: Loaded) -> list[DeliveryRecord]:
    """What was served on the worker, oldest first."""
    return list(
        loaded.session.scalars(
            select(DeliveryRecord)
            .where(DeliveryRecord.case_id == loaded.row.id, DeliveryRecord.addressee == ME)
            .order_by(DeliveryRecord.received_on, DeliveryRecord.id)
        )
    )


def instruments_to(session: Session, case_id: int, addressee: str) -> list[Instrument]:
    """The documents of a case addressed to one party, oldest first."""
    rows = session.scalars(
        select(Instrument).where(Instrument.case_id == case_id).order_by(Instrument.issued_on, Instrument.id)
    )
    return [i for i in rows if addressee in i.addressees]


def _papers(loaded: Loaded, received: list[DeliveryRecord]) -> tuple[PaperOut, ...]:
    days = {d.instrument_id: d.received_on for d in received}
    issued = instruments_to(loaded.session, loaded.row.id, ME)
    return tuple(PaperOut(i.label, i.number, i.issued_on, days.get(i.id)) for i in issued)


def _objections(loaded: Loaded, received: list[DeliveryRecord], head: Any) -> list[str]:
    """How he may object and until when: to each decision sent to him, and wherever else he may ask for something."""
    days = {d.instrument_id: d.received_on for d in received}
    windows = {m.instrument_id: m for m in loaded.matters if m.addressee == ME and m.instrument_id}
    out, with_paper = [], set()
    for i in instruments_to(loaded.session, loaded.row.id, ME):
        known = loaded.definition.instruments.get(i.kind)
        if known is None or not (known.remedy or i.kind in OLD_DECISIONS):
            continue
        with_paper.add(i.matter_id)
        got = f"您 {chinese_day(days[i.id])} 收到" if i.id in days else "还没有送到您手上"
        window = windows.get(i.id)
        if window is None:
            out.append(f"{i.label}：{got}。不服怎么办、到哪一天为止，都写在上面。")
        elif window.id == head.id:
            out.append(f"{i.label} {i.number}：{got}。现在办到哪一步，最上面写着。")
        elif window_open(loaded, window) or loaded.place(window)[1].end:
            out.append(f"{i.label} {i.number}：{got}。{_sentence(loaded, window)}")
    for m in loaded.matters:
        label = loaded.definition.matters[m.name].label
        if not m.addressee and m.id not in with_paper and any(m.facts.get(n) for n in DECIDED):
            out.append(f"{label}已有决定。不服怎么办、到哪一天为止，写在决定书上。")
        out += may_ask(loaded, m, ME)
    return out


OLD_DECISIONS = frozenset({"non_acceptance", "recognition", "non_recognition", "conclusion", "benefit_sheet"})
"""Decisions that say on the paper how to object, for versions of the process that do not say it in the file."""


def may_ask(loaded: Loaded, matter: Any, addressee: str) -> list[str]:
    """What one party may still ask for in a matter (再次鉴定、诊断鉴定、起诉), with its last day; nothing of a child matter, whose
    own sentence tells it."""
    _, state = loaded.place(matter)
    out = []
    for r in loaded.book(matter).rows:
        by_paper = (
            state.end and r["addressee"] == addressee
        )  # from the day he received the conclusion; asked already: not again
        by_state = r["addressee"] == "" and r["owner"] == addressee and rights.right_of(loaded.definition, r)
        if matter.addressee or not (r["legal"] and r["kind"] == "deadline" and (by_paper or by_state)):
            continue
        if r["state"] == "unstarted":
            out.append(f"{r['label']}：收到日期待补录，请打电话告诉窗口您哪天收到的。")
        elif r["state"] == "running":
            gone = "，已经过了" if r["due_on"] < loaded.today else ""
            out.append(f"{r['label']}：最晚 {chinese_day(r['due_on'])}{'（暂估）' if r['provisional'] else ''}{gone}。")
    return out


def _later(loaded: Loaded) -> list[str]:
    """What he can ask for from a day on that is still to come or has come (复查鉴定)."""
    rows = [r for m in loaded.matters if loaded.place(m)[1].end for r in loaded.book(m).rows]
    return [
        f"{r['label'].removeprefix('最早')}：{chinese_day(r['due_on'])}{'（暂估）' if r['provisional'] else ''}起可以办。"
        for r in rows if r["kind"] == "earliest" and r["state"] == "running" and r["owner"] == ME
    ]  # fmt: skip


def _payments(loaded: Loaded) -> tuple[Paid, ...]:
    return tuple(
        Paid(p["label"], p["month"], Decimal(p["amount"]), p["paid_on"], p["state"] == "returned", p["repaid"])
        for p in loaded.payments()
    )
