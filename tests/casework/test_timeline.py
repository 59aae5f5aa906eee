"""The timeline of a file: everything one may read, the newest first, and nothing more."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from html import unescape
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordination.casework import pages, service
from coordination.casework.forms import DocumentsForm
from coordination.casework.rules import DocumentKind, Happening, newest_first, page_of
from coordination.households import service as families
from coordination.households.family import die
from coordination.households.forms import CloseForm, DeathForm, MoveForm, PersonForm
from coordination.households.life import close, move, reopen
from coordination.households.protection import lift, protect
from coordination.households.queries import residents
from coordination.households.rules import AddressKind, ClosingReason, Link
from coordination.kit.clock import frozen, today
from coordination.kit.db import acting
from coordination.referrals.rules import Domain
from tests.casework.make import give, hope, meet, owe, write
from tests.cast import PASSWORD, Cast, Organised
from tests.conftest import Base, Browser
from tests.households.make import open_household
from tests.referrals.make import note_need, refer
from tests.sharing.make import agree

DAY = timedelta(days=1)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
DAYS = st.dates(date(2020, 1, 1), date(2030, 1, 1))


@given(st.lists(st.one_of(MOMENTS, DAYS)))
def test_nothing_stands_above_what_is_newer(moments: list[datetime | date]) -> None:
    told = newest_first(Happening(at, "x") for at in moments)
    assert len(told) == len(moments)
    assert all(one.day >= other.day for one, other in pairwise(told))
    exact = [one.at for one in told if isinstance(one.at, datetime)]
    assert exact == sorted(exact, reverse=True)


@given(st.lists(st.one_of(MOMENTS, st.dates(date(2020, 1, 1), date(2020, 1, 9)))), st.integers(1, 7))
def test_page_after_page_everything_is_told_once_and_no_day_is_cut(moments: list[datetime | date], size: int) -> None:
    told = newest_first(Happening(at, "x") for at in moments)
    shown, before = page_of(told, None, size)
    turned: list[list[Happening]] = [shown]
    while before is not None:
        shown, before = page_of(told, before, size)
        turned.append(shown)
    assert [one for page in turned for one in page] == told
    assert all(len(page) >= size for page in turned[:-1])
    assert all(one[-1].day > other[0].day for one, other in pairwise(turned))


@pytest.fixture(scope="module")
def household(cast: Cast) -> UUID:
    """A file of the CCAS where everything happened; the grocery reads identity, budget and needs."""
    engine, worker = cast.engine, cast.ccas.people["intake"]
    made = open_household(engine, worker, "Canari-nom", "Linh")
    agree(engine, worker, made, [cast.epicerie], parts=("identity", "budget", "needs"))
    write(engine, worker, made, "canari-note")
    meet(engine, worker, made, today() - timedelta(days=400), words="canari-contact")
    task = give(engine, worker, made, what="canari-tache")
    owe(engine, worker, made, creditor="canari-creancier")
    hope(engine, worker, made, "canari-projet")
    note_need(engine, worker, made, Domain.VIOLENCE, "canari-sensible")
    refer(engine, worker, made, cast.epicerie)
    with acting(engine, worker) as session:
        service.end_task(session, made, task, 1)
        service.see_documents(session, made, DocumentsForm(kinds=[DocumentKind.LEASE], seen_on=today()))
    return made


def read(browser: Callable[[], Browser], organised: Organised, role: str, household: UUID) -> str:
    answer = browser().sign_in(organised.emails[role], PASSWORD).get(f"/foyers/{household}/chronologie")
    assert answer.status_code == 200
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def test_the_holder_reads_it_all_the_oldest_last(
    cast: Cast, household: UUID, browser: Callable[[], Browser], shared_base: Base
) -> None:
    said = read(browser, cast.ccas, "intake", household)
    for words in (
        "canari-note",
        "canari-contact",
        "canari-tache",
        "canari-projet",
        "canari-sensible",
        "Accord de partage : Épicerie solidaire",
        "Document vu : Bail",
        "Dette notée : Énergie",
        "Orientation envoyée : Logement, vers Épicerie solidaire",
    ):
        assert words in said, words
    assert said.index("canari-note") < said.index("canari-contact")
    lines = shared_base.admin("select count(*) from journal where verb = 'household.timeline'")
    assert lines[0][0] == 1


def test_a_partner_reads_what_was_shared_and_none_of_the_holders_own_words(
    cast: Cast, household: UUID, browser: Callable[[], Browser]
) -> None:
    said = read(browser, cast.epicerie, "intake", household)
    assert "canari-projet" in said
    assert "Dette notée" in said
    for hidden in ("canari-note", "canari-contact", "canari-tache", "canari-sensible", "Violences"):
        assert hidden not in said, hidden


def test_a_volunteer_and_a_coordinator_read_neither_notes_nor_money(
    cast: Cast, household: UUID, browser: Callable[[], Browser]
) -> None:
    for role in ("volunteer", "coordinator"):
        said = read(browser, cast.ccas, role, household)
        assert "canari-projet" in said
        for hidden in ("canari-note", "canari-contact", "canari-tache", "Dette", "Budget validé", "canari-sensible"):
            assert hidden not in said, hidden


@pytest.fixture(scope="module")
def family(cast: Cast) -> UUID:
    """A file of last year, shared with the grocery: a partner came, a mother died, it was closed, opened, protected."""
    engine, worker = cast.engine, cast.ccas.people["intake"]
    day = today() - timedelta(days=300)
    with frozen(datetime(day.year, day.month, day.day, 12, tzinfo=UTC)):
        people = ({"link": "parent", "given_name": "Odette"},)
        made = open_household(engine, worker, "Canari-famille", "Linh", people=people)
    with acting(engine, worker) as session:
        came = PersonForm(family_name="Petit", given_name="Luc", link=Link.PARTNER, from_date=day + DAY)
        families.add_person(session, made, came)
        mother = next(r for r in residents(session, made) if r.link is Link.PARENT)
        die(session, made, mother.person.id, DeathForm(on=day + 2 * DAY, version=mother.person.version))
        move(session, made, MoveForm(on=day + 3 * DAY, commune="Lens", address_kind=AddressKind.FIXED, version=1))
        close(session, made, CloseForm(reason=ClosingReason.NO_NEWS))
        reopen(session, made)
        protect(session, made, [])
        lift(session, made, with_address=False)
    agree(engine, worker, made, [cast.epicerie])
    return made


def test_the_family_and_the_file_are_told_as_far_as_the_wall_lets(
    cast: Cast, family: UUID, browser: Callable[[], Browser]
) -> None:
    shared = ("Dossier ouvert", "Arrivée dans le foyer : PETIT Luc", "Décès : CANARI-FAMILLE Odette", "Dossier clos")
    own = ("Déménagement Auparavant à Carvin", "Dossier protégé", "Protection levée")
    holder, partner = (read(browser, one, "intake", family) for one in (cast.ccas, cast.epicerie))
    for words in (*shared, *own, "Dossier rouvert"):
        assert words in holder, words
    assert "Arrivée dans le foyer : CANARI" not in holder  # there when the file was opened
    for words in shared:
        assert words in partner, words
    for words in own:
        assert words not in partner, words


def test_what_is_older_stands_on_the_next_page(
    cast: Cast, family: UUID, browser: Callable[[], Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "TOLD", 2)
    client = browser().sign_in(cast.ccas.emails["intake"], PASSWORD)
    here = f"/foyers/{family}/chronologie"
    first = client.get(here).text
    assert "PETIT Luc" not in first
    told, place = first, re.search(r'rel="next" href="([^"]+)"', first)
    while place is not None:
        told = client.get(unescape(place[1])).text
        place = re.search(r'rel="next" href="([^"]+)"', told)
    assert "PETIT Luc" in told
    assert "Dossier rouvert" not in told
    assert client.get(f"{here}?avant=hier").status_code == 422
