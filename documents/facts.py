"""Pure helpers for the facts a document is printed from: dates, numbers, articles, parties, money. No clock, no I/O."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from workflow.errors import Reason, Refused

DIGITS = "〇一二三四五六七八九"
LAWS = {
    "社会保险法": "中华人民共和国社会保险法",
    "职业病防治法": "中华人民共和国职业病防治法",
    "行政复议法": "中华人民共和国行政复议法",
    "行政诉讼法": "中华人民共和国行政诉讼法",
    "民事诉讼法": "中华人民共和国民事诉讼法",
    "民法典": "中华人民共和国民法典",
    "民法总则": "中华人民共和国民法总则",
    "个人信息保护法": "中华人民共和国个人信息保护法",
    "劳动争议调解仲裁法": "中华人民共和国劳动争议调解仲裁法",
    "行政复议法实施条例": "中华人民共和国行政复议法实施条例",
    "行政诉讼法解释": "最高人民法院关于适用〈中华人民共和国行政诉讼法〉的解释",
    "民事诉讼法解释": "最高人民法院关于适用〈中华人民共和国民事诉讼法〉的解释",
    "劳动争议解释一": "最高人民法院关于审理劳动争议案件适用法律问题的解释（一）",
    "工伤保险条例意见一": "关于执行〈工伤保险条例〉若干问题的意见",
    "工伤保险条例意见二": "关于执行〈工伤保险条例〉若干问题的意见（二）",
    "工伤保险条例意见三": "关于执行〈工伤保险条例〉若干问题的意见（三）",
    "工伤行政案件规定": "最高人民法院关于审理工伤保险行政案件若干问题的规定",
}
"""Short names of citations to the names printed in 《》; a name not listed is already the full one."""
CARE = {
    "full": "生活完全不能自理",
    "most": "生活大部分不能自理",
    "part": "生活部分不能自理",
    "none": "未达到生活自理障碍等级",
}
"""The three levels of 工伤保险条例#22.3, and none."""
_ARTICLE = re.compile(r"^([^#\s\d]+)#(\d+)(?:\.(\d+))?(?:\.(\d+)|\((\d+)\))?$")
_ROLES = {
    "relative": "近亲属", "union": "工会组织", "agency": "工伤保险经办机构", "bureau": "社会保险行政部门",
    "committee": "劳动能力鉴定委员会", "regional_committee": "内蒙古自治区劳动能力鉴定委员会", "health": "卫生健康主管部门",
    "arbitration": "劳动人事争议仲裁委员会", "appraisal_body": "职业病诊断鉴定办事机构",
}  # fmt: skip
_NAMED = {
    "worker": ("worker", "name"), "employer": ("employer", "name"), "diagnosis_institution": ("diagnosis", "institution"),
    "review_body": ("remedy", "government"), "court": ("remedy", "court"),
}  # fmt: skip
"""Role → where the facts of the case name him."""
_DOUBLE = frozenset({
    "欧阳", "司马", "上官", "诸葛", "夏侯", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "宇文", "长孙", "司徒",
    "司空", "端木", "呼延", "南宫", "申屠", "轩辕", "赫连", "澹台", "拓跋", "完颜",
})  # fmt: skip
"""Surnames of two characters."""
_PAYERS = {"fund": "工伤保险基金", "employer": "用人单位"}
_DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$")
_KEY = re.compile(r"^[a-z_]+$")


def parse_day(text: str) -> date:
    """`2026-11-24` as a date. Raises Refused for anything else."""
    try:
        return date.fromisoformat(str(text))
    except ValueError as error:
        raise Refused(Reason(f"“{text}”不是日期，请写成 2026-11-24 的样子", code="bad_date")) from error


def chinese_date(text: str) -> str:
    """`2026-11-24` → `2026年11月24日`; month and day without leading zeros. Raises Refused for anything else."""
    day = parse_day(text)
    return f"{day.year}年{day.month}月{day.day}日"


def age_at(birth_on: str, on: str) -> int:
    """Completed years of life on the day `on`; on the birthday itself the year is complete."""
    born, day = parse_day(birth_on), parse_day(on)
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def format_number(letter: str, kind_word: str, year: int, seq: int) -> str:
    """The 文号, e.g. `巴人社工认〔2026〕3号`: four-digit year in U+3014/U+3015, no leading zeros, no 第."""
    if seq < 1 or not 1000 <= year <= 9999:
        raise ValueError(f"no such number: {year}, {seq}")
    return f"{letter}{kind_word}〔{year}〕{seq}号"


def numeral(number: int) -> str:
    """1-999 in Chinese as articles are numbered: 10 → 十, 14 → 十四, 103 → 一百零三."""
    if not 0 < number < 1000:
        raise ValueError(number)
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    head = f"{DIGITS[hundreds]}百" if hundreds else ""
    if tens:
        head += ("" if tens == 1 and not hundreds else DIGITS[tens]) + "十"
    elif hundreds and ones:
        head += "零"
    return head + (DIGITS[ones] if ones else "")


def article(citation: str) -> str:
    """`工伤保险条例#14(4)` → `《工伤保险条例》第十四条第（四）项`; `#18.3` is a paragraph (款), `#39.1.2` its item.

    A citation already written in Chinese is returned as it stands. Raises Refused for a `#` it cannot read.
    """
    if "#" not in citation:
        return citation
    found = _ARTICLE.match(citation.strip())
    if not found:
        raise Refused(Reason(f"条文“{citation}”读不懂，请写成 工伤保险条例#17.1 的样子", code="bad_article"))
    name, number, paragraph, *items = found.groups()
    item = next((i for i in items if i), None)
    text = f"《{LAWS.get(name, name)}》第{numeral(int(number))}条"
    text += f"第{numeral(int(paragraph))}款" if paragraph else ""
    return text + (f"第（{numeral(int(item))}）项" if item else "")


