"""Placed shapes → SVG: text as text, presentation attributes only (a strict CSP allows no style), nothing from outside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape, quoteattr

from workflow.process_map.diagram import LOOKS, Diagram
from workflow.process_map.layout import lay_out
from workflow.process_map.shapes import Block, Page, Wire
from workflow.process_map.text import clean

FONT = "'Noto Sans CJK SC','Source Han Sans SC','Microsoft YaHei','PingFang SC',sans-serif"
BETWEEN = 30
"""Px between two pages of one file."""


def document(diagram: Diagram) -> str:
    """One file with all pages below each other, ending in a line feed."""
    pages = lay_out(diagram)
    height = sum(p.height for p in pages) + BETWEEN * (len(pages) - 1)
    parts = []
    y = 0.0
    for page in pages:
        parts += [f'<g transform="translate(0 {number(y)})">', *_page(page, diagram, len(pages)), "</g>"]
        y += page.height + BETWEEN
    body = "\n".join([_open(diagram.sheet.width, height, diagram, ""), *parts, "</svg>"])
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def sheets(diagram: Diagram) -> list[str]:
    """One SVG for each page, to stand in an HTML page and be printed a sheet each."""
    pages = lay_out(diagram)
    out = []
    for page in pages:
        which = f"（第 {page.number} 页，共 {len(pages)} 页）" if len(pages) > 1 else ""
        parts = [_open(page.width, page.height, diagram, which), *_page(page, diagram, len(pages)), "</svg>"]
        out.append("\n".join(parts))
    return out


def _open(width: float, height: float, diagram: Diagram, which: str) -> str:
    w, h = number(width), number(height)
    title, desc = escape(clean(diagram.title + which)), escape(clean(diagram.desc))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" viewBox="0 0 {w} {h}" role="img" '
        f'aria-label={_q(diagram.title + which)} font-family="{FONT}" lang="zh-CN">\n<title>{title}</title>\n<desc>{desc}</desc>'
    )


def _page(page: Page, diagram: Diagram, of: int) -> Iterable[str]:
    yield f'<rect width="{number(page.width)}" height="{number(page.height)}" fill="#ffffff"/>'
    for wire in page.wires:
        yield from _wire(wire)
    for block in page.blocks:
        yield from _block(block, diagram)
    if of > 1:
        x, y = number(page.width - 24), number(page.height - 12)
        label = escape(clean(f"{diagram.title} · 第 {page.number} 页，共 {of} 页"))
        yield f'<text x="{x}" y="{y}" font-size="13" fill="#515c69" text-anchor="end">{label}</text>'


def _block(block: Block, diagram: Diagram) -> Iterable[str]:
    if block.kind == "box":
        yield from _box(block, diagram.sheet.badge)
    for tag in block.tags:
        look = LOOKS[tag.look]
        dash = ' stroke-dasharray="4 3"' if look.dashed else ""
        yield _rect(tag.x, tag.y, tag.w, tag.h, f'rx="4" fill="{look.ground}" stroke="{look.edge}"{dash}')
    for line in block.lines:
        look = LOOKS[line.look]
        bold = ' font-weight="700"' if look.bold else ""
        where = f'x="{number(line.x)}" y="{number(line.y)}"'
        yield f'<text {where} font-size="{number(look.size)}" fill="{look.color}"{bold}>{escape(line.text)}</text>'


def _box(block: Block, badge: float) -> Iterable[str]:
    edge = "#515c69" if block.side else "#083a75"
    width = 1.2 if block.side else 2.2
    yield _rect(block.x, block.y, block.w, block.h, f'rx="6" fill="#ffffff" stroke="{edge}" stroke-width="{width}"')
    if block.end:
        inner = (block.x + 4, block.y + 4, block.w - 8, block.h - 8)
        yield _rect(*inner, f'rx="4" fill="none" stroke="{edge}" stroke-width="1.2"')
    x, y = block.x + 12 + badge, block.y + 12 + badge
    size = badge * (1.1 if len(block.badge) < 3 else 0.85 if len(block.badge) < 4 else 0.7)
    yield f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(badge)}" fill="{edge}"/>'
    yield (
        f'<text x="{number(x)}" y="{number(y + size * 0.36)}" font-size="{number(size)}" font-weight="700" fill="#ffffff" '
        f'text-anchor="middle">{escape(block.badge)}</text>'
    )


def _wire(wire: Wire) -> Iterable[str]:
    width = 3.2 if wire.thick else 1.6
    points = list(wire.points)
    tip = points[-1]
    if wire.head:
        points[-1] = _short(points[-2], tip, 3 * width)
    dash = ' stroke-dasharray="6 4"' if wire.dashed else ""
    path = " ".join(f"{number(x)},{number(y)}" for x, y in points)
    yield (
        f'<polyline points="{path}" fill="none" stroke="{wire.color}" stroke-width="{width}" '
        f'stroke-linejoin="round"{dash}/>'
    )
    if wire.head:
        yield _head(wire.points[-2], tip, wire.color, 4 + 2 * width)
    if wire.joint:
        x, y = tip
        yield f'<circle cx="{number(x)}" cy="{number(y)}" r="3.2" fill="{wire.color}"/>'


def _short(before: tuple[float, float], tip: tuple[float, float], by: float) -> tuple[float, float]:
    dx, dy = _direction(before, tip)
    return tip[0] - dx * by, tip[1] - dy * by


def _head(before: tuple[float, float], tip: tuple[float, float], color: str, size: float) -> str:
    dx, dy = _direction(before, tip)
    back = (tip[0] - dx * size * 1.3, tip[1] - dy * size * 1.3)
    corners: Sequence[tuple[float, float]] = (
        tip, (back[0] - dy * size / 2, back[1] + dx * size / 2), (back[0] + dy * size / 2, back[1] - dx * size / 2),
    )  # fmt: skip
    return f'<polygon points="{" ".join(f"{number(x)},{number(y)}" for x, y in corners)}" fill="{color}"/>'


def _direction(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    """Wires run straight across or straight down."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    length = max(abs(dx), abs(dy), 1e-9)
    return dx / length, dy / length


def _rect(x: float, y: float, w: float, h: float, more: str) -> str:
    return f'<rect x="{number(x)}" y="{number(y)}" width="{number(w)}" height="{number(h)}" {more}/>'


def number(value: float) -> str:
    """A number with at most one decimal, written the same everywhere."""
    text = f"{value:.1f}"
    return text.removesuffix(".0")


def _q(text: str) -> str:
    return quoteattr(clean(text))
