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

from coordination.casework import service
from coordination.casework.forms import DocumentsForm
from coordination.casework.rules import DocumentKind, Happening, newest_first
from coordination.kit.clock import today
from coordination.kit.db import acting
from coordination.referrals.rules import Domain
from tests.casework.make import give, hope, meet, owe, write
from tests.cast import PASSWORD, Cast, Organised
from tests.conftest import Base, Browser
from tests.households.make import open_household
from tests.referrals.make import note_need, refer
from tests.sharing.make import agree

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
DAYS = st.dates(date(2020, 1, 1), date(2030, 1, 1))


@given(st.lists(st.one_of(MOMENTS, DAYS)))
def test_nothing_stands_above_what_is_newer(moments: list[datetime | date]) -> None:
    told = newest_first(Happening(at, "x") for at in moments)
    assert len(told) == len(moments)
    assert all(one.day >= other.day for one, other in pairwise(told))
    exact = [one.at for one in told if isinstance(one.at, datetime)]
    assert exact == sorted(exact, reverse=True)


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
