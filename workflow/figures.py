"""Local figures in the database: entered from a file by one person, approved by another, read as a `FigureBook`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased

from workflow import audit, clock
from workflow.benefits import entry
from workflow.benefits.entry import Entry
from workflow.benefits.figures import CONFIDENCES, KINDS, VERIFIED, Figure, FigureBook
from workflow.errors import BadInput, Conflict, Forbidden, NotFound, Reason, Refused
from workflow.models import LocalFigure, Meta, Office, User
from workflow.situation import Actor

if TYPE_CHECKING:
    from workflow.store import Store

KEEPERS = frozenset({"agency", "agency_reviewer", "agency_head", "admin"})
LARGEST_FILE = 1_000_000


@dataclass(frozen=True)
class FigureRow:
    """One figure as lists show it; `status` in Chinese: 可用于核定, 待批准, 待核实 or 演示数据."""

    id: int
    kind: str
    label: str
    scope: str
    year: int | None
    effective_on: date
    value: Decimal
    notice: str
    confidence: str
    entered_by: str
    approved_by: str
    demo: bool

    @property
    def status(self) -> str:
        """Where it stands on its way into determinations."""
        if self.confidence != VERIFIED:
            return "待核实，不能用于核定"
        if not self.approved_by:
            return "待第二人批准"
        return "演示数据" if self.demo else "可用于核定"

    def line(self) -> str:
        """One line for a list or an answer."""
        return (f"{self.id}  {self.label} {self.value} 元  自 {self.effective_on}  {self.notice}  "
                f"{CONFIDENCES[self.confidence]}  {self.status}")  # fmt: skip

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {
            "effective_on": self.effective_on.isoformat(),
            "value": str(self.value),
            "status": self.status,
        }


@dataclass(frozen=True)
class Added:
    """What a file brought: new rows, rows of another confidence (to be approved anew), rows already there."""

    added: tuple[FigureRow, ...]
    changed: tuple[FigureRow, ...]
    unchanged: int


def may_keep(actor: Actor) -> bool:
    """Whether this person may enter and approve local figures: the agency's people and administrators."""
    return bool(actor.roles & KEEPERS) and actor.employer_id is None


def add_figures(store: Store, actor: Actor, source: Path | Sequence[Mapping[str, Any]]) -> Added:
    """Enter the figures of a YAML or JSON file, or of plain rows, for a second person to approve.

    Nothing is written unless every row is sound; the same rows again change nothing. Raises Forbidden, BadInput with
    every faulty row (demo figures in production among them), Refused for an account without an office.
    """
    _require_keeper(actor)
    rows = _read_file(source) if isinstance(source, Path) else entry.rows_of(source)
    with store.writing() as session:
        counties = session.scalars(select(Office.county).where(Office.city.is_(False)).order_by(Office.code)).all()
        entries = entry.check(rows, counties=counties, allow_demo=store.settings.demo)
        if actor.office_id is None:
            raise Refused("您的账号没有所属机关，不能录入数据。请用所属机关的账号录入，或请管理员补上所属机关。")
        _lock(session)
        return _write(session, actor, [(row.where, e) for row, e in zip(rows, entries, strict=True)])


def approve(store: Store, actor: Actor, figure_id: int) -> FigureRow:
    """Approve a figure another person entered; from then on determinations may rest on it if it is verified.

    Raises Forbidden for the person who entered it, NotFound, Conflict where it is approved already, Refused for a
    demo figure in production and where an approved figure of the same day says otherwise.
    """
    _require_keeper(actor)
    with store.writing() as session:
        _lock(session)
        figure = session.get(LocalFigure, figure_id)
        if figure is None:
            raise NotFound(f"没有第 {figure_id} 号数据。请用 figure list 查看编号。")
        _may_approve(session, actor, figure, store.settings.demo)
        figure.approved_by, figure.approved_at = actor.id, clock.now()
        session.flush()
        row = _row_of(session, figure.id)
        audit.record(session, actor, kind="figure:approved", payload={"figure": row.as_dict()}, label="批准数据")
        return row


def figure_book(session: Session, *, on: date, production: bool, pooling: str = "city") -> FigureBook:
    """The figures for a determination on the day `on`; it gives out approved, verified ones only.

    In production demo figures are never given out. `pooling`: whose average wage is the pooling area's (统筹地区),
    city or region, 待局确认.
    """
    figures = tuple(
        Figure(
            f.kind,
            f.scope,
            f.year,
            f.effective_on,
            f.value,
            f.notice,
            f.confidence,
            f.approved_by is not None,
            f.demo,
            f.id,
        )
        for f in session.scalars(select(LocalFigure).order_by(LocalFigure.id))
    )
    return FigureBook(on, figures, allow_demo=not production, pooling=pooling)


def listing(session: Session) -> list[FigureRow]:
    """All figures, by kind and scope, the newest first."""
    order = (LocalFigure.kind, LocalFigure.scope, LocalFigure.effective_on.desc(), LocalFigure.id)
    return _rows(session, _select().order_by(*order))


def pending(session: Session) -> list[FigureRow]:
    """The figures waiting for a second person, the oldest first."""
    return _rows(session, _select().where(LocalFigure.approved_by.is_(None)).order_by(LocalFigure.id))


# --- reading and checking --------------------------------------------------------------------------------------------


def _require_keeper(actor: Actor) -> None:
    if not may_keep(actor):
        raise Forbidden("只有经办机构人员和管理员可以录入、批准数据。请由经办机构的账号办理。")


