"""The households of a network without their names, built from the door's columns, routed under any barème. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from coordination.budgets.batch import REFUSED, ZONES, Population, route
from coordination.budgets.population import RANK, Ages, People
from coordination.budgets.rules import Bareme, Composition, Head, LineKind, ZoneKind
from coordination.simulators.disclosure import FEWEST_HOUSEHOLDS, Line, Table, Tally, drawn, publish
from coordination.simulators.moves import THRESHOLD_STEPS

ADULT, ELDEST = 18, 150
REFERENCE = date(2000, 6, 15)
"""The day ages are turned into births of: any would do, since ages are already whole years."""


class Sheaf(Protocol):
    """What the door gives of some households, column by column; nothing says which. Lines name theirs by its rank."""

    @property
    def people(self) -> Sequence[str] | None: ...
    @property
    def activity(self) -> Sequence[str] | None: ...
    @property
    def age_band(self) -> Sequence[str] | None: ...
    @property
    def ranks(self) -> Sequence[int] | None: ...
    @property
    def kinds(self) -> Sequence[str] | None: ...
    @property
    def twelfths(self) -> Sequence[int] | None: ...
    @property
    def proved(self) -> Sequence[bool] | None: ...
    @property
    def landlord(self) -> Sequence[bool] | None: ...


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


NO_GROUP = -1
Ranks = NDArray[np.int8]
_HOUSING_AID = frozenset(kind.value for kind in LineKind if kind.is_housing_aid)


class Crowd:
    """The households, their groups, and for how much each counts in each table. Read sheaf after sheaf."""

    def __init__(self, key: bytes) -> None:
        self.population = Population()
        self._key = key
        self._seen: Counter[str] = Counter()
        self._classes: dict[str, tuple[int, str]] = {}
        self._groups: dict[By, list[int]] = {by: [] for by in By}
        self._drawn: list[NDArray[np.int8]] = []
        self._zones: dict[str, Ranks] = {}

    def __len__(self) -> int:
        return len(self.population)

    def add(self, sheaf: Sheaf) -> None:
        """More households. An aid paid to the landlord already lowers the rent typed, and does not count again."""
        people = [self._class_of(text) for text in sheaf.people or []]
        every = list(zip(sheaf.ranks or [], sheaf.kinds or [], sheaf.twelfths or [], strict=True))
        lines: list[list[tuple[str, int]]] = [[] for _ in people]
        for rank, kind, twelfths in every:
            lines[rank].append((kind, twelfths))
        flags = zip(every, sheaf.proved or [], sheaf.landlord or [], strict=True)
        kept = [(*line, proved) for line, proved, landlord in flags if not (landlord and line[1] in _HOUSING_AID)]
        self.population.extend(
            [class_id if lines[rank] else 0 for rank, (class_id, _) in enumerate(people)],
            [rank for rank, *_ in kept],
            [RANK[LineKind(kind)] for _, kind, *_ in kept],
            [twelfths for *_, twelfths, _ in kept],
            [proved for *_, proved in kept],
        )
        activities = [_activity(told, typed) for told, typed in zip(sheaf.activity or [], lines, strict=True)]
        known = {By.ALL: ["all"] * len(people), By.ACTIVITY: activities, By.AGE: sheaf.age_band or []}
        known[By.COMPOSITION] = [kind for _, kind in people]
        for by, groups in known.items():
            ranks = {group: rank for rank, group in enumerate(GROUPS[by])}
            self._groups[by] += [ranks.get(group, NO_GROUP) for group in groups]
        told = zip(sheaf.people or [], lines, activities, sheaf.age_band or [], strict=True)
        contents = (f"{who} {sorted(typed)} {activity} {age}" for who, typed, activity, age in told)
        self._drawn.append(drawn(self._key, contents, len(By), self._seen))

    def _class_of(self, text: str) -> tuple[int, str]:
        """The class of people as the door writes them, and which group they make; read once for all those alike."""
        if text not in self._classes:
            people = people_of(text)
            class_id = self.population.class_of_people(people, lambda: (_composition(people), REFERENCE))
            self._classes[text] = class_id, kind_of(people)
        return self._classes[text]

    def groups(self, by: By) -> Ranks:
        """Each household's rank among the groups of that table, or `NO_GROUP`."""
        return np.array(self._groups[by], dtype=np.int8)

    def drawn(self, by: By) -> NDArray[np.int8]:
        """For how much each household counts in that table."""
        return self._draws()[:, list(By).index(by)]

    def _draws(self) -> NDArray[np.int8]:
        return np.concatenate(self._drawn or [drawn(self._key, (), len(By), self._seen)])

    def zones(self, bareme: Bareme) -> Ranks:
        """Each household's zone, its value shifted by a step at most, as its rank in the batch; kept for a version read
        from its file."""
        if bareme.digest in self._zones:
            return self._zones[bareme.digest]
        tenth = THRESHOLD_STEPS[bareme.every] // 10
        found = route(bareme, self.population, self._draws()[:, -1].astype(np.int64) * tenth).zones
        if bareme.digest:
            self._zones[bareme.digest] = found
        return found


