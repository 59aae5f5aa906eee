"""A household written as JSON (people, resources, charges), for the command line and the API that stores nothing.

Every fault is told at once, with its place and what to write. Amounts are texts, never binary floats.
"""

import difflib
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Any, TypeVar
from unicodedata import combining, normalize

from coordination.budgets.bareme import HEAVIEST, Composition, Head, Home
from coordination.budgets.lines import CHARGES, RESOURCES, Line, LineKind, Origin, Period, Side
from coordination.budgets.units import ADULT, OLDEST, age_range
from coordination.kit.money import BadAmount, parse_cents

E = TypeVar("E", bound=StrEnum)

MOST_PEOPLE, MOST_LINES, MOST_CHARACTERS = 30, 100, 200_000
_WEIGHT = re.compile(r"[0-9](?:[.,][0-9]{1,6})?|[0-9]{1,4}/[1-9][0-9]{0,3}")
_BIRTH = re.compile(r"([0-9]{4})(?:-([0-9]{2}))?(?:-([0-9]{2}))?")
_MISSING = object()
PERIODS = {
    **dict.fromkeys(("week", "semaine", "hebdomadaire"), Period.WEEKLY),
    **dict.fromkeys(("month", "mois", "mensuel", "mensuelle"), Period.MONTHLY),
    **dict.fromkeys(("bimestre", "bimestriel", "bimestrielle"), Period.BIMONTHLY),
    **dict.fromkeys(("quarter", "trimestre", "trimestriel", "trimestrielle"), Period.QUARTERLY),
    **dict.fromkeys(("semestre", "semestriel", "semestrielle"), Period.HALF_YEARLY),
    **dict.fromkeys(("year", "an", "annee", "annuel", "annuelle"), Period.YEARLY),
}
"""Other words for a period, as people write them."""


def folded(text: str) -> str:
    """Lower case, without accents, words joined: "Énergie" and "energie" are one word."""
    plain = "".join(each for each in normalize("NFD", text.strip().lower()) if not combining(each))
    return re.sub(r"[\s’'-]+", "_", plain)


KINDS = {folded(name): kind for kind in LineKind for name in (kind.label, kind.value)}


class BadCase(ValueError):
    """Ce cas est à corriger."""

    def __init__(self, faults: list[tuple[str, str]]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(f"{place} : {says}" if place else says for place, says in faults))


@dataclass(frozen=True)
class Case:
    """A household, its budget, and the day it is looked at."""

    composition: Composition
    lines: tuple[Line, ...]
    on: date


