"""A city's worth of cases, written straight into the tables: for measuring lists, not for asking the engine."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, func, insert, select

from workflow import clock, identity, pinyin, sealed
from workflow.cases.opening import current_definition
from workflow.models import Case, Clock, Employer, Matter, Office, Task, Worker
from workflow.store import Store

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗单曾解仇"
GIVEN = "山河林海平军华强明国建志永福贵祥和柱雄伟"
PLACES: Sequence[tuple[str, str, str, str]] = (
    ("recognition", "to_apply", "employer_files", "employer"), ("recognition", "filed", "examine", "desk"),
    ("recognition", "under_review", "decide", "officer"), ("recognition", "decided", "serve", "desk"),
    ("appraisal", "filed", "conclude", "committee"), ("appraisal", "scheduled", "conclude", "committee"),
    ("benefit", "claimed", "determine_benefit", "agency"), ("benefit", "paying", "pay_next", "finance"),
)  # fmt: skip
"""Matter, state, the clock that runs there and whose it is."""
BULK = 2000


def add_cases(store: Store, n: int, seed: int = 1) -> None:
    """Add `n` cases: four in five with one open matter, every fifth also with an ended one before it; some paused, some
    whose start is unknown and to be filled in. The same seed gives the same cases."""
    draw = random.Random(seed)
    today = clock.today()
    with store.writing() as session:
        definition_id, _ = current_definition(session)
        definition = store.definition(session, definition_id)
        counties = session.scalars(select(Office.id).where(~Office.city).order_by(Office.code)).all()
        city = session.scalars(select(Office.id).where(Office.city)).one()
        first = {t: (session.scalar(select(func.max(t.id))) or 0) + 1 for t in (Employer, Worker, Case, Matter)}
        employers: list[dict[str, Any]] = [
            {
                "id": first[Employer] + i,
                "name": f"{first[Employer] + i}号矿业公司",
                "office_id": counties[i % len(counties)],
            }
            for i in range(60)
        ]
        session.execute(insert(cast(Table, Employer.__table__)), employers)
        matter_id = first[Matter]
        for begin in range(0, n, BULK):
            rows: dict[Any, list[dict[str, Any]]] = {t: [] for t in (Worker, Case, Matter, Clock, Task)}
            for i in range(begin, min(n, begin + BULK)):
                employer = employers[i % len(employers)]
                rows[Worker].append(_worker(store, draw, first[Worker] + i))
                rows[Case].append(_case(first[Case] + i, first[Worker] + i, employer, definition_id, today))
                ended = i % 5 == 0
                for place in ([("recognition", "delivered", "serve", "desk")] if ended else []) + [
                    draw.choice(PLACES[4:] if ended else PLACES)
                ]:
                    closed = today if place[1] == "delivered" else None
                    office = city if place[0] == "appraisal" else employer["office_id"]
                    known = definition.clocks[place[2]]
                    running = _clock(draw, first[Case] + i, matter_id, office, place, known, today, closed)
                    rows[Clock].append(running)
                    rows[Matter].append(_matter(matter_id, first[Case] + i, office, place, running, today, closed))
                    matter_id += 1
                if i % 10 == 3:
                    rows[Task].append(_task(first[Case] + i, employer["office_id"]))
            for table, found in rows.items():
                if found:
                    session.execute(insert(cast(Table, table.__table__)), found)
        if store.postgres:
            for table in ("employers", "workers", "cases", "matters"):
                session.execute(select(func.setval(f"{table}_id_seq", 10_000_000)))


def _worker(store: Store, draw: random.Random, number: int) -> dict[str, Any]:
    name = draw.choice(SURNAMES) + draw.choice(GIVEN) + draw.choice(GIVEN)
    birth = date(1955, 1, 1) + timedelta(days=number % 12000)
    digits = identity.make(identity.DEMO_REGION, birth, number // 12000)
    uid = f"{number:032x}"
    return {
        "id": number, "uid": uid, "name": name, "pinyin": pinyin.search_key(name), "sex": "男", "birth_on": birth,
        "id_sealed": sealed.seal(store.settings, digits, f"workers.id_number|{uid}"),
        "id_index": sealed.index(store.settings, "number", digits),
        "tail_index": sealed.index(store.settings, "tail", digits[-4:]),
    }  # fmt: skip


def _case(number: int, worker: int, employer: Mapping[str, Any], definition_id: int, today: date) -> dict[str, Any]:
    moment = datetime(2026, 1, 5, 1, tzinfo=UTC)
    return {
        "id": number, "case_no": f"2020-{number:06d}", "worker_id": worker, "employer_id": employer["id"],
        "office_id": employer["office_id"], "definition_id": definition_id, "disease": "职业性尘肺病（矽肺壹期）",
        "diagnosed_on": today - timedelta(days=number % 300), "facts": {"insured": "yes"}, "source": {},
        "opened_at": moment, "touched_at": moment, "head_seq": 0, "head_hash": "",
    }  # fmt: skip


def _clock(draw: random.Random, case: int, matter: int, office: int, place: tuple[str, str, str, str], known: Any,
           today: date, closed: date | None) -> dict[str, Any]:  # fmt: skip
    due = today + timedelta(days=draw.randint(-20, 60))
    kind = "met" if closed else draw.choices(("running", "paused", "unstarted"), (90, 7, 3))[0]
    begun = kind != "unstarted"
    return {
        "case_id": case, "matter_id": matter, "office_id": office, "name": place[2], "code": known.code,
        "label": known.label, "owner": place[3], "addressee": "", "legal": known.legal,
        "law": known.law if known.legal else "", "state": kind,
        "start_on": due - timedelta(days=30) if begun else None, "due_on": due if begun else None,
        "safe_on": due if begun else None, "effective_on": due if begun else None,
        "near_on": due - timedelta(days=5) if begun else None, "closed_on": closed,
    }  # fmt: skip


def _matter(number: int, case: int, office: int, place: tuple[str, str, str, str], row: Mapping[str, Any], today: date,
            closed: date | None) -> dict[str, Any]:  # fmt: skip
    running = row["state"] == "running"
    facts = {"findings": "自2005年3月至2024年6月在该单位井下从事采掘作业，接触粉尘。" * 8, "applicant": "worker"}
    return {
        "id": number, "case_id": case, "name": place[0], "number": 1, "state": place[1], "version": 3, "facts": facts,
        "office_id": office, "entered_on": today, "closed_on": closed,
        "urgent_on": row["effective_on"] if running else None,
        "near_on": row["near_on"] if running else None, "late_on": row["due_on"] if running and row["legal"] else None,
        "paused": row["state"] == "paused", "ball": row["owner"] if running else "",
    }  # fmt: skip


def _task(case: int, office: int) -> dict[str, Any]:
    return {
        "case_id": case, "office_id": office, "kind": "fill", "owner": "desk", "text": "补录：联系电话",
        "fact": "phone",
        "key": f"fill:{case}::phone", "created_at": datetime(2026, 1, 5, 1, tzinfo=UTC),
    }  # fmt: skip


def numbers(rows: Iterable[Any]) -> list[str]:
    """The case numbers of rows, in their order."""
    return [r.case_no for r in rows]
