"""The letter for every kind without a template of its own, the public notice, and what each document says of objecting."""

from __future__ import annotations

import io
import re
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pypdf
import pytest
import yaml

import documents
from documents import facts as wordings
from documents import issue
from documents.kinds import document_check
from tests.test_documents import refusal, specimen, text

ROOT = Path(documents.__file__).parent
LETTERS = sorted(p.stem for p in (ROOT / "specimens").glob("notice*.json"))
REVIEW = "自收到本文书之日起60日内向"
COURT = "自收到本文书之日起6个月内向"
REGION = "15日内，向内蒙古自治区劳动能力鉴定委员会申请再次鉴定"
SENTENCE = "用人单位提交的考勤记录与职工陈述的下井时间不一致，经核对矿区出入登记予以确认。"


def said_of(name: str, **changed: Any) -> str:
    return text(documents.render("notice", specimen(name) | changed))


def pages(kind: str, facts: dict[str, Any]) -> list[str]:
    read = pypdf.PdfReader(io.BytesIO(documents.render(kind, facts).pdf)).pages
    return [re.sub(r"\s+", "", page.extract_text()) for page in read]


def test_there_are_six_letters_to_show() -> None:
    assert len(LETTERS) == 6


@pytest.mark.parametrize("name", LETTERS)
def test_a_letter_is_one_page_with_every_line_that_was_asked_and_its_law(name: str) -> None:
    facts = specimen(name)
    (page,) = pages("notice", facts)
    for line, value in facts["said"]:
        assert re.sub(r"\s", "", value) in page
        assert line in page or value == facts["facts"]["ground"]
    for citation in facts["law"]:
        assert wordings.article(citation).rpartition("》")[2] in page
    assert facts["worker"]["name"] in page
    assert facts["office"]["phone"] in page


@pytest.mark.parametrize(
    ("name", "opening"),
    [
        ("notice", "经核实，本机关决定予以撤销"),
        ("notice_correction", "本委员会此前出具的文书有误，现予更正"),
        ("notice_stop", "本机构决定停发待遇"),
        ("notice_demand", "请用人单位自收到本文书之日起5个工作日内核实"),
        ("notice_demand", "由工伤保险基金先行支付，并依法向用人单位追偿"),
        ("notice_evidence", "用人单位拒不举证的，本机关可以根据职工一方提供的证据"),
        ("notice_transfer", "不属于本机关管辖，现将申请和材料移送"),
    ],
)
def test_the_first_sentence_follows_the_title(name: str, opening: str) -> None:
    assert opening in said_of(name)


@pytest.mark.parametrize(
    ("label", "sentence"),
    [
        ("责令偿还先行支付待遇决定书", "10日内偿还"),
        ("责令退回工伤保险待遇决定书", "分期退回"),
        ("用人单位工伤保险责任告知书", "由用人单位按照规定的待遇项目和标准支付"),
        ("工伤保险待遇重新核定通知书", "对工伤保险待遇重新核定"),
        ("重新作出工伤认定决定书", "已被撤销，现依法重新作出决定"),
        ("再次鉴定结论告知书", "再次鉴定的结论为最终结论"),
        ("医疗费用报销审核通知书", "第二十二条第二款"),
        ("停止支付工伤保险待遇告知书", "决定停发待遇"),
        ("银行退回待遇更换账户通知书", "本机关作出银行退回待遇更换账户通知书，内容如下"),
        ("不予先行支付决定书", "作出不予办理的答复"),
        ("演示事项通知书", "本机关作出演示事项通知书，内容如下"),
    ],
)
def test_each_title_has_its_own_opening_and_an_unknown_one_a_neutral_sentence(label: str, sentence: str) -> None:
    facts = specimen("notice") | {"label": label, "objection": {"kind": "", "why": "只作告知"}}
    said = text(documents.render("notice", facts))
    assert sentence in said
    assert "由工伤保险基金先行支付。" not in said


def test_an_investigation_record_leaves_room_for_three_signatures() -> None:
    assert said_of("notice", label="调查笔录").count("调查人：") == 3


def test_a_decision_tells_of_review_by_its_own_government_and_of_the_court() -> None:
    said = said_of("notice")
    assert f"{REVIEW}乌拉特前旗人民政府申请行政复议" in said
    assert f"{COURT}乌拉特前旗人民法院提起行政诉讼" in said
    assert "《中华人民共和国行政复议法》第二十条、第二十四条" in said
    assert "《中华人民共和国行政诉讼法》第四十六条" in said
    assert REGION not in said


