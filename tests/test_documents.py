"""Documents: what they print, what they refuse, and that nothing but our templates can be read while printing."""

from __future__ import annotations

import copy
import importlib
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdf
import pytest

import documents
from documents import facts as wordings
from documents import fonts
from documents.kinds import KINDS, LABELS
from workflow.errors import Refused

ROOT = Path(documents.__file__).parent
press = importlib.import_module("documents.render")
ONE_PAGE = sorted(set(KINDS) - {"benefit_sheet"})
RARE = "䶮㛃𬭬𫖯"


def specimen(kind: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((ROOT / "specimens" / f"{kind}.json").read_text("utf-8"))
    return loaded


def reader(printed: documents.Rendered) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(printed.pdf))


def text(printed: documents.Rendered) -> str:
    """All text of the PDF without white space, as a copying person would get it."""
    return re.sub(r"\s+", "", "".join(page.extract_text() for page in reader(printed).pages))


def refusal(kind: str, facts: dict[str, Any]) -> str:
    with pytest.raises(Refused) as stopped:
        documents.render(kind, facts)
    return "\n".join(stopped.value.sentences())


def without(facts: dict[str, Any], path: str) -> dict[str, Any]:
    """A copy of the facts with one path taken out (of the first element below `[]`)."""
    left = copy.deepcopy(facts)
    head, many, tail = path.partition("[].")
    keys = head.split(".")
    at: Any = left
    for key in keys[:-1]:
        at = at[key]
    if many:
        del at[keys[-1]][0][tail]
    else:
        del at[keys[-1]]
    return left