def articles(citations: str | Iterable[str]) -> str:
    """One citation or several, in Chinese, joined by 、; repeats fall away, a law is named once, its articles after it."""
    many = re.split(r"[;；]", citations) if isinstance(citations, str) else citations
    written: dict[str, list[str]] = {}
    for text in dict.fromkeys(article(c.strip()) for c in many):
        law, closing, place = text.partition("》")
        numbered = bool(closing) and place.startswith("第")
        if numbered and law in written:
            written[law].append(place)
        else:
            written[law if numbered else text] = [text]
    return "、".join(text for texts in written.values() for text in texts)


def money(amount: str) -> str:
    """A decimal text as printed figures with two places: `12345.6` → `12,345.60`. A float is refused, never rounded."""
    if not isinstance(amount, str):
        raise Refused(Reason(f'金额 {amount} 应以十进制文本给出，如 "12345.60"', code="bad_amount"))
    try:
        value = Decimal(amount)
    except InvalidOperation as error:
        raise Refused(Reason(f"“{amount}”不是金额", code="bad_amount")) from error
    if not value.is_finite() or value != value.quantize(Decimal("0.01")):
        raise Refused(Reason(f"金额 {amount} 没有取到分，请先按规定取整", code="bad_amount"))
    return f"{value:,.2f}"


def grade_words(grade: str | int) -> str:
    """3 → `伤残三级`; none or 0 → `未达到伤残等级`; a Chinese text stands. Grades 1-10: 工伤保险条例#22.2."""
    text = str(grade).strip()
    if text in ("none", "0"):
        return "未达到伤残等级"
    if text.isdecimal() and 1 <= int(text) <= 10:
        return f"伤残{numeral(int(text))}级"
    if text.isascii():
        raise Refused(Reason(f"伤残等级“{grade}”不在一级至十级之内", code="bad_grade", law="工伤保险条例#22.2"))
    return text


def care_words(care: str) -> str:
    """full, most, part, none → the words of 工伤保险条例#22.3; a Chinese text stands."""
    if care in CARE:
        return CARE[care]
    if str(care).isascii():
        raise Refused(Reason(f"生活自理障碍“{care}”不是规定的等级", code="bad_care", law="工伤保险条例#22.3"))
    return care


def wording(text: str) -> str:
    """A reason as printed: a whole citation (`工伤认定办法#20`) in Chinese, a sentence as it stands, a code refused."""
    if _KEY.match(text):
        raise Refused(Reason(f"“{text}”是代号，请写成当事人看得懂的文字", code="bad_wording"))
    return article(text) if _ARTICLE.match(text) else text


def answer(text: str) -> str:
    """An answer as printed: a day (`2026-11-24`) in Chinese, anything else as it stands, without blanks around it."""
    text = text.strip()
    try:
        return chinese_date(text) if _DAY.match(text) else text
    except Refused:
        return text


def payer_words(payer: str) -> str:
    """fund or employer as printed; a Chinese name stands; another code is refused."""
    if payer in _PAYERS:
        return _PAYERS[payer]
    return wording(payer)


def party(who: str, facts: Mapping[str, Any]) -> str:
    """A role key (worker, employer, agency …) as printed; a name written in Chinese stands.

    Raises Refused for others, KeyError where the facts do not name him.
    """
    if who in _NAMED:
        section, name = _NAMED[who]
        if not (named := str(facts[section][name]).strip()):
            raise KeyError(who)
        return named
    if who in _ROLES:
        return _ROLES[who]
    if _KEY.match(who):
        raise Refused(Reason(f"文书的收件人“{who}”没有名称，请写明其全称", code="unknown_party"))
    return who


def masked(name: str) -> str:
    """A person's name as hung up in public: the surname and 某 (王小山 → 王某, 欧阳海 → 欧阳某); 个人信息保护法#28."""
    name = name.strip()
    return (name[:2] if len(name) > 2 and name[:2] in _DOUBLE else name[:1]) + "某"


def public_party(who: str, facts: Mapping[str, Any]) -> str:
    """An addressee as a public notice (公告) names him: a person masked, an employer whole.

    Raises Refused for a name written out: whether it is a person's cannot be told; KeyError where the facts do not name him.
    """
    if who == "worker":
        return masked(party(who, facts))
    if who == "relative":
        return masked(party("worker", facts)) + "的近亲属"
    if who not in _NAMED and who not in _ROLES:
        text = "公告只写职工的姓氏或者单位全称，请在职工、近亲属、用人单位中选定受送达人"
        raise Refused(
            Reason(text, code="unknown_party", law="个人信息保护法#28", who="承办人", field="facts.addressee")
        )
    return party(who, facts)


def return_facts(facts: Mapping[str, Any], addressee: str) -> dict[str, Any]:
    """The facts of a delivery return (送达回证) for one addressee of the instrument that `facts` belongs to."""
    return {**facts, "addressee": addressee}


def digest(facts: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of the facts as canonical JSON, the form the audit chain hashes; its head is printed as 校验码."""
    text = json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
