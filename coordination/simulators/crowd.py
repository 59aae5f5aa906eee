"""The households of a network without their names, built once from the door's rows, routed under any barème. Pure."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Any, Protocol

from coordination.budgets.batch import ZONES, Amount, Population, route
from coordination.budgets.rules import Bareme, Composition, Head, LineKind, ZoneKind
from coordination.simulators.disclosure import FEWEST_HOUSEHOLDS, Line, Table, Tally, publish, weights

ADULT, ELDEST = 18, 150
REFERENCE = date(2000, 6, 15)
"""The day ages are turned into births of: any would do, since ages are already whole years."""


class Row(Protocol):
    """What the door gives of one household: nothing that says which."""

    heads: list[dict[str, Any]] | None
    single_parent: bool | None
    kinds: list[str] | None
    twelfths: list[int] | None
    proved: list[bool] | None
    landlord: list[bool] | None
    activity: str
    age_band: str


class By(StrEnum):
    """The ways of sorting households; each is a table of its own, with its own draw."""

    ALL = "all"
    ACTIVITY = "activity"
    COMPOSITION = "composition"
    AGE = "age"

    @property
    def label(self) -> str:
        return {
            By.ALL: "Tous les foyers",
            By.ACTIVITY: "Selon ce dont vit la personne de référence",
            By.COMPOSITION: "Selon la composition du foyer",
            By.AGE: "Selon l’âge de la personne de référence",
        }[self]


GROUPS: dict[By, dict[str, str]] = {
    By.ALL: {"all": "Tous les foyers"},
    By.ACTIVITY: {
        "working": "Salariés et indépendants",
        "unemployed": "Demandeurs d’emploi indemnisés",
        "pensioner": "Retraités",
        "rsa": "Allocataires du RSA",
        "other": "Autres situations",
    },
    By.COMPOSITION: {
        "alone": "Personnes seules",
        "single_parent": "Parents seuls avec enfants",
        "couple": "Plusieurs adultes sans enfant",
        "family": "Plusieurs adultes avec enfants",
    },
    By.AGE: {
        "under_30": "Moins de 30 ans",
        "30_49": "30 à 49 ans",
        "50_64": "50 à 64 ans",
        "65_up": "65 ans et plus",
    },
}
"""The groups shown; households whose group is not known are in none of them."""


class Column(StrEnum):
    """What becomes of a household: today, then from today's barème to the one tried."""

    IN = "in"
    AWAY = "away"
    OUT = "out"
    NONE = "none"
    ENTERS = "enters"
    LEAVES = "leaves"
    CHANGES = "changes"

    @property
    def label(self) -> str:
        return {
            Column.IN: "Aidés ou examinés",
            Column.AWAY: "Réorientés",
            Column.OUT: "Laissés dehors",
            Column.NONE: "Sans réponse",
            Column.ENTERS: "Entreraient",
            Column.LEAVES: "Sortiraient",
            Column.CHANGES: "Changeraient de réponse",
        }[self]


MOVES = (Column.ENTERS, Column.LEAVES, Column.CHANGES)


def state(code: int) -> Column:
    """What a zone's rank in the batch means; a household the barème cannot answer has none."""
    if code < 0:
        return Column.NONE
    zone = ZONES[code]
    return Column.IN if zone.opens else Column.AWAY if zone is ZoneKind.REDIRECT else Column.OUT


class Crowd:
    """The households, their groups, and for how much each counts in each table."""

    def __init__(self, rows: Iterable[Row], key: bytes) -> None:
        self.population = Population()
        self.groups: dict[By, list[str]] = {by: [] for by in By}
        classes: dict[str, tuple[int, str]] = {}
        contents = []
        for row in rows:
            people = json.dumps([row.heads, row.single_parent], sort_keys=True)
            if people not in classes:
                composition = _composition(row)
                classes[people] = self.population.class_for(composition, REFERENCE), kind_of(composition)
            class_id, kind = classes[people]
            self.population.add(class_id, _amounts(row), typed=bool(row.kinds))
            known = {By.ALL: "all", By.ACTIVITY: row.activity, By.COMPOSITION: kind, By.AGE: row.age_band}
            for by, group in known.items():
                self.groups[by].append(group)
            amounts = sorted(zip(row.kinds or [], row.twelfths or [], strict=True))
            contents.append(f"{people} {amounts} {row.activity} {row.age_band}")
        draws = weights(key, contents, len(By))
        self.drawn = {by: [draw[rank] for draw in draws] for rank, by in enumerate(By)}
        self._zones: dict[str, list[int]] = {}

    def __len__(self) -> int:
        return len(self.population)

    def zones(self, bareme: Bareme) -> list[int]:
        """Each household's zone, as its rank in the batch; kept for a version read from its file."""
        if bareme.digest in self._zones:
            return self._zones[bareme.digest]
        found: list[int] = route(bareme, self.population).zones.tolist()
        if bareme.digest:
            self._zones[bareme.digest] = found
        return found


def _composition(row: Row) -> Composition:
    return Composition(tuple(_head(head) for head in row.heads or []), single_parent=bool(row.single_parent))


