"""Follow-up figures of referrals: how long an answer takes, what they became. Rounded, small cells masked. Pure."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from itertools import accumulate
from statistics import median_high

from coordination.referrals.household import Said
from coordination.referrals.machine import TAKEN_STATES, WAITING_STATES, State
from coordination.referrals.opening import Opening
from coordination.referrals.rules import Domain, Outcome, Refusal
from coordination.simulators.disclosure import FEWEST_IN_GROUP, Line, Table, Tally, publish, weights


class Fate(StrEnum):
    """What became of a referral, so far."""

    TAKEN = "prise_en_charge"
    REFUSED = "refusee"
    WAITING = "en_attente"
    SILENT = "sans_reponse"
    ENDED = "arretee"
    HAND = "main_propre"

    @property
    def label(self) -> str:
        return {
            "prise_en_charge": "Prises en charge",
            "refusee": "Refusées",
            "en_attente": "En attente",
            "sans_reponse": "Sans réponse à temps",
            "arretee": "Arrêtées",
            "main_propre": "Main propre",
        }[self.value]


class Voice(StrEnum):
    """What the household says of the outcome that its partner noted."""

    AGREES = "d_accord"
    DISAGREES = "pas_d_accord"
    DECLINED = "sans_avis"
    UNHEARD = "pas_entendu"

    @property
    def label(self) -> str:
        return {
            "d_accord": "Le foyer confirme",
            "pas_d_accord": "Le foyer n’était pas d’accord",
            "sans_avis": "Le foyer n’a pas souhaité répondre",
            "pas_entendu": "Pas encore de réponse du foyer",
        }[self.value]


ASKED = (Fate.TAKEN, Fate.REFUSED, Fate.SILENT)
"""Of those a partner had to answer: what the part without an answer is taken of."""


HELPED = TAKEN_STATES | {State.CLOSED, State.DISPUTED}
LEFT = frozenset({State.REDIRECTED, State.DROPPED})
"""Nobody took it: sent on to another, or given up."""


@dataclass(frozen=True)
class Sent:
    """One referral without anything that says which: `household` is a number that holds in this answer alone."""

    household: int
    domain: Domain
    sender: str
    receiver: str
    sent: date
    answered: date | None
    closed: date | None
    by_hand: bool
    state: State
    late: bool
    refusal: Refusal | None
    outcome: Outcome | None
    says: Said | None
    disputed: bool
    """Whether the household ever disagreed with its outcome."""

    @cached_property
    def fate(self) -> Fate:
        if self.by_hand:
            return Fate.HAND
        if self.state in HELPED:
            return Fate.TAKEN
        left = self.state in LEFT
        if self.state is State.REFUSED or (left and self.refusal is not None):
            return Fate.REFUSED
        unanswered = self.state in WAITING_STATES or (left and self.answered is None)
        if self.state is State.EXPIRED or (unanswered and self.late):
            return Fate.SILENT
        return Fate.WAITING if self.state.is_open else Fate.ENDED


class By(StrEnum):
    """A way of sorting referrals."""

    ALL = "ensemble"
    DOMAIN = "domaine"
    PARTNER = "structure"


Group = Callable[[Sent], str]
Of = Callable[[Sent], str | None]
Ends = Callable[[Sent], date | None]


# ------------------------------------------------------------------ over which days


@dataclass(frozen=True)
class Period:
    """Whole months, so that no two periods differ by a day that would tell somebody."""

    key: str
    label: str
    first: date
    last: date


def periods(today: date) -> list[Period]:
    """The last twelve months, then the last five quarters, the present one first."""
    month = today.replace(day=1)
    found = [Period("12-mois", "12 derniers mois", _months(month, -11), today)]
    quarter = month.replace(month=(month.month - 1) // 3 * 3 + 1)
    for back in range(5):
        first = _months(quarter, -3 * back)
        number = (first.month - 1) // 3 + 1
        label = f"{'1er' if number == 1 else f'{number}e'} trimestre {first.year}"
        found.append(Period(f"{first.year}-t{number}", label, first, min(_months(first, 3) - timedelta(days=1), today)))
    return found


def _months(first: date, more: int) -> date:
    year, month = divmod(first.year * 12 + first.month - 1 + more, 12)
    return date(year, month + 1, 1)


# ------------------------------------------------------------------ how long


@dataclass(frozen=True)
class Delay:
    """A median, in opening days of the structure that receives and in days of the calendar; both None: too few."""

    opening: int | None = None
    calendar: int | None = None


@dataclass(frozen=True)
class Wait:
    """How long one group waits for an answer, and for the end."""

    group: str
    answer: Delay
    closing: Delay

    @property
    def hidden(self) -> bool:
        return self.answer.calendar is None and self.closing.calendar is None


class OpenDays:
    """The opening days of each structure, added up once over the period."""

    def __init__(self, openings: Mapping[str, Opening], first: date, last: date) -> None:
        self._first = first
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        self._sums = {key: list(accumulate(opening.is_open(day) for day in days)) for key, opening in openings.items()}

    def between(self, receiver: str, start: date, end: date) -> int:
        """How many after `start`, up to `end`."""
        sums = self._sums[receiver]
        ends, starts = (min((day - self._first).days, len(sums) - 1) for day in (end, start))
        return sums[ends] - sums[starts]


def _delay(rows: Sequence[Sent], ends: Ends, days: OpenDays) -> Delay:
    """The median of those that ended so; nothing when they are of fewer than ten households."""
    known = [(row, end) for row in rows if (end := ends(row)) is not None and end >= row.sent]
    if len({row.household for row, _ in known}) < FEWEST_IN_GROUP:
        return Delay()
    return Delay(
        median_high(days.between(row.receiver, row.sent, end) for row, end in known),
        median_high((end - row.sent).days for row, end in known),
    )


# ------------------------------------------------------------------ what leaves


@dataclass(frozen=True)
class Figures:
    """All that leaves: tables of rounded cells, and medians of at least ten households."""

    whole: Table
    fates: Mapping[By, Table]
    outcomes: Table
    refusals: Table
    voices: Table
    waits: Mapping[By, tuple[Wait, ...]]

    @property
    def silent(self) -> Fraction | None:
        """The part left without an answer, among those that had to have one. Reckoned from the cells shown."""
        return self.whole.lines[0].share(Fate.SILENT, ASKED)

    @property
    def fates_shown(self) -> tuple[Fate, ...]:
        """What somebody fills, as far as is shown; the ends that matter are always told."""
        return tuple(fate for fate in Fate if fate in ASKED or not self.whole.masked(fate))

    def bars(self, by: By) -> list["Bar"]:
        """For the drawing: a bar by group that shows something."""
        return [Bar(line.group, _pieces(line, self.fates_shown)) for line in told(self.fates[by])]


MASKED = "masquee"


@dataclass(frozen=True)
class Bar:
    """One group's bar: its pieces (fate, start, width) in percents; what is masked stands last, in one piece."""

    group: str
    pieces: list[tuple[str, Fraction, Fraction]]


