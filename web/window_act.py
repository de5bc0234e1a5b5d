"""One act: its form with what follows from it, carried out through cases.perform, every refusal beside its field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.auth import current_actor, roles
from web.db import store
from web.window_base import beside, blueprint, case_of, matter_from_url, matter_in_url, posted_key, readable
from web.window_view import consequence, fact_pairs, fields_of
from workflow import cases, clock, guards, permissions
from workflow.cases import Choice, Outcome
from workflow.cases.asking import BACKDATE
from workflow.cases.load import Loaded
from workflow.definition.model import ActionDef, FactDef
from workflow.errors import Conflict, Forbidden, Reason, Refused
from workflow.reading import name_of

Answer = Response | str | tuple[str, int]
GONE = "“{}”现在不能办了：这件事已经到了“{}”。"


@dataclass(frozen=True)
class _Typed:
    """What was submitted: facts by name, papers handed in, the party it is done for, the version that was seen."""

    facts: Mapping[str, str]
    papers: Sequence[str] = ()
    behalf: str = ""
    version: int | None = None


@blueprint.get("/cases/<case_no>/<matter>/<action>")
@roles(*permissions.READERS)
def act(case_no: str, matter: str, action: str) -> Answer:
    """The form of one act."""
    with store().reading() as session:
        loaded = case_of(session, case_no)
        row = loaded.matter(matter_from_url(matter))
        choice = _choice(loaded, row, action)
        if choice is None:
            flash(GONE.format(_label(loaded, row, action), loaded.place(row)[1].label))
            return redirect(url_for("window.case", case_no=case_no))
        if not choice.mine:
            raise Forbidden(f"您没有办“{choice.action.label}”的权限，这件事由{'、'.join(choice.by)}办理。请转给他们。")
        return _form(loaded, row, choice, _Typed({}), readable(choice.why_not))


@blueprint.post("/cases/<case_no>/<matter>/<action>")
@roles(*permissions.READERS)
def do(case_no: str, matter: str, action: str) -> Answer:
    """Carry the act out, or show the form again with all reasons and everything that was typed."""
    name = matter_from_url(matter)
    with store().reading() as session:
        loaded = case_of(session, case_no)
        typed = _typed(loaded, loaded.matter(name), action)
    try:
        done = cases.perform(
            store(),
            current_actor(),
            case_no,
            name,
            action,
            facts={k: v for k, v in typed.facts.items() if v.strip()},
            papers=list(typed.papers),
            version=typed.version,
            behalf=typed.behalf,
            key=posted_key(),
        )
    except Conflict as conflict:
        return _again(case_no, name, action, typed, [], conflict), conflict.status
    except Refused as refused:
        return _again(case_no, name, action, typed, readable(refused.reasons), None), refused.status
    _tell(case_no, done)
    return redirect(url_for("window.case", case_no=case_no, _anchor=matter_in_url(name)), 303)


def _typed(loaded: Loaded, row: Any, action: str) -> _Typed:
    """What the form of this act may carry; fields nobody asked for are not taken."""
    defined, state = loaded.place(row)
    known = state.actions.get(action) or next(
        (s.actions[action] for s in defined.states.values() if action in s.actions), None
    )
    names = dict.fromkeys((*known.ask, *known.may, *((known.on,) if known.on else ()), BACKDATE.name)) if known else {}
    version = request.form.get("version", "")
    return _Typed(
        {n: request.form.get(n, "") for n in names},
        request.form.getlist("papers"),
        request.form.get("behalf", "")[:40],
        int(version) if version.isascii() and version.isdigit() and len(version) < 10 else None,
    )


def _choice(loaded: Loaded, row: Any, action: str) -> Choice | None:
    found = cases.choices(loaded, row, current_actor())
    return next((c for c in found if c.action.name == action), None)


def _label(loaded: Loaded, row: Any, action: str) -> str:
    defined, _ = loaded.place(row)
    return next((s.actions[action].label for s in defined.states.values() if action in s.actions), action)


def _again(case_no: str, name: str, action: str, typed: _Typed, faults: list[Reason], conflict: Conflict | None) -> str:
    """The form as it was filled in, on the case as it stands now."""
    with store().reading() as session:
        loaded = case_of(session, case_no)
        row = loaded.matter(name)
        choice = _choice(loaded, row, action)
        if choice is None or not choice.mine:
            return _gone(loaded, row, action, typed, faults, conflict)
        return _form(loaded, row, choice, typed, faults, conflict)


def _gone(loaded: Loaded, row: Any, action: str, typed: _Typed, faults: list[Reason], conflict: Conflict | None) -> str:
    """Nothing to go on with here: what changed, and what was typed, to be copied from."""
    kept = [(label, text) for label, text in fact_pairs(loaded.definition, typed.facts) if text.strip()]
    sentences = conflict.sentences() if conflict else [f.sentence() for f in faults]
    return render_template(
        "window_gone.html",
        case_no=loaded.row.case_no,
        worker=loaded.row.name,
        label=_label(loaded, row, action),
        kept=kept,
        state=loaded.place(row)[1].label,
        sentences=sentences,
        changes=_changes(conflict),
        anchor=matter_in_url(name_of(loaded, row)),
    )


def _form(
    loaded: Loaded, row: Any, choice: Choice, typed: _Typed, faults: list[Reason], conflict: Conflict | None = None
) -> str:
    action, actor = choice.action, current_actor()
    only = _open_choices(loaded, row, choice)
    fields = fields_of(choice.ask, optional=False, given=typed.facts, only=only)
    fields += fields_of(
        _listed([f for f in choice.may if f.name != BACKDATE.name]), optional=True, given=typed.facts, only=only
    )
    late = fields_of([f for f in choice.may if f.name == BACKDATE.name], optional=True, given=typed.facts, only={})
    parties = (
        permissions.parties_of(action)
        if permissions.acts_for_party(actor, action) and "applicant" not in action.ask
        else ()
    )
    names = (
        {f["name"] for f in (*fields, *late)}
        | ({"papers"} if choice.papers else set())
        | ({"behalf"} if parties else set())
    )
    shown = [Reason(f.text, f.code, "", f.who, f.field if f.field in names else "") for f in faults]
    defined, state = loaded.place(row)
    return render_template(
        "window_act.html",
        case_no=loaded.row.case_no,
        row=loaded.row,
        matter=matter_in_url(name_of(loaded, row)),
        matter_label=defined.label,
        state_label=state.label,
        action=action,
        fields=fields,
        on=action.on,
        late=late[0] if late else None,
        late_after=_dated(action, fields),
        faults=shown,
        wrong=beside(shown),
        version=row.version,
        papers=[(p, p.name in choice.held) for p in choice.papers],
        chosen=typed.papers,
        missing=_missing(loaded, row, choice),
        parties=[(p, loaded.definition.people[p]) for p in parties],
        behalf=typed.behalf or str(row.facts.get("applicant") or ""),
        consequence=consequence(loaded, row, action, actor),
        pairs=fact_pairs(loaded.definition, row.facts),
        lines=row.facts.get("lines") or [],
        conflict=conflict.sentences() if conflict else [],
        changes=_changes(conflict),
    )


def _dated(action: ActionDef, fields: Sequence[Mapping[str, Any]]) -> str:
    """The field after which the reason of an act of an earlier day is asked: the act's own day, or the day somebody received."""
    names = [f["name"] for f in fields]
    wanted = action.on or ("received_on" if action.each else "")
    return wanted if wanted in names else ""