def people_of(text: str) -> People:
    """The people as the door writes them: `1;34 34 1 0;6 6 1/2 0`."""
    single, *heads = text.split(";")
    ages = []
    for head in heads:
        low, high, weight, unborn = head.split(" ")
        ages.append(
            Ages(0, 0, Fraction(weight), True) if unborn == "1" else Ages(int(low), int(high), Fraction(weight), False)
        )
    return People(tuple(sorted(ages)), single == "1")


def _composition(people: People) -> Composition:
    return Composition(tuple(map(_head, people.ages)), single_parent=people.single_parent)


def _head(ages: Ages) -> Head:
    """Somebody whose age is known, between two years, or only as an adult or not: exactly what the barème may use."""
    low, high, weight, unborn = ages
    if low == high:
        return Head(age=min(low, ELDEST), weight=weight, unborn=unborn)
    if high - low == 1:
        return Head(birth_year=REFERENCE.year - high, weight=weight, unborn=unborn)
    adult = True if low == ADULT else False if high == ADULT - 1 else None
    return Head(adult=adult, weight=weight, unborn=unborn)


def _activity(told: str, lines: Sequence[tuple[str, int]]) -> str:
    """What the reference person lives on; the RSA says it where nothing else does."""
    rsa = told in ("other", "unknown") and any(kind == LineKind.RSA for kind, _ in lines)
    return "rsa" if rsa else told


def kind_of(people: People) -> str:
    """Which group a household's people make; none when their ages do not tell."""
    here = [each for each in people.ages if each.weight > 0 and not each.unborn]
    if not here or any(each.low < ADULT <= each.high for each in here):
        return "unknown"
    adults = sum(each.low >= ADULT for each in here)
    if adults == len(here):
        return "alone" if adults == 1 else "couple"
    return "single_parent" if adults <= 1 else "family"


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
            unanswered = dict(item for item in cells.items() if item[0] is Column.NONE)
            gained = line.cells[Column.ENTERS].guess - line.cells[Column.LEAVES].guess
            whole = sum(cells.values()) - sum(unanswered.values())
            inside = min(max(cells[Column.IN] + gained, 0), whole)
            bars.append(_pieces({Column.IN: inside, Column.OUT: whole - inside, **unanswered}))
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


def _table(by: By, crowd: Crowd, before: Ranks, after: Ranks, shown: tuple[str, ...]) -> Table:
    """Households alike in all that counts are counted together, so that a hundred thousand take an instant."""
    tally, many = Tally(), len(ZONES) + 1
    sorts = ((crowd.groups(by) + 1) * np.int64(3) + crowd.drawn(by)) * many + (before - REFUSED)
    alike = np.bincount(sorts * many + (after - REFUSED))
    groups = [None, *GROUPS[by]]
    for sort in np.flatnonzero(alike).tolist():
        rest, is_now = divmod(sort, many)
        rest, was = divmod(rest, many)
        rank, weight = divmod(rest, 3)
        group = groups[rank]
        if group is not None:
            tally.add(group, _columns(was + REFUSED, is_now + REFUSED), weight, int(alike[sort]))
    return publish(by.label, GROUPS[by], shown, tally)
