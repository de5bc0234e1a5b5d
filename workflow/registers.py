"""The city's pool of experts (专家库) and what each office says of itself: entered by the office, on the system's audit chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select

from workflow import audit
from workflow.cases.typed import clean
from workflow.errors import BadInput, Forbidden, NotFound, Reason
from workflow.models import Expert, Office
from workflow.situation import Actor
from workflow.store import Store

EXPERT_FIELDS = {"name": ("姓名", 50), "specialty": ("专业", 40), "unit": ("单位", 120)}
OFFICE_FIELDS = {"letter": ("机关代字", 10), "phone": ("电话", 40), "address": ("地址", 120)}
LARGEST = 1_000_000


def read_experts(path: Path) -> list[dict[str, Any]]:
    """Rows of a YAML or JSON file [{name, specialty, unit, active?}]. Raises BadInput."""
    try:
        if path.stat().st_size > LARGEST:
            raise BadInput(f"{path.name} 太大，最多 1 MB。")
        rows = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise BadInput(f"读不了文件 {path}：{error.strerror}。请检查路径。") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(
            f"{path.name} 不是 YAML 或 JSON。请写成 - {{name: 姓名, specialty: 专业, unit: 单位}} 的清单。"
        ) from error
    if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows):
        raise BadInput(f"{path.name} 应当是一个清单，每项写 name、specialty、unit。")
    return rows


def add_experts(store: Store, actor: Actor, rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Add experts to the pool, or change specialty and active of those already there (by name and unit).

    Returns {"added", "changed", "same"}. All or nothing. Raises Forbidden, BadInput with every fault and its row.
    """
    if not actor.roles & {"appraisal_office", "admin"}:
        raise Forbidden("您没有维护专家库的权限。由鉴定委办公室或者管理员维护。")
    read = _read(rows)
    counts = {"added": 0, "changed": 0, "same": 0}
    with store.writing() as session:
        known = {(e.name, e.unit): e for e in session.scalars(select(Expert))}
        for row in read:
            old = known.get((row["name"], row["unit"]))
            if old is None:
                session.add(Expert(**row))
                counts["added"] += 1
            elif (old.specialty, old.active) != (row["specialty"], row["active"]):
                old.specialty, old.active = row["specialty"], row["active"]
                counts["changed"] += 1
            else:
                counts["same"] += 1
        if counts["added"] or counts["changed"]:
            audit.record(session, actor, kind="experts:changed", label="维护专家库", payload={"rows": read, **counts})
    return counts


def _read(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    faults: list[Reason] = []
    read: list[dict[str, Any]] = []
    seen: set[tuple[str, str]] = set()
    for number, row in enumerate(rows, 1):
        new: dict[str, Any] = {"active": row.get("active", True)}
        for name, (label, longest) in EXPERT_FIELDS.items():
            new[name], wrong = clean(str(row.get(name) or ""), longest)
            if wrong or not new[name]:
                faults.append(Reason(f"第 {number} 项：{label}{wrong or '没有填，请补上。'}", field=name))
        if not isinstance(new["active"], bool):
            faults.append(Reason(f"第 {number} 项：active 只能是 true（在库）或 false（停用）。", field="active"))
        faults += [
            Reason(f"第 {number} 项：不认识“{k}”，可以写 name、specialty、unit、active。")
            for k in row
            if k not in (*EXPERT_FIELDS, "active")
        ]
        if (new["name"], new["unit"]) in seen:
            faults.append(Reason(f"第 {number} 项：{new['name']}（{new['unit']}）写了两遍，请删去一遍。"))
        seen.add((new["name"], new["unit"]))
        read.append(new)
    if not rows:
        faults.append(Reason("清单是空的，请至少写一名专家。"))
    if faults:
        raise BadInput(faults)
    return read


def experts(store: Store) -> list[dict[str, Any]]:
    """The pool, those in use first."""
    with store.reading() as session:
        rows = session.scalars(select(Expert).order_by(Expert.active.desc(), Expert.id))
        return [
            {"id": e.id, "name": e.name, "specialty": e.specialty, "unit": e.unit, "active": e.active} for e in rows
        ]


def set_office(store: Store, actor: Actor, code: str, given: Mapping[str, str]) -> dict[str, str]:
    """Set letter (机关代字), telephone or address of an office; documents issued before keep what they said.

    Raises Forbidden, NotFound, BadInput.
    """
    if "admin" not in actor.roles:
        raise Forbidden("您没有改机关信息的权限，由管理员办理。")
    new: dict[str, str] = {}
    faults = []
    for name, value in given.items():
        label, longest = OFFICE_FIELDS[name]
        new[name], wrong = clean(value, longest)
        if wrong or not new[name]:
            faults.append(Reason(f"{label}{wrong or '不能是空的。'}", field=name))
    if not given:
        faults.append(Reason("没有要改的内容，请写 --letter、--phone 或者 --address。"))
    if faults:
        raise BadInput(faults)
    with store.writing() as session:
        office = session.scalar(select(Office).where(Office.code == code))
        if office is None:
            raise NotFound(f"没有代码为“{code}”的机关。请写 150800 或者旗县区代码，如 150823。")
        for name, value in new.items():
            setattr(office, name, value)
        audit.record(session, actor, kind="office:changed", label="改机关信息", payload={"code": code, **new})
    return new


def offices(store: Store) -> list[dict[str, Any]]:
    """The offices as documents and pages name them."""
    with store.reading() as session:
        return [
            {"code": o.code, "county": o.county, "name": o.name, "letter": o.letter, "phone": o.phone, "address": o.address}
            for o in session.scalars(select(Office).order_by(Office.code))
        ]  # fmt: skip
