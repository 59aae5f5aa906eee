"""A file handed over: to whom the household shows itself, what follows, what the former holder loses."""

from collections.abc import Callable
from uuid import UUID

import psycopg
import pytest
from sqlalchemy.exc import ProgrammingError

from coordination.households import life, queries, service
from coordination.households.forms import ProfileForm
from coordination.kit.db import ActorSession, acting
from coordination.kit.errors import NotKnown
from coordination.sharing.service import withdraw_agreement
from tests.cast import PASSWORD, Cast, Organised
from tests.conftest import Browser
from tests.households.make import open_household
from tests.sharing.make import agree

PLAIN = {"identity", "budget", "needs", "aid"}


@pytest.fixture
def file_id(cast: Cast) -> UUID:
    return open_household(cast.engine, cast.ccas.people["intake"])


def parts(cast: Cast, organised: Organised, file_id: UUID, role: str = "intake") -> set[str]:
    with ActorSession(cast.engine, organised.people[role]) as session:
        return queries.visible_parts(session, file_id)


def transfer(cast: Cast, file_id: UUID, to: Organised) -> None:
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        life.transfer(session, file_id, to.id)


def test_the_new_holder_writes_and_the_former_one_sees_nothing_any_more(cast: Cast, file_id: UUID) -> None:
    agree(cast.engine, cast.ccas.people["intake"], file_id, [cast.secours], parts=("identity",))
    agree(cast.engine, cast.ccas.people["intake"], file_id, [cast.epicerie], parts=("identity",))
    transfer(cast, file_id, cast.secours)
    assert parts(cast, cast.ccas, file_id) == set()
    assert parts(cast, cast.secours, file_id) == PLAIN
    assert parts(cast, cast.epicerie, file_id) == {"identity"}
    with ActorSession(cast.engine, cast.ccas.people["intake"]) as session, pytest.raises(NotKnown):
        queries.file_header(session, file_id)
    with acting(cast.engine, cast.secours.people["intake"]) as session:
        service.update_profile(session, file_id, ProfileForm(commune="Lens", version=1))
        assert {
            share.holder_organisation_id for share in queries.shares_of(session, file_id) if not share.revoked_at
        } == {cast.secours.id}


def test_sensitive_facts_follow_an_agreement_and_to_professionals_alone(cast: Cast, file_id: UUID) -> None:
    agree(cast.engine, cast.ccas.people["intake"], file_id, [cast.secours], parts=("identity", "sensitive"))
    transfer(cast, file_id, cast.secours)
    with ActorSession(cast.engine, cast.secours.people["intake"]) as session:
        held = {
            s.scope: s.audience
            for s in queries.shares_of(session, file_id)
            if s.ground == "holder" and not s.revoked_at
        }
    assert held == {**dict.fromkeys(PLAIN, "all"), "sensitive": "professionals"}
    assert "sensitive" not in parts(cast, cast.secours, file_id)  # its people are no professionals


def test_a_file_goes_to_nobody_the_household_does_not_show_itself_to(cast: Cast, file_id: UUID) -> None:
    ended = agree(cast.engine, cast.ccas.people["intake"], file_id, [cast.secours], parts=("identity",))
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        withdraw_agreement(session, file_id, ended)
    for to in (cast.epicerie, cast.secours, cast.bonne_action, cast.elsewhere, cast.ccas):
        with pytest.raises(life.NotTrusted):
            transfer(cast, file_id, to)
        with (
            ActorSession(cast.engine, cast.ccas.people["intake"]) as session,
            pytest.raises(ProgrammingError) as refused,
        ):
            session.door("access.transfer_holder(:id, :to)", id=file_id, to=to.id)
        assert isinstance(refused.value.orig, psycopg.errors.InsufficientPrivilege)
    assert parts(cast, cast.ccas, file_id) > PLAIN


def test_neither_a_partner_nor_a_role_without_the_identity_hands_a_file_over(cast: Cast, file_id: UUID) -> None:
    agree(cast.engine, cast.ccas.people["intake"], file_id, [cast.secours, cast.epicerie], parts=("identity",))
    for member in (cast.secours.people["intake"], cast.ccas.people["admin"], cast.ccas.people["dpo"]):
        with ActorSession(cast.engine, member) as session, pytest.raises(ProgrammingError):
            session.door("access.transfer_holder(:id, :to)", id=file_id, to=cast.epicerie.id)


def test_a_file_is_handed_over_through_its_screen(cast: Cast, file_id: UUID, browser: Callable[[], Browser]) -> None:
    client = browser().sign_in(cast.ccas.emails["intake"], PASSWORD)
    place = f"/foyers/{file_id}/confier"
    assert "Aucune structure ne peut encore" in client.get(place).text
    agree(cast.engine, cast.ccas.people["intake"], file_id, [cast.secours], parts=("identity",))
    shown = client.get(place).text
    assert "Ce que votre structure perd" in shown
    assert "ne lui seront pas ouverts" in shown
    assert client.post(place, data={"to": str(cast.secours.id)}).status_code == 422
    assert client.post(place, data={"to": str(cast.epicerie.id), "confirm": "oui"}).status_code == 409
    assert client.post(place, data={"to": str(cast.secours.id), "confirm": "oui"}).status_code == 303
    assert client.get(f"/foyers/{file_id}").status_code == 404
