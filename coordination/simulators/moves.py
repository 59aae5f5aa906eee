"""The numbers of a barème that may be moved, by fixed steps: thresholds, days, weights, caps and forfaits. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from coordination.budgets.rules import Bareme, Every, LineKind, Scale, Treatment, Weights, Zone
from coordination.kit.money import BadAmount, euros, parse_cents, plain_number, rounded
from coordination.kit.parameters import Source

THRESHOLD_STEPS = {Every.DAY: 10, Every.MONTH: 500}
"""Cents: the least a threshold may move by."""
AMOUNT_STEP = 5_00
WEIGHT_STEP = Fraction(1, 10)
DAYS = (("30", Fraction(30)), ("365/12", Fraction(365, 12)), ("31", Fraction(31)))
WEIGHTS = {
    "first": "Premier adulte",
    "other": "Chacun des autres",
    "child": "Enfant",
    "unborn": "Enfant à naître",
    "single_parent": "Ajouté pour un parent seul",
}
SCALES = {"cap": "plafond", "flat": "forfait", "flat_unproved": "forfait sans justificatif"}
HIGHEST_CENTS = 10_000_00
HEAVIEST = Fraction(2)
_DECIMAL = re.compile("[0-9]{1,2}(?:[.][0-9]{1,4})?")


@dataclass(frozen=True)
class Knob:
    """One number that may be moved: its field, what it is, as it is today, its step (cents, or tenths of a unit)."""

    name: str
    label: str
    today: str
    step: str
    suffix: str = ""
    options: tuple[tuple[str, str], ...] = ()


def knobs(bareme: Bareme) -> dict[str, list[Knob]]:
    """What may be moved, by kind."""
    step = THRESHOLD_STEPS[bareme.every]
    days = [(name, plain_number(value)) for name, value in DAYS if value != bareme.days]
    found = {
        "Seuils": [
            Knob(name, label, _typed(zone.bound_cents or 0), f"par pas de {euros(step)}", f"€ {bareme.unit_phrase}")
            for name, label, zone in _bounds(bareme)
        ],
        "Jours d’un mois": [
            Knob("days", "Jours", "", "", "", (("", f"{plain_number(bareme.days)} (aujourd’hui)"), *days))
        ]
        if bareme.every is Every.DAY
        else [],
        "Pour combien compte chacun": [
            Knob(f"weight_{name}", _who(name, bareme.weights), plain_number(getattr(bareme.weights, name)), "")
            for name in WEIGHTS
        ],
        "Plafonds et forfaits": [
            Knob(_scale_name(kind, field, rank), label, _typed(cents), "", "€ par mois")
            for kind, field, rank, label, cents in _scales(bareme)
        ],
    }
    return {title: each for title, each in found.items() if each}


def _who(name: str, weights: Weights) -> str:
    return f"{WEIGHTS[name]} de moins de {weights.child_under} ans" if name == "child" else WEIGHTS[name]


def _bounds(bareme: Bareme) -> list[tuple[str, str, Zone]]:
    lists = [("family", bareme.zones, " (famille)" if bareme.zones_single else "")]
    lists += [("single", bareme.zones_single, " (personne seule)")] if bareme.zones_single else []
    return [
        (f"{key}_{rank}", f"« {zone.kind.label} » {'jusqu’à' if zone.inclusive else 'en dessous de'}{whom}", zone)
        for key, zones, whom in lists
        for rank, zone in enumerate(zones)
        if zone.bound_cents is not None
    ]


def _scale_name(kind: LineKind, field: str, rank: int) -> str:
    return f"{field}_{kind.value}_{rank}"


def _scales(bareme: Bareme) -> list[tuple[LineKind, str, int, str, int]]:
    found = []
    for kind, rule in bareme.treatments.items():
        for field, word in SCALES.items():
            scale: Scale | None = getattr(rule, field)
            for rank, cents in enumerate(scale.steps if scale else ()):
                people = f", {rank + 1} personne{'s' if rank else ''}" if scale and scale.varies else ""
                found.append((kind, field, rank, f"{kind.label} : {word}{people}", cents))
    return found


def _typed(cents: int) -> str:
    return format(rounded(Fraction(cents, 100), 2), "f").replace(".", ",").removesuffix(",00")


@dataclass(frozen=True)
class Moved:
    """The barème tried, and what was moved in it, in words."""

    bareme: Bareme
    words: tuple[str, ...]


def move(bareme: Bareme, typed: Mapping[str, str]) -> tuple[Moved | None, dict[str, str]]:
    """The barème with the numbers typed, or what is wrong with them, by field. What is not typed does not move."""
    hand = _Hand(bareme, typed)
    zones = {
        "family": hand.zones("family", bareme.zones),
        "single": hand.zones("single", bareme.zones_single),
    }
    weights, days = hand.weights(), hand.days()
    treatments = {kind: hand.treatment(kind, rule) for kind, rule in bareme.treatments.items()}
    if hand.faults:
        return None, hand.faults
    try:
        tried = replace(
            bareme,
            zones=zones["family"],
            zones_single=zones["single"],
            weights=weights,
            days=days,
            treatments=MappingProxyType(treatments),
            digest="",
        )
    except ValueError as wrong:  # BadBareme tells what does not hold together
        return None, {_bounds(bareme)[-1][0] if _bounds(bareme) else "days": str(wrong)}
    return Moved(tried, tuple(hand.words)), {}


class _Hand:
    """Reads one number after the other and keeps every fault."""

    def __init__(self, bareme: Bareme, typed: Mapping[str, str]) -> None:
        self.bareme = bareme
        self.typed = typed
        self.faults: dict[str, str] = {}
        self.words: list[str] = []
        self.labels = {knob.name: knob.label for each in knobs(bareme).values() for knob in each}

    def _said(self, name: str, before: str, after: str) -> None:
        self.words.append(f"{self.labels[name]} : {before} → {after}")

    def _cents(self, name: str, now: int, step: int) -> int:
        text = self.typed.get(name, "").strip()
        if not text:
            return now
        try:
            cents = parse_cents(text)
        except BadAmount as wrong:
            self.faults[name] = str(wrong)
            return now
        if not 0 <= cents <= HIGHEST_CENTS:
            self.faults[name] = f"Écrivez un montant de 0 à {euros(HIGHEST_CENTS)}."
        elif (cents - now) % step:
            near = now + (cents - now + step // 2) // step * step
            self.faults[name] = f"Ce nombre bouge par pas de {euros(step)} : écrivez par exemple {_typed(near)}."
        elif cents != now:
            self._said(name, euros(now), euros(cents))
            return cents
        return now

    def zones(self, key: str, zones: tuple[Zone, ...]) -> tuple[Zone, ...]:
        step = THRESHOLD_STEPS[self.bareme.every]
        return tuple(
            zone
            if zone.bound_cents is None
            else replace(zone, bound_cents=self._cents(f"{key}_{rank}", zone.bound_cents, step))
            for rank, zone in enumerate(zones)
        )

    def days(self) -> Fraction:
        text = self.typed.get("days", "").strip()
        if not text or self.bareme.every is Every.MONTH:
            return self.bareme.days
        found = dict(DAYS).get(text)
        if found is None:
            self.faults["days"] = "Choisissez une des réponses proposées."
            return self.bareme.days
        if found != self.bareme.days:
            self._said("days", plain_number(self.bareme.days), plain_number(found))
        return found

    def weights(self) -> Weights:
        found: dict[str, Any] = {
            name: self._weight(f"weight_{name}", getattr(self.bareme.weights, name)) for name in WEIGHTS
        }
        return replace(self.bareme.weights, **found)

    def _weight(self, name: str, now: Fraction) -> Fraction:
        text = self.typed.get(name, "").strip().replace(",", ".")
        if not text or text == plain_number(now).replace(",", "."):
            return now
        whole, _, tenth = text.partition(".")
        if (
            not (whole + tenth).isascii()
            or not whole.isdecimal()
            or len(text) > 10
            or (tenth and not tenth.isdecimal())
        ):
            self.faults[name] = "Écrivez un nombre, par exemple 0,5."
            return now
        weight = Fraction(text)
        if not 0 <= weight <= HEAVIEST:
            self.faults[name] = f"Écrivez un nombre de 0 à {HEAVIEST}."
            return now
        if (weight - now) % WEIGHT_STEP:
            self.faults[name] = "Ce nombre bouge par dixièmes."
            return now
        if weight != now:
            self._said(name, plain_number(now), plain_number(weight))
        return weight

    def treatment(self, kind: LineKind, rule: Treatment) -> Treatment:
        found: dict[str, Any] = {}
        for field in SCALES:
            scale: Scale | None = getattr(rule, field)
            if scale is not None:
                steps = (self._cents(_scale_name(kind, field, r), c, AMOUNT_STEP) for r, c in enumerate(scale.steps))
                found[field] = replace(scale, steps=tuple(steps))
        return replace(rule, **found)


def dated(moved: Bareme, first_day: date, title: str, on: date) -> Bareme:
    """The version tried as one that holds from a day on, under the decision that adopts it; written on that day."""
    return replace(moved, version=first_day, source=Source(title, None, None, on.isoformat()), digest="")
