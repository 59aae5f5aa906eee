"""The dry run: what is wrong with a row, and whom it resembles, in what one may see and in the list itself."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import bindparam, func, insert, update
from sqlmodel import col, select

from coordination.households.finding import likely_duplicates
from coordination.households.rules import Link, parse_birth
from coordination.imports.forms import RowForm, examined
from coordination.imports.models import ImportBatch, ImportRow
from coordination.imports.rules import MOST_PEOPLE, RowState, household_key, name_key
from coordination.imports.unfolding import people_of
from coordination.kit.clock import today
from coordination.kit.db import ActorSession

SECOND_REFERENCE = "Ce foyer a déjà une personne de référence, ligne {number} : choisissez un autre lien."
CROWD = f"Plus de {MOST_PEOPLE} personnes portent ce numéro de foyer : vérifiez cette colonne."


class Around:
    """What the rest of the list says of some names and some households."""

    def __init__(
        self, session: ActorSession, batch: ImportBatch, names: Iterable[str], households: Iterable[str]
    ) -> None:
        mine = [ImportRow.batch_id == batch.id, ImportRow.state != RowState.OUT.value, ImportRow.state != "new"]
        self.same: dict[str, list[tuple[int, str]]] = {}
        self.references: dict[str, int] = {}
        self.sizes: dict[str, int] = {}
        asked_names, asked = sorted(set(names) - {""}), sorted(set(households))
        for key, number, said in session.exec(
            select(ImportRow.name_key, ImportRow.number, ImportRow.said)
            .where(*mine, col(ImportRow.name_key).in_(asked_names))
            .order_by(col(ImportRow.number))
        ):
            self.same.setdefault(key, []).append((number, said.get("birth", "")))
        for key, count in session.exec(
            select(ImportRow.household_key, func.count())
            .where(*mine, col(ImportRow.household_key).in_(asked))
            .group_by(ImportRow.household_key)
        ):
            self.sizes[key] = count
        for key, number, said in session.exec(
            select(ImportRow.household_key, ImportRow.number, ImportRow.said).where(
                *mine, col(ImportRow.household_key).in_(asked)
            )
        ):
            self.remember_reference(key, number, said)

    def remember_reference(self, household: str, number: int, said: Mapping[str, Any]) -> None:
        row, _, _ = examined(said) if said.get("link") == Link.REFERENCE else (None, {}, {})
        if row is not None and row.link is Link.REFERENCE:
            self.references.setdefault(household, number)

    def add(self, row: dict[str, Any]) -> None:
        """A row just checked: the following ones see it."""
        if row["name_key"]:
            self.same.setdefault(row["name_key"], []).append((row["number"], row["said"].get("birth", "")))
        self.sizes[row["household_key"]] = self.sizes.get(row["household_key"], 0) + 1
        self.remember_reference(row["household_key"], row["number"], row["said"])


def check_rows(session: ActorSession, batch: ImportBatch, most: int) -> int:
    """Checks the next lines of the list, at most `most`, each unfolded into its people; answers how many there were."""
    lines = session.exec(
        select(ImportRow.id, ImportRow.number, ImportRow.cells)
        .where(ImportRow.batch_id == batch.id, ImportRow.state == RowState.NEW.value)
        .order_by(col(ImportRow.number))
        .limit(most)
    ).all()
    if not lines:
        return 0
    keys = {number: key for key, number, _ in lines}
    read = [
        (number, somebody, *examined(somebody.said, somebody.rank))
        for _, number, cells in lines
        for somebody in people_of(cells, batch.columns, batch.commune)
    ]
    families = {
        number: said["family_name"] if person else "" for number, somebody, person, _, said in read if not somebody.rank
    }
    around = Around(
        session,
        batch,
        (name_key(said["family_name"] or families[number], said["given_name"]) for number, *_, said in read),
        (household_key(number, said["household"]) for number, *_, said in read),
    )
    found = []
    for number, somebody, person, faults, said in read:
        line = Line(number, somebody.rank, families[number])
        found.append(result(session, around, line, person, faults | somebody.faults, said))
        around.add(found[-1])
    _write(session, [{"row_key": keys[row["number"]], **row} for row in found if not row["rank"]])
    _add(session, batch, [row for row in found if row["rank"]])
    return len(lines)


FOUND = ("said", "state", "faults", "doubles", "name_key", "household_key")


def _write(session: ActorSession, found: list[dict[str, Any]]) -> None:
    table = ImportRow.__table__  # type: ignore[attr-defined]
    session.connection().execute(
        update(table)
        .where(table.c.id == bindparam("row_key"))
        .values({name: bindparam(f"new_{name}") for name in FOUND}),
        [{"row_key": row["row_key"], **{f"new_{name}": row[name] for name in FOUND}} for row in found],
    )


def _add(session: ActorSession, batch: ImportBatch, found: list[dict[str, Any]]) -> None:
    """The other people of the lines just checked."""
    home = {"network_id": batch.network_id, "batch_id": batch.id, "membership_id": batch.created_by, "cells": []}
    if found:
        session.connection().execute(insert(ImportRow), [{"id": uuid4(), **home, **row} for row in found])


def recheck(session: ActorSession, batch: ImportBatch, row: ImportRow, family: str) -> None:
    """One corrected row, among the others as they are now; `family`: the name of whoever holds its line."""
    row.state = RowState.OUT.value  # it does not resemble itself
    session.flush()
    person, faults, said = examined(row.said, row.rank)
    line = Line(row.number, row.rank, family)
    around = Around(
        session,
        batch,
        [name_key(said["family_name"] or family, said["given_name"])],
        [household_key(row.number, said["household"])],
    )
    found = result(session, around, line, person, faults, said)
    for name in FOUND:
        setattr(row, name, found[name])
    session.flush()


@dataclass(frozen=True)
class Line:
    """Where a person stands: her line, her rank in it, and the family name she has when she has no other."""

    number: int
    rank: int
    family: str


def result(
    session: ActorSession,
    around: Around,
    line: Line,
    person: RowForm | None,
    faults: dict[str, str],
    said: dict[str, str],
) -> dict[str, Any]:
    """What is stored of a row: its state, why, and whom it resembles."""
    key = name_key(said["family_name"] or line.family, said["given_name"])
    household = household_key(line.number, said["household"])
    doubles: dict[str, Any] = {}
    if person is not None:
        faults |= _in_household(around, household, person)
    if person is not None and not faults:
        doubles = _likeness(session, around, key, line, person)
    state = RowState.FAULTY if faults else RowState.DOUBTFUL if doubles else RowState.GOOD
    return {
        "number": line.number,
        "rank": line.rank,
        "said": said,
        "state": state.value,
        "faults": faults,
        "doubles": doubles,
        "name_key": key,
        "household_key": household,
    }


def _in_household(around: Around, household: str, person: RowForm) -> dict[str, str]:
    if person.link is Link.REFERENCE and household in around.references:
        return {"link": SECOND_REFERENCE.format(number=around.references[household])}
    if around.sizes.get(household, 0) >= MOST_PEOPLE:
        return {"household": CROWD}
    return {}


def _likeness(session: ActorSession, around: Around, key: str, line: Line, person: RowForm) -> dict[str, Any]:
    """Another row of the same name, or files one may see: never what the network knows beyond."""
    if not key:
        return {}
    doubles: dict[str, Any] = {}
    same = [number for number, birth in around.same.get(key, []) if _may_be_one(birth, person.birth)]
    if same:
        doubles["row"] = same[0]
    birth = parse_birth(person.birth, today())
    hits = likely_duplicates(session, person.family_name or line.family, person.given_name, birth)
    if hits:
        doubles["files"] = list(dict.fromkeys(str(hit.household_id) for hit in hits))
    return doubles


def _may_be_one(one: str, other: str) -> bool:
    """Whether two birth dates, as far as they are known, may be the same day."""
    try:
        first, second = parse_birth(one, today()), parse_birth(other, today())
    except ValueError:
        return False
    if first.first is None or second.first is None or first.last is None or second.last is None:
        return True
    return first.first <= second.last and second.first <= first.last
