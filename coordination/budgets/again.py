"""A frozen budget computed again, years later, from its lines, its people and the dated barème: the same, or where not.

What was typed in words (the names of lines, which some questions repeat) is no part of the computation: it is not
compared, so that whoever checks needs to read none of it. Pure.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Any

from coordination.budgets.answers import freeze_answer
from coordination.budgets.bareme import Bareme, Composition, Head, Home
from coordination.budgets.lines import Line, LineKind, Origin, Period
from coordination.budgets.rules import reste_a_vivre
from coordination.kit.money import euros_exact

WORDS = frozenset({"says", "source", "rule", "title", "organisation_label", "unit_phrase", "rounding_warning", "terms"})
"""Sentences: one that is put otherwise today changes no figure and no answer."""

NAMES = {
    "value_cents": "valeur",
    "per_day_cents": "valeur par jour et par personne",
    "per_day_euros": "valeur par jour et par personne, en euros",
    "unit_count": "nombre de personnes ou de parts",
    "resources_cents": "ressources comptées",
    "charges_cents": "charges comptées",
    "zone": "réponse",
    "user_share": "participation",
    "purchase_cents": "budget d’achat",
    "digest": "empreinte de la version du barème (son fichier a été modifié depuis)",
    "days": "jours du mois",
    "distances": "distance aux seuils",
    "bound_cents": "seuil",
    "gap_cents": "distance",
    "inclusive": "seuil compris",
    "lines": "lignes",
    "counted_cents": "montant compté",
    "monthly_cents": "montant par mois",
    "outcome": "sort de la ligne",
    "notices": "questions posées",
    "refusal": "refus",
    "code": "code",
    "says": "phrase",
    "rule": "règle citée",
    "source": "source citée",
    "terms": "durée et renouvellement",
    "rounding_warning": "avertissement d’arrondi",
    "title": "titre du barème",
    "bareme": "barème",
    "format": "forme figée",
    "on": "date",
}


@dataclass(frozen=True)
class Frozen:
    """What was frozen of one budget: its day, its people (None when they were not kept), its lines, the answers."""

    on: date
    composition: Mapping[str, Any] | None
    lines: Sequence[Line]
    answers: Sequence[tuple[str, str, Mapping[str, Any]]]


@dataclass(frozen=True)
class Difference:
    """One place where today's answer is not the frozen one."""

    place: str
    was: str
    now: str
    words: bool

    @property
    def says(self) -> str:
        return f"{self.place} : {self.was} figé, {self.now} aujourd’hui"


class Verdict(StrEnum):
    SAME = "same"
    WORDS = "words"
    DIFFERENT = "different"
    LOST = "lost"

    @property
    def label(self) -> str:
        return {
            Verdict.SAME: "identique",
            Verdict.WORDS: "mêmes chiffres, phrases différentes",
            Verdict.DIFFERENT: "différent",
            Verdict.LOST: "impossible à refaire",
        }[self]

    @property
    def tone(self) -> str:
        return {Verdict.SAME: "success", Verdict.WORDS: "info"}.get(self, "warning")

    @property
    def holds(self) -> bool:
        """Whether every figure and every answer is the one that was frozen."""
        return self in (Verdict.SAME, Verdict.WORDS)


@dataclass(frozen=True)
class Again:
    """One answer computed again; `why` when it could not be."""

    code: str
    version: str
    organisation: str
    verdict: Verdict
    differences: tuple[Difference, ...] = ()
    why: str = ""

    @property
    def day(self) -> date:
        """The first day of the version."""
        return date.fromisoformat(self.version)


def compute_again(frozen: Frozen, known: Callable[[str, str], Bareme | None]) -> list[Again]:
    """Every frozen answer against the same computation today; `known(code, version)` finds the dated barème."""
    return [_again(frozen, code, version, answer, known) for code, version, answer in frozen.answers]