def _listed(facts: Sequence[FactDef]) -> list[FactDef]:
    return list({f.name: f for f in facts}.values())


def _open_choices(loaded: Loaded, row: Any, choice: Choice) -> dict[str, list[str]]:
    """Choices that are still open: applicants who may do this, addressees of this document not yet served."""
    action = choice.action
    only = {}
    if parties := permissions.parties_of(action):
        only["applicant"] = list(parties)
    if action.each:
        wanted = loaded.to_serve(row)
        situation = loaded.situation(row, action, current_actor())
        served = {d.addressee for d in situation.deliveries}
        only["addressee"] = [w for w in wanted if w not in served]
    return only


def _missing(loaded: Loaded, row: Any, choice: Choice) -> list[Any]:
    """The papers a one-time list would name."""
    if choice.action.prepare != "list_missing":
        return []
    return list(guards.missing_papers(loaded.situation(row, choice.action, current_actor())))


def _changes(conflict: Conflict | None) -> list[dict[str, Any]]:
    """What others did meanwhile: when, who, what, and where it stands since."""
    changes = conflict.changes if conflict else ()
    return [{**c, "at": clock.local(datetime.fromisoformat(c["at"])).strftime("%Y-%m-%d %H:%M")} for c in changes]


def _tell(case_no: str, done: Outcome) -> None:
    with store().reading() as session:
        loaded = case_of(session, case_no)
        defined = loaded.definition.matters[done.matter]
        label = defined.states[done.from_state].actions[done.action].label
        opened = [loaded.definition.matters[name].label for name in done.opened]
    text = f"已办“{label}”，现在是“{done.state_label}”。"
    if done.instrument:
        text += f"文书 {done.instrument} 已编号，正在打印，稍后刷新本页即可打开。"
    if opened:
        text += f"同时开立：{'、'.join(opened)}。"
    flash(text)
