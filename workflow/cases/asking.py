"""What speaks against an act, all at once: bad input, missing facts, conditions, wrong addressees, days that cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from workflow import machine, permissions
from workflow.cases import typed
from workflow.cases.load import AnyRow, Loaded
from workflow.definition.model import ActionDef, FactDef
from workflow.errors import Forbidden, Reason, Refused, Stopped
from workflow.preparations import REGISTRY as PREPARATIONS
from workflow.preparations import Prepared
from workflow.situation import Actor, Situation

if TYPE_CHECKING:
    from workflow.cases.act import Act

BACKDATE = FactDef("backdate_reason", "补记的原因", "longtext", hint="日期早于今天的，写明为什么今天才登记；会一直显示")
"""Every act may take it; an act of an earlier day must."""


def ask(act: Act, raw: Mapping[str, Any], papers: list[str]) -> tuple[Situation, Prepared]:
    """The situation the act is done in and what it prepares. Raises Refused with every reason."""
    loaded, definition = act.loaded, act.loaded.definition
    typed_ones = {k: v for k, v in raw.items() if k != BACKDATE.name}
    given, faults = typed.read(definition, act.action, typed_ones, loaded.today, loaded.facts_of(act.matter))
    reason, wrong = _reason(act, raw)
    faults += wrong
    try:
        act.behalf = on_behalf(loaded, act.matter, act.actor, act.action, act.behalf, raw)
    except Refused as unsaid:  # for whom is asked together with everything else
        faults += [r for r in unsaid.reasons if r.field not in {f.field for f in faults}]
    faults += _paper_faults(act, papers)
    situation = loaded.situation(
        act.matter, act.action, act.actor, given=given, behalf=act.behalf, papers=frozenset(papers)
    )
    prepared = Prepared()
    if act.action.prepare and not faults:
        try:
            prepared = PREPARATIONS[act.action.prepare](situation)
        except Stopped as stopped:  # an unknown figure hides no other reason
            faults += stopped.reasons
        situation = replace(situation, facts={**situation.facts, **prepared.facts})
    told = {f.field for f in faults}
    faults += [r for r in machine.why_not(situation) if not r.field or r.field not in told]
    faults += _addressee_faults(act, situation) + _excluded_faults(act, situation) + _day_faults(act, situation, reason)
    if faults:
        raise Refused(faults)
    act.backdate_reason = reason
    return situation, prepared


def suppose(act: Act, raw: Mapping[str, Any]) -> tuple[Situation, Prepared, list[Reason]]:
    """As ask, for what-if: what is missing or does not hold is told beside, only what cannot be read is refused."""
    loaded = act.loaded
    told = {k: v for k, v in raw.items() if k != BACKDATE.name}
    if act.action.on and not told.get(act.action.on):
        told[act.action.on] = (
            loaded.today.isoformat()
        )  # else days still to come, which may be supposed, would make it one
    given, faults = typed.read(
        loaded.definition, act.action, told, loaded.today + typed.FURTHEST, loaded.facts_of(act.matter)
    )
    if faults:
        raise Refused(faults)
    situation = loaded.situation(act.matter, act.action, act.actor, given=given)
    prepared = Prepared()
    try:
        prepared = PREPARATIONS[act.action.prepare](situation) if act.action.prepare else prepared
    except Stopped as stopped:
        return situation, prepared, [*stopped.reasons, *machine.why_not(situation)]
    situation = replace(situation, facts={**situation.facts, **prepared.facts})
    return situation, prepared, machine.why_not(situation)


def _reason(act: Act, raw: Mapping[str, Any]) -> tuple[str, list[Reason]]:
    """Why an act of an earlier day is recorded only now."""
    value = raw.get(BACKDATE.name)
    if not value:
        return "", []
    read, wrong = typed.read_one(act.loaded.definition, BACKDATE, value, act.loaded.today, {})
    return str(read or ""), wrong


def _paper_faults(act: Act, papers: list[str]) -> list[Reason]:
    known = act.loaded.definition.papers
    allowed_ones = "、".join(f"{n}（{known[n].label}）" for n in act.action.receive) or "无"
    return [
        Reason(f"“{act.action.label}”不收“{known[p].label if p in known else p}”。可以收：{allowed_ones}。", field="papers")
        for p in papers if p not in act.action.receive
    ]  # fmt: skip


def _addressee_faults(act: Act, s: Situation) -> list[Reason]:
    if not s.given.get("addressee") or s.given.get("decision_kind"):  # inaction is about no document
        return []
    who, people = str(s.given["addressee"]), act.loaded.definition.people
    wanted = act.loaded.to_serve(act.matter)
    if who not in wanted:
        return [
            Reason(
                f"这份文书不用送达{people.get(who, who)}。收件人是：{'、'.join(people[w] for w in wanted)}。",
                field="addressee",
            )
        ]
    if any(d.addressee == who for d in s.deliveries):
        return [Reason(f"{people[who]}的送达已经登记过。登错了请走更正，不能重登。", field="addressee")]
    if not act.action.each:  # delivery that failed, a public notice
        return []
    received = s.given.get("received_on")
    issued = _issued_on(act)
    if isinstance(received, date) and issued and received < issued:
        return [Reason(f"收到之日 {received} 早于文书日期 {issued}。请核对送达回证。", field="received_on")]
    return []


def _issued_on(act: Act) -> date | None:
    """The day of the document that is served; of one made before the case was placed, the day the form tells."""
    latest = act.loaded.latest_instrument(act.matter)
    if latest is not None:
        day: date = latest.issued_on
        return day
    known = act.loaded.facts_of(act.matter)
    days = [
        known[n] for n in ("decided_on", "declined_on", "concluded_on", "approved_on") if isinstance(known.get(n), date)
    ]
    return max(days) if days else None


def _excluded_faults(act: Act, s: Situation) -> list[Reason]:
    since, until = s.given.get("excluded_from"), s.given.get("excluded_to")
    if not act.action.exclude or not (isinstance(since, date) and isinstance(until, date)) or since < until:
        return []
    return [Reason(f"扣除的止日 {until} 要晚于起日 {since}（止日当天重新计算）。请核对。", field="excluded_to")]


def _day_faults(act: Act, s: Situation, reason: str) -> list[Reason]:
    """An act of an earlier day needs a reason, and no document of our own may be dated back over a limit already missed."""
    day, today, known = act.day(s), act.loaded.today, act.loaded.definition.clocks
    if day >= today or act.actor.system:
        return []
    who = s.given.get("addressee") if act.action.each else None
    leaving = {n for n in act.old.clocks if n not in act.loaded.state(act.matter, act.action.to).clocks} | set(
        act.action.pause
    )
    missed = [
        c for c in s.clocks
        if c.name in leaving and c.state == "running" and c.due_on and day <= c.due_on < today and who in (None, c.addressee)
        and known[c.name].legal and known[c.name].kind == "deadline"
    ]  # fmt: skip
    ours = bool(act.action.pause) or bool(act.action.issue and not permissions.parties_of(act.action))
    faults = [
        Reason(f"“{known[c.name].label}”时限已于 {c.due_on} 届满，不能补记成届满以前办的。请按实际日期登记。",
               "dated_back_over_due", known[c.name].law, field=act.action.on)
        for c in missed if ours
    ]  # fmt: skip
    own_day = bool(act.action.on and s.given.get(act.action.on))
    if not reason and (own_day or missed) and not faults:
        text = f"这件事的日期是 {day}，今天才登记。请写明补记的原因，原因会一直显示在办理记录里。"
        faults.append(Reason(text, "backdate_reason", "", "办理人", BACKDATE.name))
    return faults


def check_role(loaded: Loaded, actor: Actor, matter: str, action: ActionDef) -> None:
    """Raises Forbidden, naming who may do it."""
    level = loaded.store.settings.recognition_level
    if permissions.may_do(actor, action) and permissions.recognises_here(actor, matter, action, level):
        return
    who = "、".join(loaded.definition.people[p] for p in action.by)
    raise Forbidden(Reason(f"您没有办“{action.label}”的权限，这件事由{who}办理。请转给他们。", "not_yours", who=who))


def on_behalf(
    loaded: Loaded, matter: AnyRow, actor: Actor, action: ActionDef, behalf: str, raw: Mapping[str, Any]
) -> str:
    """The party an office records the act for ('' for the actor's own act): as said, else the applicant on file.

    Raises Refused where it is nobody who may do it.
    """
    if not permissions.acts_for_party(actor, action):
        own = str(raw.get("applicant") or "")
        if own and own in permissions.PARTIES and own not in actor.roles and not actor.system:
            raise Refused(Reason("申请人只能是您自己这一方。请改选后再提交。", "not_you", field="applicant"))
        return ""
    parties = permissions.parties_of(action)
    said = str(raw.get("applicant") or "")
    if behalf and said in permissions.PARTIES and said != behalf:
        raise Refused(
            Reason("代办的一方和填写的申请人不是同一方。请核对后再提交。", "behalf_differs", field="applicant")
        )
    party = behalf or said or str(matter.facts.get("applicant") or "")
    if party in parties:
        return party
    people = loaded.definition.people
    listed = "、".join(f"{p}（{people[p]}）" for p in parties)
    raise Refused(
        Reason(
            f"请写明代谁办“{action.label}”：{listed}。",
            "behalf_missing",
            field="applicant" if "applicant" in action.ask else "behalf",
        )
    )
