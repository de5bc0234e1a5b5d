"""Local figures as benefits see them: dated, with a notice, approved by a second person, or missing by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from workflow.errors import Reason, UnknownFigure

SCOPES = {"city": "全市", "region": "自治区"}
VERIFIED = "verified"
CONFIDENCES = {VERIFIED: "已核实", "unverified": "待核实"}
WHO = "经办机构"


@dataclass(frozen=True)
class Kind:
    """A kind of figure in 元: by statistic year or not, for city/region or for a county; `low`..`high` catches slips.

    The bounds are no law: outside them a yearly average, a number in 分 or a slipped point is the likely cause.
    """

    label: str
    by_year: bool
    by_county: bool
    low: Decimal
    high: Decimal
    hint: str

    def name(self, scope: str, year: int | None) -> str:
        """What people call one figure of this kind: 2024年度全市职工月平均工资."""
        head = f"{year}年度" if year is not None else ""
        return f"{head}{SCOPES.get(scope, scope)}{self.label}"


KINDS = {
    "average_wage": Kind("职工月平均工资", True, False, Decimal(1000), Decimal(50000), "填月平均，不填年平均"),
    "minimum_wage": Kind("月最低工资标准", False, True, Decimal(500), Decimal(10000), "填每月的标准，不填小时标准"),
}


@dataclass(frozen=True)
class Figure:
    """One entered figure: `value` in 元, `year` the statistic year, usable from `effective_on` on once approved."""

    kind: str
    scope: str
    year: int | None
    effective_on: date
    value: Decimal
    notice: str
    confidence: str
    approved: bool
    demo: bool = False
    figure_id: int | None = None


@dataclass(frozen=True)
class FigureUsed:
    """A figure a line rests on, as frozen with the determination; `figure_id` is the row it came from."""

    kind: str
    label: str
    value: Decimal
    year: int | None
    notice: str
    confidence: str
    demo: bool
    figure_id: int | None = None


@dataclass(frozen=True)
class FigureBook:
    """All figures on the day `on`; only approved, verified and effective ones are ever given out.

    `allow_demo` is False in production. `pooling` says whose average wage is the pooling area's (统筹地区):
    `city` or `region`; which one holds is 待局确认, so the other one is never taken in its place.
    """

    on: date
    figures: tuple[Figure, ...] = ()
    allow_demo: bool = False
    pooling: str = "city"

    def find(
        self, kind: str, scope: str, year: int | None, *, purpose: str, law: str = "", at: date | None = None
    ) -> FigureUsed:
        """The figure in force on `at` (the book's day if None).

        Raises UnknownFigure naming the figure, its year and scope, what it is needed for, why it cannot be used and
        who cures it; also where two notices of one day contradict each other.
        """
        day = at or self.on
        same = [f for f in self.figures if (f.kind, f.scope, f.year) == (kind, scope, year)]
        usable = [f for f in same if self._usable(f, day)]
        if not usable:
            why = self._why_not(same, kind, scope, year, day)
            raise UnknownFigure(self._unknown(kind, scope, year, purpose, law, why))
        newest = max(f.effective_on for f in usable)
        latest = [f for f in usable if f.effective_on == newest]
        if len({f.value for f in latest}) > 1:
            notices = "、".join(sorted(f"{f.notice}为 {f.value} 元" for f in latest))
            why = f"同一天生效的数值互相矛盾（{notices}）。请{WHO}按更正通知录入新的数值和生效日期"
            raise UnknownFigure(self._unknown(kind, scope, year, purpose, law, why))
        found = latest[0]
        return FigureUsed(kind, KINDS[kind].name(scope, year), found.value, year, found.notice, found.confidence,
                          found.demo, found.figure_id)  # fmt: skip

    def _usable(self, figure: Figure, day: date) -> bool:
        return (
            figure.approved
            and figure.confidence == VERIFIED
            and figure.effective_on <= day
            and (self.allow_demo or not figure.demo)
        )

    def _unknown(self, kind: str, scope: str, year: int | None, purpose: str, law: str, why: str) -> Reason:
        text = f"缺少“{KINDS[kind].name(scope, year)}”（用于{purpose}）：{why}。"
        field = ":".join(str(part) for part in (kind, scope, year) if part not in (None, ""))
        return Reason(text, code="unknown_figure", law=law, who=WHO, field=field)

    def _why_not(self, same: Sequence[Figure], kind: str, scope: str, year: int | None, day: date) -> str:
        """Why none of these can be used, the nearest to usable first, each with its cure."""
        real = [f for f in same if self.allow_demo or not f.demo]
        if not same:
            return f"还没有录入{self._elsewhere(kind, scope, year)}。请{WHO}录入通知文号和数值，由第二人批准"
        if not real:
            return f"只有演示数据，正式环境不能用。请{WHO}按正式通知录入，由第二人批准"
        in_time = [f for f in real if f.effective_on <= day]
        if not in_time:
            first = min(real, key=lambda f: f.effective_on)
            return f"{first.notice}自 {first.effective_on} 起才生效，{day} 还不能用。请{WHO}核对生效日期"
        newest = max(in_time, key=lambda f: (f.confidence == VERIFIED, f.effective_on))
        row = f"第 {newest.figure_id} 号" if newest.figure_id is not None else newest.notice
        if newest.confidence != VERIFIED:
            return f"已录入（{row}），但标着“待核实”。请{WHO}对照通知原文核实，改为已核实并由第二人批准"
        return f"已录入（{row}），还没有第二人批准。请{WHO}录入人以外的人批准"

    def _elsewhere(self, kind: str, scope: str, year: int | None) -> str:
        others = sorted({f.scope for f in self.figures if f.kind == kind and f.year == year and f.scope != scope})
        if kind != "average_wage" or not others:
            return ""
        return f"（录入过{'、'.join(SCOPES.get(s, s) for s in others)}的，能不能用于本项待局确认，不替代使用）"