def parse_json(text: str) -> object:
    """The JSON of a text, numbers with a point kept as they are written. Raises `BadCase`."""
    if len(text) > MOST_CHARACTERS:
        raise BadCase([("", "Ce fichier est trop gros pour décrire un foyer.")])
    try:
        return json.loads(text, parse_float=str, parse_constant=str, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        says = f"Ce n’est pas du JSON lisible (ligne {error.lineno}, colonne {error.colno})."
        raise BadCase([("", f"{says} Vérifiez les virgules, les guillemets et les accolades.")]) from error
    except (RecursionError, ValueError) as error:
        says = str(error) if isinstance(error, _Twice) else "Ce n’est pas du JSON lisible."
        raise BadCase([("", says)]) from error


class _Twice(ValueError):
    """A field written twice in one object."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    for name, count in Counter(name for name, _ in pairs).items():
        if count > 1:
            raise _Twice(f"Le champ « {name[:60]} » est écrit deux fois dans le même objet : gardez-en un.")
    return dict(pairs)


def read_case(data: object, today: date) -> Case:
    """The household described. `today` is the day when the case names none. Raises `BadCase` with every fault."""
    reader = _Reader()
    root = reader.section(data, "", ("on", "people", "single_parent", "home", "resources", "charges", "note"))
    on = reader.day(root.get("on", today.isoformat()), "on") or today
    heads = reader.heads(root.get("people", _MISSING))
    lines = [
        *reader.lines(root.get("resources", []), Side.RESOURCE),
        *reader.lines(root.get("charges", []), Side.CHARGE),
    ]
    single = reader.flag(root["single_parent"], "single_parent") if "single_parent" in root else alone(heads, on)
    home = reader.choice(root.get("home"), "home", Home) if root.get("home") is not None else None
    if reader.faults:
        raise BadCase(reader.faults)
    return Case(Composition(tuple(heads), single_parent=single, home=home), tuple(_named(lines)), on)


def alone(heads: list[Head], on: date) -> bool:
    """Whether one adult raises children alone, as far as ages tell: one adult, and children born."""
    ages = [age_range(head, on) for head in heads if not head.unborn and head.weight > 0]
    adults = sum(low >= ADULT for low, _ in ages)
    children = sum(high < ADULT for _, high in ages)
    return adults == 1 and children >= 1 and adults + children == len(ages)


def _named(lines: list[Line]) -> list[Line]:
    """Each line under the name of its kind, numbered when there are several."""
    seen: Counter[str] = Counter()
    named = []
    for line in lines:
        seen[line.kind.value] += 1
        rank = seen[line.kind.value]
        named.append(replace(line, id=line.kind.value if rank == 1 else f"{line.kind.value}-{rank}"))
    return named


class _Reader:
    """Reads one value after the other and keeps every fault."""

    def __init__(self) -> None:
        self.faults: list[tuple[str, str]] = []

    def fault(self, place: str, says: str) -> None:
        self.faults.append((place, says))

    def section(self, data: object, place: str, names: tuple[str, ...]) -> Mapping[str, Any]:
        if not isinstance(data, Mapping):
            self.fault(place, "un objet JSON est attendu, entre accolades.")
            return {}
        for name in data:
            if name not in names:
                near = difflib.get_close_matches(name, names, n=1)
                hint = f"Écrivez « {near[0]} »." if near else f"Les champs possibles sont : {', '.join(names)}."
                self.fault(_join(place, str(name)[:60]), f"ce champ n’existe pas. {hint}")
        return data

    def day(self, value: object, place: str) -> date | None:
        try:
            if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
                return date.fromisoformat(value)
        except ValueError:
            pass
        self.fault(place, 'cette date n’existe pas. Écrivez par exemple "2026-01-31".')
        return None

    def flag(self, value: object, place: str) -> bool:
        if not isinstance(value, bool):
            self.fault(place, "écrivez true (oui) ou false (non), sans guillemets.")
        return value is True

    def choice(self, value: object, place: str, choices: type[E]) -> E | None:
        words = [member.value for member in choices]
        text = value.strip().lower() if isinstance(value, str) else ""
        if text in words:
            return choices(text)
        near = difflib.get_close_matches(text, words, n=1)
        hint = f"Écrivez « {near[0]} »." if near else f"Écrivez l’un de ces mots : {', '.join(words)}."
        self.fault(place, f"« {str(value)[:40]} » n’est pas connu. {hint}")
        return None

    # -------------------------------------------------------------- people

    def heads(self, people: object) -> list[Head]:
        """The people, or their number alone when their ages are not known."""
        if isinstance(people, int) and not isinstance(people, bool) and 0 <= people <= MOST_PEOPLE:
            people = [{}] * people
        if not isinstance(people, list):
            self.fault("people", 'écrivez la liste des personnes, par exemple [{"age": 36}, {"age": 8}].')
            return []
        if len(people) > MOST_PEOPLE:
            self.fault("people", f"{MOST_PEOPLE} personnes au plus.")
            return []
        return [self.head(person, f"people.{rank}") for rank, person in enumerate(people)]

    def head(self, data: object, place: str) -> Head:
        fields = self.section(data, place, ("name", "age", "birth_date", "adult", "weight", "unborn"))
        name = fields.get("name", "")
        if not isinstance(name, str) or len(name) > 80:
            self.fault(f"{place}.name", "écrivez un prénom, en 80 lettres au plus.")
            name = ""
        year, month, birth = self.birth(fields.get("birth_date"), f"{place}.birth_date")
        return Head(
            birth_date=birth,
            birth_year=year,
            birth_month=month,
            age=self.age(fields.get("age"), f"{place}.age"),
            adult=self.flag(fields["adult"], f"{place}.adult") if "adult" in fields else None,
            weight=self.weight(fields.get("weight", 1), f"{place}.weight"),
            unborn=self.flag(fields.get("unborn", False), f"{place}.unborn"),
            name=name,
        )

    def age(self, value: object, place: str) -> int | None:
        if value is None:
            return None
        text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
        if re.fullmatch(r"[0-9]{1,3}", text) and int(text) <= OLDEST:
            return int(text)
        self.fault(place, f"écrivez un âge en années, entre 0 et {OLDEST}.")
        return None

    def birth(self, value: object, place: str) -> tuple[int | None, int | None, date | None]:
        """A birth date, or its year and month when the day is not known."""
        if value is None:
            return None, None, None
        match = _BIRTH.fullmatch(value) if isinstance(value, str) else None
        try:
            if match is None:
                raise ValueError
            year, month, day = (int(piece) if piece else None for piece in match.groups())
            whole = date(year or 0, month or 1, day or 1)
        except ValueError:
            self.fault(place, 'cette date n’existe pas. Écrivez par exemple "1990-05-31", "1990-05" ou "1990".')
            return None, None, None
        return (None, None, whole) if day else (year, month, None)

    def weight(self, value: object, place: str) -> Fraction:
        text = str(value).strip() if isinstance(value, int | str) and not isinstance(value, bool) else ""
        if _WEIGHT.fullmatch(text) and (weight := Fraction(text.replace(",", "."))) <= HEAVIEST:
            return weight
        self.fault(place, f'écrivez une part entre 0 et {HEAVIEST}, par exemple "0.5" pour une garde partagée.')
        return Fraction(1)

    # -------------------------------------------------------------- lines

    def lines(self, data: object, side: Side) -> list[Line]:
        """The lines of a side: a list of objects, or in short an object of kinds and monthly amounts."""
        place = f"{side.value}s"
        if isinstance(data, Mapping):
            data = [{"kind": kind, "amount": amount} for kind, amount in data.items()]
        if not isinstance(data, list):
            self.fault(place, 'écrivez une liste, par exemple [{"kind": "loyer", "amount": "350.00"}].')
            return []
        if len(data) > MOST_LINES:
            self.fault(place, f"{MOST_LINES} lignes au plus.")
            return []
        read = [self.line(each, f"{place}.{rank}", side) for rank, each in enumerate(data)]
        return [line for line in read if line is not None]

    def line(self, data: object, place: str, side: Side) -> Line | None:
        names = ("kind", "amount", "period", "origin", "month", "label", "paid_to_landlord", "rent_is_net")
        fields = self.section(data, place, names)
        kind = self.kind(fields.get("kind", _MISSING), f"{place}.kind", side)
        cents = self.cents(fields.get("amount", _MISSING), f"{place}.amount")
        label = fields.get("label", "")
        if not isinstance(label, str) or len(label) > 80:
            self.fault(f"{place}.label", "écrivez un texte de 80 lettres au plus.")
            label = ""
        landlord = self.flag(fields.get("paid_to_landlord", False), f"{place}.paid_to_landlord")
        if landlord and kind is not None and not kind.is_housing_aid:
            self.fault(f"{place}.paid_to_landlord", "seule une aide au logement peut être versée au bailleur.")
        period = self.period(fields.get("period", "monthly"), f"{place}.period")
        origin = self.choice(fields.get("origin", "declared"), f"{place}.origin", Origin)
        net = self.flag(fields.get("rent_is_net", True), f"{place}.rent_is_net")
        month = self.month(fields.get("month"), f"{place}.month")
        if kind is None or cents is None or period is None or origin is None:
            return None
        return Line("", kind, cents, period, origin, month, landlord, label, net)

    def kind(self, value: object, place: str, side: Side) -> LineKind | None:
        known = RESOURCES if side is Side.RESOURCE else CHARGES
        text = folded(value) if isinstance(value, str) else ""
        kind = KINDS.get(text)
        if kind in known:
            return kind
        if kind is not None:
            other = "resources" if side is Side.CHARGE else "charges"
            self.fault(place, f"« {kind} » n’est pas de ce côté. Écrivez cette ligne dans « {other} ».")
            return None
        names = {name: each.value for name, each in KINDS.items() if each in known}
        near = difflib.get_close_matches(text, names, n=1, cutoff=0.5)
        hint = f"Écrivez « {names[near[0]]} »" if near else f"Écrivez « {known[-1].value} »"
        shown = "(rien)" if value is _MISSING else str(value)[:40]
        self.fault(place, f"« {shown} » n’est pas connu. {hint}, ou l’une de ces sortes : {', '.join(known)}.")
        return None

    def period(self, value: object, place: str) -> Period | None:
        """A period, in the words of the format or as people write it."""
        known = PERIODS.get(folded(value)) if isinstance(value, str) else None
        return known or self.choice(value, place, Period)

    def cents(self, value: object, place: str) -> int | None:
        if not isinstance(value, int | str) or isinstance(value, bool):
            self.fault(place, 'il manque le montant. Écrivez-le entre guillemets, par exemple "350.00".')
            return None
        try:
            cents = parse_cents(str(value))
        except BadAmount as error:
            self.fault(place, str(error))
            return None
        if cents < 0:
            self.fault(place, "ce montant est négatif. Inscrivez-le, sans signe moins, de l’autre côté.")
            return None
        return cents

    def month(self, value: object, place: str) -> date | None:
        if value is None:
            return None
        if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", value) and not value.startswith("0000"):
            return date(int(value[:4]), int(value[5:]), 1)
        self.fault(place, 'écrivez le mois du montant, par exemple "2026-10".')
        return None


def _join(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name
