"""Agreements end with a proposal to renew them; twice a year each organisation says which shares it still needs."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from coordination.households import queries as households
from coordination.kit.actor import Member
from coordination.kit.clock import now, today
from coordination.kit.db import ActorSession, acting
from coordination.kit.errors import NotAllowed, NotKnown
from coordination.sharing import queries, service
from coordination.sharing.rules import ENDING_SOON_DAYS, REVIEW_DAYS
from tests.cast import PASSWORD, Cast
from tests.conftest import Base, Browser
from tests.households.make import open_household
from tests.sharing.make import agree


@pytest.fixture
def worker(cast: Cast) -> Member:
    return cast.ccas.people["intake"]


def ending(cast: Cast, member: Member, file_id: UUID) -> list[UUID]:
    with ActorSession(cast.engine, member) as session:
        assert {e.agreement_id for e in queries.ending_soon(session, file_id)} <= {
            e.agreement_id for e in queries.ending_soon(session, most=1000)
        }
        return [e.agreement_id for e in queries.ending_soon(session, file_id)]


def test_an_agreement_is_proposed_for_renewal_in_its_last_thirty_days(cast: Cast, worker: Member) -> None:
    file_id = open_household(cast.engine, worker)
    agree(cast.engine, worker, file_id, [cast.secours], days=ENDING_SOON_DAYS + 1)
    last = agree(cast.engine, worker, file_id, [cast.epicerie], days=ENDING_SOON_DAYS)
    assert ending(cast, worker, file_id) == [last]
    assert ending(cast, cast.epicerie.people["intake"], file_id) == []


def test_what_is_renewed_withdrawn_or_refused_is_not_proposed(cast: Cast, worker: Member) -> None:
    file_id = open_household(cast.engine, worker)
    first = agree(cast.engine, worker, file_id, [cast.epicerie], days=10)
    same_day = agree(cast.engine, worker, file_id, [cast.epicerie], days=10)
    assert set(ending(cast, worker, file_id)) == {first, same_day}
    agree(cast.engine, worker, file_id, [cast.epicerie], days=200)
    assert ending(cast, worker, file_id) == []
    withdrawn = agree(cast.engine, worker, file_id, [cast.secours], days=10)
    with acting(cast.engine, worker) as session:
        service.withdraw_agreement(session, file_id, withdrawn)
    assert ending(cast, worker, file_id) == []


def test_renewing_fills_in_the_same_structures_and_parts_and_no_answer(
    cast: Cast, worker: Member, browser: Callable[[], Browser]
) -> None:
    file_id = open_household(cast.engine, worker)
    old = agree(cast.engine, worker, file_id, [cast.epicerie], parts=("identity", "budget"), days=10)
    client = browser().sign_in(cast.ccas.emails["intake"], PASSWORD)
    address = f"/foyers/{file_id}/accords/nouveau?renouvelle={old}"
    assert address.replace("&", "&amp;") in client.get(f"/foyers/{file_id}").text
    assert address in client.get("/").text
    form = client.get(address).text
    checked = {line.split('value="')[1].split('"')[0] for line in form.split("<input") if " checked" in line}
    assert checked == {str(cast.epicerie.id), "identity", "budget", "all", "support"}


@pytest.fixture
def old_share(cast: Cast, shared_base: Base, worker: Member) -> UUID:
    """A file shared with the épicerie half a year ago, to the day."""
    file_id = open_household(cast.engine, worker, "Ancien", "Paul")
    agree(cast.engine, worker, file_id, [cast.epicerie, cast.secours], days=300)
    start = today() - timedelta(days=REVIEW_DAYS)
    shared_base.admin(
        "update share set valid_from = %s where household_id = %s and ground = 'agreement'", start, file_id
    )
    return file_id


def reviewed(cast: Cast, member: Member, file_id: UUID) -> bool:
    with ActorSession(cast.engine, member) as session:
        return file_id in {row.household_id for row in queries.to_review(session)}


def test_a_share_comes_back_for_review_half_a_year_after_it_was_given_or_confirmed(
    cast: Cast, shared_base: Base, worker: Member, old_share: UUID
) -> None:
    partner = cast.epicerie.people["intake"]
    young = open_household(cast.engine, worker, "Jeune", "Luc")
    agree(cast.engine, worker, young, [cast.epicerie])
    assert reviewed(cast, partner, old_share)
    assert not reviewed(cast, partner, young)
    assert not reviewed(cast, worker, old_share)
    with acting(cast.engine, partner) as session:
        service.confirm_share(session, old_share)
    assert not reviewed(cast, partner, old_share)
    assert reviewed(cast, cast.secours.people["intake"], old_share)
    shared_base.admin("update share_review set confirmed_at = %s", now() - timedelta(days=REVIEW_DAYS + 1))
    assert reviewed(cast, partner, old_share)


def test_giving_up_closes_one_s_own_share_and_nobody_else_s(cast: Cast, old_share: UUID) -> None:
    partner, other = cast.epicerie.people["intake"], cast.secours.people["intake"]
    with acting(cast.engine, partner) as session:
        service.give_up_share(session, old_share)
    with ActorSession(cast.engine, partner) as session, pytest.raises(NotKnown):
        households.file_header(session, old_share)
    with ActorSession(cast.engine, other) as session:
        assert households.visible_parts(session, old_share) == {"identity", "needs"}
    with ActorSession(cast.engine, cast.ccas.people["intake"]) as session:
        assert "Épicerie solidaire" not in {seen.organisation_name for seen in queries.who_sees(session, old_share)}


def test_the_holder_gives_nothing_up_and_volunteers_do_not_review(cast: Cast, worker: Member, old_share: UUID) -> None:
    with ActorSession(cast.engine, worker) as session:
        with pytest.raises(service.NothingShared):
            service.give_up_share(session, old_share)
        session.rollback()
        assert session.door("access.give_up_share(:id)", id=old_share) == 0
    volunteer = cast.epicerie.people["volunteer"]
    with ActorSession(cast.engine, volunteer) as session:
        with pytest.raises(NotAllowed):
            service.confirm_share(session, old_share)
        with pytest.raises(Exception, match="intake alone"):
            session.door("access.give_up_share(:id)", id=old_share)


def test_the_review_page_answers_in_one_press(cast: Cast, old_share: UUID, browser: Callable[[], Browser]) -> None:
    client = browser().sign_in(cast.epicerie.emails["intake"], PASSWORD)
    assert "Dossiers partagés à revoir" in client.get("/").text
    shown = client.get("/partages/a-revoir").text
    assert f"/partages/{old_share}/garder" in shown
    assert client.post(f"/partages/{old_share}/garder").status_code == 303
    assert f"/partages/{old_share}/garder" not in client.get("/partages/a-revoir").text
    assert client.post(f"/partages/{old_share}/rendre").status_code == 303
    assert client.get(f"/foyers/{old_share}").status_code == 404
