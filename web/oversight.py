"""The supervisor's face: where it is stuck, by office and stage, and the list behind each number. Read only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from flask import render_template, request, url_for
from sqlalchemy import select

from documents.facts import article
from web import oversight_trail
from web.auth import roles
from web.db import store
from web.nav import NavItem
from web.oversight_base import AUDITORS, WATCHERS, address_of, asked, blueprint, page_number, process
from web.window_base import matter_in_url
from workflow import board, clock, spent, stalls, words, worker
from workflow.board import KINDS, LIGHTS, PER_PAGE, Asked, Board, Cell
from workflow.cases.typed import parse_day
from workflow.definition.model import Definition
from workflow.errors import Reason
from workflow.models import Office
from workflow.stalls import Stall

__all__ = ["NAV", "blueprint", "oversight_trail"]
NAV = (
    NavItem("oversight.overview", "督办总览", WATCHERS), NavItem("oversight.stalled", "超期和滞留", WATCHERS),
    NavItem("oversight.spending", "时间花在谁手里", WATCHERS),
    NavItem("oversight.system", "系统记录", AUDITORS),
)  # fmt: skip
QUIET_AFTER = 10 * 60
"""Seconds without a sign of the worker process after which the page says so; it looks every two."""


@blueprint.get("/")
@roles(*WATCHERS)
def overview() -> str:
    """The numbers."""
    mine, today = Asked(seen=asked().seen), clock.today()
    with store().reading() as session:
        cells = board.board(store(), session, mine, today)
        offices, definition = board.offices(session, mine), process(session)
        failures, failed = board.failed_outbox(session, mine)
    return render_template(
        "oversight_board.html", offices=[(code, county, _sum(cells, office=code)) for code, county in offices],
        all=_sum(cells),
        stages=_stages(definition, cells), cells=cells, empty=Cell(), lights=LIGHTS, failed=failed, failures=failures,
        pulse=_pulse(worker.last_seen(store())),
    )  # fmt: skip


@blueprint.get("/matters")
@roles(*WATCHERS)
def matters() -> str:
    """Open matters, narrowed down; the worst first."""
    wanted, page, today = asked(), page_number(), clock.today()
    with store().reading() as session:
        found, total = board.lines(session, wanted, today, page)
        definition = process(session)
        places = {n.definition_id: store().definition(session, n.definition_id) for n in found}
        filters = _filters(definition, board.offices(session, Asked(seen=wanted.seen)))
    rows = [
        {"line": n, "worker": words.mask_name(n.worker), "party": definition.people.get(n.addressee, n.addressee),
         **_named(places[n.definition_id], n.matter, n.state, n.owner)}
        for n in found
    ]  # fmt: skip
    return render_template(
        "oversight_matters.html",
        rows=rows,
        total=total,
        asked=wanted,
        lights=LIGHTS,
        filters=filters,
        **_pages("oversight.matters", wanted, page, total),
    )


MOST_UNDONE = 50


def _to_act(s: Stall) -> str:
    """The form of the act that takes a finding on; the case itself where there is none."""
    if not s.act:
        return url_for("window.case", case_no=s.case_no)
    return url_for("window.act", case_no=s.case_no, matter=matter_in_url(s.ref), action=s.act)


@blueprint.get("/stalled")
@roles(*WATCHERS)
def stalled() -> str:
    """What stands still: whose it is, by which article, how long over, and what can be done."""
    wanted, page, today = asked(), page_number(), clock.today()
    with store().reading() as session:
        found, total, tally = board.stalled(store(), session, wanted, today, page)
        seen = frozenset({wanted.seen}) if wanted.seen is not None else None
        undone = (
            stalls.machine(store(), session, today, wanted.office or None, seen)
            if page == 1 and not wanted.kind
            else []
        )
        definition = process(session)
        filters = _filters(definition, board.offices(session, Asked(seen=wanted.seen)))
    everything = sum(tally.values())
    tabs = [
        {"label": label, "count": n, "here": wanted.kind == kind,
         "href": _address("oversight.stalled", replace(wanted, kind=kind))}
        for kind, label, n in [("", "全部", everything), *((k, KINDS[k], tally[k]) for k in KINDS)]
    ]  # fmt: skip
    rows = [
        {"stall": s, "worker": words.mask_name(s.worker), **_named(definition, s.matter, s.state, s.owner)}
        for s in found
    ]
    return render_template(
        "oversight_stalled.html", rows=rows, undone=undone[:MOST_UNDONE], more=stalls.MORE, link=_to_act,
        total=total, asked=wanted, tabs=tabs, kinds=KINDS, filters=filters,
        article=article,
        **_pages("oversight.stalled", wanted, page, total),
    )  # fmt: skip


@blueprint.get("/spent")
@roles(*WATCHERS)
def spending() -> str:
    """Whose days the cases took, by office and person responsible: running, paused and over apart."""
    wanted = asked()
    typed = {name: request.args.get(name, "").strip()[:20] for name in ("since", "until")}
    days, faults = _period(typed)
    with store().reading() as session:
        known = {code: key for key, code in session.execute(select(Office.id, Office.code))}
        offices = board.offices(session, Asked(seen=wanted.seen))
    seen = [known[code] for code, _ in offices if wanted.office in ("", code)]
    found = None if faults else spent.by_owner(store(), frozenset(seen), *days)
    return render_template(
        "oversight_spent.html", found=found, faults=faults, typed=typed, asked=wanted,
        offices=[("", "全部"), *offices] if len(offices) > 1 else offices,
    )  # fmt: skip


# --- inside -----------------------------------------------------------------------------------------------------------


def _period(typed: Mapping[str, str]) -> tuple[tuple[date | None, date | None], list[Reason]]:
    """The days typed, both ends open; and what cannot be read."""
    faults, days = [], []
    for name, label in (("since", "起日"), ("until", "止日")):
        try:
            days.append(parse_day(typed[name]) if typed[name] else None)
        except ValueError:
            faults.append(Reason(f"{label}“{typed[name]}”读不懂，请写成 2026-3-12 或 20260312。", field=name))
            days.append(None)
    since, until = days
    if since and until and since >= until:
        faults.append(Reason("止日要晚于起日（止日当天不算在内）。请改正后再看。", field="until"))
    return (since, until), faults


def _sum(cells: Board, office: str = "", stage: tuple[str, str] | None = None) -> Cell:
    out = Cell()
    for (code, at), cell in cells.items():
        if office in ("", code) and stage in (None, at):
            out = out.plus(cell)
    return out


def _stages(definition: Definition, cells: Board) -> list[dict[str, Any]]:
    """The stages that have anything, in the order of the process; those of older versions at the end."""
    there = {at for _, at in cells}
    order = [(m.name, s) for m in definition.matters.values() for s in m.states]
    known = [at for at in order if at in there]
    return [
        {"at": at, "key": ".".join(at), "sum": _sum(cells, stage=at), **_named(definition, *at, "")}
        for at in [*known, *sorted(there - set(known))]
    ]


def _named(definition: Definition, matter: str, state: str, owner: str) -> dict[str, str]:
    """Labels; a name the version does not have stands for itself."""
    defined = definition.matters.get(matter)
    known = defined.states.get(state) if defined else None
    return {
        "matter": defined.label if defined else matter, "stage": known.label if known else state,
        "owner": definition.people.get(owner, owner),
    }  # fmt: skip


def _filters(definition: Definition, offices: Sequence[tuple[str, str]]) -> Mapping[str, list[tuple[str, str]]]:
    """The choices above a list."""
    stages = [
        (f"{m.name}.{s.name}", f"{m.label}：{s.label}") for m in definition.matters.values() for s in m.states.values()
    ]
    return {
        "office": [("", "全部"), *offices] if len(offices) > 1 else list(offices),
        "stage": [("", "全部"), *((m.name, f"{m.label}（全部）") for m in definition.matters.values()), *stages],
        "owner": [("", "全部"), *((name, label) for name, label in definition.people.items())],
        "light": [("", "全部"), *LIGHTS.items()], "kind": [("", "全部"), *KINDS.items()],
    }  # fmt: skip


def _pages(endpoint: str, wanted: Asked, page: int, total: int) -> dict[str, Any]:
    return {
        "page": page, "pages": max(1, -(-total // PER_PAGE)),
        "href": lambda number: _address(endpoint, wanted, number),
    }  # fmt: skip


def _address(endpoint: str, wanted: Asked, page: int = 1) -> str:
    """A list's address; the first page needs no number."""
    parts: dict[str, Any] = {**address_of(wanted), **({"page": page} if page > 1 else {})}
    return url_for(endpoint, **parts)


def _pulse(seen: str) -> dict[str, Any]:
    """Whether the worker process is alive, in words."""
    if not seen:
        return {
            "quiet": True,
            "text": "计时服务还没有运行过。时限照算，但提醒、打印和短信都没有发出。请管理员启动 greenchannel work。",
        }
    minutes = int((clock.now() - datetime.fromisoformat(seen)).total_seconds()) // 60
    ago = "不到 1 分钟前" if minutes < 1 else f"{minutes} 分钟前" if minutes < 120 else f"{minutes // 60} 小时前"
    quiet = minutes * 60 >= QUIET_AFTER
    cure = "。提醒、打印和短信停着，请管理员检查 greenchannel work" if quiet else ""
    return {"quiet": quiet, "text": f"计时服务最后运行：{ago}{cure}。"}