def _again(
    frozen: Frozen, code: str, version: str, answer: Mapping[str, Any], known: Callable[[str, str], Bareme | None]
) -> Again:
    whose = answer.get("bareme") or {}
    organisation = str(whose.get("organisation_label", code))
    bareme = known(code, version)
    if bareme is None:
        why = "La version du barème n’est plus dans son fichier."
        return Again(code, version, organisation, Verdict.LOST, why=why)
    if frozen.composition is None:
        return Again(code, version, organisation, Verdict.LOST, why="La composition n’a pas été figée avec ce budget.")
    computed = reste_a_vivre(bareme, thaw_composition(frozen.composition), frozen.lines, frozen.on)
    found = tuple(compare(answer, freeze_answer(bareme, computed)))
    if not found:
        return Again(code, version, organisation, Verdict.SAME)
    verdict = Verdict.WORDS if all(each.words for each in found) else Verdict.DIFFERENT
    return Again(code, version, organisation, verdict, found)


# ------------------------------------------------------------------ what was frozen, as the rules read it


def thaw_composition(data: Mapping[str, Any]) -> Composition:
    """The people that were frozen: the reverse of `answers.freeze_composition`, without names."""
    heads = tuple(
        Head(
            birth_date=date.fromisoformat(head["birth_date"]) if head.get("birth_date") else None,
            birth_year=head.get("birth_year"),
            birth_month=head.get("birth_month"),
            adult=head.get("adult"),
            weight=Fraction(head["weight"]),
            unborn=bool(head.get("unborn", False)),
        )
        for head in data["heads"]
    )
    home = data.get("home")
    return Composition(heads, single_parent=bool(data["single_parent"]), home=Home(home) if home else None)


def read_frozen(data: Mapping[str, Any]) -> Frozen:
    """What `access.budget_to_reproduce` answers."""
    lines = [
        Line(
            id=line["id"],
            kind=LineKind(line["kind"]),
            amount_cents=line["amount_cents"],
            period=Period(line["period"]),
            origin=Origin(line["origin"]),
            month=date.fromisoformat(line["month"]) if line["month"] else None,
            paid_to_landlord=line["paid_to_landlord"],
        )
        for line in data["lines"]
    ]
    answers = [(each["code"], each["version"], each["result"]) for each in data["answers"]]
    return Frozen(date.fromisoformat(data["on"]), data["composition"], lines, answers)


# ------------------------------------------------------------------ the comparison


def compare(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Difference]:
    """Where two frozen answers differ. A field that an earlier form did not keep is not compared."""
    yield from _compare(_plain(was), _plain(now), (), same_form=was.get("format") == now.get("format"))


def _plain(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Without what was typed in words; the form itself is no figure."""
    kept = {name: value for name, value in answer.items() if name != "format"}
    if "refusal" in kept:
        return {"refusal": {"code": kept["refusal"]["code"]}}
    kept["lines"] = [{name: v for name, v in line.items() if name != "label"} for line in kept.get("lines", [])]
    kept["notices"] = [{name: v for name, v in each.items() if name != "says"} for each in kept.get("notices", [])]
    return kept


def _compare(was: Any, now: Any, place: tuple[str, ...], *, same_form: bool) -> Iterator[Difference]:
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        for name in [*was, *(name for name in now if name not in was and same_form)]:
            yield from _compare(was.get(name), now.get(name), (*place, name), same_form=same_form)
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for rank, (one, other) in enumerate(zip(was, now, strict=True), 1):
            yield from _compare(one, other, (*place, f"n° {rank}"), same_form=same_form)
    elif was != now and not (was is None and not same_form):
        name = next(each for each in reversed(place) if not each.startswith("n° "))
        said = ", ".join(NAMES.get(each, each) for each in place)
        yield Difference(said, _shown(name, was), _shown(name, now), words=name in WORDS)


def _shown(name: str, value: Any) -> str:
    if value is None:
        return "rien"
    if name.endswith("_cents") and isinstance(value, int | str):
        return euros_exact(Fraction(value))
    if isinstance(value, list):
        return f"{len(value)} éléments"
    text = f"« {value} »" if name in WORDS else str(value)
    return text if len(text) <= 160 else f"{text[:150]}…"
