"""One door from frozen facts to a PDF. Same facts, same templates, same fonts: the same bytes.

Nothing here reads a database or a clock. Values reach the page through Jinja's autoescape, and the fetcher WeasyPrint
gets opens nothing outside the templates folder: either alone stops a planted `<img src=file:…>`, both are kept.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from documents import facts as wordings
from documents.fonts import check_fonts, own_fontconfig, uncovered
from documents.kinds import faults, required_facts
from workflow.errors import Reason, Refused

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).with_name("templates")
_SHARED = ("base.html", "parts.html", "instrument.css")
_GIVEN = frozenset({
    "number", "kind", "label", "office", "issued_on", "case_no", "worker", "employer", "diagnosis", "dates", "facts",
    "law", "lines", "total", "total_upper", "remedy", "said", "objection",
})  # fmt: skip
_press = threading.Lock()
"""Pango's font map is not safe to share between threads: one document at a time in a process."""


@dataclass(frozen=True)
class Rendered:
    """A printed instrument: its bytes, their SHA-256, the digest of the templates it was set from, its embedded fonts."""

    pdf: bytes
    sha256: str
    template_digest: str
    fonts: list[str]


def render(kind: str, facts: Mapping[str, Any]) -> Rendered:
    """Print one instrument of `kind` from frozen, JSON-able `facts` (see `required_facts`).

    Raises Refused with every missing or unreadable fact, every character without a glyph, a missing font or
    library, or any attempt of the content to read a file. Nothing is printed blank and nothing is guessed.
    """
    html, reasons = _prepare(kind, facts)
    if reasons:
        raise Refused(reasons)
    with _press:
        pdf, fonts = _print(html)
    return Rendered(pdf, hashlib.sha256(pdf).hexdigest(), template_digest(kind), fonts)


def check(kind: str, facts: Mapping[str, Any]) -> list[Reason]:
    """Why `render` would refuse these facts, all at once, without printing; for asking before an act is committed."""
    return _prepare(kind, facts)[1]


@cache
def template_digest(kind: str) -> str:
    """SHA-256 (hex) over the template of `kind`, the base, the shared pieces and the style sheet."""
    required_facts(kind)
    whole = hashlib.sha256()
    for name in (*_SHARED, f"{kind}.html"):
        body = (TEMPLATES / name).read_bytes()
        whole.update(f"{name} {len(body)}\n".encode() + body)
    return whole.hexdigest()


def _prepare(kind: str, facts: Mapping[str, Any]) -> tuple[str, list[Reason]]:
    """The page as HTML and what stands against printing it; the HTML is empty when facts are missing."""
    reasons = faults(kind, facts)
    html = ""
    try:
        html = html if reasons else _html(kind, facts)
        check_fonts()
    except Refused as refused:
        return html, [*reasons, *refused.reasons]
    strange = uncovered(html or "".join(_texts(facts)))
    if strange:
        listed = "、".join(f"{c if c.isprintable() else ''}U+{ord(c):04X}" for c in strange[:20])
        listed += f" 等{len(strange)}个" if len(strange) > 20 else ""
        text = f"下列字符没有字形，印出来会是空框：{listed}。请核对是否录入有误；确为人名用字的，请安装含有该字的字体"
        reasons.append(Reason(text, code="no_glyph", who="承办人、系统管理员"))
    return html, reasons


def _texts(value: Any) -> list[str]:
    """Every text in the facts, however deep."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [t for v in value.values() for t in _texts(v)]
    return [t for v in value for t in _texts(v)] if isinstance(value, list | tuple) else []


def _html(kind: str, facts: Mapping[str, Any]) -> str:
    from jinja2 import UndefinedError

    given = {k: v for k, v in facts.items() if k in _GIVEN}
    figures = [f for line in facts.get("lines") or () for f in line.get("figures", ())]
    made = {
        "has_demo": bool(facts["demo"]) or any(f["demo"] for f in figures),
        "check": wordings.digest(facts)[:16],
        "served": _served(kind, facts),
        "copied": _names(facts.get("copies") or [], facts),
    }
    page = _environment().get_template(f"{kind}.html")
    try:
        return page.render(given | made)
    except UndefinedError as error:
        text = f"文书模板 {kind} 用到的一项事实没有给出（{error.message}），请补录后再出具"
        raise Refused(Reason(text, code="fact_missing", who="承办人")) from error


def _served(kind: str, facts: Mapping[str, Any]) -> str:
    if kind == "public_notice":
        return wordings.public_party(facts["facts"]["addressee"], facts)
    return _names([facts["addressee"]] if kind == "delivery_return" else facts["addressees"], facts)


def _names(parties: Sequence[str], facts: Mapping[str, Any]) -> str:
    return "、".join(wordings.party(who, facts) for who in parties)


@cache
def _environment() -> Environment:
    from jinja2 import FileSystemLoader, StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    made = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    made.filters |= {
        "day": wordings.chinese_date, "article": wordings.article, "articles": wordings.articles,
        "money": wordings.money, "grade": wordings.grade_words, "care": wordings.care_words,
        "wording": wordings.wording, "payer": wordings.payer_words, "answer": wordings.answer,
    }  # fmt: skip
    return made


@cache
def _tools() -> tuple[Any, Any, Any]:
    """WeasyPrint's font configuration, our parsed style sheet and the confined fetcher: made once per process."""
    with own_fontconfig():
        from weasyprint import CSS
        from weasyprint.text.fonts import FontConfiguration
        from weasyprint.urls import URLFetcher

        class Confined(URLFetcher):
            """Opens files of the templates folder and nothing else; whatever else is asked for stops the print."""

            def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> Any:
                parts = urlsplit(url)
                path = Path(url2pathname(parts.path)).resolve()
                if parts.scheme != "file" or parts.netloc or not path.is_relative_to(TEMPLATES.resolve()):
                    raise ValueError(f"outside the templates folder: {url}")
                return super().fetch(url, headers)

        fetcher = Confined(allowed_protocols=["file"], fail_on_errors=True)
        config = FontConfiguration()
        sheet = CSS(string=(TEMPLATES / "instrument.css").read_text("utf-8"), font_config=config, url_fetcher=fetcher)
    return config, sheet, fetcher


def _print(html: str) -> tuple[bytes, list[str]]:
    """HTML to PDF bytes and the names of the fonts embedded in them."""
    config, sheet, fetcher = _tools()
    from weasyprint import HTML
    from weasyprint.urls import FatalURLFetchingError

    names: set[str] = set()

    def note_fonts(_document: Any, pdf: Any) -> None:
        for item in pdf.objects:
            if isinstance(item, dict) and item.get("Type") == "/Font" and "DescendantFonts" in item:
                names.add(item["BaseFont"].decode("ascii").partition("+")[2])

    try:
        pdf = HTML(string=html, url_fetcher=fetcher).write_pdf(
            stylesheets=[sheet], font_config=config, finisher=note_fonts, pdf_tags=True
        )
    except FatalURLFetchingError as error:  # a BaseException: nothing above would stop it
        raise Refused(
            Reason("文书内容要求读取外部文件或者网址，已拒绝打印。请检查录入的文字", code="outside_read", who="承办人")
        ) from error
    return pdf, sorted(names)
