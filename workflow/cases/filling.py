"""What is unknown becomes a task (补录); filling it in is recorded, starts the clocks that waited for it, and decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import insert, select, update

from workflow import audit, clock
from workflow.audit import Link
from workflow.cases import typed
from workflow.cases.load import Loaded, load_seen
from workflow.cases.once import claim, keep_answer
from workflow.definition.model import FactDef
from workflow.errors import Forbidden, Reason, Refused
from workflow.models import Case, Matter, Outbox, Task, Worker, table
from workflow.situation import Actor
from workflow.store import Store
from workflow.todo import new_task

YES_NO = {"yes": "是", "no": "否"}
CASE_FACTS: Mapping[str, FactDef] = {
    f.name: f
    for f in (
        FactDef("insured", "是否参加工伤保险", "choice", YES_NO),
        FactDef("drawing", "是否领取工伤待遇", "choice", YES_NO),
        FactDef("certificate_no", "诊断证明书编号", "text", law="工伤保险条例#18.1"),
        FactDef("institution", "诊断机构", "text"),
        FactDef("certificate_employer", "诊断证明书上的用人单位", "text"),
        FactDef("dispute", "劳动关系或者诊断结论是否有争议", "bool"),
        FactDef("phone", "联系电话", "account"),
        FactDef("address", "住址", "text"),
        FactDef("occupation", "职业、工种或者工作岗位", "text", law="工伤认定办法#19"),
    )
}
"""Facts of the case that may be filled in; the last three belong to the worker."""
WORKER_FACTS = ("phone", "address", "occupation")
OF_CERTIFICATE = ("certificate_no", "institution", "dispute")
"""What nobody can be asked for before there is a diagnosis."""
RECEIVED = {"received_worker": ("worker", "职工收到之日"), "received_employer": ("employer", "用人单位收到之日")}
"""Days of receipt of a document served before the case was taken in; each starts its addressee's clock."""
MADE_ON = ("concluded_on", "decided_on")
"""The day of the document itself; nobody receives it before."""
FILLERS = frozenset({"desk", "officer", "appraisal_office", "agency"})


def label_of(loaded: Loaded, name: str) -> str:
    """How a fact is called."""
    if name in CASE_FACTS:
        return CASE_FACTS[name].label
    if name in RECEIVED:
        return RECEIVED[name][1]
    return loaded.definition.facts[name].label


def ask(loaded: Loaded, wanted: Sequence[tuple[int | None, str, str]]) -> None:
    """One task for each unknown fact: (matter id, matter name, fact)."""
    rows = [
        new_task(
            case_id=loaded.row.id, matter_id=matter_id, office_id=loaded.row.office_id, kind="fill", owner="desk",
            text=f"补录：{label_of(loaded, fact)}", fact=fact, key=f"fill:{loaded.row.case_no}:{name}:{fact}",
        )
        for matter_id, name, fact in wanted
    ]  # fmt: skip
    if rows:
        loaded.session.execute(insert(table(Task)), rows)


def ask_certificate(loaded: Loaded) -> None:
    """Once there is a diagnosis, what only its certificate tells is asked for, each thing once."""
    asked = select(Task.fact).where(Task.case_id == loaded.row.id, Task.kind == "fill", Task.matter_id.is_(None))
    known = {*loaded.session.scalars(asked), *(n for n, v in loaded.row.facts.items() if v not in (None, ""))}
    ask(loaded, [(None, "", name) for name in OF_CERTIFICATE if name not in known])


def fill_in(
    store: Store, actor: Actor, case_no: str, facts: Mapping[str, Any], matter: str = "", *, key: str = ""
) -> dict[str, Any]:
    """Fill in facts of a case (`matter` empty) or of one of its matters; clocks that waited for them start.

    Returns {"case_no", "filled", "started"}. Raises NotFound, Forbidden, Refused with every fault at once.
    A fact already known is not overwritten here: that is a correction. `key`: the submitted form's own key (a repeat gets
    the same answer).
    """
    asked = {"fill_in": case_no, "matter": matter, "facts": dict(facts), "actor": actor.id}
    with store.writing() as session:
        if key and (stored := claim(store, session, key, asked)):
            return stored
        loaded = load_seen(store, session, case_no, actor, lock=True)
        if not actor.roles & FILLERS and not actor.system:
            raise Forbidden("您没有补录的权限。请由窗口、承办人、鉴定委办公室或者经办机构补录。")
        given = _read(loaded, facts, matter)
        started = _fill_matter(loaded, given, matter) if matter else _fill_case(loaded, given)
        close_tasks(loaded, actor, given, matter)
        _record(loaded, actor, given, matter, started)
        answer = {"case_no": case_no, "filled": sorted(given), "started": started}
        if key:
            keep_answer(session, key, answer)
        return answer


