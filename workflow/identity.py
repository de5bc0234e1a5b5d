"""Identity numbers (公民身份号码): what is certainly wrong is refused, what is only unusual is told.

A historical table of regions refuses real people (a number keeps the code its office used when it was given), so the
region never refuses; the number's own check digit and its date of birth do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from workflow.errors import BadInput, Reason

CITY = "巴彦淖尔市"
COUNTIES = {
    "150802": "临河区", "150821": "五原县", "150822": "磴口县", "150823": "乌拉特前旗", "150824": "乌拉特中旗",
    "150825": "乌拉特后旗", "150826": "杭锦后旗",
}  # fmt: skip
"""The seven banners and counties of the city by their present code."""
OLD_REGIONS = {
    "152800": "巴彦淖尔盟", "152801": "临河市", "152821": "临河县", "152822": "五原县", "152823": "磴口县",
    "152824": "乌拉特前旗", "152825": "乌拉特中旗", "152826": "乌拉特后旗", "152827": "杭锦后旗",
}  # fmt: skip
"""Codes of the former league, for display only: numbers given before the end of 2003 carry them for life."""
REGIONS = {"150800": CITY, **COUNTIES, **OLD_REGIONS}
DEMO_REGION = "159999"
YOUNGEST, OLDEST = 16, 110

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
# Letters people type for the last place; full-width digits and spaces are handled below.
_FOLD = {ord("ｘ"): "X", ord("Ｘ"): "X", ord("x"): "X", **{0xFF10 + d: str(d) for d in range(10)}}
_INVISIBLE = dict.fromkeys((0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x202D, 0x202C), "")


@dataclass(frozen=True)
class Identity:
    """A number that holds. `number` has 18 characters (X in capitals), `original` is what was written, trimmed.

    `region_known` is True for the codes of this city, present and former; `warnings` are Chinese sentences that stop
    nothing. Numbers are left out of repr, so that no log carries them.
    """

    number: str = field(repr=False)
    birth_on: date
    sex: str
    region: str
    region_known: bool
    original: str = field(repr=False)
    warnings: tuple[str, ...] = ()

    @property
    def region_name(self) -> str:
        """The region's name as it was when the code was used, '' for codes of other places."""
        return REGIONS.get(self.region, "")

    @property
    def last_four(self) -> str:
        """What the worker types at the look-up."""
        return self.number[-4:]


def parse(text: str, today: date) -> Identity:
    """Read a number of 18 characters, or one of 15 digits (given until 1999), which is made into 18.

    `today` is the legal day the age is counted on. Raises BadInput with one precise Chinese reason (its field is
    `id_number`); the reason never repeats the number.
    """
    original = text.strip()
    number = "".join(original.translate(_FOLD).translate(_INVISIBLE).split())
    warnings: list[str] = []
    _check_characters(number)
    if len(number) == 15:
        number = _lengthened(number)
        warnings.append("这是 15 位旧号码，已经换算成 18 位，请对照居民身份证核对。")
    birth_on = _birth(number, today)
    if number[17] != check_digit(number[:17]):
        raise _bad("校验码不对，最后一位与前 17 位对不上，请对照居民身份证逐位核对")
    region = number[:6]
    warnings += _region_warnings(region)
    sex = "男" if int(number[16]) % 2 else "女"
    return Identity(number, birth_on, sex, region, region in REGIONS, original, tuple(warnings))


def check_digit(first17: str) -> str:
    """The 18th character of a number by ISO 7064 MOD 11-2. Raises ValueError for anything but 17 ASCII digits."""
    if len(first17) != 17 or not (first17.isascii() and first17.isdigit()):
        raise ValueError("a check digit needs 17 digits")
    return _CHECKS[sum(w * int(c) for w, c in zip(_WEIGHTS, first17, strict=True)) % 11]


def make(region: str, birth: date, seq: int) -> str:
    """A number with a right check digit, for demonstrations and tests; `seq` 0-999 is odd for men.

    Only DEMO_REGION may be written down anywhere: nobody lives there. Raises ValueError for a bad region or seq.
    """
    if len(region) != 6 or not 0 <= seq <= 999:
        raise ValueError(f"no region of six digits or no sequence of three: {region!r}, {seq}")
    first17 = f"{region}{birth:%Y%m%d}{seq:03d}"
    return first17 + check_digit(first17)


def _check_characters(number: str) -> None:
    if not number:
        raise _bad("没有填写身份证号码，请填写 18 位公民身份号码")
    if len(number) not in (15, 18):
        raise _bad(f"号码应当是 18 位，现在是 {len(number)} 位，请对照居民身份证核对")
    body, last = number[:17], number[17:]
    if not (body.isascii() and body.isdigit()) or last not in ("", *_CHECKS):
        raise _bad("号码里有不该有的字符，只能是数字，最后一位可以是 X，请对照居民身份证核对")


def _lengthened(number: str) -> str:
    """15 digits to 18: the century is put in and the check digit added."""
    first17 = f"{number[:6]}19{number[6:]}"
    return first17 + check_digit(first17)


def _birth(number: str, today: date) -> date:
    year, month, day = int(number[6:10]), int(number[10:12]), int(number[12:14])
    try:
        birth_on = date(year, month, day)
    except ValueError:
        raise _bad(f"号码第 7 至 14 位的出生日期（{number[6:14]}）不存在，请对照居民身份证核对") from None
    if birth_on > today:
        raise _bad(f"号码里的出生日期 {birth_on} 还没有到，请对照居民身份证核对")
    age = today.year - year - ((today.month, today.day) < (month, day))
    if age < YOUNGEST:
        raise _bad(f"号码里的出生日期 {birth_on} 不满 {YOUNGEST} 周岁，请对照居民身份证核对")
    if age > OLDEST:
        raise _bad(f"号码里的出生日期 {birth_on} 已超过 {OLDEST} 周岁，请对照居民身份证核对")
    return birth_on


def _region_warnings(region: str) -> list[str]:
    if region in OLD_REGIONS:
        return [f"地区码 {region} 是原{OLD_REGIONS[region]}的旧代码，仍然有效，不用修改，请对照居民身份证核对一次。"]
    if region in REGIONS:
        return []
    return [f"地区码 {region} 不在本市的代码之内，外地户籍的不用修改，请对照居民身份证核对一次。"]


def _bad(text: str) -> BadInput:
    return BadInput(Reason(f"{text}。", "identity", field="id_number"))
