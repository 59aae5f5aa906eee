"""The document attacked with every role's token: no failure, every answer as described, and no word of anybody else's.

Canaries are planted in files of every organisation and of another network, a different one in each part.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from httpx import Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from coordination.identity.permissions import ROLES, Part, Role
from coordination.main import document
from tests.api.make import API, Client
from tests.cast import Cast, Organised

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "fuzz"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
FOUND = list(schemathesis.openapi.from_dict(document()).get_all_operations())
OPERATIONS = {found.ok().label: found.ok() for found in FOUND if isinstance(found, Ok)}
# What ends the token stays out: everything after it would be a 401.
ATTACKED = sorted(set(OPERATIONS) - {f"DELETE {API}/token"})
Api = Callable[[], Client]


@dataclass
class Planted:
    """A file of one organisation with a canary in each part, and what stands in the addresses."""

    places: dict[str, str]
    canaries: dict[Part, str]


def plant(client: Client, word: str) -> Planted:
    """A file that nobody else was trusted with."""
    canaries = {part: f"Canari{word}{part.value.title()}" for part in (Part.IDENTITY, Part.BUDGET, Part.NEEDS)}
    canaries[Part.SENSITIVE] = f"Canari{word}Intime"
    who = canaries[Part.IDENTITY]
    file = client.ok("POST", "/households", json={"family_name": who, "commune": who, "confirm": True})["id"]
    home = f"/households/{file}"
    person = client.ok("GET", f"{home}/people")[0]
    profile = client.ok("GET", f"{home}/profile")
    client.ok("PUT", f"{home}/profile", json={**profile, "address": f"1 rue {who}", "email": f"{who}@exemple.fr"})
    secrets = [("loyer", Part.BUDGET), ("aah", Part.SENSITIVE)]
    lines = [{"kind": kind, "amount_cents": 4242, "label": canaries[part]} for kind, part in secrets]
    budget = client.ok("POST", f"{home}/assessments", json={"lines": lines})["id"]
    organisations = client.ok("GET", "/organisations")
    other = next((o["id"] for o in organisations if not o["mine"]), None)
    needs = {}
    for domain, part in (("logement", Part.NEEDS), ("sante", Part.SENSITIVE)):
        needs[part] = client.ok("POST", f"{home}/needs", json={"domain": domain, "summary": canaries[part]})["id"]
    places = {"household_id": file, "person_id": person["id"], "assessment_id": budget, "need_id": needs[Part.NEEDS]}
    if other is not None:  # by hand: no agreement covers it
        body = {"organisation": other, "words": canaries[Part.NEEDS]}
        places["referral_id"] = client.ok("POST", f"{home}/needs/{places['need_id']}/referrals", json=body)["id"]
    return Planted(places, canaries)


@dataclass
class Zoo:
    """Everybody's client and everybody's canaries."""

    clients: dict[tuple[str, str], Client]
    planted: dict[str, Planted]

    def hidden_from(self, organisation: str, role: str) -> list[str]:
        """The canaries this actor may never read: those of all the others, and the parts her role never opens."""
        own = ROLES[Role(role)].parts
        return [
            canary
            for whose, planted in self.planted.items()
            for part, canary in planted.canaries.items()
            if whose != organisation or part not in own
        ]

    def check(self, actor: tuple[str, str], answer: Response, what: str) -> None:
        text = answer.text + str(answer.headers)
        assert [canary for canary in self.hidden_from(*actor) if canary in text] == [], (actor, what)


@pytest.fixture(scope="module")
def zoo(cast: Cast, api: Api) -> Zoo:
    named: dict[str, Organised] = {"Ccas": cast.ccas, "Epicerie": cast.epicerie, "Ailleurs": cast.elsewhere}
    planted = {word: plant(api().sign_in(o.emails["intake"]), word) for word, o in named.items()}
    actors = [("Ccas", role.value) for role in Role] + [("Epicerie", "intake"), ("Ailleurs", "intake")]
    clients = {(word, role): api().sign_in(named[word].emails[role]) for word, role in actors}
    return Zoo(clients, planted)


ACTORS = [*(("Ccas", role.value) for role in Role), ("Epicerie", "intake"), ("Ailleurs", "intake")]


# The other roles are refused every one of these addresses: tests/api/test_matrix.py.
READERS = [actor for actor in ACTORS if THOROUGH or actor[1] in ("intake", "volunteer", "coordinator")]


@pytest.mark.parametrize("actor", ACTORS, ids="-".join)
def test_no_answer_fails_nor_strays_from_the_document(zoo: Zoo, actor: tuple[str, str]) -> None:
    client = zoo.clients[actor]

    @settings(max_examples=400 if THOROUGH else 8, suppress_health_check=list(HealthCheck), deadline=None)
    @given(st.data())
    def attack(data: st.DataObject) -> None:
        operation = OPERATIONS[data.draw(st.sampled_from(ATTACKED), "operation")]
        mode = data.draw(st.sampled_from(list(GenerationMode)), "mode")
        case = data.draw(operation.as_strategy(mode), "case")
        if data.draw(st.sampled_from((True, True, False)), "somebody's own addresses"):
            places = zoo.planted[data.draw(st.sampled_from([actor[0], actor[0], *sorted(zoo.planted)]), "whose")].places
            case.path_parameters = {name: places.get(name, value) for name, value in case.path_parameters.items()}
        answer = sent(client, case)
        if mode is GenerationMode.POSITIVE or answer.status_code != 405:  # a negative address may lead elsewhere
            case.validate_response(answer, checks=CHECKS)
        zoo.check(actor, answer, operation.label)

    attack()


def sent(client: Client, case: Any) -> Response:
    """The case sent by this client's own token, in process."""
    asked = case.as_transport_kwargs(base_url="http://testserver")
    headers = {
        name: value.encode("latin-1", "replace")
        for name, value in asked["headers"].items()
        if name.lower() not in ("authorization", "cookie")
    }
    body = {"json": asked["json"]} if asked.get("json") is not None else {}
    data = asked.get("data")
    if data is not None:
        body = {"data": data} if isinstance(data, dict) else {"content": data}
    answer: Response = client.request(
        asked["method"], asked["url"], headers=headers, params=asked.get("params") or None, **body
    )
    return answer


@pytest.mark.parametrize("whose", ["Ccas", "Epicerie", "Ailleurs"])
def test_no_page_of_the_api_tells_what_is_somebody_elses(zoo: Zoo, whose: str) -> None:
    """Every address that is read, with the true identifiers of this organisation's file, by all who read files."""
    places = zoo.planted[whose].places
    for path, operations in document()["paths"].items():
        if "get" not in operations or any(f"{{{name}}}" in path for name in ("agreement_id",)):
            continue
        try:
            address = path.format(**places)
        except KeyError:  # no referral can leave a network of one organisation
            continue
        for actor in READERS:
            zoo.check(actor, zoo.clients[actor].get(address), path)


def test_every_operation_of_the_document_can_be_attacked() -> None:
    assert len(OPERATIONS) == len(FOUND) == sum(len(operations) for operations in document()["paths"].values())


def test_the_canaries_sing_to_their_own(zoo: Zoo) -> None:
    """Otherwise silence would prove nothing: the worker who opened the file reads each of them."""
    for whose, planted in zoo.planted.items():
        client = zoo.clients[whose, "intake"]
        home = f"/households/{planted.places['household_id']}"
        budget = f"{home}/assessments/{planted.places['assessment_id']}"
        said = str([client.ok("GET", path) for path in (home, budget, f"{home}/needs")])
        assert [canary for canary in planted.canaries.values() if canary not in said] == []
