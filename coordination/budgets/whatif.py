"""« Et si… »: the same budget with other amounts or other people, and what moves for each barème. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Annotated

from pydantic import BeforeValidator, Field

from coordination.budgets.answers import Answer, answer_of
from coordination.budgets.bareme import Bareme, Composition, Head
from coordination.budgets.case import alone
from coordination.budgets.forms import BudgetForm, ticked
from coordination.budgets.lines import Line
from coordination.budgets.rules import reste_a_vivre
from coordination.budgets.units import ADULT, age_range
from coordination.kit.forms import Form
from coordination.kit.money import MINUS, euros_exact, plain_number

MOST_CHILDREN = 4
"""More births than that at once are a typing error."""
CUSTODY = (Fraction(1), Fraction(3, 4), Fraction(1, 2), Fraction(1, 4), Fraction(0))
CUSTODY_WORDS = {
    Fraction(1): "tout le temps",
    Fraction(3, 4): "les trois quarts du temps",
    Fraction(1, 2): "la moitié du temps (garde alternée)",
    Fraction(1, 4): "un quart du temps",
    Fraction(0): "plus du tout",
}


def _share(typed: object) -> object:
    if not isinstance(typed, str):
        return typed
    try:
        share = Fraction(typed)
    except (ValueError, ZeroDivisionError) as unreadable:
        raise ValueError("Choisissez une des réponses proposées.") from unreadable
    if not 0 <= share <= 1 or share.denominator > 100:
        raise ValueError("Choisissez une des réponses proposées.")
    return share


class PersonRow(Form):
    """Somebody of the household: whether they leave, and how much of the time they live here."""

    model_config = Form.model_config | {"arbitrary_types_allowed": True}

    number: Annotated[int, Field(ge=0, le=99)]
    leaves: Annotated[bool, BeforeValidator(ticked)] = False
    share: Annotated[Fraction | None, BeforeValidator(_share)] = None


Children = Annotated[int, Field(ge=0, le=MOST_CHILDREN)]


class WhatIfForm(BudgetForm):
    """The lines, and what changes among the people."""

    people: Annotated[list[PersonRow], Field(max_length=60, default_factory=list)]
    births: Children = 0
    unborn: Children = 0

    def applied(self, base: Composition) -> Composition:
        """The people of the base, changed; whether one adult is left alone with children is told by ages."""
        leaving = {row.number for row in self.people if row.leaves}
        shares = {row.number: row.share for row in self.people if row.share is not None}
        return changed(base, self.reference_date, leaving, shares, self.births, self.unborn)


def changed(
    base: Composition, on: date, leaving: set[int], shares: Mapping[int, Fraction], births: int, unborn: int
) -> Composition:
    """The household without those who leave, with new custody shares, and children born that day or to be born."""
    stay = [
        replace(head, weight=shares.get(rank, head.weight))
        for rank, head in enumerate(base.heads)
        if rank not in leaving
    ]
    heads = (*stay, *(Head(birth_date=on) for _ in range(births)), *(Head(unborn=True) for _ in range(unborn)))
    if heads == base.heads:
        return base
    return replace(base, heads=heads, single_parent=alone(list(heads), on))


def is_minor(head: Head, on: date) -> bool:
    """Whether this may be a child, whose custody can be shared."""
    return not head.unborn and age_range(head, on)[0] < ADULT


def custody_options(now: Fraction) -> list[tuple[str, str]]:
    """The shares offered, the present one among them."""
    shares = CUSTODY if now in CUSTODY else (now, *CUSTODY)
    return [(str(share), CUSTODY_WORDS.get(share, f"compte pour {plain_number(share)}")) for share in shares]


# ------------------------------------------------------------------ what moves


@dataclass(frozen=True)
class Move:
    """One barème's answer before and after; None when it did not exist on that side."""

    before: Answer | None
    after: Answer | None

    @property
    def organisation(self) -> str:
        return self._either.organisation

    @property
    def mine(self) -> bool:
        return self._either.mine

    @property
    def _either(self) -> Answer:
        found = self.after or self.before
        assert found is not None
        return found

    @property
    def changes(self) -> bool:
        """Whether the answer, or what the household pays, is another one; not only the figure."""
        return self._full(self.before) != self._full(self.after)

    @property
    def words(self) -> str:
        """ "éligible → à examiner par le Conseil", or that the answer is the same."""
        if not self.changes:
            return "Même réponse"
        say = self._label if self._label(self.before) != self._label(self.after) else self._full
        return f"{say(self.before)} → {say(self.after)}"

    @property
    def gap(self) -> str:
        """ "+ 1,20 € par jour et par personne"; nothing when the two figures cannot be compared."""
        before = self.before.result if self.before else None
        after = self.after.result if self.after else None
        if before is None or after is None or before.unit_phrase != after.unit_phrase:
            return ""
        return f"{signed(after.value_cents - before.value_cents)} {after.unit_phrase}"

    @staticmethod
    def _label(answer: Answer | None) -> str:
        return answer.zone_label if answer else "pas de barème ce jour-là"

    @classmethod
    def _full(cls, answer: Answer | None) -> str:
        share = answer.result.user_share_label if answer and answer.result else ""
        return f"{cls._label(answer)}, participation {share}" if share else cls._label(answer)


def signed(cents: Fraction) -> str:
    """ "+ 1,20 €", "− 0,35 €", "sans changement"; a change under the cent keeps four decimals."""
    if cents == 0:
        return "sans changement"
    digits = 2 if abs(cents) >= 1 else 4
    return f"{'+' if cents > 0 else MINUS}\u00a0{euros_exact(abs(cents), digits)}"


Rules = Sequence[tuple[Bareme, bool]]


def moves(
    before: tuple[Rules, Composition, Sequence[Line], date], after: tuple[Rules, Composition, Sequence[Line], date]
) -> list[Move]:
    """Every barème of either side, in the order of the second."""
    was, now = _answers(*before), _answers(*after)
    return [Move(was.get(code), now.get(code)) for code in dict.fromkeys([*now, *was])]


def _answers(rules: Rules, people: Composition, lines: Sequence[Line], on: date) -> dict[str, Answer]:
    return {rule.code: answer_of(rule, reste_a_vivre(rule, people, lines, on), mine=mine) for rule, mine in rules}