def leaves(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The place of every text in the facts."""
    if isinstance(value, str):
        yield at
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from leaves(inner, (*at, key))


def put(facts: dict[str, Any], at: tuple[Any, ...], new: str) -> None:
    inner: Any = facts
    for key in at[:-1]:
        inner = inner[key]
    inner[at[-1]] = new


@pytest.fixture(scope="module")
def printed() -> dict[str, documents.Rendered]:
    return {kind: documents.render(kind, specimen(kind)) for kind in KINDS}


@pytest.fixture
def fresh_fonts() -> Iterator[None]:
    """Forget what fontconfig answered, before and after."""
    fonts.faces.cache_clear()
    fonts._covered.cache_clear()
    yield
    fonts.faces.cache_clear()
    fonts._covered.cache_clear()


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_prints_its_number_its_office_its_case_and_its_check_code(
    kind: str, printed: dict[str, documents.Rendered]
) -> None:
    facts, said = specimen(kind), text(printed[kind])
    code = wordings.digest(facts)[:16]
    named = wordings.masked(facts["worker"]["name"]) if kind == "public_notice" else facts["worker"]["name"]
    for expected in (facts["number"], facts["office"]["name"], facts["case_no"], named, code):
        assert re.sub(r"\s", "", expected) in said
    assert {"Noto-Serif-CJK-SC"} <= set(printed[kind].fonts)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_only_chinese_faces_are_embedded_and_nothing_is_attached(
    kind: str, printed: dict[str, documents.Rendered]
) -> None:
    pdf: Any = reader(printed[kind])
    named = {str(font.get_object()["/BaseFont"]) for page in pdf.pages for font in page["/Resources"]["/Font"].values()}
    assert named
    assert all(name.endswith(("Noto-Serif-CJK-SC", "FandolFang-R", "FangSong")) for name in named), named
    assert not pdf.attachments
    assert "/AF" not in pdf.trailer["/Root"]
    assert pdf.trailer["/Root"]["/Lang"] == "zh-CN"
    assert pdf.metadata is not None
    assert specimen(kind)["number"] in str(pdf.metadata.title)


@pytest.mark.parametrize("kind", ONE_PAGE)
def test_an_ordinary_document_is_one_page_of_a4(kind: str, printed: dict[str, documents.Rendered]) -> None:
    pages = reader(printed[kind]).pages
    assert len(pages) == 1
    assert (round(float(pages[0].mediabox.width)), round(float(pages[0].mediabox.height))) == (595, 842)


def test_the_signature_never_stands_on_a_page_without_text() -> None:
    facts = specimen("recognition")
    sentence = facts["facts"]["findings"]
    for times in range(1, 9):
        facts["facts"]["findings"] = sentence * times
        last = reader(documents.render("recognition", facts)).pages[-1].extract_text()
        assert "行政复议" in last
        assert facts["office"]["name"] in last


@pytest.mark.parametrize("kind", ["recognition", "benefit_sheet"])
def test_the_same_facts_give_the_same_bytes_in_another_process_another_day_and_another_zone(
    kind: str, printed: dict[str, documents.Rendered]
) -> None:
    script = (
        "import json,sys,documents;"
        f"facts=json.load(open({str(ROOT / 'specimens' / f'{kind}.json')!r},encoding='utf-8'));"
        f"print(documents.render({kind!r},facts).sha256)"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT.parent), "PYTHONHASHSEED": "7", "TZ": "America/New_York", "LANG": "C"}
    answer = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == printed[kind].sha256 == documents.render(kind, specimen(kind)).sha256


def test_a_changed_fact_changes_the_check_code_and_the_bytes(printed: dict[str, documents.Rendered]) -> None:
    facts = specimen("recognition")
    facts["issued_on"] = "2026-10-28"
    again = documents.render("recognition", facts)
    assert again.sha256 != printed["recognition"].sha256
    assert wordings.digest(facts)[:16] in text(again)


def test_each_kind_has_a_digest_of_its_own_templates(printed: dict[str, documents.Rendered]) -> None:
    digests = {one.template_digest for one in printed.values()}
    assert len(digests) == len(KINDS)
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in digests)


@pytest.mark.parametrize(("kind", "path"), [(kind, path) for kind, paths in KINDS.items() for path in paths])
def test_a_missing_fact_refuses_and_is_named_in_chinese(kind: str, path: str) -> None:
    said = refusal(kind, without(specimen(kind), path))
    assert "缺" in said or "没有给出" in said
    assert LABELS[path] in said


def test_everything_missing_is_named_at_once() -> None:
    said = refusal("recognition", {})
    for path in documents.required_facts("recognition"):
        assert LABELS[path] in said
    assert "工伤认定办法#19.1" in said


def test_a_blank_counts_as_missing_and_an_empty_list_of_copies_does_not() -> None:
    facts = specimen("acceptance") | {"copies": []}
    facts["employer"]["name"] = "　 "
    assert refusal("acceptance", facts).count("缺") == 1


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    assert "recognition" in refusal("reward", {})


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("total", 152250.0, "十进制文本"),
        ("total", "152250.005", "取到分"),
        ("total", "约十五万", "不是金额"),
        ("issued_on", "2026-13-01", "不是日期"),
        ("law", ["工伤保险条例#三十五"], "读不懂"),
        ("addressees", ["somebody"], "somebody"),
    ],
)
def test_a_fact_that_cannot_be_read_is_refused_not_mended(path: str, value: Any, said: str) -> None:
    assert said in refusal("benefit_sheet", specimen("benefit_sheet") | {path: value})


def test_a_ground_given_as_a_code_word_is_refused() -> None:
    facts = specimen("non_acceptance")
    facts["facts"]["ground"] = "not_competent"
    assert "代号" in refusal("non_acceptance", facts)


def test_a_grade_outside_one_to_ten_is_refused() -> None:
    facts = specimen("conclusion")
    facts["facts"]["grade"] = "11"
    assert "一级至十级" in refusal("conclusion", facts)


def test_check_says_beforehand_what_render_would_refuse() -> None:
    assert documents.check("recognition", specimen("recognition")) == []
    broken = without(specimen("recognition"), "employer.name")
    assert [r.field for r in documents.check("recognition", broken)] == ["employer.name"]


def test_the_recognition_decision_carries_every_field_of_article_19(printed: dict[str, documents.Rendered]) -> None:
    facts, said = specimen("recognition"), text(printed["recognition"])
    worker, diagnosis = facts["worker"], facts["diagnosis"]
    for expected in (
        facts["employer"]["name"], worker["name"], worker["sex"], str(worker["age"]), worker["occupation"],
        worker["id_number"], diagnosis["disease"], "2026年9月8日", facts["facts"]["findings"],
        "《工伤保险条例》第十四条第（四）项", "60日内向乌拉特前旗人民政府申请行政复议",
        "6个月内向乌拉特前旗人民法院提起行政诉讼", "2026年10月27日",
    ):  # fmt: skip
        assert re.sub(r"\s", "", expected) in said


def test_the_correction_list_gives_each_paper_its_article(printed: dict[str, documents.Rendered]) -> None:
    said = text(printed["correction_list"])
    for item in specimen("correction_list")["facts"]["missing"]:
        assert item["label"] in said
    assert said.count("《工伤保险条例》第十八条第一款") == 3
    assert "共3项" in said


def test_the_benefit_sheet_prints_formula_payer_notice_and_total_in_digits_and_words(
    printed: dict[str, documents.Rendered],
) -> None:
    said = text(printed["benefit_sheet"])
    for expected in ("7000.00×21个月", "147,000.00", "工伤保险基金", "演示通知第1号", "152,250.00"):
        assert expected in said
    assert "壹拾伍万贰仟贰佰伍拾元整" in said


def test_demo_figures_are_marked_even_when_the_sheet_as_a_whole_is_not() -> None:
    facts = specimen("benefit_sheet") | {"demo": False}
    assert "演示数据不作为办理依据" in text(documents.render("benefit_sheet", facts))
    for line in facts["lines"]:
        for figure in line["figures"]:
            figure["demo"] = False
    assert "演示数据" not in text(documents.render("benefit_sheet", facts))


def test_a_figure_without_its_notice_is_refused() -> None:
    facts = specimen("benefit_sheet")
    facts["lines"][0]["figures"][0]["notice"] = ""
    assert "公布文件" in refusal("benefit_sheet", facts)


def test_an_act_no_article_foresees_says_so() -> None:
    assert "没有明文规定" in text(documents.render("withdrawal_note", specimen("withdrawal_note") | {"law": []}))


def test_a_delivery_return_is_printed_for_each_addressee_from_the_facts_of_the_instrument() -> None:
    facts = specimen("recognition")
    for addressee in facts["addressees"]:
        name = facts[addressee]["name"]
        said = text(documents.render("delivery_return", documents.return_facts(facts, addressee)))
        assert f"受送达人{name}送达地点" in said
        assert facts["number"] in said


def test_rare_and_long_names_are_printed_whole() -> None:
    facts = specimen("recognition")
    facts["worker"]["name"] = name = f"阿拉坦巴特尔·额尔德尼其其格·{RARE}王"
    facts["employer"]["name"] = employer = "乌拉特前旗演示镇" + "演示矿产资源综合开发利用" * 4 + "公司"
    assert (len(name), len(employer)) == (20, 58)
    for kind in ("recognition", "delivery_return"):
        one = documents.render(kind, documents.return_facts(facts, "employer"))
        assert name in text(one)
        assert employer in text(one)
        assert len(reader(one).pages) <= 2
        assert one.fonts == [f for f in one.fonts if "CJK" in f or "Fang" in f]


@pytest.mark.parametrize("strange", ["\U0001fae8", "\u202e", "\x00", "\ue000"])
def test_a_character_without_a_glyph_is_refused_by_its_code_point(strange: str) -> None:
    facts = specimen("acceptance")
    facts["worker"]["name"] += strange
    assert f"U+{ord(strange):04X}" in refusal("acceptance", facts)


INJECTIONS = (
    "<img src='file://{secret}'>",
    "<link rel=attachment href='file://{secret}'>",
    "<link rel=stylesheet href='file://{secret}'>",
    "<style>@import url(file://{secret});</style>",
    "<object data='file://{secret}'></object>",
    "<iframe src='file://{secret}'></iframe>",
    "<a rel=attachment href='file://{secret}'>x</a>",
    "<svg><image href='file://{secret}'/></svg>",
    "<img src='http://127.0.0.1:9/x'>",
    '"><img src=file://{secret}>',
    "{{ office.__class__.__mro__ }}{% include '{secret}' %}",
    "<p style='background:url(file://{secret})'>",
)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_markup_in_the_facts_is_printed_as_text_and_reads_nothing(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("svengali", "utf-8")
    _, _, fetcher = press._tools()
    asked: list[str] = []
    monkeypatch.setattr(type(fetcher), "fetch", lambda self, url, headers=None: asked.append(url))
    facts = specimen(kind)
    free = [at for at in leaves(facts) if _free(at)]
    for number, at in enumerate(free):
        put(facts, at, INJECTIONS[number % len(INJECTIONS)].replace("{secret}", str(secret)))
    facts["employer"]["name"] = "".join(INJECTIONS).replace("{secret}", str(secret))
    one = documents.render(kind, facts)
    said = text(one)
    assert asked == []
    assert not reader(one).attachments
    assert "svengali" not in said
    named = wordings.masked(facts["worker"]["name"]) if kind == "public_notice" else facts["worker"]["name"]
    assert re.sub(r"\s", "", named) in said


def _free(at: tuple[Any, ...]) -> bool:
    """Whether a place may hold any text: not a date, an amount, a citation, a role or a grade."""
    name = str(next(part for part in reversed(at) if isinstance(part, str)))
    fixed = {
        "law",
        "addressees",
        "addressee",
        "copies",
        "amount",
        "total",
        "grade",
        "care",
        "payer",
        "reply_by",
        "kind",
    }
    return not name.endswith("_on") and name not in fixed


@pytest.mark.parametrize(
    "markup", [m for m in INJECTIONS if "<" in m and "style=" not in m and "rel=attachment" not in m]
)
def test_the_fetcher_alone_stops_what_escaping_would_have_let_through(
    markup: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused, or (a frame, an image inside an image) passed over: nothing outside is ever opened."""
    secret = tmp_path / "secret.svg"
    secret.write_text("<svg xmlns='http://www.w3.org/2000/svg'><text>svengali</text></svg>", "utf-8")
    _, _, fetcher = press._tools()
    real, opened = type(fetcher).fetch, []

    def fetch(self: Any, url: str, headers: Any = None) -> Any:
        body = real(self, url, headers)
        opened.append(url)
        return body

    monkeypatch.setattr(type(fetcher), "fetch", fetch)
    page = f"<html lang=zh><body>{markup.replace('{secret}', str(secret))}</body></html>"
    try:
        pdf, _ = press._print(page)
    except Refused as stopped:
        assert stopped.reasons[0].code == "outside_read"
    else:
        assert "svengali" not in "".join(p.extract_text() for p in pypdf.PdfReader(io.BytesIO(pdf)).pages)
    assert opened == []


def test_the_fetcher_opens_its_own_folder_and_no_way_out_of_it() -> None:
    _, _, fetcher = press._tools()
    inside = (press.TEMPLATES / "instrument.css").as_uri()
    assert b"@page" in fetcher.fetch(inside).read()
    for url in (
        (press.TEMPLATES / ".." / "render.py").as_uri(), press.TEMPLATES.as_uri() + "/../render.py",
        press.TEMPLATES.as_uri() + "/%2e%2e/render.py", "file:///etc/passwd", "data:text/plain,x", "http://127.0.0.1:9/",
        "file://127.0.0.1" + str(press.TEMPLATES / "instrument.css"), "ftp://127.0.0.1/x",
    ):  # fmt: skip
        with pytest.raises(ValueError, match="outside"):
            fetcher.fetch(url)


def test_no_template_switches_escaping_off() -> None:
    for template in (ROOT / "templates").glob("*.html"):
        body = template.read_text("utf-8")
        assert not re.search(r"\|\s*safe|autoescape|Markup|url\(|src=|href=", body), template.name


def test_without_a_chinese_font_nothing_is_printed_and_the_cure_is_named(
    fresh_fonts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fonts, "_list_fonts", lambda: "DejaVu Sans\t20-7e\n")
    assert "apt-get install fonts-noto-cjk" in refusal("acceptance", specimen("acceptance"))


def test_without_the_subsetting_library_nothing_is_printed_and_the_cure_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fonts, "_SUBSETTER", "libharfbuzz-subset.so.none")
    assert "apt-get install libharfbuzz-subset0" in refusal("acceptance", specimen("acceptance"))


