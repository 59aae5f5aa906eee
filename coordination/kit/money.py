"""Money: integer cents inside, French amounts at the door, exact fractions rounded half-up on screen only.

No binary float enters or leaves this room. An amount is an `int` of cents; a computed value is a `Fraction` of cents.
"""

import re
from decimal import Decimal
from fractions import Fraction

NARROW_SPACE = "\u202f"
"""No-break space between groups of three digits."""
SPACE = "\u00a0"
"""No-break space before the euro sign."""
MINUS = "\u2212"
"""A true minus sign: screen readers say it, and a line never breaks after it."""

MAX_CENTS = 999_999_999
"""9 999 999,99 €: above this, someone typed an account number or a phone number."""

_SPACES = re.compile(r"[ \t\u00a0\u2007\u2009\u202f]+")
_CURRENCY = re.compile(r" ?(?:€|euros?|eur)$", re.IGNORECASE)
_WHOLE = r"(?P<whole>[0-9]{1,3}(?: [0-9]{3})+|[0-9]*)"
_AMOUNT = re.compile(rf"(?P<sign>-?) ?{_WHOLE}(?:[.,](?P<decimals>[0-9]{{0,2}}))?")
_LONGEST = 40


class BadAmount(ValueError):
    """Ce montant n’est pas lisible : écrivez par exemple 740 ou 1 234,50."""

    def __init__(self, says: str | None = None) -> None:
        super().__init__(says or self.__doc__)


def parse_cents(text: str) -> int:
    """Cents of what a French worker types: "1 234,50", "1234.5", "740 €", "-5".

    Any usual space may part groups of three digits; comma or point, two decimals at most; an optional minus sign.
    Raises `BadAmount`, whose text is the French sentence to show, for anything else.
    """
    if len(text) > _LONGEST:
        raise BadAmount("Ce montant est trop long : écrivez par exemple 740 ou 1 234,50.")
    tidy = _SPACES.sub(" ", text.replace(MINUS, "-")).strip(" ")
    tidy = _CURRENCY.sub("", tidy)
    if not tidy:
        raise BadAmount("Indiquez un montant, par exemple 740 ou 1 234,50.")
    match = _AMOUNT.fullmatch(tidy)
    if match is None or not (match["whole"] or match["decimals"]):
        raise BadAmount(_why(tidy))
    cents = int(match["whole"].replace(" ", "") or "0") * 100 + int((match["decimals"] or "").ljust(2, "0"))
    if cents > MAX_CENTS:
        raise BadAmount(f"Ce montant est trop grand : {euros(MAX_CENTS)} au plus.")
    return -cents if match["sign"] else cents


def _why(tidy: str) -> str:
    """The most helpful sentence for an amount that cannot be read."""
    separators = tidy.count(",") + tidy.count(".")
    if re.search(r"[^0-9 .,-]", tidy):
        return "Un montant s’écrit en chiffres seulement, par exemple 740 ou 1 234,50."
    if separators > 1:
        return "Ce montant a plusieurs virgules ou points : écrivez une seule virgule, par exemple 1 234,50."
    if re.search(r"[.,][0-9]{3,}$", tidy):
        return "Deux chiffres au plus après la virgule, par exemple 1 234,50 ; les milliers se séparent d’une espace."
    return "Ce montant n’est pas lisible : écrivez par exemple 740 ou 1 234,50."


def rounded(value: Fraction | int, digits: int) -> Decimal:
    """The fraction as a `Decimal` with that many decimals, half away from zero (0,125 → 0,13; -0,125 → -0,13).

    Built from its digits, so that the precision of the decimal context never cuts a long number.
    """
    exact = Fraction(value)
    scaled = abs(exact.numerator) * 10**digits
    whole = (2 * scaled + exact.denominator) // (2 * exact.denominator)
    sign = 1 if exact < 0 and whole else 0
    return Decimal((sign, tuple(int(digit) for digit in str(whole)), -digits))


def french_number(value: Fraction | int, digits: int) -> str:
    """ "1 234,5000": rounded half-up, French comma and no-break spaces, no unit."""
    text = format(rounded(value, digits), "f")
    sign, text = (MINUS, text[1:]) if text.startswith("-") else ("", text)
    whole, _, decimals = text.partition(".")
    grouped = f"{int(whole):,}".replace(",", NARROW_SPACE)
    return f"{sign}{grouped},{decimals}" if decimals else f"{sign}{grouped}"


def plain_number(value: Fraction) -> str:
    """ "30", "30,42", "3,5": four decimals at most, without useless zeros."""
    text = french_number(value, 4)
    return text.rstrip("0").rstrip(",") if "," in text else text


def euros(cents: int) -> str:
    """ "1 234,50 €" for 123450 cents."""
    return euros_exact(cents, 2)


def euros_exact(cents: Fraction | int, digits: int = 4) -> str:
    """ "8,0011 €" for 72010/90 cents: the amount in euros with that many decimals, half-up."""
    return f"{french_number(Fraction(cents) / 100, digits)}{SPACE}€"