def test_a_corrected_conclusion_goes_to_the_region_and_not_to_review() -> None:
    said = said_of("notice_correction")
    assert REGION in said
    assert REVIEW not in said
    assert COURT not in said


def test_where_nothing_can_be_objected_the_letter_says_why() -> None:
    said = said_of("notice_transfer")
    assert "关于异议：移送不影响申请的提出之日，也没有对申请作出决定。" in said
    assert REVIEW not in said
    assert REGION not in said


def test_the_ground_is_printed_once_although_it_was_asked_too() -> None:
    facts = specimen("notice")
    ground = facts["facts"]["ground"]
    assert [value for _, value in facts["said"]].count(ground) == 1
    assert text(documents.render("notice", facts)).count(ground) == 1


def test_a_day_is_printed_as_a_day_and_what_only_looks_like_one_as_it_stands() -> None:
    said = said_of("notice", said=[["撤销之日", "2027-01-08"], ["原编号", "2027-13-01"]])
    assert "撤销之日2027年1月8日" in said
    assert "原编号2027-13-01" in said


def test_a_recheck_conclusion_goes_to_the_region_by_its_own_article() -> None:
    said = said_of("notice_correction", label="复查鉴定结论书")
    assert "经复查鉴定，作出结论如下" in said
    assert REGION in said
    assert "第二十条第二款" in said


def test_without_a_law_the_letter_says_so_instead_of_borrowing_one() -> None:
    said = said_of("notice", law=[])
    assert "法律、法规、规章对此没有明文规定" in said
    assert "《最高人民法院关于审理工伤保险行政案件若干问题的规定》" not in said


def test_a_letter_that_asked_nothing_has_no_empty_table() -> None:
    facts = specimen("notice_demand") | {"said": []}
    assert document_check("notice", facts) == []
    assert "催告支付的项目" not in text(documents.render("notice", facts))


def test_long_answers_and_a_long_ground_run_over_numbered_pages_and_nothing_is_lost() -> None:
    facts = specimen("notice")
    answer, ground = (SENTENCE * 200)[:5990] + "答复到此为止。", (SENTENCE * 200)[:5990] + "事由到此为止。"
    facts["said"].append(["用人单位的意见", answer])
    facts["said"].append(["核对的编号", "9" * 700])
    facts["facts"]["ground"] = ground
    whole = pages("notice", facts)
    assert len(whole) > 10
    for number, page in enumerate(whole, 1):
        assert f"—{number}—" in page
        assert f"校验码{wordings.digest(facts)[:16]}" in page
    foot = f"案号{facts['case_no']}校验码{wordings.digest(facts)[:16]}"
    running = "".join(re.sub(r"—\d+—", "", page.replace(foot, "")) for page in whole)
    assert answer in running
    assert ground in running
    assert running.count("9" * 700) == 1
    assert "60日内" in whole[-1]
    assert facts["office"]["name"] in whole[-1]


def test_many_short_answers_keep_the_signature_with_text() -> None:
    for rows in range(8, 30, 3):
        facts = specimen("notice") | {"said": [[f"办理事项{n}", f"内容{n}"] for n in range(rows)]}
        whole = pages("notice", facts)
        assert "行政复议" in whole[-1]
        assert facts["office"]["name"] in whole[-1]
        assert all(f"内容{n}" in "".join(whole) for n in range(rows))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"said": [["撤销之日", "  "]]}, "缺撤销之日，文书不能打印，请补录后再出具"),
        ({"said": [["", "是"]]}, "办理内容第 1 项的格式不对"),
        ({"said": [["撤销之日"]]}, "办理内容第 1 项的格式不对"),
        ({"said": [["撤销之日", 3]]}, "办理内容第 1 项的格式不对"),
        ({"said": None}, "缺办理内容"),
        ({"objection": {"kind": "", "why": " "}}, "没有写明为什么对本文书不能提出异议"),
        ({"objection": {"kind": "appeal"}}, "异议途径只能是"),
        ({"objection": {}}, "缺异议途径"),
        ({"remedy": {"government": "", "court": "乌拉特前旗人民法院"}}, "缺行政复议机关"),
        ({"law": ["工伤保险条例#三十五"]}, "读不懂"),
        ({"facts": {"ground": "forged_contract"}}, "代号"),
        (
            {"addressees": ["court"], "remedy": {"government": "乌拉特前旗人民政府", "court": ""}},
            "“court”的名称没有给出",
        ),
    ],
)
def test_a_blank_or_a_code_word_is_refused_before_the_act_and_told_with_its_cure(
    change: dict[str, Any], sentence: str
) -> None:
    facts = specimen("notice") | change
    told = "\n".join(reason.sentence() for reason in document_check("notice", facts))
    assert sentence in told
    assert sentence in refusal("notice", facts)


