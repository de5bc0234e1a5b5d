"""Amounts in words (人民币大写) and masking of names and numbers. Pure; texts are for printing and public pages."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_WAN, _YI = 10**4, 10**8
_LIMIT = Decimal(10) ** 14
_FEN = Decimal("0.01")
_BETWEEN_PHONES = re.compile(r"([\s、，,;；/]+)")


def amount_in_words(amount: Decimal) -> str:
    """An amount in 元 as written on sheets and bills: 152250.00 → 壹拾伍万贰仟贰佰伍拾元整.

    A run of noughts between two digits is one 零, across 万 and 亿 too; 整 stands after 元 or 角, never after 分 (so
    nothing can be added). Zero is 零元整. Raises ValueError for anything but a Decimal, for a negative amount, NaN or
    infinity, more than two decimals, and 14 digits before the point being exceeded.
    """
    if not isinstance(amount, Decimal) or not amount.is_finite():
        raise ValueError(f"no amount: {amount!r}")
    if amount < 0 or amount >= _LIMIT or amount != amount.quantize(_FEN):
        raise ValueError(f"negative, too large or finer than 分: {amount}")
    yuan, fen = divmod(int(amount * 100), 100)
    whole = f"{_whole(yuan)}元" if yuan else ""
    if not fen:
        return f"{whole or '零元'}整"
    tens, ones = divmod(fen, 10)
    jiao = f"{DIGITS[tens]}角" if tens else ("零" if whole else "")
    return f"{whole}{jiao}{DIGITS[ones]}分" if ones else f"{whole}{jiao}整"


def _whole(number: int) -> str:
    """A positive number below 10**14 without unit; 万 and 亿 nest, so 10**12 is 壹万亿."""
    for size, unit in ((_YI, "亿"), (_WAN, "万")):
        high, low = divmod(number, size)
        if high:
            gap = "零" if low and (low < size // 10 or high % 10 == 0) else ""
            return _whole(high) + unit + gap + (_whole(low) if low else "")
    text, gap = "", ""
    for place in (3, 2, 1, 0):
        digit = number // 10**place % 10
        if digit:
            text += gap + DIGITS[digit] + _PLACES[place]
            gap = ""
        elif text:
            gap = "零"
    return text


def mask_name(name: str) -> str:
    """A name for public pages: first character and, from three on, the last: 王大山 → 王*山, 王山 → 王*, 王 → *."""
    chars = unicodedata.normalize("NFC", name.strip())
    if len(chars) < 2:
        return "*" * len(chars)
    return chars[0] + "*" * (len(chars) - 2) + chars[-1] if len(chars) > 2 else f"{chars[0]}*"


def mask_id(number: str) -> str:
    """An identity number with its last four characters only; a text too short to be one is hidden whole."""
    text = number.strip().upper()
    return "*" * (len(text) - 4) + text[-4:] if len(text) > 8 else "*" * len(text)


def mask_phone(phone: str) -> str:
    """Telephones with area code (or first three digits) and last four; several in one text are masked each."""
    return "".join(part if i % 2 else _mask_one(part) for i, part in enumerate(_BETWEEN_PHONES.split(phone.strip())))


def _mask_one(phone: str) -> str:
    text = unicodedata.normalize("NFKC", phone)
    area, dash, _ = text.partition("-")
    digits = sum(c.isdecimal() for c in text)
    head = len(area) if dash and area.isdecimal() and len(area) in (3, 4) and digits >= len(area) + 7 else 3
    head, tail = (head, 4) if digits >= 10 else (0, 4) if digits >= 7 else (0, 0)
    seen, out = 0, []
    for char in text:
        if char.isdecimal():
            out.append(char if seen < head or seen >= digits - tail else "*")
            seen += 1
        else:
            out.append(char)
    return "".join(out)
