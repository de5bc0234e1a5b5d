"""Identity numbers and the search keys of names: who is let in, who is refused and why, who is found by what."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow import identity, pinyin
from workflow.errors import BadInput

TODAY = date(2026, 11, 24)
BORN = date(1958, 3, 12)
DEMO = identity.make(identity.DEMO_REGION, BORN, 1)


def number(region: str, born: date = BORN, seq: int = 1) -> str:
    return identity.make(region, born, seq)


def old(region: str) -> str:
    """The same person's number of 15 digits, as given until 1999."""
    made = number(region)
    return made[:6] + made[8:17]


def reason(text: str, today: date = TODAY) -> str:
    with pytest.raises(BadInput) as refused:
        identity.parse(text, today)
    assert [r.field for r in refused.value.reasons] == ["id_number"]
    return refused.value.sentences()[0]


def with_check(first17: str) -> str:
    return first17 + identity.check_digit(first17)


# --- numbers that hold ------------------------------------------------------------------------------------------------


def test_a_number_tells_birth_sex_and_region() -> None:
    person = identity.parse(DEMO, TODAY)
    assert (person.number, person.birth_on, person.sex, person.region) == (DEMO, BORN, "男", "159999")
    assert person.last_four == DEMO[-4:]
    assert identity.parse(number("159999", seq=2), TODAY).sex == "女"


def test_the_check_digit_is_that_of_iso_7064() -> None:
    # The worked example of GB 11643, its first 17 digits split so that no whole number stands here.
    assert identity.check_digit("110105" + "19491231" + "002") == "X"
    assert identity.check_digit("440524" + "18800101" + "001") == "4"


@pytest.mark.parametrize("bad", ["", "1" * 16, "1" * 18, "１" * 17, "a" * 17])
def test_a_check_digit_is_made_of_seventeen_digits_only(bad: str) -> None:
    with pytest.raises(ValueError):
        identity.check_digit(bad)


@pytest.mark.parametrize(("region", "seq"), [("15", 1), ("159999", 1000), ("159999", -1), ("15999a", 1)])
def test_no_number_is_made_of_what_is_none(region: str, seq: int) -> None:
    with pytest.raises(ValueError):
        identity.make(region, BORN, seq)


X = next(n for n in (number("159999", seq=s) for s in range(1, 99)) if n.endswith("X"))


@pytest.mark.parametrize(
    "typed",
    [
        X, X.lower(), X[:-1] + "ｘ", X[:-1] + "Ｘ", f"  {X}\n", f"{X[:6]} {X[6:14]}\u3000{X[14:]}", f"\ufeff{X}\u200b",
        X[:-1].translate({ord("0") + d: chr(0xFF10 + d) for d in range(10)}) + "x", X.replace("9", "９"), f"{X}\u00a0",
    ],
)  # fmt: skip
def test_ways_of_typing_the_same_number(typed: str) -> None:
    person = identity.parse(typed, TODAY)
    assert person.number == X
    assert person.original == typed.strip()


@pytest.mark.parametrize(
    ("region", "name", "known"),
    [
        *((code, name, True) for code, name in identity.COUNTIES.items()),
        ("150800", "巴彦淖尔市", True),
        *((code, name, True) for code, name in identity.OLD_REGIONS.items()),
        ("150899", "", False), ("159999", "", False), ("510722", "", False), ("412723", "", False),
        ("810000", "", False), ("830000", "", False), ("911156", "", False), ("000000", "", False),
    ],
)  # fmt: skip
def test_no_region_refuses_anybody(region: str, name: str, known: bool) -> None:
    person = identity.parse(number(region), TODAY)
    assert (person.region, person.region_name, person.region_known) == (region, name, known)


def test_present_codes_are_silent_former_and_foreign_ones_are_told() -> None:
    assert identity.parse(number("150825"), TODAY).warnings == ()
    assert "原临河市的旧代码，仍然有效" in identity.parse(number("152801"), TODAY).warnings[0]
    for region in ("159999", "150899", "510722"):
        (told,) = identity.parse(number(region), TODAY).warnings
        assert told.startswith(f"地区码 {region} 不在本市的代码之内，") and told.endswith("请对照居民身份证核对一次。")


def test_a_person_of_the_old_league_born_before_the_town_was_one_is_let_in() -> None:
    assert identity.parse(number("152801", date(1949, 5, 1)), TODAY).region_known


@pytest.mark.parametrize("region", ["150802", "152801", "159999"])
def test_fifteen_digits_become_eighteen_and_the_original_is_kept(region: str) -> None:
    person = identity.parse(old(region), TODAY)
    assert (person.number, person.original, person.birth_on) == (number(region), old(region), BORN)
    assert person.warnings[0] == "这是 15 位旧号码，已经换算成 18 位，请对照居民身份证核对。"


def test_a_number_shows_in_no_repr() -> None:
    assert DEMO not in repr(identity.parse(DEMO, TODAY)) and DEMO[8:17] not in repr(
        identity.parse(old("159999"), TODAY)
    )


