"""Access asked for with a code: the asker learns nothing, the holder decides with the person."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from coordination.households import queries as households
from coordination.kit.actor import Member
from coordination.kit.clock import today
from coordination.kit.db import ActorSession, acting
from coordination.kit.errors import NotAllowed, NotKnown
from coordination.sharing import queries, service
from coordination.sharing.forms import AccessForm
from coordination.sharing.models import AccessRequestFile
from coordination.sharing.rules import Decline, RequestState
from tests.cast import PASSWORD, Cast
from tests.conftest import Base, Browser
from tests.households.make import open_household
from tests.sharing.make import agree

NO_FILE = "2222-222"  # a well-formed code


@pytest.fixture(autouse=True)
def a_new_day(shared_base: Base) -> Iterator[None]:
    yield
    shared_base.admin("delete from network_question")
    shared_base.admin("delete from access_request_file")
    shared_base.admin("delete from access_request")


@pytest.fixture
def file_id(cast: Cast) -> UUID:
    return open_household(cast.engine, cast.ccas.people["intake"])


def code_of(cast: Cast, file_id: UUID) -> str:
    with ActorSession(cast.engine, cast.ccas.people["intake"]) as session:
        return households.file_header(session, file_id).code


def ask(cast: Cast, member: Member, code: str, parts: tuple[str, ...] = ("identity", "needs")) -> UUID:
    with acting(cast.engine, member) as session:
        form = AccessForm.model_validate({"code": code, "parts": list(parts), "purpose": "support"})
        return service.request_access(session, form)


def test_the_no_file_code_is_well_formed() -> None:
    AccessForm.model_validate({"code": NO_FILE, "parts": ["identity"], "purpose": "support"})


def test_the_asker_learns_nothing_whether_the_file_exists_or_not(
    cast: Cast, shared_base: Base, file_id: UUID, browser: Callable[[], Browser]
) -> None:
    client = browser().sign_in(cast.secours.emails["intake"], PASSWORD)
    told = []
    for code in (code_of(cast, file_id), NO_FILE):
        sent = client.post("/acces/demander", data={"code": code, "parts": "needs", "purpose": "support"})
        shown = client.get("/acces")
        told.append((sent.status_code, sent.headers["location"], shown.text.count("Sans réponse</")))
        assert str(file_id) not in shown.text
        assert "Martin" not in shown.text
    assert told == [(303, "/acces", 1), (303, "/acces", 2)]
    with ActorSession(cast.engine, cast.secours.people["intake"]) as session:
        assert session.rows("select id from access_request_file") == []
        assert {r.state for r in queries.my_requests(session)} == {RequestState.ASKED}
    lines = shared_base.admin(
        "select verb, subject, household_id, fields, subject_id from journal where verb ~ '^access'"
    )
    assert set(map(str, lines)) == {
        str(("access.ask", "membership", None, [], str(cast.secours.people["intake"].membership_id)))
    }


def test_the_holder_sees_the_request_and_accepts_it_with_the_person_s_agreement(
    cast: Cast, file_id: UUID, browser: Callable[[], Browser]
) -> None:
    request_id = ask(cast, cast.secours.people["intake"], code_of(cast, file_id))
    client = browser().sign_in(cast.ccas.emails["intake"], PASSWORD)
    for path in ("/", f"/foyers/{file_id}"):
        assert "Secours populaire" in client.get(path).text
    form = client.get(f"/foyers/{file_id}/accords/nouveau?demande={request_id}").text
    assert f'value="{request_id}"' in form
    with ActorSession(cast.engine, cast.ccas.people["intake"]) as session:
        adult = queries.adults_of(session, file_id)[0].person.id
    until = f"{today() + timedelta(days=30):%d/%m/%Y}"
    typed = {
        "request": str(request_id),
        "adults-0-person": str(adult),
        "adults-0-answer": "agrees",
        "recipients": str(cast.secours.id),
        "parts": ["identity", "needs"],
        "audience": "all",
        "purpose": "support",
        "given_how": "oral",
        "valid_until": until,
    }
    unasked = client.post(f"/foyers/{file_id}/accords/nouveau", data={**typed, "audience": ""})
    assert unasked.status_code == 422
    assert "Demandez à la personne qui lira son dossier" in unasked.text
    answer = client.post(f"/foyers/{file_id}/accords/nouveau", data=typed)
    assert answer.status_code == 303, answer.text
    with ActorSession(cast.engine, cast.secours.people["intake"]) as session:
        assert [r.state for r in queries.my_requests(session)] == [RequestState.ACCEPTED]
        assert households.file_header(session, file_id).name == "MARTIN Sophie"
    again = client.post(f"/foyers/{file_id}/accords/nouveau", data=typed)
    assert again.status_code == 409
    assert "déjà reçu une réponse" in again.text
    assert until in again.text


def test_a_refusal_of_the_person_answers_the_request(cast: Cast, file_id: UUID) -> None:
    request_id = ask(cast, cast.secours.people["intake"], code_of(cast, file_id))
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        service.decline_request(session, file_id, request_id, Decline.NO_AGREEMENT)
    with ActorSession(cast.engine, cast.secours.people["intake"]) as session:
        (mine,) = queries.my_requests(session)
        assert (mine.state, mine.reason) == (RequestState.DECLINED, Decline.NO_AGREEMENT)
        assert households.visible_parts(session, file_id) == set()


def test_a_request_is_answered_once_by_the_holder_alone(cast: Cast, file_id: UUID) -> None:
    request_id = ask(cast, cast.secours.people["intake"], code_of(cast, file_id))
    agree(cast.engine, cast.ccas.people["intake"], file_id, [cast.epicerie])
    for organised, refusal in ((cast.epicerie, NotAllowed), (cast.secours, NotKnown), (cast.elsewhere, NotKnown)):
        with ActorSession(cast.engine, organised.people["intake"]) as session:
            with pytest.raises(refusal):
                service.decline_request(session, file_id, request_id, Decline.NOT_NEEDED)
            session.rollback()
            assert session.get(AccessRequestFile, request_id) is None
            with pytest.raises(Exception, match="not hers to answer"):
                session.door("access.answer_request(:id, null, 'not_needed')", id=request_id)
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        service.decline_request(session, file_id, request_id, Decline.NOT_NEEDED)
    with ActorSession(cast.engine, cast.ccas.people["intake"]) as session, pytest.raises(queries.Answered):
        service.decline_request(session, file_id, request_id, Decline.NOT_NEEDED)


def test_the_door_accepts_only_with_an_agreement_towards_the_asker(cast: Cast, file_id: UUID) -> None:
    request_id = ask(cast, cast.secours.people["intake"], code_of(cast, file_id))
    for_another = agree(cast.engine, cast.ccas.people["intake"], file_id, [cast.epicerie])
    for agreement in (for_another, uuid4()):
        with (
            ActorSession(cast.engine, cast.ccas.people["intake"]) as session,
            pytest.raises(Exception, match="not hers"),
        ):
            session.door("access.answer_request(:id, :agreement, '')", id=request_id, agreement=agreement)


def test_a_code_is_asked_once_at_a_time_and_twenty_a_day(cast: Cast, file_id: UUID) -> None:
    member = cast.secours.people["intake"]
    ask(cast, member, code_of(cast, file_id))
    with pytest.raises(service.AlreadyAsked):
        ask(cast, member, code_of(cast, file_id))
    with acting(cast.engine, member) as session:
        for _ in range(19):
            assert session.door("access.request_access(:id, :c, '{identity}', 'support')", id=uuid4(), c=NO_FILE)
        assert not session.door("access.request_access(:id, :c, '{identity}', 'support')", id=uuid4(), c=NO_FILE)
    with acting(cast.engine, cast.epicerie.people["intake"]) as session:
        assert session.door("access.request_access(:id, :c, '{identity}', 'support')", id=uuid4(), c=NO_FILE)


@pytest.mark.parametrize("role", ["volunteer", "council", "coordinator", "dpo", "admin"])
def test_intake_alone_asks_for_access(cast: Cast, role: str) -> None:
    with pytest.raises(NotAllowed):
        ask(cast, cast.secours.people[role], NO_FILE)


def test_a_mistyped_code_is_told_at_once_and_kept(cast: Cast, browser: Callable[[], Browser]) -> None:
    client = browser().sign_in(cast.secours.emails["intake"], PASSWORD)
    answer = client.post("/acces/demander", data={"code": "7K3M-2PZ", "parts": "needs", "purpose": "support"})
    assert answer.status_code == 422
    assert "Relisez-le" in answer.text
    assert "7K3M-2PZ" in answer.text