def _head(head: dict[str, Any]) -> Head:
    """Somebody whose age is known, between two years, or only as an adult or not: exactly what the barème may use."""
    low, high = int(head["low"]), int(head["high"])
    weight, unborn = Fraction(head["weight"]), bool(head["unborn"])
    if low == high:
        return Head(age=low, weight=weight, unborn=unborn)
    if high - low == 1:
        return Head(birth_year=REFERENCE.year - high, weight=weight, unborn=unborn)
    adult = True if low == ADULT else False if high == ADULT - 1 else None
    return Head(adult=adult, weight=weight, unborn=unborn)


def _amounts(row: Row) -> list[Amount]:
    """Its lines; an aid paid to the landlord already lowers the rent typed, and does not count again."""
    columns = zip(row.kinds or [], row.twelfths or [], row.proved or [], row.landlord or [], strict=True)
    lines = [(LineKind(kind), cents, proved, landlord) for kind, cents, proved, landlord in columns]
    return [Amount(k, cents, proved) for k, cents, proved, landlord in lines if not (landlord and k.is_housing_aid)]


def kind_of(composition: Composition) -> str:
    """Which group a household's people make; none when their ages do not tell."""
    here = [head for head in composition.heads if head.weight > 0 and not head.unborn]
    grown = [_grown(head) for head in here]
    if None in grown or not here:
        return "unknown"
    adults = sum(map(bool, grown))
    if adults == len(here):
        return "alone" if adults == 1 else "couple"
    return "single_parent" if adults <= 1 else "family"


def _grown(head: Head) -> bool | None:
    if head.age is not None:
        return head.age >= ADULT
    if head.birth_year is not None:
        eldest = REFERENCE.year - head.birth_year
        return True if eldest - 1 >= ADULT else False if eldest < ADULT else None
    return head.adult


# ------------------------------------------------------------------ what leaves


@dataclass(frozen=True)
class Impact:
    """All that leaves: a table by way of sorting. Every figure shown is one of its cells, or follows from them."""

    tables: dict[By, Table]
    moved: bool

    @property
    def whole(self) -> Table:
        """All the households, in one line."""
        return self.tables[By.ALL]

    @property
    def main(self) -> Table:
        """The one that is drawn."""
        return self.tables[By.ACTIVITY]

    @property
    def columns(self) -> tuple[Column, ...]:
        """Today's columns that somebody fills, as far as is shown."""
        told = (Column.IN, Column.AWAY, Column.OUT, Column.NONE)
        return tuple(c for c in told if c in (Column.IN, Column.OUT) or not self.main.masked(c))

    @property
    def bars(self) -> list[tuple[str, list[list[tuple[Column, Fraction, Fraction]]]]]:
        """For the drawing: each group's bar today, then after; its pieces (column, start, width) in percents."""
        return [(line.group, self._bars(line)) for line in self.main.lines if not line.hidden]

    def _bars(self, line: Line) -> list[list[tuple[Column, Fraction, Fraction]]]:
        cells = {column: line.cells[column].guess for column in self.columns}
        bars = [_pieces(cells)]
        if self.moved:
            gained = line.cells[Column.ENTERS].guess - line.cells[Column.LEAVES].guess
            whole = sum(cells.values())
            inside = min(max(cells[Column.IN] + gained, 0), whole)
            bars.append(_pieces({Column.IN: inside, Column.OUT: whole - inside}))
        return bars

    @property
    def worst(self) -> list[tuple[str, Fraction]]:
        """The groups by the part of them left outside, the greatest first."""
        answered = [column for column in self.columns if column is not Column.NONE]
        shares = [(line.group, line.share(Column.OUT, answered)) for line in self.main.lines if not line.hidden]
        known = [(group, share) for group, share in shares if share is not None]
        return sorted(known, key=lambda each: each[1], reverse=True)


def _pieces(cells: Mapping[Column, int]) -> list[tuple[Column, Fraction, Fraction]]:
    whole, start, pieces = sum(cells.values()) or 1, Fraction(0), []
    for column, count in cells.items():
        width = Fraction(100 * count, whole)
        pieces.append((column, start, width))
        start += width
    return pieces


def impact(crowd: Crowd, bareme: Bareme, tried: Bareme | None = None) -> Impact | None:
    """What the barème answers today and, if one is tried, who would move. None: too few households to say anything."""
    if len(crowd) < FEWEST_HOUSEHOLDS:
        return None
    before = crowd.zones(bareme)
    after = crowd.zones(tried) if tried is not None else before
    shown = tuple(c.value for c in Column if tried is not None or c not in MOVES)
    return Impact({by: _table(by, crowd, before, after, shown) for by in By}, tried is not None)


def _columns(was: int, is_now: int) -> tuple[str, ...]:
    first, then = state(was), state(is_now)
    if was == is_now:
        return (first.value,)
    if then is Column.IN and first is not Column.IN:
        return first.value, Column.ENTERS.value
    return first.value, (Column.LEAVES if first is Column.IN and then is not Column.IN else Column.CHANGES).value


def _table(by: By, crowd: Crowd, before: list[int], after: list[int], shown: tuple[str, ...]) -> Table:
    """Households alike in all that counts are counted together, so that a hundred thousand take an instant."""
    tally = Tally()
    alike = Counter(zip(crowd.groups[by], crowd.drawn[by], before, after, strict=True))
    for (group, weight, was, is_now), times in alike.items():
        tally.add(group, _columns(was, is_now), weight, times)
    return publish(by.label, GROUPS[by], shown, tally)
