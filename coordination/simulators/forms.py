"""What anybody may type on the public simulator: ages, and monthly amounts. Nothing of it is ever stored."""

import re
from fractions import Fraction
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, create_model

from coordination.budgets.case import alone
from coordination.budgets.rules import Composition, Head, Line
from coordination.kit.clock import today
from coordination.kit.forms import Form
from coordination.kit.money import parse_cents
from coordination.simulators.rules import MOST_PEOPLE, QUESTIONS, Aid

OLDEST = 120
AGE = "Écrivez un âge en années, par exemple 36 (0 pour un bébé)."


def _age(typed: object) -> object:
    text = re.sub(r" ?ans?$", "", typed.strip()) if isinstance(typed, str) else ""
    if not re.fullmatch("[0-9]{1,3}", text) or int(text) > OLDEST:
        raise ValueError(AGE)
    return int(text)


def _cents(typed: object) -> object:
    """Cents; None when nothing was typed. Raises in French."""
    if not isinstance(typed, str):
        return typed
    if not typed.strip():
        return None
    cents = parse_cents(typed)
    if cents < 0:
        raise ValueError("Écrivez ce montant sans signe moins.")
    return cents


def _ticked(typed: object) -> bool:
    return typed == "oui"


class PersonRow(Form):
    """Somebody of the household; `part`: a child who is here half of the time."""

    age: Annotated[int, BeforeValidator(_age)]
    part: Annotated[bool, BeforeValidator(_ticked)] = False


Cents = Annotated[int | None, BeforeValidator(_cents)]


class PublicForm(Form):
    """The people; the amounts are added below, one field by question."""

    people: Annotated[list[PersonRow], Field(max_length=MOST_PEOPLE, default_factory=list)]
    expecting: Annotated[bool, BeforeValidator(_ticked)] = False
    aid: Aid = Aid.TO_ME

    def composition(self) -> Composition:
        """The people, without a name nor a date."""
        heads = [Head(age=row.age, weight=Fraction(1, 2) if row.part else Fraction(1)) for row in self.people]
        unborn = [Head(unborn=True, name="l’enfant attendu")] if self.expecting else []
        return Composition((*heads, *unborn), single_parent=alone(heads, today()))

    def lines(self) -> list[Line]:
        """One line by amount typed."""
        typed = [(question.kind, getattr(self, question.name)) for question in QUESTIONS]
        return [
            Line(
                kind.value,
                kind,
                cents,
                paid_to_landlord=kind.is_housing_aid and self.aid is not Aid.TO_ME,
                rent_is_net=self.aid is not Aid.WHOLE_RENT,
            )
            for kind, cents in typed
            if cents is not None
        ]


_AMOUNTS: dict[str, Any] = {question.name: (Cents, None) for question in QUESTIONS}
PublicAnswers: type[PublicForm] = create_model("PublicAnswers", __base__=PublicForm, **_AMOUNTS)
