"""What is shown of a budget under one barème, and its frozen form when the barème could not answer. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from coordination.budgets.rules import (
    Bareme,
    Base,
    Composition,
    Every,
    Line,
    Refusal,
    Result,
    Side,
    Standing,
    ZoneKind,
)
from coordination.kit.money import plain_number
from coordination.kit.parameters import Source

TONES = {
    ZoneKind.REDIRECT: "info",
    ZoneKind.ELIGIBLE: "success",
    ZoneKind.COUNCIL: "warning",
    ZoneKind.NOT_ELIGIBLE: "neutral",
}


@dataclass(frozen=True)
class Answer:
    """What one barème answers: a result, or the sentence that says what is missing. `mine`: my organisation's."""

    organisation: str
    title: str
    standing: Standing
    source: Source | None
    mine: bool
    result: Result | None
    refusal: str = ""
    notes: tuple[str, ...] = ()

    @property
    def tone(self) -> str:
        return TONES[self.result.zone] if self.result else "neutral"

    @property
    def zone_label(self) -> str:
        return self.result.zone_label if self.result else "pas de réponse"

    @property
    def division(self) -> str:
        """ "Divisé par 3 personnes et par 30 jours": how the month's rest becomes the answer; or nothing."""
        if self.result is None:
            return ""
        by = []
        if self.result.base is Base.PERSON:
            count, word = self.result.unit_count, self.result.per.label
            by.append(f"{plain_number(count)} {_plural(word) if count >= 2 else word}")
        if self.result.every is Every.DAY:
            by.append(f"{plain_number(self.result.days)} jours")
        return "Divisé par " + " et par ".join(by) if by else ""


def _plural(words: str) -> str:
    first, *rest = words.split(" ")
    return " ".join([f"{first}s", *rest])


@dataclass(frozen=True)
class Totals:
    """Exact cents a month before any barème; an aid that already lowers the rent typed is left out."""

    resources: Fraction
    charges: Fraction

    @property
    def net(self) -> Fraction:
        return self.resources - self.charges


def totals_of(lines: Iterable[Line]) -> Totals:
    """The sums of a month, before any barème."""
    sums = {side: Fraction(0) for side in Side}
    for line in lines:
        if not line.aid_is_in_rent:
            sums[line.kind.side] += line.monthly_cents
    return Totals(sums[Side.RESOURCE], sums[Side.CHARGE])


def answer_of(bareme: Bareme, computed: Result | Refusal, *, mine: bool) -> Answer:
    """A computed answer, ready to be shown."""
    return Answer(
        organisation=bareme.organisation_label,
        title=bareme.title,
        standing=bareme.standing,
        source=bareme.source,
        mine=mine,
        result=computed if isinstance(computed, Result) else None,
        refusal=computed.says if isinstance(computed, Refusal) else "",
        notes=bareme.notes,
    )


def freeze_answer(bareme: Bareme, computed: Result | Refusal) -> dict[str, Any]:
    """The answer as JSON, with no fact of health in it: the result, or the refusal and whose it was."""
    if isinstance(computed, Result):
        return computed.neutral().to_json()
    return {
        "refusal": {"code": computed.code.value, "says": computed.says},
        "bareme": {
            "title": bareme.title,
            "organisation_label": bareme.organisation_label,
            "standing": bareme.standing.value,
        },
    }


def thaw_answer(frozen: Mapping[str, Any], lines: Sequence[Line], bareme: Bareme | None, *, mine: bool) -> Answer:
    """The answer that was frozen; the lines whose true kind the reader may see say their name again.

    `bareme` is the version that answered, when its file still holds it: only its source and notes are read.
    """
    source, notes = (bareme.source, bareme.notes) if bareme else (None, ())
    if "refusal" in frozen:
        whose = frozen["bareme"]
        standing = Standing(whose["standing"])
        says = str(frozen["refusal"]["says"])
        return Answer(whose["organisation_label"], whose["title"], standing, source, mine, None, says, notes)
    result = Result.from_json(frozen)
    names = {line.id: line.name for line in lines if line.kind.sensitive}
    result = replace(result, lines=tuple(replace(e, label=names.get(e.line_id, e.label)) for e in result.lines))
    return Answer(result.organisation_label, result.bareme_title, result.standing, source, mine, result, notes=notes)


def freeze_composition(composition: Composition, person_ids: Sequence[str], on: str) -> dict[str, Any]:
    """The people a budget was computed for, without their names: birth as known that day, custody share."""
    return {
        "on": on,
        "home": composition.home.value if composition.home else None,
        "single_parent": composition.single_parent,
        "heads": [
            {
                "person_id": person_id,
                "birth_date": head.birth_date.isoformat() if head.birth_date else None,
                "birth_year": head.birth_year,
                "birth_month": head.birth_month,
                "adult": head.adult,
                "weight": str(head.weight),
                "unborn": head.unborn,
            }
            for person_id, head in zip(person_ids, composition.heads, strict=True)
        ],
    }
