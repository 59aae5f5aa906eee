"""Exact cents in JSON: a text with four decimals, never a binary float."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Annotated

from pydantic import Field

ExactCents = Annotated[
    str,
    Field(
        description="Centimes d’euro, arrondis à quatre décimales.", examples=["800.1100"], pattern=r"^-?\d+\.\d{4}$"
    ),
]


def exact(cents: Fraction) -> str:
    """Cents with four decimals, half-up."""
    exact = Decimal(cents.numerator) / Decimal(cents.denominator)
    return str(exact.quantize(Decimal("0.0001"), ROUND_HALF_UP))
