"""Rounding and printing of amounts in 元."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

FEN = Decimal("0.01")


def to_fen(amount: Decimal) -> Decimal:
    """Half-up to 分: the one rounding of an item. Raises decimal.InvalidOperation for NaN or infinity."""
    return amount.quantize(FEN, rounding=ROUND_HALF_UP)


def yuan(amount: Decimal) -> str:
    """An amount as people read it, `6,000.00 元`; a product of the band keeps the decimals it has (1,868.748 元)."""
    places = max(2, -int(amount.normalize().as_tuple().exponent)) if amount else 2
    return f"{amount:,.{places}f} 元"