def test_every_blank_of_a_letter_is_told_at_once() -> None:
    facts = specimen("notice") | {"said": [["撤销之日", ""], ["撤销的文书", ""]], "objection": {"kind": "", "why": ""}}
    facts["employer"] = {"name": ""}
    told = refusal("notice", facts)
    for sentence in ("缺撤销之日", "缺撤销的文书", "不能提出异议", "缺用人单位全称"):
        assert sentence in told


def test_roles_outside_the_case_are_named_in_the_letter() -> None:
    said = said_of("notice", addressees=["worker", "diagnosis_institution", "court"], copies=["review_body", "health"])
    assert "王某山、巴彦淖尔演示职业病防治院、乌拉特前旗人民法院：" in said
    assert "抄送：乌拉特前旗人民政府、卫生健康主管部门" in said


def test_the_public_notice_names_the_document_and_the_surname_and_nothing_of_the_person() -> None:
    facts = specimen("public_notice")
    facts["worker"]["name"] = "王小山"
    printed = documents.render("public_notice", facts)
    said, read = text(printed), pypdf.PdfReader(io.BytesIO(printed.pdf))
    for expected in ("王某：", "不予认定工伤决定书（前人社工不认〔2026〕1号）", "2027年1月11日", "经过30日，即视为送达",
                     "《中华人民共和国民事诉讼法》第九十五条第一款", "《中华人民共和国个人信息保护法》第二十八条"):  # fmt: skip
        assert expected in said
    assert len(read.pages) == 1
    hidden = (
        *(str(v) for k, v in facts["worker"].items() if k not in ("sex", "age")), facts["diagnosis"]["disease"],
        facts["diagnosis"]["certificate_no"], facts["diagnosis"]["institution"], facts["employer"]["name"],
        facts["facts"]["steps_tried"], "矽肺", "尘肺", "邮寄被退回",
    )  # fmt: skip
    assert [h for h in hidden if re.sub(r"\s", "", h) in said] == []
    assert [h for h in hidden if h in str(dict(read.metadata or {}))] == []


@pytest.mark.parametrize(
    ("who", "printed_as"),
    [
        ("worker", "王某："),
        ("employer", "演示矿业有限责任公司："),
        ("relative", "王某的近亲属："),
        ("union", "工会组织："),
    ],
)
def test_the_public_notice_calls_a_person_by_surname_and_an_employer_whole(who: str, printed_as: str) -> None:
    facts = specimen("public_notice")
    facts["facts"]["addressee"] = who
    assert printed_as in text(documents.render("public_notice", facts))


def test_a_name_written_out_or_an_old_day_is_refused_in_a_public_notice() -> None:
    facts = specimen("public_notice")
    facts["facts"]["addressee"], facts["dates"]["announced_on"] = "王小山", "2021-12-31"
    told = refusal("public_notice", facts)
    assert "请在职工、近亲属、用人单位中选定受送达人" in told
    assert "个人信息保护法#28" in told
    assert "当时的公告期不是30日" in told


@pytest.mark.parametrize(
    ("name", "printed_as"),
    [
        ("王小山", "王某"),
        ("欧阳海", "欧阳某"),
        ("欧阳", "欧某"),
        ("阿拉坦巴特尔·额尔德尼其其格", "阿某"),
        ("𬭬山", "𬭬某"),
    ],
)
def test_a_name_is_masked_to_the_surname(name: str, printed_as: str) -> None:
    assert wordings.masked(name) == printed_as


