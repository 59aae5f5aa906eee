"""Each adult for themselves: a missing one is named, what is hers stays closed, her answer comes later."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from coordination.households import family
from coordination.households import queries as households
from coordination.households import service as files
from coordination.households.forms import LeaveForm, PersonForm
from coordination.households.rules import Activity, EndReason, Link
from coordination.kit.actor import Member
from coordination.kit.clock import today
from coordination.kit.db import ActorSession, acting
from coordination.kit.errors import NotAllowed, NotNow
from coordination.sharing import queries, service
from coordination.sharing.forms import AdultRow, AgreementForm, AnswerForm
from coordination.sharing.rules import Answer, Audience, GivenHow, Purpose, SharedPart
from tests.cast import PASSWORD, Cast
from tests.conftest import Browser
from tests.households.make import open_household


@pytest.fixture
def worker(cast: Cast) -> Member:
    return cast.ccas.people["intake"]


@pytest.fixture
def file_id(cast: Cast, worker: Member) -> UUID:
    """A couple who both work."""
    made = open_household(
        cast.engine, worker, "Petit", "Anne", people=({"given_name": "Marc", "link": "partner", "birth": "1980"},)
    )
    with acting(cast.engine, worker) as session:
        for who in households.residents(session, made, today()):
            form = PersonForm(
                family_name="Petit",
                given_name=who.person.given_name,
                link=who.link,
                activity=Activity.EMPLOYEE,
                version=who.person.version,
            )
            files.update_person(session, made, who.person.id, form)
    return made


def agreed(cast: Cast, worker: Member, file_id: UUID, first: Answer = Answer.AGREES) -> UUID:
    """An agreement towards the épicerie, the partner being absent."""
    with acting(cast.engine, worker) as session:
        adults = queries.adults_of(session, file_id)
        form = AgreementForm(
            adults=[
                AdultRow(person=a.person.id, answer=Answer.ABSENT if a.link is Link.PARTNER else first) for a in adults
            ],
            recipients=[cast.epicerie.id],
            parts=[SharedPart.IDENTITY],
            audience=Audience.ALL,
            purpose=Purpose.SUPPORT,
            given_how=GivenHow.ORAL,
            valid_until=today() + timedelta(days=90),
        )
        return service.record_agreement(session, file_id, form).id


def activities(cast: Cast, member: Member, file_id: UUID) -> dict[str, Activity | None]:
    with ActorSession(cast.engine, member) as session:
        return {r.person.given_name: r.activity for r in households.residents(session, file_id, today())}


def answer(cast: Cast, worker: Member, file_id: UUID, agreement_id: UUID, said: str) -> None:
    with acting(cast.engine, worker) as session:
        ((person_id, _),) = queries.absent_of(session, file_id, agreement_id)
        service.record_answer(
            session, file_id, agreement_id, AnswerForm.model_validate({"person": person_id, "answer": said})
        )


def test_what_an_absent_adult_lives_by_stays_with_the_holder(cast: Cast, worker: Member, file_id: UUID) -> None:
    agreement_id = agreed(cast, worker, file_id)
    partner = cast.epicerie.people["intake"]
    assert activities(cast, partner, file_id) == {"Anne": Activity.EMPLOYEE, "Marc": None}
    assert activities(cast, worker, file_id) == {"Anne": Activity.EMPLOYEE, "Marc": Activity.EMPLOYEE}
    answer(cast, worker, file_id, agreement_id, "agrees")
    assert activities(cast, partner, file_id) == {"Anne": Activity.EMPLOYEE, "Marc": Activity.EMPLOYEE}


def test_her_refusal_ends_what_the_agreement_opened_at_once(cast: Cast, worker: Member, file_id: UUID) -> None:
    agreement_id = agreed(cast, worker, file_id)
    answer(cast, worker, file_id, agreement_id, "refuses")
    with ActorSession(cast.engine, cast.epicerie.people["intake"]) as session:
        assert households.visible_parts(session, file_id) == set()
    with ActorSession(cast.engine, worker) as session:
        assert queries.agreement_of(session, file_id, agreement_id).refused
        assert queries.absent_of(session, file_id, agreement_id) == []


def test_when_everybody_was_absent_the_first_to_agree_opens_it(cast: Cast, worker: Member, file_id: UUID) -> None:
    agreement_id = agreed(cast, worker, file_id, Answer.ABSENT)
    partner = cast.epicerie.people["intake"]
    with ActorSession(cast.engine, partner) as session:
        assert households.visible_parts(session, file_id) == set()
    with acting(cast.engine, worker) as session:
        for person_id, _ in queries.absent_of(session, file_id, agreement_id):
            form = AnswerForm.model_validate({"person": person_id, "answer": "agrees"})
            service.record_answer(session, file_id, agreement_id, form)
    with ActorSession(cast.engine, partner) as session:
        assert households.visible_parts(session, file_id) == {"identity"}


def test_an_answer_is_given_once_and_recorded_by_the_holder(cast: Cast, worker: Member, file_id: UUID) -> None:
    agreement_id = agreed(cast, worker, file_id)
    with ActorSession(cast.engine, worker) as session:
        ((person_id, name),) = queries.absent_of(session, file_id, agreement_id)
    assert name == "PETIT Marc"
    form = AnswerForm.model_validate({"person": person_id, "answer": "refuses"})
    with ActorSession(cast.engine, cast.epicerie.people["intake"]) as session:
        with pytest.raises(NotAllowed):
            service.record_answer(session, file_id, agreement_id, form)
        with pytest.raises(Exception, match="no answer is awaited"):
            session.door("access.record_answer(:id, :who, 'refuses')", id=agreement_id, who=person_id)
    answer(cast, worker, file_id, agreement_id, "agrees")
    with ActorSession(cast.engine, worker) as session, pytest.raises(NotNow):
        service.record_answer(session, file_id, agreement_id, form)


def test_who_left_the_household_is_not_asked_any_more(cast: Cast, worker: Member, file_id: UUID) -> None:
    agreement_id = agreed(cast, worker, file_id)
    with acting(cast.engine, worker) as session:
        gone = next(r.person for r in households.residents(session, file_id, today()) if r.link is Link.PARTNER)
        yesterday = today() - timedelta(days=1)
        form = LeaveForm(on=yesterday, reason=EndReason.SEPARATION, version=gone.version)
        family.leave(session, file_id, gone.id, form)
        assert queries.absent_of(session, file_id, agreement_id) == []
        said = AnswerForm.model_validate({"person": gone.id, "answer": "refuses"})
        with pytest.raises(NotNow, match="plus dans le foyer"):
            service.record_answer(session, file_id, agreement_id, said)


def test_the_missing_adult_is_named_and_answers_on_the_agreement(
    cast: Cast, worker: Member, file_id: UUID, browser: Callable[[], Browser]
) -> None:
    agreement_id = agreed(cast, worker, file_id)
    client = browser().sign_in(cast.ccas.emails["intake"], PASSWORD)
    for path in (f"/foyers/{file_id}", f"/foyers/{file_id}/accords/{agreement_id}"):
        assert "Réponse à recueillir : PETIT Marc" in client.get(path).text
    with ActorSession(cast.engine, worker) as session:
        ((person_id, _),) = queries.absent_of(session, file_id, agreement_id)
    here = f"/foyers/{file_id}/accords/{agreement_id}/reponse"
    assert client.post(here, data={"person": str(person_id), "answer": "absent"}).status_code == 422
    assert client.post(here, data={"person": str(person_id), "answer": "refuses"}).status_code == 303
    assert "Réponse à recueillir" not in client.get(f"/foyers/{file_id}").text
