"""Tasks an act gives to a person (送达失败后另行送达, 撤销后核查待遇 …), and how they end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from workflow import audit, clock
from workflow.cases.load import AnyRow, Loaded, load_seen
from workflow.definition.model import ActionDef
from workflow.errors import Forbidden, NotFound, Reason, Refused
from workflow.models import Case, Task, table
from workflow.situation import Actor
from workflow.store import Store
from workflow.todo import new_task

KIND = "act"
LONGEST = 300
_tasks = table(Task)
_new = insert(_tasks)
_served = (
    update(_tasks)
    .where(
        _tasks.c.matter_id == bindparam("matter"),
        _tasks.c.kind == KIND,
        _tasks.c.fact == bindparam("who"),
        _tasks.c.done_at.is_(None),
    )
    .values(done_at=bindparam("now"), done_by=bindparam("by"))
)


def follow(loaded: Loaded, matter: AnyRow, action: ActionDef, seq: int, given: Mapping[str, Any], actor: Actor) -> None:
    """Write the task the act gives, and end those about an addressee who has now been served."""
    who = str(given.get("addressee") or "")
    if action.each and who:
        loaded.connection.execute(_served, {"matter": matter.id, "who": who, "now": clock.now(), "by": actor.name})
    if not action.task:
        return
    people = loaded.definition.people
    why = given.get("ground") or given.get("reason") or given.get("failure") or ""
    about = f"（{people.get(who, who)}）" if who else ""
    text = f"{action.label}{about}{f'：{why}' if why else ''}"
    loaded.connection.execute(
        _new,
        new_task(
            case_id=loaded.row.id, matter_id=matter.id, office_id=matter.office_id, kind=KIND, owner=action.task,
            text=text if len(text) <= LONGEST else text[: LONGEST - 1] + "…", fact=who, key=f"act:{loaded.row.case_no}:{seq}:{action.task}",
        ),
    )  # fmt: skip


def finish_task(store: Store, actor: Actor, case_no: str, task_id: int, note: str) -> int:
    """End a task of a case with what was done about it; the event's number in the case.

    Raises NotFound, Forbidden (not the owner's role), Refused (no note, or ended already).
    """
    note = note.strip()
    with store.writing() as session:
        loaded = load_seen(store, session, case_no, actor, lock=True)
        task = session.scalar(select(Task).where(Task.id == task_id, Task.case_id == loaded.row.id, Task.kind == KIND))
        if task is None:
            raise NotFound("这个案件没有这项待办。请刷新页面再看。")
        if task.owner not in actor.roles:
            who = loaded.definition.people.get(task.owner, task.owner)
            raise Forbidden(f"这项待办由{who}办，您没有权限。请转给他们。")
        if task.done_at is not None:
            raise Refused(Reason(f"这项待办已经由{task.done_by}办了。", "done"))
        if not note or len(note) > LONGEST:
            raise Refused(Reason(f"请写明办了什么（最多 {LONGEST} 字）。", "note_missing", field="note"))
        task.done_at, task.done_by = clock.now(), actor.name
        link = audit.append(
            session, loaded.head, case_no, actor, kind="task:done", label="办结待办",
            payload={"task": task.key, "text": task.text, "note": note}, case_id=loaded.row.id, matter_id=task.matter_id,
        )  # fmt: skip
        session.execute(
            update(Case)
            .where(Case.id == loaded.row.id)
            .values(head_seq=link.seq, head_hash=link.hash, touched_at=clock.now())
        )
        return link.seq