def test_without_fontconfig_the_cure_is_named(fresh_fonts: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert "apt-get install fontconfig" in refusal("acceptance", specimen("acceptance"))


def test_our_font_file_lets_in_nothing_but_the_chain() -> None:
    families = {name for line in fonts._list_fonts().splitlines() for name in line.split("\t")[0].split(",")}
    assert "Noto Serif CJK SC" in families
    assert not [f for f in families if not f.startswith(("Noto Serif", "Fandol", "FangSong", "仿宋"))]


def test_printing_leaves_the_fontconfig_setting_of_the_process_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FONTCONFIG_FILE", raising=False)
    with fonts.own_fontconfig():
        assert os.environ["FONTCONFIG_FILE"].endswith("fonts.conf")
    assert "FONTCONFIG_FILE" not in os.environ


def test_importing_documents_loads_neither_weasyprint_nor_jinja() -> None:
    script = "import documents,sys;sys.exit(bool({'weasyprint','jinja2','sqlalchemy'} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", script], cwd=ROOT.parent, check=True)


@pytest.mark.parametrize(
    ("citation", "printed_as"),
    [
        ("工伤保险条例#17.1", "《工伤保险条例》第十七条第一款"),
        ("工伤保险条例#14(4)", "《工伤保险条例》第十四条第（四）项"),
        ("工伤保险条例#39.1.2", "《工伤保险条例》第三十九条第一款第（二）项"),
        ("工伤保险条例#35.1(2)", "《工伤保险条例》第三十五条第一款第（二）项"),
        ("行政诉讼法#101", "《中华人民共和国行政诉讼法》第一百零一条"),
        ("民法典#110", "《中华人民共和国民法典》第一百一十条"),
        ("《工伤保险条例》第十条", "《工伤保险条例》第十条"),
    ],
)
def test_citations_are_printed_in_chinese(citation: str, printed_as: str) -> None:
    assert wordings.article(citation) == printed_as


def test_a_law_is_named_once_for_its_articles_in_a_row() -> None:
    many = ["工伤保险条例#20.1", "工伤保险条例#20.2", "工伤保险条例#20.1", "工伤认定办法#20"]
    assert wordings.articles(many) == "《工伤保险条例》第二十条第一款、第二十条第二款、《工伤认定办法》第二十条"


def test_dates_and_numbers_are_written_without_leading_zeros() -> None:
    assert documents.chinese_date("2026-01-04") == "2026年1月4日"
    assert documents.format_number("巴人社工", "认", 2026, 3) == "巴人社工认〔2026〕3号"
    with pytest.raises(ValueError, match="no such number"):
        documents.format_number("巴人社工", "认", 2026, 0)


@pytest.mark.parametrize(("on", "age"), [("2026-03-04", 54), ("2026-03-05", 55), ("2027-01-01", 55)])
def test_a_year_of_age_is_complete_on_the_birthday(on: str, age: int) -> None:
    assert wordings.age_at("1971-03-05", on) == age