def test_the_benefit_sheet_sends_disputes_about_the_employers_share_to_the_labour_way() -> None:
    facts = specimen("benefit_sheet")
    assert "处理劳动争议的规定" not in text(documents.render("benefit_sheet", facts))
    facts["lines"][1]["payer"] = "employer"
    said = text(documents.render("benefit_sheet", facts))
    assert "用人单位支付的项目发生争议的，按照处理劳动争议的规定办理" in said
    assert "自收到本核定之日起60日内" in said


def test_the_conclusion_tells_both_parties_of_the_region_and_four_of_the_recheck() -> None:
    said = text(documents.render("conclusion", specimen("conclusion")))
    assert "职工或者用人单位不服本结论的，可以自收到本结论之日起15日内" in said
    assert "鉴定结论不属于行政复议、行政诉讼的受理范围" in said
    assert "职工或者其近亲属、用人单位、经办机构认为伤残情况发生变化的" in said
    assert "《劳动能力鉴定管理办法》第十九条" in said


@pytest.mark.parametrize("kind", ["recognition", "non_recognition", "non_acceptance", "benefit_sheet"])
@pytest.mark.parametrize("told", [{}, {"objection": {"kind": "remedy"}}])
def test_a_decision_says_once_how_to_object_whatever_the_definition_adds(kind: str, told: dict[str, Any]) -> None:
    said = text(documents.render(kind, specimen(kind) | told))
    assert said.count("申请行政复议；") == 1
    assert said.count("两种途径不得同时进行") == 1
    assert "省" not in said.partition("如不服")[2]


@pytest.mark.parametrize("kind", ["suspension", "termination", "correction_list", "withdrawal_note"])
def test_a_document_without_its_own_paragraph_takes_the_one_of_its_definition(kind: str) -> None:
    plain = text(documents.render(kind, specimen(kind)))
    assert "申请行政复议" not in plain
    facts = specimen(kind) | {"objection": {"kind": "remedy"}, "remedy": specimen("recognition")["remedy"]}
    assert "向乌拉特前旗人民政府申请行政复议" in text(documents.render(kind, facts))
    assert "申请行政复议" not in text(documents.render("delivery_return", documents.return_facts(facts, "worker")))


def test_a_document_that_promises_a_remedy_needs_its_addresses() -> None:
    facts = specimen("suspension") | {"objection": {"kind": "remedy"}, "remedy": {"government": "", "court": ""}}
    told = refusal("suspension", facts)
    assert "缺行政复议机关" in told
    assert "缺管辖法院" in told


def test_a_termination_tells_that_one_may_apply_again() -> None:
    facts = specimen("termination") | {"objection": {"kind": "", "why": "可以再次申请鉴定"}}
    assert "关于异议：可以再次申请鉴定。" in text(documents.render("termination", facts))


def test_every_law_is_printed_under_its_own_title() -> None:
    """Our short names (工伤保险条例意见一) are no titles: nobody could look them up."""
    held = yaml.safe_load((ROOT.parent / "workflow" / "law" / "articles.yaml").read_text("utf-8"))["laws"]
    for short, law in held.items():
        title = (
            re.sub(r"（(?=人社部发|2007年|2021-01-01).*）$", "", law["title"]).replace("《", "〈").replace("》", "〉")
        )
        assert wordings.article(f"{short}#1") == f"《{title}》第一条"


def test_a_law_is_named_once_even_when_another_stands_between() -> None:
    assert wordings.articles(["工伤保险条例#20", "工伤认定办法#18", "工伤保险条例#14"]) == (
        "《工伤保险条例》第二十条、第十四条、《工伤认定办法》第十八条"
    )


@pytest.mark.parametrize(
    ("facts", "part", "template"),
    [
        ({"template": "notice"}, "", "notice"),
        ({}, "", "acceptance"),
        ({"template": "notice"}, "worker", "delivery_return"),
    ],
)
def test_the_template_frozen_with_a_document_prints_it_and_older_documents_print_by_their_kind(
    facts: dict[str, Any], part: str, template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = SimpleNamespace(facts={}, uid="ab12", kind="acceptance")
    session = SimpleNamespace(get_one=lambda model, key: row)
    store = SimpleNamespace(settings=None, reading=lambda: nullcontext(session))
    monkeypatch.setattr("workflow.sealed.reveal", lambda settings, kept, uid: dict(facts))
    assert issue.frozen(cast(Any, store), 1, part)[0] == template
