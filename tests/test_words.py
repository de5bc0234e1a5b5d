"""Amounts in words against fixed examples and by reading them back; masking never shows too much."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from workflow.words import amount_in_words, mask_id, mask_name, mask_phone

VALUES = {character: value for value, character in enumerate("零壹贰叁肆伍陆柒捌玖")}
UNITS = {"拾": 10, "佰": 100, "仟": 1000}
LARGEST_FEN = 10**16 - 1


def read_back(text: str) -> int:
    """An amount in words as 分, by a reader that knows nothing of how it was written."""
    whole, yuan, rest = text.partition("元")
    fen = read_whole(whole) * 100 if yuan else 0
    tail = rest if yuan else text
    for unit, worth in (("角", 10), ("分", 1)):
        digit, found, after = tail.partition(unit)
        if found:
            fen += VALUES[digit.removeprefix("零")] * worth
            tail = after
    if tail not in ("", "整"):
        raise ValueError(text)
    return fen


def read_whole(text: str) -> int:
    for unit, worth in (("亿", 10**8), ("万", 10**4)):
        high, found, low = text.rpartition(unit)
        if found:
            return read_whole(high) * worth + read_whole(low)
    total = digit = 0
    for character in text:
        if character in UNITS:
            total, digit = total + digit * UNITS[character], 0
        else:
            digit = VALUES[character]
    return total + digit


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", "零元整"),
        ("0.00", "零元整"),
        ("-0.00", "零元整"),
        ("0.01", "壹分"),
        ("0.10", "壹角整"),
        ("0.11", "壹角壹分"),
        ("1", "壹元整"),
        ("10", "壹拾元整"),
        ("11", "壹拾壹元整"),
        ("100", "壹佰元整"),
        ("101", "壹佰零壹元整"),
        ("110", "壹佰壹拾元整"),
        ("1001", "壹仟零壹元整"),
        ("1010", "壹仟零壹拾元整"),
        ("152250.00", "壹拾伍万贰仟贰佰伍拾元整"),
        ("10000", "壹万元整"),
        ("10001", "壹万零壹元整"),
        ("100000", "壹拾万元整"),
        ("1000000", "壹佰万元整"),
        ("10001000", "壹仟万零壹仟元整"),
        ("10000001", "壹仟万零壹元整"),
        ("10100100", "壹仟零壹拾万零壹佰元整"),
        ("100000000", "壹亿元整"),
        ("100000001", "壹亿零壹元整"),
        ("100010000", "壹亿零壹万元整"),
        ("110000000", "壹亿壹仟万元整"),
        ("1000010000", "壹拾亿零壹万元整"),
        ("1000000000000", "壹万亿元整"),
        ("12345678901234", "壹拾贰万叁仟肆佰伍拾陆亿柒仟捌佰玖拾万零壹仟贰佰叁拾肆元整"),
        ("99999999999999.99", "玖拾玖万玖仟玖佰玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分"),
        ("16818.73", "壹万陆仟捌佰壹拾捌元柒角叁分"),
        ("16409.02", "壹万陆仟肆佰零玖元零贰分"),
        ("325.04", "叁佰贰拾伍元零肆分"),
        ("1680.32", "壹仟陆佰捌拾元叁角贰分"),
        ("107000.53", "壹拾万零柒仟元伍角叁分"),
        ("6000.50", "陆仟元伍角整"),
        ("1.500", "壹元伍角整"),
    ],
)
def test_amounts_as_a_bank_writes_them(amount: str, words: str) -> None:
    assert amount_in_words(Decimal(amount)) == words


@given(st.integers(0, LARGEST_FEN))
@example(1_000_100_000)
@example(10_000_000_000_000_00)
def test_every_amount_reads_back_as_itself(fen: int) -> None:
    words = amount_in_words(Decimal(fen) / 100)
    assert read_back(words) == fen
    assert "零零" not in words and "零元" not in words.removeprefix("零元整")
    assert words.endswith(("整", "分"))


@given(st.integers(0, LARGEST_FEN), st.integers(0, LARGEST_FEN))
def test_different_amounts_have_different_words(one: int, other: int) -> None:
    same = amount_in_words(Decimal(one) / 100) == amount_in_words(Decimal(other) / 100)
    assert same == (one == other)


@pytest.mark.parametrize(
    "amount",
    [Decimal("-0.01"), Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("1.005"), Decimal("1e14"),
     Decimal("1e40"), Decimal("1e-30"), 1.5, 1, "1", None],
)  # fmt: skip
def test_what_is_no_amount_is_refused(amount: object) -> None:
    with pytest.raises(ValueError):
        amount_in_words(amount)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["壹元贰", "壹角贰角", "元元整", "壹元整整"])
def test_the_reader_of_this_test_refuses_what_is_no_amount(text: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        read_back(text)


@pytest.mark.parametrize(
    ("name", "masked"),
    [("王大山", "王*山"), ("王山", "王*"), ("王", "*"), ("欧阳大山", "欧**山"), (" 王大山 ", "王*山"), ("", "")],
)
def test_names_keep_the_first_and_from_three_on_the_last_character(name: str, masked: str) -> None:
    assert mask_name(name) == masked


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("15999919710305001X", "**************001X"),
        ("15999919710305001x ", "**************001X"),
        ("001X", "****"),
        ("", ""),
    ],
)
def test_identity_numbers_show_their_last_four_only(number: str, masked: str) -> None:
    assert mask_id(number) == masked


@pytest.mark.parametrize(
    ("phone", "masked"),
    [
        ("0478-0001234", "0478-***1234"),
        ("0478" + "0001234", "047****1234"),
        ("0478-0001234、0478-0005678", "0478-***1234、0478-***5678"),
        ("0001234", "***1234"),
        ("１２３４５６７", "***4567"),
        ("12345", "*****"),
        ("0478-12", "****-**"),
        ("", ""),
    ],
)
def test_telephones_keep_area_code_and_last_four(phone: str, masked: str) -> None:
    assert mask_phone(phone) == masked


@given(st.text(st.sampled_from("0123456789-、 "), max_size=40))
def test_a_mask_of_telephones_keeps_the_length_and_hides_three_digits_of_each(phone: str) -> None:
    masked = mask_phone(phone)
    assert len(masked) == len(phone.strip())
    apart = re.compile(r"[、 ]+")
    for part, shown in zip(apart.split(phone.strip()), apart.split(masked), strict=True):
        digits = sum(c.isdecimal() for c in part)
        assert shown.count("*") >= min(digits, 3)
