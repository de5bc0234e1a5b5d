"""Where everything stands: the boxes below each other in the order of the way, arrows beside them in lanes, cut into pages.

One box to a layer. What is done stands on its own arrow beside the box it leaves; the arrow runs in the lane of its
target (all that lead there share it), so that nothing but a lane crosses a lane. An arrow to another page names it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from workflow.process_map.diagram import Arrow, Diagram, Node, Para, Section, Sheet
from workflow.process_map.lanes import Entry, Stub, draw
from workflow.process_map.shapes import Block, Page, Set, Wire, set_paras

PAD = 12
GAP = 20
SIDE = 44
SPINE_X = 20
SPINE_COLOR = "#083a75"
STUB_GAP = 12
ENTRY = 15
"""Height kept free beside a box for each kind of lane that enters it."""
NOTE_GAP = 10


def lay_out(diagram: Diagram) -> list[Page]:
    """The pages of a diagram; the same diagram gives the same numbers."""
    return _Layout(diagram).pages()


@dataclass
class _Row:
    """A node with everything beside and below it, and how high that is."""

    node: Node
    text: Set
    cells: list[tuple[Arrow, Set]]
    strip: float
    down: Arrow | None
    below: Set | None
    box_h: float
    page: int = 0

    @property
    def height(self) -> float:
        return self.box_h + (self.below.h + 2 * GAP if self.below else GAP)


class _Layout:
    def __init__(self, diagram: Diagram) -> None:
        self.d = diagram
        self.sheet: Sheet = diagram.sheet
        self.names = {n.key: f"{n.number} {n.name}" for n in diagram.nodes}
        self.room = self.sheet.height - 2 * self.sheet.margin
        self.place: dict[str, int] = {}

    def pages(self) -> list[Page]:
        head = set_paras(self.d.head, self.sheet.width - 2 * self.sheet.margin)
        rows = [self._row(n) for n in self.d.nodes]
        self._cut(rows, head.h + GAP)
        rows = [replace(self._row(r.node), page=r.page) for r in rows]  # now the arrows know their pages
        pages: list[Page] = []
        for number in range(1, rows[-1].page + 1):
            mine = [r for r in rows if r.page == number]
            pages.append(self._page(number, mine, head if number == 1 else None))
        for section in self.d.sections:
            self._notes(pages, section)
        for page in pages:
            page.height = max(self._bottom(page) + self.sheet.margin, self.sheet.margin * 4)
        return pages

    # --- rows ---------------------------------------------------------------------------------------------------------

    def _row(self, node: Node) -> _Row:
        mine = [a for a in self.d.arrows if a.source == node.key]
        down = next((a for a in mine if a.spine), None)
        text = set_paras(node.paras, self._box_w(node) - 2 * PAD, self.sheet.badge * 2 + 8, self.sheet.badge * 2)
        cells = [(a, self._cell(a)) for a in mine if not a.spine]
        strip = self._strip(node)
        beside = strip + sum(c.h + STUB_GAP for _, c in cells)
        below = self._below(down) if down else None
        return _Row(
            node, text, cells, strip, down, below, max(text.h + 2 * PAD, beside + 4), self.place.get(node.key, 0)
        )

    def _box_w(self, node: Node) -> float:
        return self.sheet.box - (SIDE if node.side else 0)

    def _cell(self, arrow: Arrow) -> Set:
        return set_paras((*arrow.paras, Para(self.sheet.target, f"→ {self._named(arrow)}")), self.sheet.label)

    def _named(self, arrow: Arrow) -> str:
        here, there = self.place.get(arrow.source, 0), self.place.get(arrow.target, 0)
        # before the pages are cut every arrow gets the longer text, so that what fits then fits afterwards
        return self.names[arrow.target] + (f"（第 {there or 9} 页）" if not here or here != there else "")

    def _below(self, arrow: Arrow) -> Set:
        paras = arrow.paras
        here, there = self.place.get(arrow.source, 0), self.place.get(arrow.target, 0)
        if not here or here != there:
            paras = (*paras, Para(self.sheet.target, f"↓ 接第 {there or 9} 页：{self.names[arrow.target]}"))
        return set_paras(paras, self.sheet.box - 2 * SPINE_X - 8)

    def _strip(self, node: Node) -> float:
        """Room at the top beside a box for the lanes that enter it and the pages they come from."""
        into = [a for a in self.d.arrows if a.target == node.key and not a.spine]
        kinds = len({a.dashed for a in into})
        return 8 + ENTRY * kinds + (self._from(node).h + 4 if into and self._afar(node) else 0)

    def _afar(self, node: Node) -> list[Arrow]:
        here = self.place.get(node.key, 0)
        return [
            a for a in self.d.arrows
            if a.target == node.key and not a.spine and (not here or self.place.get(a.source, 0) != here)
        ]  # fmt: skip

    def _from(self, node: Node) -> Set:
        sources = dict.fromkeys(a.source for a in self._afar(node))
        told = "、".join(f"{self.names[s]}（第 {self.place.get(s, 0) or 9} 页）" for s in sources)
        return set_paras((Para("under", f"← 来自 {told}"),), self.sheet.label) if told else Set((), (), 0)

    def _cut(self, rows: Sequence[_Row], head: float) -> None:
        """Put rows onto pages in order; one that is higher than a page has a page that is higher."""
        page, used = 1, head
        for row in rows:
            if used + row.height > self.room and used > (head if page == 1 else 0):
                page, used = page + 1, GAP
            row.page = page
            self.place[row.node.key] = page
            used += row.height

    # --- one page -----------------------------------------------------------------------------------------------------

    def _page(self, number: int, rows: Sequence[_Row], head: Set | None) -> Page:
        page = Page(self.sheet.width, self.sheet.height, number)
        left = y = self.sheet.margin
        if head:
            lines, tags = head.at(left, y)
            page.blocks.append(Block("head", left, y, self.sheet.width - 2 * left, head.h, lines, tags))
            y += head.h + GAP
        else:
            y += GAP
        tops: dict[str, float] = {}
        stubs: list[Stub] = []
        entries: dict[str, Entry] = {}
        for row in rows:
            tops[row.node.key] = y
            self._box(page, row, y)
            entry = y + 8 + self._note_from(page, row, y + 8)
            entries[row.node.key] = Entry(entry, left + self.sheet.box)
            self._cells(page, row, y, stubs)
            y += row.height
        for row in rows:
            self._spine(page, row, tops)
        lanes_at = left + self.sheet.box + self.sheet.label + 30
        page.wires += draw(stubs, entries, lanes_at, self.sheet.width - left, ENTRY)
        return page

    def _box(self, page: Page, row: _Row, y: float) -> None:
        w = self._box_w(row.node)
        x = self.sheet.margin + self.sheet.box - w
        lines, tags = row.text.at(x + PAD, y + PAD)
        page.blocks.append(Block("box", x, y, w, row.box_h, lines, tags, row.node.end, row.node.side, row.node.number))

    def _note_from(self, page: Page, row: _Row, y: float) -> float:
        """Write which other pages lead here; the height it took."""
        note = self._from(row.node)
        if not note.lines:
            return 0
        x = self._label_x()
        lines, tags = note.at(x, y)
        page.blocks.append(Block("label", x, y, self.sheet.label, note.h, lines, tags))
        return note.h + 4

    def _label_x(self) -> float:
        return self.sheet.margin + self.sheet.box + 16

    def _cells(self, page: Page, row: _Row, top: float, stubs: list[Stub]) -> None:
        x, y = self._label_x(), top + row.strip
        for arrow, cell in row.cells:
            lines, tags = cell.at(x, y)
            page.blocks.append(Block("label", x, y, self.sheet.label, cell.h, lines, tags))
            afar = self.place[arrow.target] != row.page
            stubs.append(Stub(arrow.target, arrow.dashed, y + cell.h + 3, x - 16, x + self.sheet.label, afar))
            y += cell.h + STUB_GAP

    def _spine(self, page: Page, row: _Row, tops: dict[str, float]) -> None:
        """The plain way goes straight down beside whatever stands in between."""
        if row.down is None or row.below is None:
            if row.node.key in {a.target for a in self.d.arrows if a.spine}:
                self._arrives(page, row, tops)
            return
        x, y = self.sheet.margin + SPINE_X, tops[row.node.key] + row.box_h
        lines, tags = row.below.at(x + SPINE_X, y + GAP - 8)
        if lines:
            w = self.sheet.box - 2 * SPINE_X - 8
            page.blocks.append(Block("label", x + SPINE_X, y + GAP - 8, w, row.below.h, lines, tags))
        there = tops.get(row.down.target, y + row.below.h + GAP + 4)
        page.wires.append(Wire(((x, y), (x, there)), SPINE_COLOR, row.down.dashed, thick=True))
        self._arrives(page, row, tops)

    def _arrives(self, page: Page, row: _Row, tops: dict[str, float]) -> None:
        """A short arrow into the box whose plain way comes from the page before."""
        came = next((a.source for a in self.d.arrows if a.spine and a.target == row.node.key), "")
        if came and came not in tops:
            x, y = self.sheet.margin + SPINE_X, tops[row.node.key]
            page.wires.append(Wire(((x, y - GAP), (x, y)), SPINE_COLOR, thick=True))

    # --- notes --------------------------------------------------------------------------------------------------------

    def _notes(self, pages: list[Page], section: Section) -> None:
        room = self.sheet.width - 2 * self.sheet.margin
        heading = set_paras((section.title,), room)
        items = [set_paras(paras, room) for paras in section.items]
        y = self._bottom(pages[-1]) + 2 * GAP
        first = heading.h + NOTE_GAP + (items[0].h if items else 0)
        for n, note in enumerate([heading, *items]):
            need = first if n == 0 else note.h
            if y + need > self.sheet.height - self.sheet.margin and pages[-1].blocks:
                pages.append(Page(self.sheet.width, self.sheet.height, len(pages) + 1))
                y = self.sheet.margin
            lines, tags = note.at(self.sheet.margin, y)
            pages[-1].blocks.append(Block("note", self.sheet.margin, y, room, note.h, lines, tags))
            y += note.h + NOTE_GAP

    def _bottom(self, page: Page) -> float:
        below = [b.y + b.h for b in page.blocks] + [y for w in page.wires for _, y in w.points]
        return max(below, default=self.sheet.margin)
