"""Lists, tracks, draws of experts, lines and payments."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from workflow import benefits
from workflow.guards import missing_papers, monthly_lines, named_conflicts
from workflow.preparations.base import Prepared, preparation
from workflow.situation import Situation


@preparation
def list_missing(s: Situation) -> Prepared:
    """The one-time list: every paper not yet in, each with the article that allows asking (工伤认定办法#8.1)."""
    return Prepared({"missing": [{"name": p.name, "label": p.label, "law": p.law} for p in missing_papers(s)]})


@preparation
def choose_track(s: Situation) -> Prepared:
    """Fast (15 日) for a valid undisputed certificate (工伤保险条例#20.2), else ordinary with every reason written down."""
    doubts = list(_doubts(s))
    facts = {"track": "ordinary" if doubts else "fast", "track_reasons": doubts, **_employer_bears(s)}
    return Prepared(facts, stop=("decide_fast",) if doubts else ())


def _employer_bears(s: Situation) -> dict[str, str]:
    """Which costs are the employer's because its 30 日 (with an extension) passed without its application (工伤保险条例#17.4)."""
    clock, filed, diagnosed = s.clock("employer_files"), s.facts.get("filed_on"), s.case.get("diagnosed_on")
    if clock is None or clock.due_on is None or not isinstance(filed, date) or filed <= clock.due_on:
        return {}
    until = s.given.get("accepted_on") or s.today
    period = f"{diagnosed} 至 {until}（受理之日）发生的符合规定的费用由用人单位负担（工伤保险条例#17.4）"
    return {"employer_costs": f"{period}；期间从诊断算到受理，依据没有读到原文，待核实"}


def _doubts(s: Situation) -> list[str]:
    found = []
    if "尘肺" not in str(s.case.get("disease")) and not any(w in str(s.case.get("disease")) for w in PNEUMOCONIOSES):
        found.append("诊断病种不在尘肺病目录")
    if not s.case.get("certificate_no"):
        found.append("诊断证明书编号未知")
    named = s.case.get("certificate_employer")
    if named and named != s.case.get("employer_name"):
        found.append("证明书上的单位与申请的单位不同")
    if s.case.get("dispute") is None:
        found.append("劳动关系或者诊断结论有没有争议还没有补录")
    if s.case.get("dispute"):
        found.append("劳动关系或者诊断结论有争议")
    if (
        s.others.get("diagnosis", ("", {}))[0].startswith("appraisal_")
        and s.others["diagnosis"][0] != "appraisal_concluded"
    ):
        found.append("诊断鉴定正在进行")
    if s.facts.get("late_judgement"):
        found.append("申请超过一年，经人工判断受理")
    return found


PNEUMOCONIOSES = ("矽肺", "石棉肺", "滑石", "煤肺", "铝尘", "陶工", "铸工", "电焊工", "石墨", "炭黑", "云母", "水泥")


@preparation
def draw_experts(s: Situation) -> Prepared:
    """Draw the panel at random from the pool without those to be excluded; the seed is kept, so anyone can draw again.

    Same pool, same exclusions, same seed: the same panel in the same order (工伤保险条例#25, 劳动能力鉴定管理办法#11).
    """
    named = named_conflicts(s)
    pool = [e for e in s.pool if e["name"] not in named and e["unit"] != s.case.get("employer_name")]
    excluded = sorted({e["name"] for e in s.pool} - {e["name"] for e in pool})
    size, seed = int(str(s.given.get("panel_size") or 0)), str(s.case["seed"])
    drawn = draw(pool, size, seed) if 0 < size <= len(pool) else []
    return Prepared({"experts": drawn, "excluded": excluded, "pool_size": len(pool), "seed": seed,
                     "pool_digest": pool_digest(pool)})  # fmt: skip


def draw(pool: Sequence[Mapping[str, Any]], size: int, seed: str) -> list[dict[str, Any]]:
    """`size` experts of `pool` by `seed`; independent of the order of the pool."""
    ordered = sorted(({"id": e["id"], "name": e["name"], "unit": e["unit"], "specialty": e["specialty"]} for e in pool),
                     key=lambda e: int(e["id"]))  # fmt: skip
    return random.Random(seed).sample(ordered, size)


def pool_digest(pool: Sequence[Mapping[str, Any]]) -> str:
    """SHA-256 over the pool a draw was made from, so a later check knows whether it is the same pool."""
    return hashlib.sha256(
        "\n".join(f"{e['id']}|{e['name']}|{e['unit']}" for e in sorted(pool, key=lambda e: int(e["id"]))).encode()
    ).hexdigest()


@preparation
def move_exam(s: Situation) -> Prepared:
    """The conclusion's due day moves with a later examination (劳动能力鉴定管理办法#12.2); an earlier one shortens nothing.

    It moves by what lies beyond the latest day this application was ever fixed for: going there and back and there again
    lengthens the limit once.
    """
    begun = s.did("schedule")
    events = [e for e in s.events if begun and e.seq >= begun.seq and e.action in ("schedule", "reschedule")]
    old = max((date.fromisoformat(str(e.facts["exam_on"])) for e in events), default=None)
    new = s.given.get("exam_on")
    moved = (new - old).days if isinstance(new, date) and old else 0
    return Prepared({"exam_moved_days": moved}, shift_days=max(moved, 0))


@preparation
def benefit_lines(s: Situation) -> Prepared:
    """The determination, frozen with the figures it rests on. Raises UnknownFigure, BadInput (see workflow.benefits)."""
    appraisal = s.others.get("appraisal", ("", {}))[1]
    wage = s.given.get("own_wage")
    if not isinstance(wage, Decimal) or str(appraisal.get("grade") or "none") == "none":
        return Prepared()  # what is missing is itself the refusal (the fact asked for, has_grade)
    facts = benefits.read_facts({
        "diagnosed_on": s.case["diagnosed_on"], "concluded_on": appraisal["concluded_on"], "grade": appraisal["grade"],
        "care": appraisal.get("care") or "none", "insured": s.case.get("insured"), "own_wage": wage,
        "county": s.case.get("county", ""),
    })  # fmt: skip
    result = benefits.determine(facts, s.figures)
    frozen = benefits.as_json(result)
    known = {"grade": appraisal["grade"], "care": facts.care}  # the sheet says what it was reckoned from
    return Prepared({**known, "lines": frozen["lines"], "determination": frozen, "sheet": benefits.to_document(result)})


@preparation
def pay_once(s: Situation) -> Prepared:
    """The once-only items of the approved sheet the fund pays and that are not paid yet."""
    paid = {p["item"] for p in s.case.get("payments") or [] if p["state"] == "paid"}
    lines = [
        x for x in s.facts.get("lines") or [] if x["per"] == "once" and x["payer"] == "fund" and x["item"] not in paid
    ]
    return _paying(lines, "")


@preparation
def pay_month(s: Situation) -> Prepared:
    """The monthly items for one month."""
    return _paying(monthly_lines(s), str(s.given.get("month") or ""))


def _paying(lines: Sequence[Mapping[str, str]], month: str) -> Prepared:
    rows = [{"item": x["item"], "label": x["label"], "month": month, "amount": x["amount"], "round": 1} for x in lines]
    return Prepared({"last_payment": [{k: r[k] for k in ("item", "month", "amount")} for r in rows]}, payments=rows)


@preparation
def bank_return(s: Situation) -> Prepared:
    """The payment the bank sent back is marked so; nothing is deleted."""
    return Prepared(
        returned=({"item": str(s.given.get("returned_item")), "month": str(s.given.get("returned_month") or "")},)
    )


@preparation
def repay(s: Situation) -> Prepared:
    """Pay again what came back, as a further round of the same item and month."""
    rows = [
        {"item": p["item"], "label": p["label"], "month": p["month"], "amount": p["amount"], "round": p["round"] + 1}
        for p in s.case.get("payments") or [] if p["state"] == "returned" and not p["repaid"]
    ]  # fmt: skip
    return Prepared({"last_payment": [{k: r[k] for k in ("item", "month", "amount")} for r in rows]}, payments=rows)