def told(table: Table) -> list[Line]:
    """The lines that show at least one figure."""
    return [line for line in table.lines if any(cell.value is not None for cell in line.cells.values())]


def untold(table: Table) -> list[str]:
    """The groups too small to show any."""
    shown = {line.group for line in told(table)}
    return [line.group for line in table.lines if line.group not in shown]


def _pieces(line: Line, fates: Sequence[Fate]) -> list[tuple[str, Fraction, Fraction]]:
    counts = {fate.value: line.cells[fate].value or 0 for fate in fates}
    counts[MASKED] = sum(line.cells[fate].guess for fate in fates if line.cells[fate].value is None)
    whole, start, pieces = sum(counts.values()), Fraction(0), []
    for name, count in counts.items():
        width = Fraction(100 * count, whole)
        if count:
            pieces.append((name, start, width))
        start += width
    return pieces


def figures(
    rows: Sequence[Sent], partner: Callable[[Sent], str], names: Mapping[str, str], days: OpenDays, key: bytes
) -> Figures | None:
    """The figures of these referrals; None when they are of too few households to say anything.

    `partner` is the structure a row is sorted under, `names` its name; `key` draws who weighs nothing or twice.
    """
    households = {row.household for row in rows}
    if len(households) < FEWEST_IN_GROUP:
        return None
    drawn = _drawn(rows, key)
    domains = {domain.value: domain.label for domain in Domain if not domain.sensitive}
    partners = {each: names[each] for each in sorted({partner(row) for row in rows}, key=lambda each: names[each])}
    everybody = {By.ALL.value: "Ensemble"}

    def table(rank: int, name: str, groups: Mapping[str, str], group: Group, columns: type[StrEnum], of: Of) -> Table:
        tally = _tally(rows, group, of, {household: drawn[household][rank] for household in households})
        return publish(name, groups, tuple(column.value for column in columns), tally)

    def fate(row: Sent) -> str | None:
        return row.fate.value

    def waits(groups: Mapping[str, str], group: Group) -> tuple[Wait, ...]:
        sorted_rows = defaultdict(list)
        for row in rows:
            if not row.by_hand:
                sorted_rows[group(row)].append(row)
        return tuple(
            Wait(label, _delay(sorted_rows[each], _answered, days), _delay(sorted_rows[each], _closed, days))
            for each, label in groups.items()
        )

    return Figures(
        whole=table(0, "Ensemble", everybody, _all, Fate, fate),
        fates={
            By.DOMAIN: table(1, "Par besoin", domains, _domain, Fate, fate),
            By.PARTNER: table(2, "Par structure", partners, partner, Fate, fate),
        },
        outcomes=table(3, "Ce que le foyer a obtenu", everybody, _all, Outcome, _outcome),
        refusals=table(4, "Motifs de refus", everybody, _all, Refusal, _refusal),
        voices=table(5, "Ce qu’en dit le foyer", everybody, _all, Voice, _voice),
        waits={
            By.ALL: waits(everybody, _all),
            By.DOMAIN: waits(domains, _domain),
            By.PARTNER: waits(partners, partner),
        },
    )