def _read_file(path: Path) -> list[entry.Row]:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise BadInput(f"文件“{path.name}”超过 1 MB，不像数据文件。请检查是否选错了文件。")
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise BadInput(f"文件“{path}”打不开。请检查路径和权限。") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"文件“{path.name}”不是 UTF-8 文字。请另存为 UTF-8 编码。") from error
    # A raw tab can only be white space in JSON, and YAML forbids it there.
    return entry.parse(text.replace("\t", " ") if path.suffix.lower() == ".json" else text)


def _lock(session: Session) -> None:
    """One writer of figures at a time: the unique constraint cannot see doubles where the year is null."""
    session.execute(select(Meta.value).where(Meta.name == "system-head").with_for_update()).scalar_one()


def _same_place(session: Session, place: tuple[str, str, int | None, date]) -> list[LocalFigure]:
    kind, scope, year, effective_on = place
    rows = session.scalars(
        select(LocalFigure).where(
            LocalFigure.kind == kind, LocalFigure.scope == scope, LocalFigure.effective_on == effective_on
        )
    )
    return [row for row in rows if row.year == year]


def _contradiction(place: list[LocalFigure], value: Decimal, demo: bool) -> LocalFigure | None:
    """An approved figure of the same place with another value; an invented one never stands in a real one's way."""
    return next((f for f in place if f.approved_by is not None and f.demo == demo and f.value != value), None)


# --- writing ---------------------------------------------------------------------------------------------------------


def _write(session: Session, actor: Actor, entries: Sequence[tuple[str, Entry]]) -> Added:
    added: list[LocalFigure] = []
    changed: list[LocalFigure] = []
    faults: list[Reason] = []
    unchanged = 0
    for where, given in entries:
        place = _same_place(session, given.place)
        known = next((f for f in place if (f.value, f.notice) == (given.value, given.notice)), None)
        if known is not None and known.confidence == given.confidence:
            unchanged += 1
        elif known is not None:
            changed.append(_enter(known, actor, given))
        elif (other := _contradiction(place, given.value, given.demo)) is not None:
            faults.append(_contradicts(where, given.value, other))
        else:
            added.append(_enter(LocalFigure(), actor, given))
    if faults:
        raise BadInput(faults)
    session.add_all(added)
    session.flush()
    result = Added(
        tuple(_row_of(session, f.id) for f in added), tuple(_row_of(session, f.id) for f in changed), unchanged
    )
    if added or changed:
        payload = {"added": [r.as_dict() for r in result.added], "changed": [r.as_dict() for r in result.changed]}
        audit.record(session, actor, kind="figure:added", payload=payload, label="录入数据")
    return result


def _enter(figure: LocalFigure, actor: Actor, given: Entry) -> LocalFigure:
    """Write the entry into the row as this person's; an approval given to the old confidence does not cover the new."""
    for name, value in vars(given).items():
        setattr(figure, name, value)
    figure.office_id, figure.entered_by, figure.entered_at = actor.office_id or 0, actor.id, clock.now()
    figure.approved_by, figure.approved_at = None, None
    return figure


def _contradicts(where: str, value: Decimal, other: LocalFigure) -> Reason:
    name = KINDS[other.kind].name(other.scope, other.year)
    text = (
        f"{where}{name} {value} 元与已批准的第 {other.id} 号（{other.notice}，{other.value} 元）同一天生效而数值不同。"
    )
    return Reason(
        text + "请核对；确有更正的，按更正通知的文号和生效日期录入。", code="figure_contradicts", field="value"
    )


def _may_approve(session: Session, actor: Actor, figure: LocalFigure, demo_allowed: bool) -> None:
    if figure.approved_by is not None:
        raise Conflict(f"第 {figure.id} 号数据已经批准过了，不用再批准。")
    if figure.entered_by == actor.id:
        raise Forbidden(f"第 {figure.id} 号数据是您录入的，不能由您批准。请由另一人核对通知后批准。")
    if figure.demo and not demo_allowed:
        raise Refused(f"第 {figure.id} 号是演示数据，正式环境不能批准。请按正式通知录入。")
    place = _same_place(session, (figure.kind, figure.scope, figure.year, figure.effective_on))
    if (other := _contradiction(place, figure.value, figure.demo)) is not None:
        raise Refused(_contradicts("", figure.value, other))


# --- rows ------------------------------------------------------------------------------------------------------------

_enterer, _approver = aliased(User), aliased(User)


def _select() -> Select[LocalFigure, str, str]:
    return (
        select(LocalFigure, _enterer.name, _approver.name)
        .join(_enterer, _enterer.id == LocalFigure.entered_by)
        .outerjoin(_approver, _approver.id == LocalFigure.approved_by)
    )


def _rows(session: Session, query: Select[LocalFigure, str, str]) -> list[FigureRow]:
    return [
        FigureRow(f.id, f.kind, KINDS[f.kind].name(f.scope, f.year), f.scope, f.year, f.effective_on, f.value, f.notice,
                  f.confidence, entered, approved or "", f.demo)
        for f, entered, approved in session.execute(query)
    ]  # fmt: skip


def row_of(session: Session, figure_id: int) -> FigureRow | None:
    """One figure as lists show it, None where there is none."""
    return next(iter(_rows(session, _select().where(LocalFigure.id == figure_id))), None)


def _row_of(session: Session, figure_id: int) -> FigureRow:
    return _rows(session, _select().where(LocalFigure.id == figure_id))[0]
