"""Search keys of names: full pinyin and initials; surnames in all their readings (单 is shan, dan in a dictionary)."""

from __future__ import annotations

import unicodedata
from typing import Any, cast

LONGEST = 200

# A surname's own reading first, then the one people who do not know it type.
SURNAMES: dict[str, tuple[str, ...]] = {
    "单": ("shan", "dan"), "曾": ("zeng", "ceng"), "解": ("xie", "jie"), "仇": ("qiu", "chou"), "区": ("ou", "qu"),
    "查": ("zha", "cha"), "盖": ("ge", "gai"), "朴": ("piao", "pu"), "缪": ("miao", "mou"), "覃": ("qin", "tan"),
    "翟": ("zhai", "di"), "乐": ("yue", "le"), "宓": ("mi", "fu"), "牟": ("mou", "mu"), "员": ("yun", "yuan"),
    "种": ("chong", "zhong"), "繁": ("po", "fan"), "黑": ("he", "hei"), "洗": ("xian", "xi"), "折": ("she", "zhe"),
    "祭": ("zhai", "ji"), "乜": ("nie", "mie"), "召": ("shao", "zhao"), "车": ("che", "ju"), "能": ("nai", "neng"),
    "秘": ("bi", "mi"), "薄": ("bo", "bao"), "柏": ("bai", "bo"), "隗": ("wei", "kui"), "郇": ("xun", "huan"),
    "句": ("gou", "ju"), "那": ("na", "nuo"), "沈": ("shen", "chen"), "行": ("xing", "hang"), "谌": ("chen", "shen"),
    "卜": ("bu", "bo"), "盛": ("sheng", "cheng"), "藏": ("zang", "cang"), "逢": ("pang", "feng"), "尉": ("wei", "yu"),
    "贾": ("jia", "gu"), "长": ("chang", "zhang"), "朝": ("chao", "zhao"), "褚": ("chu", "zhu"), "郗": ("xi", "chi"),
    "尉迟": ("yu chi", "wei chi"), "万俟": ("mo qi", "wan si"), "长孙": ("zhang sun", "chang sun"),
    "澹台": ("tan tai", "dan tai"), "单于": ("chan yu", "shan yu", "dan yu"),
}  # fmt: skip


def search_key(name: str) -> str:
    """The key a name is found by: the name in full pinyin and its initials, in every reading, parted by blanks.

    单雄信 → "shanxiongxin sxx danxiongxin dxx". Characters without pinyin (other scripts, rare ones nobody has read
    yet) stand for themselves; never longer than LONGEST characters, never an error.
    """
    letters = _letters(name)
    if not letters:
        return ""
    head, readings = _surname(letters)
    rest = _syllables(letters[head:])
    spelt = [[*reading, *rest] for reading in readings]
    full = [way for syllables in spelt for way in _u_ways("".join(syllables))]
    short = ["".join(s[0] for s in syllables) for syllables in spelt]
    return _fitting(list(dict.fromkeys(full)), list(dict.fromkeys(short)))


def search_term(text: str) -> str:
    """What somebody typed, as keys are written: small letters, no blanks, points, hyphens or apostrophes."""
    return _letters(text)


def _letters(text: str) -> str:
    """Small letters, digits and characters only (a character of one's own, 造字, too); ü becomes v."""
    plain = unicodedata.normalize("NFC", text).lower().replace("ü", "v")
    return "".join(c for c in plain if unicodedata.category(c)[0] in "LN" or unicodedata.category(c) == "Co")


def _surname(letters: str) -> tuple[int, list[list[str]]]:
    """How many characters the surname takes, and its readings as syllables."""
    for length in (2, 1):
        if found := SURNAMES.get(letters[:length]):
            return length, [way.split() for way in found]
    return 0, [[]]


def _syllables(letters: str) -> list[str]:
    """One item per Chinese character; what has no pinyin stays as it is, letter by letter."""
    from pypinyin import Style, lazy_pinyin  # a quarter of a second to load: only where a name is read

    found = lazy_pinyin(letters, style=Style.NORMAL, errors=cast("Any", list))
    return [s for s in found if s]


def _u_ways(spelt: str) -> list[str]:
    """吕 is typed lv, lu or lyu; 女 nv, nu or nyu."""
    if "lv" not in spelt and "nv" not in spelt:
        return [spelt]
    return [spelt.replace("lv", f"l{u}").replace("nv", f"n{u}") for u in ("v", "u", "yu")]


def _fitting(full: list[str], short: list[str]) -> str:
    """As many words as the column holds, the first reading and its initials before the others; no word is cut but the
    first, and that only where a name is of a length nobody has."""
    words = [full[0][: LONGEST // 2 + 40], short[0][:50], *full[1:], *short[1:]]
    kept = ""
    for word in dict.fromkeys(words):
        longer = f"{kept} {word}".strip()
        if len(longer) <= LONGEST:
            kept = longer
    return kept
