"""What leaves the impact simulator, attacked: by subtraction, by comparing two runs, by knowing everybody but one."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from math import ceil
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordination.budgets.rules import Bareme, Zone, ZoneKind
from coordination.simulators.crowd import GROUPS, By, Column, Crowd, Impact, impact, kind_of, people_of
from coordination.simulators.disclosure import (
    FEWEST_HOUSEHOLDS,
    FEWEST_IN_GROUP,
    LEAST,
    Cell,
    Tally,
    publish,
    rounded,
    weights,
)
from tests.budgets.make import bareme
from tests.simulators.make import Invented, crowd_of, grown

F = Fraction
KEY = b"une clef d'essai"
COLUMNS = ("in", "out", "enters")
GROUP = {"a": "A", "b": "B", "c": "C"}


def network(size: int, seed: int = 1, among: tuple[int, int] = (5_00, 12_00)) -> list[Any]:
    """A made network: every group, values spread over and around the threshold."""
    chance = Random(seed)
    people = ([grown(40)], [grown(33), grown(6)], [grown(71), grown(70)], [grown(30), grown(31), grown(4)])
    return [
        Invented(
            chance.randrange(*among),
            chance.choice([*GROUPS[By.ACTIVITY], "unknown"]),
            chance.choice([*GROUPS[By.AGE], "unknown"]),
            chance.choice(people),
        )
        for _ in range(size)
    ]


def below(cents: int, days: F = Fraction(30)) -> Bareme:
    return bareme(days, cents)


def run(rows: list[Any], cents: int, key: bytes = KEY) -> Impact:
    found = impact(crowd_of(rows, key), below(8_00), below(cents))
    assert found is not None
    return found


def cells(shown: Impact) -> dict[tuple[By, str, str], int | None]:
    """All the figures that leave."""
    return {
        (by, line.group, column): cell.value
        for by, table in shown.tables.items()
        for line in table.lines
        for column, cell in line.cells.items()
    }


# ------------------------------------------------------------------ one cell


@given(st.integers(0, 400), st.integers(0, 400))
def test_a_cell_under_five_is_masked_and_the_others_are_multiples_of_five(households: int, weighed: int) -> None:
    shown = rounded(households, weighed)
    if shown is None:
        assert min(households, weighed) < LEAST
    else:
        assert shown % 5 == 0
        assert shown >= LEAST
        assert abs(shown - weighed) <= 2
        assert households >= LEAST


def test_a_large_figure_is_written_as_in_french() -> None:
    assert [Cell(value).shown for value in (None, 10, 73_125)] == ["moins de 5", "10", "73\u202f125"]


def test_nobody_and_four_look_alike() -> None:
    assert {rounded(n, n) for n in range(5)} == {None}
    for shown in range(5, 400, 5):
        assert sum(rounded(n, n) == shown for n in range(500)) >= 3


# ------------------------------------------------------------------ by subtraction

TALLIES = st.fixed_dictionaries({(g, c): st.integers(0, 30) for g in GROUP for c in COLUMNS})


def tally_of(counts: dict[tuple[str, str], int]) -> Tally:
    made = Tally()
    for key, count in counts.items():
        made.households[key] = made.weighed[key] = count
    made.sizes.update(dict.fromkeys(GROUP, FEWEST_IN_GROUP))
    return made


@given(TALLIES, st.data())
def test_every_figure_of_a_table_follows_from_its_cells_so_that_sums_tell_nothing_more(counts: Any, data: Any) -> None:
    """Linear reconstruction needs an equation between cells: there is none. Whatever the values that cells may hide,
    chosen together and at will, rows, columns, totals and shares stay the same to the last one."""
    table = publish("Essai", GROUP, COLUMNS, tally_of(counts))
    other = {}
    for line, group in zip(table.lines, GROUP, strict=True):
        for column in COLUMNS:
            value = line.cells[column].value
            low, high = (0, 4) if value is None else (max(value - 2, 5), value + 2)
            other[group, column] = data.draw(st.integers(low, high))
    again = publish("Essai", GROUP, COLUMNS, tally_of(other))
    assert again == table
    for column in COLUMNS:
        assert (again.about(column), again.masked(column)) == (table.about(column), table.masked(column))
    for one, two in zip(table.lines, again.lines, strict=True):
        assert one.about(*COLUMNS) == two.about(*COLUMNS)
        assert one.share("out", ("in", "out")) == two.share("out", ("in", "out"))


def test_the_page_is_given_tables_and_nothing_else() -> None:
    """An `Impact` holds what may be shown: no count, no household."""
    assert set(Impact.__dataclass_fields__) == {"tables", "moved"}
    shown = run(network(200), 8_50)
    figures = [value for value in cells(shown).values() if value is not None]
    assert figures
    assert all(figure % 5 == 0 for figure in figures)
    pieces = [piece for _, bars in shown.bars for bar in bars for piece in bar]
    assert all(0 <= start <= 100 and 0 <= width <= 100 for _, start, width in pieces)


def test_two_tables_never_have_to_add_up_to_the_same_sum() -> None:
    """The same households, counted under independent draws: a sum known in one table says nothing exact of another."""
    rows = network(300)
    sums = set()
    for seed in range(30):
        drawn = weights(bytes([seed]), (str(row) for row in rows), len(By))
        sums.add(tuple(map(sum, zip(*drawn, strict=True))))
    assert len(sums) == 30
    assert sum(one == two for one, two, *_ in sums) < 10
    assert all(abs(total - 300) < 40 for each in sums for total in each)


# ------------------------------------------------------------------ by comparing two runs


def possible(shown: int | None) -> range:
    """What a cell may hide, for somebody who forgets the draw."""
    return range(5) if shown is None else range(max(shown - 2, 5), shown + 3)


def steps() -> Iterator[tuple[int, int]]:
    return pairwise(range(8_00, 9_60, 10))


@pytest.mark.parametrize("seed", range(3))
def test_two_runs_one_step_apart_never_tell_how_many_moved(seed: int) -> None:
    """Somebody who knew no household were drawn (more than anybody knows) would still hesitate between three numbers
    of households at least, for every cell of every pair of runs; and one household alone moved in many of them."""
    rows = network(240, seed)
    shown = {cents: cells(run(rows, cents)) for cents in range(8_00, 9_60, 10)}
    alone = 0
    for before, after in steps():
        moved = sum(before <= row.left < after for row in rows)
        alone += moved <= 2
        for key, first in shown[before].items():
            numbers = {b - a for a in possible(first) for b in possible(shown[after][key]) if b >= a}
            assert len(numbers) >= 3, (key, before, after)
    assert alone


# Thresholds apart by one step; then by less than one, by moving the days of the month beside the threshold.
THIRTY, AVERAGE, THIRTY_ONE = Fraction(30), Fraction(365, 12), Fraction(31)
CLOSE = [
    ((8_30, THIRTY), (8_40, THIRTY)),
    ((8_40, THIRTY), (8_50, THIRTY)),
    ((8_80, THIRTY), (8_90, THIRTY)),
    ((8_00, THIRTY_ONE), (8_30, THIRTY)),
    ((8_20, THIRTY), (8_10, AVERAGE)),
    ((8_50, THIRTY_ONE), (8_80, THIRTY)),
]


@pytest.mark.parametrize(("before", "after"), CLOSE)
def test_a_figure_that_moves_does_not_prove_that_she_did_nor_one_that_stays_the_contrary(
    before: tuple[int, F], after: tuple[int, F]
) -> None:
    """For somebody who knows the exact value of everybody else, and that nobody else lies between the two thresholds,
    however close: the secret alone decides what moves, with her and without her, in every table where she is."""
    low, high = (cents * days / THIRTY for cents, days in (before, after))
    who = Invented(ceil(low), heads=[grown(40)])
    assert low <= who.left < high
    others = [row for row in network(400, 5, (7_50, 9_50)) if not low <= row.left < high]
    met: dict[bool, dict[By, set[bool]]] = {here: {by: set() for by in By} for here in (True, False)}
    for secret in range(150):
        for here, rows in ((True, [*others, who]), (False, others)):
            for by, first, then in _about_her(rows, who, before, after, bytes([secret])):
                met[here][by].add(first != then)
        if secret > 10 and met[True] == met[False]:
            break
    assert met[True] == met[False]


def _impact(crowd: Crowd, tried: tuple[int, F]) -> Impact:
    found = impact(crowd, below(8_00), below(*tried))
    assert found is not None
    return found


def _about_her(
    rows: list[Any], who: Any, before: tuple[int, F], after: tuple[int, F], key: bytes
) -> list[tuple[Any, ...]]:
    """What two runs show of her group, in each table."""
    crowd = crowd_of(rows, key)
    first, then = _impact(crowd, before), _impact(crowd, after)
    kind = kind_of(people_of(who.people))
    hers = {By.ALL: "all", By.ACTIVITY: who.activity, By.AGE: who.age_band, By.COMPOSITION: kind}
    told = []
    for by in By:
        for one, two in zip(first.tables[by].lines, then.tables[by].lines, strict=True):
            if one.group == GROUPS[by].get(hers[by]) and not one.hidden:
                told.append((by, *([cell.value for cell in line.cells.values()] for line in (one, two))))
    return told


def test_the_draw_is_the_same_whatever_the_bareme_tried_so_that_trying_again_teaches_nothing() -> None:
    rows = network(120)
    assert cells(run(rows, 8_70)) == cells(run(list(reversed(rows)), 8_70))
    one = crowd_of(rows, KEY)
    assert [cells(run(rows, 8_70)) for _ in range(3)] == [cells(run(rows, 8_70))] * 3
    assert (one.drawn(By.ALL) != crowd_of(rows, b"une autre").drawn(By.ALL)).any()


def test_a_household_that_leaves_a_masked_cell_changes_nothing() -> None:
    rows = network(240, 4)
    before = cells(run(rows, 8_30))
    for who in [row for row in rows if 8_00 <= row.left < 8_30][:10]:
        after = cells(run([row for row in rows if row is not who], 8_30))
        masked = {key for key, value in before.items() if value is None}
        assert {key for key in masked if key[2] == Column.ENTERS and after[key] is not None} == set()


def test_a_small_network_is_told_nothing_and_a_small_group_neither() -> None:
    assert impact(crowd_of(network(FEWEST_HOUSEHOLDS - 1), KEY), below(8_00), below(9_00)) is None
    few: list[Any] = [Invented(7_00) for _ in range(40)] + [
        Invented(9_00, "pensioner") for _ in range(FEWEST_IN_GROUP - 1)
    ]
    found = run(few, 9_50)
    hidden = {line.group for line in found.main.lines if line.hidden}
    assert "Retraités" in hidden
    assert "Salariés et indépendants" not in hidden


# ------------------------------------------------------------------ and what it says is true


def test_figures_stay_close_to_the_truth() -> None:
    rows = network(2_000, 9)
    found = run(rows, 8_60)
    for by, kind in ((By.ACTIVITY, "activity"), (By.AGE, "age_band")):
        for line, group in zip(found.tables[by].lines, GROUPS[by], strict=True):
            entering = sum(getattr(row, kind) == group and 8_00 <= row.left < 8_60 for row in rows)
            outside = sum(getattr(row, kind) == group and row.left >= 8_00 for row in rows)
            assert abs(line.cells[Column.ENTERS].guess - entering) <= 12
            assert abs(line.cells[Column.OUT].guess - outside) <= 25
    assert abs(found.main.about(Column.LEAVES)) <= 10


def test_entering_leaving_and_changing_are_told_apart() -> None:
    rows: list[Any] = [Invented(left) for left in (7_00, 8_50, 9_50) for _ in range(40)]
    council = Zone(ZoneKind.COUNCIL, 9_00)
    now = bareme(30, 8_00, zones=(Zone(ZoneKind.ELIGIBLE, 8_00), council, Zone(ZoneKind.NOT_ELIGIBLE)))
    wider = bareme(30, 8_00, zones=(Zone(ZoneKind.ELIGIBLE, 8_60), Zone(ZoneKind.COUNCIL, 9_60), now.zones[-1]))
    narrow = bareme(30, 8_00, zones=(Zone(ZoneKind.ELIGIBLE, 6_00), Zone(ZoneKind.COUNCIL, 6_50), now.zones[-1]))
    crowd = crowd_of(rows, KEY)
    wide, small = impact(crowd, now, wider), impact(crowd, now, narrow)
    assert wide is not None
    assert small is not None
    (line,) = [line for line in wide.main.lines if not line.hidden]
    assert 30 <= line.cells[Column.ENTERS].guess <= 50
    assert 30 <= line.cells[Column.CHANGES].guess <= 50
    assert line.cells[Column.LEAVES].value is None
    assert 70 <= small.main.about(Column.LEAVES) <= 90
    assert small.main.masked(Column.ENTERS)
    assert wide.worst == [("Salariés et indépendants", line.share(Column.OUT, (Column.IN, Column.OUT)))]
    assert Fraction(1, 5) < wide.worst[0][1] < Fraction(1, 2)