def _read(loaded: Loaded, facts: Mapping[str, Any], matter: str) -> dict[str, Any]:
    known = (
        loaded.facts_of(loaded.matter(matter))
        if matter
        else {**loaded.row.facts, **{n: getattr(loaded.row, n) for n in WORKER_FACTS}}
    )
    open_facts = _open_facts(loaded, matter)
    faults, given = [], {}
    for name, value in facts.items():
        if name not in open_facts:
            faults.append(
                Reason(f"“{name}”不在可以补录的范围。可以补录：{'、'.join(open_facts) or '无'}。", field=name)
            )
            continue
        if known.get(name) not in (None, "", "unknown"):
            faults.append(Reason(f"“{open_facts[name].label}”已经有记录，不能用补录改。需要改的请走更正。", field=name))
            continue
        read, wrong = typed.read_one(loaded.definition, open_facts[name], value, loaded.today, known)
        faults += wrong
        given[name] = read
    if not facts:
        faults.append(Reason("没有填任何内容。请至少填一项。"))
    if faults:
        raise Refused(faults)
    return given


def _open_facts(loaded: Loaded, matter: str) -> Mapping[str, FactDef]:
    """What may be filled in: the case's facts, or those of a matter's open tasks."""
    if not matter:
        return CASE_FACTS
    row = loaded.matter(matter)
    made_on = next((day for day in MADE_ON if row.facts.get(day)), "")
    rows = loaded.session.scalars(
        select(Task.fact).where(Task.matter_id == row.id, Task.kind == "fill", Task.done_at.is_(None))
    )
    out = {}
    for name in rows:
        received = FactDef(name, RECEIVED[name][1], "date", not_before=made_on) if name in RECEIVED else None
        out[name] = received or loaded.definition.facts[name]
    return out


def _fill_case(loaded: Loaded, given: Mapping[str, Any]) -> list[str]:
    own = {k: v for k, v in given.items() if k not in WORKER_FACTS}
    if own:
        merged = {**loaded.row.facts, **typed.plain(own)}
        loaded.session.execute(update(Case).where(Case.id == loaded.row.id).values(facts=merged))
    if person := {k: v for k, v in given.items() if k in WORKER_FACTS}:
        loaded.session.execute(update(Worker).where(Worker.id == loaded.row.worker_id).values(**person))
        if "phone" in person:
            _send_again(loaded)
    return []


def _send_again(loaded: Loaded) -> None:
    """Messages that failed for want of a telephone go out now; their tasks are done when they have."""
    loaded.session.execute(
        update(Outbox)
        .where(Outbox.case_id == loaded.row.id, Outbox.to == "worker", Outbox.state == "failed")
        .values(state="waiting", tries=0, next_at=clock.now())
    )


def _fill_matter(loaded: Loaded, given: Mapping[str, Any], matter: str) -> list[str]:
    row = loaded.matter(matter)
    facts = {**row.facts, **typed.plain(given)}
    book = loaded.book(row)
    days = typed.days(loaded.definition, typed.typed(loaded.definition, facts))
    started = book.fill_start(days)
    for name, (who, _) in RECEIVED.items():
        if isinstance(given.get(name), date):
            started += book.fill_start({"received_on": given[name]}, who)
    book.save(loaded.session)
    loaded.session.execute(
        update(Matter).where(Matter.id == row.id, Matter.version == row.version)
        .values(facts=facts, version=row.version + 1, **book.summary())
    )  # fmt: skip
    return started


def close_tasks(loaded: Loaded, actor: Actor, names: Iterable[str], matter: str) -> None:
    """What is known now needs no filling in any more."""
    keys = [f"fill:{loaded.row.case_no}:{matter.partition('#')[0]}:{name}" for name in names]
    tasks = table(Task)
    done = update(tasks).where(tasks.c.key.in_(keys), tasks.c.done_at.is_(None))
    loaded.connection.execute(done.values(done_at=clock.now(), done_by=actor.name))


def _record(loaded: Loaded, actor: Actor, given: Mapping[str, Any], matter: str, started: Sequence[str]) -> None:
    row = loaded.row
    book = loaded.book(loaded.matter(matter)).changes() if matter else []
    link = audit.append(
        loaded.session, Link(row.head_seq, row.head_hash), row.case_no, actor, kind="case:filled", label="补录",
        payload={"matter": matter, "facts": typed.plain(given), "started": list(started), "clocks": book},
        definition=loaded.definition.digest, case_id=row.id, matter_id=loaded.matter(matter).id if matter else None,
    )  # fmt: skip
    loaded.session.execute(
        update(Case).where(Case.id == row.id).values(head_seq=link.seq, head_hash=link.hash, touched_at=clock.now())
    )
