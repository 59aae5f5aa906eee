"""Role × route of the API, from one table: every route called by every kind of bearer. A new route needs its row."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from fastapi.routing import APIRoute

from coordination.budgets import service as budgets
from coordination.kit.db import acting
from coordination.main import API as ROUTERS
from coordination.referrals import service as referrals
from coordination.referrals.rules import Domain
from tests.api.make import API, Client, problem
from tests.budgets.make import validated
from tests.cast import Cast
from tests.households.make import open_household
from tests.sharing.make import agree

# Who calls, in the order of the columns: the holder's roles; a partner trusted with everything but the sensitive part;
# a partner of the network trusted with nothing; another network; nobody.
ACTORS = (
    "intake volunteer council coordinator dpo admin trusted stranger elsewhere nobody".split()  # noqa: SIM905
)

# 401 no token · 403 not her role · 404 may not know · 422 let in, body refused. What is written is sent empty: 422
# tells that the gates before the body opened and that nothing was written.
MATRIX = """
POST   /token                                                  422 422 422 422 422 422 422 422 422 422
POST   /reste-a-vivre                                          422 422 422 422 422 422 422 422 422 422
GET    /me                                                     200 200 200 200 200 200 200 200 200 401
GET    /organisations                                          200 200 200 200 200 200 200 200 200 401
GET    /services                                               200 200 200 200 200 200 200 200 200 401
GET    /households                                             200 200 403 200 403 403 200 200 200 401
GET    /households/{household_id}                              200 200 403 200 403 403 200 404 404 401
GET    /households/{household_id}/profile                      200 200 403 200 403 403 200 404 404 401
GET    /households/{household_id}/people                       200 200 403 200 403 403 200 404 404 401
GET    /households/{household_id}/people/{person_id}           200 200 403 200 403 403 200 404 404 401
POST   /households                                             422 403 403 403 403 403 422 422 422 401
PUT    /households/{household_id}/profile                      422 403 403 403 403 403 422 422 422 401
POST   /households/{household_id}/people                       422 403 403 403 403 403 422 422 422 401
PUT    /households/{household_id}/people/{person_id}           422 403 403 403 403 403 422 422 422 401
POST   /households/{household_id}/people/{person_id}/departure 422 403 403 403 403 403 422 422 422 401
POST   /households/{household_id}/people/{person_id}/death    422 403 403 403 403 403 422 422 422 401
POST   /households/{household_id}/people/{person_id}/return   422 403 403 403 403 403 422 422 422 401
POST   /households/{household_id}/people/{person_id}/majority 422 403 403 403 403 403 422 422 422 401
POST   /households/{household_id}/separation                  422 403 403 403 403 403 422 422 422 401
POST   /households/{household_id}/move                        422 403 403 403 403 403 422 422 422 401
POST   /households/{household_id}/transfer                    422 403 403 403 403 403 422 422 422 401
POST   /households/{household_id}/close                       422 403 403 403 403 403 422 422 422 401
POST   /households/{household_id}/reopen                      409 403 403 403 403 403 403 404 404 401
GET    /households/{household_id}/merges                      200 403 403 403 403 403 403 404 404 401
POST   /households/{household_id}/merges                      422 403 403 403 403 403 422 422 422 401
POST   /households/{household_id}/merges/{unknown_merge}/undo 404 403 403 403 403 403 404 404 404 401
GET    /access-requests                                       200 403 403 403 403 403 200 200 200 401
POST   /access-requests                                       422 403 403 403 403 403 422 422 422 401
GET    /households/{household_id}/access-requests             200 403 403 403 403 403 403 404 404 401
POST   /households/{household_id}/access-requests/{request_id}/decline 422 403 403 403 403 403 422 422 422 401
GET    /households/{household_id}/shares                       200 200 403 200 403 403 200 404 404 401
GET    /households/{household_id}/agreements                   200 200 403 200 403 403 200 404 404 401
GET    /households/{household_id}/agreements/{agreement_id}    200 200 403 200 403 403 200 404 404 401
POST   /households/{household_id}/agreements                   422 403 403 403 403 403 422 422 422 401
POST   /households/{household_id}/agreements/{unknown}/withdraw 404 403 403 403 403 403 404 404 404 401
GET    /households/{household_id}/assessments                  200 403 403 403 403 403 200 404 404 401
GET    /households/{household_id}/assessments/{assessment_id}  200 403 403 403 403 403 404 404 404 401
POST   /households/{household_id}/assessments                  422 403 403 403 403 403 422 422 422 401
PUT    /households/{household_id}/assessments/{assessment_id}/lines 422 403 403 403 403 403 422 422 422 401
POST   /households/{household_id}/assessments/{assessment_id}/validate 422 403 403 403 403 403 422 422 422 401
GET    /households/{household_id}/assessments/{validated}/reproduction 200 403 403 403 403 403 200 404 404 401
GET    /households/{household_id}/decisions                    200 403 403 403 403 403 200 404 404 401
GET    /households/{household_id}/reste-a-vivre                200 403 403 403 403 403 200 404 404 401
GET    /households/{household_id}/needs                        200 200 403 200 403 403 200 404 404 401
GET    /households/{household_id}/needs/{need_id}              200 200 403 200 403 403 200 404 404 401
POST   /households/{household_id}/needs                        422 403 403 403 403 403 422 422 422 401
POST   /households/{household_id}/needs/{need_id}/referrals    422 403 403 403 403 403 422 422 422 401
GET    /referrals                                              200 200 403 200 403 403 200 200 200 401
GET    /referrals-figures                                      200 403 403 200 403 200 200 200 200 401
GET    /referrals/{referral_id}                                200 200 403 200 403 403 200 404 404 401
GET    /referrals/{referral_id}/partner-sheet                  200 200 403 200 403 403 200 404 404 401
GET    /referrals/{referral_id}/person-sheet                   200 200 403 200 403 403 200 404 404 401
POST   /referrals/{referral_id}/receive                        422 422 403 422 403 403 422 422 422 401
POST   /referrals/{referral_id}/accept                         422 422 403 422 403 403 422 422 422 401
POST   /referrals/{referral_id}/ask                            422 422 403 422 403 403 422 422 422 401
POST   /referrals/{referral_id}/refuse                         422 422 403 422 403 403 422 422 422 401
POST   /referrals/{referral_id}/start                          422 422 403 422 403 403 422 422 422 401
POST   /referrals/{referral_id}/hold                           422 422 403 422 403 403 422 422 422 401
POST   /referrals/{referral_id}/resume                         422 422 403 422 403 403 422 422 422 401
POST   /referrals/{referral_id}/close                          422 422 403 422 403 403 422 422 422 401
POST   /referrals/{referral_id}/answer                         422 403 403 403 403 403 422 422 422 401
POST   /referrals/{referral_id}/cancel                         422 403 403 403 403 403 422 422 422 401
POST   /referrals/{referral_id}/reopen                         422 403 403 403 403 403 422 422 422 401
POST   /referrals/{referral_id}/redirect                       422 403 403 422 403 403 422 422 422 401
POST   /referrals/{referral_id}/drop                           422 403 403 422 403 403 422 422 422 401
POST   /referrals/{referral_id}/confirm                        422 422 403 422 403 403 422 422 422 401
POST   /referrals/{referral_id}/explain                        422 422 403 422 403 403 422 422 422 401
POST   /referrals/{referral_id}/miss                           422 422 403 422 403 403 422 422 422 401
POST   /referrals/{referral_id}/recall                         422 422 403 422 403 403 422 422 422 401
POST   /referrals/{referral_id}/undo                           422 422 403 422 403 403 422 422 422 401
POST   /referrals/{referral_id}/messages                       422 422 403 422 403 403 422 422 422 401
POST   /referrals/{referral_id}/notes                          422 422 403 422 403 403 422 422 422 401
GET    /referrals/{referral_id}/follower                       200 200 403 200 403 403 200 404 404 401
POST   /referrals/{referral_id}/assign                         422 422 403 422 403 403 422 422 422 401
POST   /referrals/bulk                                         422 422 403 422 403 403 422 422 422 401
GET    /colleagues                                             200 200 403 200 403 403 200 200 200 401
POST   /colleagues/{member_id}/hand-over                       422 422 403 422 403 403 422 422 422 401
GET    /views                                                  200 200 403 200 403 403 200 200 200 401
POST   /views                                                  422 422 403 422 403 403 422 422 422 401
DELETE /views/{view_id}                                        404 404 403 404 403 403 404 404 404 401
GET    /reception                                              200 403 403 200 403 200 200 200 200 401
PUT    /reception                                              422 403 403 422 403 422 422 422 422 401
GET    /services/{service_id}                                  403 403 403 404 403 404 403 403 403 401
POST   /services                                               403 403 403 422 403 422 403 403 403 401
PUT    /services/{service_id}                                  403 403 403 422 403 422 403 403 403 401
GET    /places                                                 200 200 403 200 403 403 200 200 200 401
POST   /places                                                 422 403 403 422 403 422 422 422 422 401
PUT    /places/{place_id}                                      422 403 403 422 403 422 422 422 422 401
GET    /appointments                                           200 200 403 200 403 403 200 200 200 401
GET    /referrals/{referral_id}/appointments                   200 200 403 200 403 403 200 404 404 401
POST   /referrals/{referral_id}/appointments                   422 422 403 422 403 403 422 422 422 401
POST   /appointments/{appointment_id}/other-date               422 422 403 422 403 403 422 422 422 401
POST   /appointments/{appointment_id}/confirm                  422 422 403 422 403 403 422 422 422 401
POST   /appointments/{appointment_id}/decline                  422 422 403 422 403 403 422 422 422 401
POST   /appointments/{appointment_id}/give                     422 422 403 422 403 403 422 422 422 401
POST   /appointments/{appointment_id}/cancel                   422 422 403 422 403 403 422 422 422 401
POST   /appointments/{appointment_id}/keep                     422 422 403 422 403 403 422 422 422 401
POST   /appointments/{appointment_id}/miss                     422 422 403 422 403 403 422 422 422 401
DELETE /token                                                  204 204 204 204 204 204 204 204 204 401
"""


@dataclass(frozen=True)
class Row:
    """One route, and what each actor is answered."""

    method: str
    path: str
    expected: dict[str, int]


def rows() -> list[Row]:
    found = []
    for line in MATRIX.strip().splitlines():
        method, path, *answers = line.split()
        found.append(Row(method, path, dict(zip(ACTORS, map(int, answers), strict=True))))
    return found


def test_every_route_has_its_row() -> None:
    declared = {
        (method, route.path.removeprefix(API))
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    assert declared == {(row.method, _declared(row.path)) for row in rows()}


def _declared(path: str) -> str:
    for shown, name in {"unknown": "agreement_id", "unknown_merge": "merge_id", "validated": "assessment_id"}.items():
        path = path.replace(f"{{{shown}}}", f"{{{name}}}")
    return path


@dataclass(frozen=True)
class World:
    """The clients of every actor, and what stands in the addresses."""

    clients: dict[str, Client]
    places: dict[str, UUID]


@pytest.fixture(scope="module")
def world(cast: Cast, api: Callable[[], Client]) -> World:
    worker = cast.ccas.people["intake"]
    household_id = open_household(cast.engine, worker)
    parts = ("identity", "budget", "needs")
    agreement_id = agree(cast.engine, worker, household_id, [cast.epicerie], parts=parts)
    with acting(cast.engine, worker) as session:
        need = referrals.add_need(session, household_id, Domain.HOUSING, "Loyer impayé")
    with acting(cast.engine, worker) as session:
        referral = referrals.send_referral(session, need.id, cast.epicerie.id)
    with acting(cast.engine, worker) as session:
        person_id = session.rows("select id from person where household_id = :id", id=household_id)[0].id
    past = validated(cast.engine, worker, household_id)
    with acting(cast.engine, worker) as session:
        draft = budgets.start_assessment(session, household_id)
    emails = {role: cast.ccas.emails[role] for role in ACTORS[:6]} | {
        "trusted": cast.epicerie.emails["intake"],
        "stranger": cast.bonne_action.emails["intake"],
        "elsewhere": cast.elsewhere.emails["intake"],
    }
    clients = {actor: api().sign_in(email) for actor, email in emails.items()} | {"nobody": api()}
    places = {
        "household_id": household_id,
        "person_id": person_id,
        "agreement_id": agreement_id,
        "assessment_id": draft.id,
        "validated": past,
        "need_id": need.id,
        "referral_id": referral.id,
        "unknown": uuid4(),
        "appointment_id": uuid4(),
        "view_id": uuid4(),
        "member_id": uuid4(),
        "service_id": uuid4(),
        "place_id": uuid4(),
        "unknown_merge": uuid4(),
        "request_id": uuid4(),
    }
    return World(clients, places)


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.method} {row.path}")
def test_each_bearer_is_answered_as_the_table_says(world: World, row: Row) -> None:
    path = API + row.path.format(**world.places)
    answered = {}
    for actor in ACTORS:
        answer = world.clients[actor].request(row.method, path)
        answered[actor] = answer.status_code
        if answer.status_code >= 400:
            problem(answer)
    assert answered == row.expected