TABLES = 6


def _all(row: Sent) -> str:
    return By.ALL.value


def _domain(row: Sent) -> str:
    return row.domain.public.value


def _answered(row: Sent) -> date | None:
    return row.answered


def _closed(row: Sent) -> date | None:
    return row.closed if row.state is State.CLOSED else None


def _outcome(row: Sent) -> str | None:
    return row.outcome.value if row.outcome and row.state is State.CLOSED else None


def _refusal(row: Sent) -> str | None:
    return row.refusal.value if row.refusal and row.fate is Fate.REFUSED else None


def _voice(row: Sent) -> str | None:
    """Of what was closed alone: before, nobody asks."""
    if row.state not in (State.CLOSED, State.DISPUTED):
        return None
    if row.disputed:
        return Voice.DISAGREES.value
    known = {None: Voice.UNHEARD, Said.DECLINED: Voice.DECLINED}
    return known.get(row.says, Voice.AGREES).value


def _drawn(rows: Iterable[Sent], key: bytes) -> dict[int, tuple[int, ...]]:
    """For how much each household counts in each table, by what it holds and never by its number of this answer."""
    held: dict[int, list[str]] = defaultdict(list)
    for row in rows:
        held[row.household].append(f"{row.sent} {row.domain} {row.sender} {row.receiver}")
    contents = ["|".join(sorted(each)) for each in held.values()]
    return dict(zip(held, weights(key, contents, TABLES), strict=True))


def _tally(rows: Iterable[Sent], group: Group, of: Of, weigh: Mapping[int, int]) -> Tally:
    """Cells masked by how many households stand in them, and shown by how many referrals, each of its weight."""
    inside: dict[tuple[str, str], set[int]] = defaultdict(set)
    sizes: dict[str, set[int]] = defaultdict(set)
    tally = Tally()
    for row in rows:
        sizes[group(row)].add(row.household)
        column = of(row)
        if column is not None:
            inside[group(row), column].add(row.household)
            tally.weighed[group(row), column] += weigh[row.household]
    tally.households = Counter({cell: len(each) for cell, each in inside.items()})
    tally.sizes = Counter({each: len(known) for each, known in sizes.items()})
    return tally
