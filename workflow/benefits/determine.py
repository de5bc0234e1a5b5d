"""The determination: which items a worker gets, how much, from whom, from when, by which article and figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from workflow.benefits.facts import BenefitFacts, faults
from workflow.benefits.figures import FigureBook, FigureUsed
from workflow.benefits.money import to_fen, yuan
from workflow.errors import BadInput, Reason, UnknownFigure
from workflow.law.national import National, Rate, national

ITEMS = {
    "lump_sum": "一次性伤残补助金",
    "disability_allowance": "伤残津贴",
    "care_allowance": "生活护理费",
    "minimum_wage_top_up": "最低工资补差",
    "medical_termination_grant": "一次性工伤医疗补助金",
    "employment_termination_grant": "一次性伤残就业补助金",
}
FORMER_WORKERS = (
    "本人工资按在职职工计算；诊断时已退休或已离职的，平均的月份不同，请人工核定（依据：人社部发〔2013〕34号第八条）。"
)
CARE_WORDS = {"full": "生活完全不能自理", "most": "生活大部分不能自理", "part": "生活部分不能自理"}


@dataclass(frozen=True)
class Line:
    """One item: `amount` 元 to 分 rounded once; `per` once or month; `payer` fund or employer; `from_month` YYYY-MM."""

    item: str
    label: str
    amount: Decimal
    per: str
    payer: str
    from_month: str | None
    formula: str
    law: str
    figures: tuple[FigureUsed, ...] = ()


@dataclass(frozen=True)
class OwnWage:
    """本人工资 (工伤保险条例#64.2), 元 a month: `raw` the mean, `floor` and `cap` of the band, `used` in the formulas.

    Only the mean is rounded (to 分); floor, cap and a wage set to one of them are not. `bound`: floor, cap or "".
    `months` is how many wages were averaged, None where the mean itself was given.
    """

    raw: Decimal
    floor: Decimal
    cap: Decimal
    used: Decimal
    bound: str
    months: int | None
    law: str
    average: FigureUsed

    def formula(self) -> str:
        """`本人工资 6,000.00 元`, and where the band moved it, from what and by which rule."""
        text = f"本人工资 {yuan(self.used)}"
        if not self.bound:
            return text
        than, share = ("低于", "60%") if self.bound == "floor" else ("高于", "300%")
        average = f"平均工资 {yuan(self.average.value)}"  # its year and notice stand among the line's figures
        return f"{text}（平均缴费工资 {yuan(self.raw)}{than}{average}的 {share}，取 {share}）"


@dataclass(frozen=True)
class Later:
    """An item that may be due and is not determined here: it needs a person, or facts that come later."""

    item: str
    label: str
    why: str
    law: str


@dataclass(frozen=True)
class Determination:
    """What is due on the day `on`, from these facts. Amounts in 元; `notes` are sentences for the reviewer."""

    on: date
    facts: BenefitFacts
    lines: tuple[Line, ...]
    own_wage: OwnWage | None
    later: tuple[Later, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def total_once(self) -> Decimal:
        """Sum of the one-time items."""
        return self._sum("once")

    @property
    def total_month(self) -> Decimal:
        """Sum of the monthly items, for one month."""
        return self._sum("month")

    @property
    def total(self) -> Decimal:
        """One-time items and the first month together, as the sheet adds them."""
        return self.total_once + self.total_month

    @property
    def demo(self) -> bool:
        """True when a line rests on an invented figure of the demo office."""
        return any(f.demo for line in self.lines for f in line.figures)

    def paid_by(self, payer: str, per: str) -> Decimal:
        """What `payer` (fund, employer) pays `per` once or month."""
        return self._sum(per, payer)

    def _sum(self, per: str, payer: str = "") -> Decimal:
        due = (x.amount for x in self.lines if x.per == per and payer in ("", x.payer))
        return sum(due, Decimal("0.00"))


def determine(facts: BenefitFacts, figures: FigureBook) -> Determination:
    """Lump sum (工伤保险条例#35-37), allowance of grades 1-4 (#35.1.2) and care allowance (#34) on the book's day.

    Raises BadInput with every fault of the facts; UnknownFigure with every figure that is not entered, not approved
    or not verified. A worker without grade gets no line and needs no figure.
    """
    wrong = faults(facts, figures.on)
    if wrong:
        raise BadInput(wrong)
    if facts.grade is None:
        return Determination(figures.on, facts, (), None, notes=("鉴定结论为未达到伤残等级，没有伤残待遇项目。",))
    tables = national()
    band_average, care_average = _averages(facts, figures, tables)
    own = _own_wage(facts, band_average, tables)
    start = next_month(facts.concluded_on)
    lines = [_lump_sum(facts, facts.grade, own, tables)]
    if facts.grade in tables.disability_allowance:
        lines.append(_allowance(facts, facts.grade, own, start, tables))
    if care_average is not None:
        lines.append(_care(facts, care_average, start, tables))
    notes = [*_month_notes(lines, tables), *_minimum_wage_notes(facts, figures, lines, start), *_wage_notes(own)]
    later = _later(facts.grade)
    notes += [f"{x.label}：{x.why}" for x in later]
    notes.append("费用类待遇（医疗、康复、辅助器具等）和停工留薪期待遇不在本表，另行核定。")
    notes.append(FORMER_WORKERS)
    return Determination(figures.on, facts, tuple(lines), own, later, tuple(notes))


def next_month(day: date) -> str:
    """The month after that of `day`, YYYY-MM: the first month of monthly benefits (工伤保险经办规程#80)."""
    year, month = (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)
    return f"{year:04d}-{month:02d}"


def _averages(facts: BenefitFacts, book: FigureBook, tables: National) -> tuple[FigureUsed, FigureUsed | None]:
    """The average wage of the year before the diagnosis (band) and of the year before the conclusion (care)."""
    care = facts.care != "none"
    band_year, care_year = facts.diagnosed_on.year - 1, facts.concluded_on.year - 1
    needs = {band_year: ["本人工资的下限和上限"]}
    laws = {band_year: [tables.band.law]}
    if care:
        needs.setdefault(care_year, []).append("生活护理费")
        laws.setdefault(care_year, []).append(tables.care_allowance[facts.care].law)
    found: dict[int, FigureUsed] = {}
    missing: list[Reason] = []
    for year in sorted(needs):
        try:
            found[year] = book.find(
                "average_wage", book.pooling, year, purpose="、".join(needs[year]), law="；".join(laws[year])
            )
        except UnknownFigure as error:
            missing += error.reasons
    if missing:
        raise UnknownFigure(missing)
    return found[band_year], found[care_year] if care else None


def _own_wage(facts: BenefitFacts, average: FigureUsed, tables: National) -> OwnWage:
    if facts.own_wage is not None:
        raw, months = to_fen(facts.own_wage), None
    else:
        raw, months = to_fen(sum(facts.wages_12m, Decimal()) / len(facts.wages_12m)), len(facts.wages_12m)
    floor, cap = average.value * tables.band.floor, average.value * tables.band.cap
    used, bound = (floor, "floor") if raw < floor else (cap, "cap") if raw > cap else (raw, "")
    return OwnWage(raw, floor, cap, used, bound, months, tables.band.law, average)


def _lump_sum(facts: BenefitFacts, grade: int, own: OwnWage, tables: National) -> Line:
    rate = tables.lump_sum[grade]
    amount, result = _product(own.used, rate.value)
    formula = f"{own.formula()} × {rate.value} 个月 = {result}"
    return Line("lump_sum", ITEMS["lump_sum"], amount, "once", _payer(facts), None, formula, _law(facts, rate, tables),
                _wage_figures(own))  # fmt: skip


def _allowance(facts: BenefitFacts, grade: int, own: OwnWage, start: str, tables: National) -> Line:
    rate = tables.disability_allowance[grade]
    amount, result = _product(own.used, rate.share)
    formula = f"{own.formula()} × {rate.value}% = {result}"
    return Line("disability_allowance", ITEMS["disability_allowance"], amount, "month", _payer(facts), start, formula,
                _law(facts, rate, tables), _wage_figures(own))  # fmt: skip


def _care(facts: BenefitFacts, average: FigureUsed, start: str, tables: National) -> Line:
    rate = tables.care_allowance[facts.care]
    amount, result = _product(average.value, rate.share)
    formula = f"{CARE_WORDS[facts.care]}：{average.label} {yuan(average.value)} × {rate.value}% = {result}"
    return Line("care_allowance", ITEMS["care_allowance"], amount, "month", _payer(facts), start, formula,
                _law(facts, rate, tables), (average,))  # fmt: skip


def _product(base: Decimal, factor: Decimal) -> tuple[Decimal, str]:
    """The amount to 分 and how it is written; a rounded one says so."""
    exact = base * factor
    amount = to_fen(exact)
    return amount, yuan(amount) if amount == exact else f"{yuan(amount)}（四舍五入到分）"


def _payer(facts: BenefitFacts) -> str:
    return "fund" if facts.insured else "employer"


def _law(facts: BenefitFacts, rate: Rate, tables: National) -> str:
    return rate.law if facts.insured else f"{rate.law};{tables.uninsured_law}"


def _wage_figures(own: OwnWage) -> tuple[FigureUsed, ...]:
    count = f"诊断前 {own.months} 个月" if own.months is not None else "诊断前 12 个月"
    wage = FigureUsed("own_wage", f"本人工资（{count}平均月缴费工资）", own.raw, None, "经办机构录入", "entered", False)
    return (wage, own.average)


def _month_notes(lines: list[Line], tables: National) -> list[str]:
    if all(line.per == "once" for line in lines):
        return []
    return [f"{tables.start_month.note}（依据：{tables.start_month.law}）"]


def _wage_notes(own: OwnWage) -> list[str]:
    if own.months is None or own.months == 12:
        return []
    silent = "法律没有规定不满 12 个月怎么算，请复核"
    return [f"只有 {own.months} 个月的缴费工资，按实际月数平均；{silent}（依据：{own.law}）"]


def _minimum_wage_notes(facts: BenefitFacts, book: FigureBook, lines: list[Line], start: str) -> list[str]:
    """The top-up (#35.1.2) is no line here, so the reviewer is told how the allowance stands to the minimum wage."""
    allowance = next((x for x in lines if x.item == "disability_allowance"), None)
    if allowance is None:
        return []
    if not facts.county:
        return ["不知道用人单位在哪个旗县区，没有核对伤残津贴是否低于最低工资，请人工核对（依据：工伤保险条例#35.1.2）"]
    try:
        minimum = book.find("minimum_wage", facts.county, None, purpose="核对伤残津贴是否低于最低工资标准",
                            law="工伤保险条例#35.1.2", at=date.fromisoformat(f"{start}-01"))  # fmt: skip
    except UnknownFigure as error:
        return [f"伤残津贴照常核定，但没有核对最低工资。{text}" for text in error.sentences()]
    text = f"伤残津贴 {yuan(allowance.amount)}，{minimum.label} {yuan(minimum.value)}（{minimum.notice}）"
    if allowance.amount >= minimum.value:
        return [f"{text}：不低于最低工资标准，不用补差（依据：工伤保险条例#35.1.2）"]
    return [f"{text}：低于最低工资标准，差额应补足，本表还没有列入，请人工核定补差（依据：工伤保险条例#35.1.2）"]


def _later(grade: int) -> tuple[Later, ...]:
    """What the law also gives to this grade and this determination does not work out."""
    if grade <= 4:
        return ()
    article = "36.2" if grade <= 6 else "37.1.2"
    when = "解除或终止劳动关系时才发生，月数由自治区规定，待后续核定。"
    grants = tuple(
        Later(item, ITEMS[item], when, f"工伤保险条例#{article}")
        for item in ("medical_termination_grant", "employment_termination_grant")
    )
    if grade > 6:
        return grants
    why = "五级、六级由用人单位支付，只在难以安排工作时发生，本表不计算，待后续核定。"
    return (Later("disability_allowance", ITEMS["disability_allowance"], why, "工伤保险条例#36.1.2"), *grants)