# --- numbers that do not ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "没有填写身份证号码"),
        (" \u3000", "没有填写身份证号码"),
        (DEMO[:17], "号码应当是 18 位，现在是 17 位"),
        (DEMO + "1", "号码应当是 18 位，现在是 19 位"),
        (DEMO[:14] + "O" + DEMO[15:], "号码里有不该有的字符"),
        (DEMO[:17] + "Y", "号码里有不该有的字符"),
        (DEMO[:6] + "X" + DEMO[7:], "号码里有不该有的字符"),
        (old("159999")[:14] + "X", "号码里有不该有的字符"),
        ("²" * 18, "号码里有不该有的字符"),
        ("٣" * 18, "号码里有不该有的字符"),
        (DEMO[:17] + ("1" if DEMO[17] != "1" else "2"), "校验码不对"),
        (DEMO[:15] + str((int(DEMO[15]) + 1) % 10) + DEMO[16:], "校验码不对"),
        (with_check("159999" + "19580230" + "001"), "出生日期（19580230）不存在"),
        (with_check("159999" + "19581301" + "001"), "出生日期（19581301）不存在"),
        (with_check("159999" + "00000101" + "001"), "出生日期（00000101）不存在"),
        (number("159999", date(2099, 1, 1)), "出生日期 2099-01-01 还没有到"),
        (number("159999", date(2026, 11, 25)), "出生日期 2026-11-25 还没有到"),
        (number("159999", date(2010, 11, 25)), "不满 16 周岁"),
        (number("159999", date(1915, 11, 24)), "已超过 110 周岁"),
    ],
)  # fmt: skip
def test_what_is_certainly_wrong_is_refused_with_its_reason(typed: str, why: str) -> None:
    said = reason(typed)
    assert why in said and "，请" in said and said.endswith("。")
    assert len(typed) < 10 or typed not in said  # the number itself never reaches a log


def test_the_ages_between_are_let_in_to_the_day() -> None:
    assert identity.parse(number("159999", date(2010, 11, 24)), TODAY)
    assert identity.parse(number("159999", date(1915, 11, 25)), TODAY)
    assert identity.parse(number("159999", date(2008, 2, 29)), date(2024, 3, 1))
    assert "不满" in reason(number("159999", date(2008, 2, 29)), date(2024, 2, 28))


@given(st.text(max_size=24))
def test_any_text_is_an_identity_or_a_reason(text: str) -> None:
    try:
        person = identity.parse(text, TODAY)
    except BadInput as refused:
        assert len(refused.sentences()) == 1
    else:
        assert len(person.number) == 18


@given(
    st.dates(date(1917, 1, 1), date(2010, 1, 1)), st.integers(0, 999), st.integers(0, 17), st.integers(1, 9),
)  # fmt: skip
def test_one_wrong_digit_is_always_found(born: date, seq: int, place: int, by: int) -> None:
    made = number("159999", born, seq)
    assert identity.parse(made, TODAY).birth_on == born
    signs = "0123456789X" if place == 17 else "0123456789"
    other = signs[(signs.index(made[place]) + by) % len(signs)]
    assert reason(made[:place] + other + made[place + 1 :])


# --- search keys ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("单雄信", "shanxiongxin sxx danxiongxin dxx"),
        ("曾国藩", "zengguofan zgf cengguofan cgf"),
        ("解宝山", "xiebaoshan xbs jiebaoshan jbs"),
        ("仇玉林", "qiuyulin qyl chouyulin cyl"),
        ("查志强", "zhazhiqiang zzq chazhiqiang czq"),
        ("朴永胜", "piaoyongsheng pys puyongsheng"),
        ("尉迟敬", "yuchijing ycj weichijing wcj"),
        ("吕来福", "lvlaifu llf lulaifu lyulaifu"),
        ("张  三", "zhangsan zs"),
        ("巴特尔", "bateer bte"),
        ("敖日格乐·Bat", "aorigelebat arglbat"),
        ("ᠪᠠᠲᠤ", "ᠪᠠᠲᠤ ᠪᠠᠲᠤ"),
        ("𠮷𬭎犇", "𠮷hongben 𠮷hb"),
        ("王䶮", "wangyan wy"),
        ("", ""),
        (" · ", ""),
    ],
)
def test_a_name_is_found_by_these(name: str, key: str) -> None:
    assert pinyin.search_key(name).split() == list(dict.fromkeys(key.split()))


@pytest.mark.parametrize("surname", sorted(pinyin.SURNAMES))
def test_every_reading_of_a_surname_finds_it(surname: str) -> None:
    words = pinyin.search_key(surname + "永胜").split()
    for reading in pinyin.SURNAMES[surname]:
        assert reading.replace(" ", "") + "yongsheng" in words
        assert "".join(syllable[0] for syllable in reading.split()) + "ys" in words


@pytest.mark.parametrize(
    ("typed", "term"), [("Shan Xiong'xin", "shanxiongxin"), ("LÜ lai-fu", "lvlaifu"), ("单 雄信", "单雄信"), ("", "")]
)
def test_what_is_typed_is_written_as_keys_are(typed: str, term: str) -> None:
    assert pinyin.search_term(typed) == term


@given(st.one_of(st.text(max_size=60), st.text("单吕女曾王𠮷ᠪ·X长孙尉迟", max_size=400)))
def test_no_name_breaks_its_key(name: str) -> None:
    key = pinyin.search_key(name)
    assert len(key) <= pinyin.LONGEST and "  " not in key and key == key.strip()
