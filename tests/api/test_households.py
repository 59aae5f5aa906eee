"""Household files by the API: opened, read, changed; lists whole while files are added."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordination.kit.rest import Invalid, mark, read_mark
from tests.api.make import API, Client, problem
from tests.cast import Cast
from tests.conftest import Base
from tests.households.make import open_household

Api = Callable[[], Client]
FAMILY: dict[str, Any] = {
    "family_name": "Lemaire",
    "given_name": "Zoé",
    "birth": "1990-11",
    "commune": "Carvin",
    "people": [{"given_name": "Tom", "link": "shared_child", "birth": "2019"}],
}


@pytest.fixture(scope="module")
def client(api: Api, cast: Cast) -> Client:
    return api().sign_in(cast.ccas.emails["intake"])


@pytest.fixture(scope="module")
def file(client: Client) -> dict[str, Any]:
    made: dict[str, Any] = client.ok("POST", "/households", json=FAMILY)
    return made


def test_a_file_is_opened_and_read_back(client: Client, file: dict[str, Any], cast: Cast) -> None:
    assert file["name"] == "LEMAIRE Zoé"
    assert file["held"] is True
    assert file["holder_organisation"] == str(cast.ccas.id)
    assert "budget" in file["parts"]
    assert file["profile"]["commune"] == "Carvin"
    assert client.ok("GET", f"/households/{file['id']}") == file


def test_its_people_keep_what_is_known_of_their_birth(client: Client, file: dict[str, Any]) -> None:
    people = client.ok("GET", f"/households/{file['id']}/people")
    assert [(p["link"], p["birth"], p["weight"]) for p in people] == [
        ("reference", "1990-11", "1.000"),
        ("shared_child", "2019", "0.500"),
    ]
    assert client.ok("GET", f"/households/{file['id']}/people/{people[1]['id']}") == people[1]
    assert client.ok("GET", f"/households/{file['id']}/people?on=1990-01-01") == []


def test_reading_a_file_is_written_in_the_journal(client: Client, file: dict[str, Any], shared_base: Base) -> None:
    lines = "select count(*) from journal where verb = 'household.read' and household_id = %s"
    before = shared_base.admin(lines, file["id"])[0][0]
    for more in ("", "/profile", "/people"):
        client.ok("GET", f"/households/{file['id']}{more}")
    assert shared_base.admin(lines, file["id"])[0][0] == before + 3  # type: ignore[operator]


def test_the_profile_is_changed_in_the_version_that_was_read(client: Client, file: dict[str, Any]) -> None:
    path = f"/households/{file['id']}/profile"
    now = client.ok("GET", path)
    change = {**now, "phone": "06 12 34 56 78", "housing": "parc_social"}
    changed = client.ok("PUT", path, json=change)
    assert changed == {**change, "version": now["version"] + 1}
    assert problem(client.put(API + path, json=change))["title"] == "Modifié entre-temps"


def test_a_person_joins_and_is_corrected(client: Client, file: dict[str, Any]) -> None:
    path = f"/households/{file['id']}/people"
    answer = client.post(API + path, json={"family_name": "Lemaire", "link": "partner", "birth": "1988-02-29"})
    assert answer.status_code == 201
    joined = client.ok("GET", answer.headers["location"].removeprefix(API))
    assert joined == answer.json()
    change = {k: v for k, v in joined.items() if k not in ("id", "age")} | {"given_name": "Noé", "weight": "0.75"}
    corrected = client.ok("PUT", f"{path}/{joined['id']}", json=change)
    assert (corrected["given_name"], corrected["weight"]) == ("Noé", "0.750")
    assert problem(client.put(f"{API}{path}/{joined['id']}", json=change))["status"] == 409


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"birth": "2990"}, "birth"),
        ({"birth": "1990-13"}, "birth"),
        ({"birth": "21/11/1990"}, "birth"),
        ({"family_name": " "}, "family_name"),
        ({"family_name": "a\x00b"}, "family_name"),
        ({"family_name": "\ud800"}, "family_name"),
        ({"commune": None}, "commune"),
        ({"people": [{"link": "child", "birth": "2990"}]}, "people.0.birth"),
        ({"people": [{}]}, "people.0.link"),
        ({"people": "x"}, "people"),
        ({"autre": 1}, "autre"),
        ({"\ud800": 1}, "body"),
    ],
)
def test_a_fault_is_named_in_french(client: Client, change: dict[str, Any], field: str) -> None:
    body = json.dumps({**FAMILY, **change})
    said = problem(client.post(f"{API}/households", content=body, headers={"content-type": "application/json"}))
    assert said["status"] == 422
    assert [fault["field"] for fault in said["errors"]] == [field]
    assert "should" not in said["errors"][0]["detail"]


@pytest.mark.parametrize("body", ["", "{", "[]", "null", "1", '"x"', "[" * 100_000, "9" * 5000, "NaN", "\xff"])
def test_a_body_that_is_no_object_is_refused(client: Client, body: str) -> None:
    answer = client.post(
        f"{API}/households", content=body.encode("latin-1"), headers={"content-type": "application/json"}
    )
    assert problem(answer)["status"] == 422


def test_two_people_of_reference_are_refused_alike_on_both_doors(client: Client) -> None:
    said = problem(client.post(f"{API}/households", json={**FAMILY, "people": [{"link": "reference"}]}))
    assert "personne de référence" in said["errors"][0]["detail"]


def test_a_file_one_may_not_see_is_told_by_one_word_and_the_question_counts(
    api: Api, client: Client, cast: Cast, shared_base: Base
) -> None:
    who = {"family_name": "Oudart", "given_name": "Colette", "birth": "1971-03-08", "commune": "Lens"}
    assert client.ok("POST", "/households", json=who)["name"] == "OUDART Colette"
    elsewhere = api().sign_in(cast.epicerie.emails["intake"])
    before = shared_base.admin("select count(*) from journal")[0][0]
    said = problem(elsewhere.post(f"{API}/households", json=who))
    assert (said["status"], said["households"], said["known_in_network"]) == (409, [], True)
    assert "OUDART" not in str(said)
    assert shared_base.admin("select count(*) from journal")[0][0] == before + 1  # type: ignore[operator]
    assert elsewhere.ok("POST", "/households", json={**who, "confirm": True})["held"] is True


# ------------------------------------------------------------------ pages of a list


def pages(client: Client, path: str, between: Callable[[], object] = lambda: None) -> list[str]:
    found: list[str] = []
    address: str | None = API + path
    while address:
        answer = client.get(address)
        assert answer.status_code == 200, answer.text
        found += [item["id"] for item in answer.json()["items"]]
        address = answer.json()["next"]
        between()
    return found


def test_a_list_is_whole_and_without_duplicates_while_files_are_added(api: Api, cast: Cast) -> None:
    worker = cast.secours.people["intake"]
    known = {str(open_household(cast.engine, worker, f"Famille {n}")) for n in range(5)}
    client = api().sign_in(cast.secours.emails["intake"])
    for size in (2, 3, 100):
        added: list[str] = []

        def add(added: list[str] = added) -> None:
            added.append(str(open_household(cast.engine, worker, "Pendant")))

        found = pages(client, f"/households?size={size}", add)
        assert len(found) == len(set(found))
        assert known <= set(found)
        assert not set(added) & set(found)
        known |= set(added)


def test_the_next_page_keeps_the_filters(api: Api, cast: Cast) -> None:
    client = api().sign_in(cast.secours.emails["intake"])
    open_household(cast.engine, cast.secours.people["intake"])
    open_household(cast.engine, cast.secours.people["intake"])
    next_page = client.ok("GET", "/households?size=1&held=true")["next"]
    assert "held=true" in next_page
    assert "size=1" in next_page


@given(st.datetimes(datetime(1901, 1, 1), timezones=st.just(UTC)), st.uuids())  # noqa: DTZ001
def test_a_mark_is_read_as_it_was_written(moment: Any, key: Any) -> None:
    if moment.year < 2200:
        assert read_mark(mark(moment, key)) == (moment, key)


@given(st.text(max_size=60))
def test_any_other_mark_is_refused(text: str) -> None:
    try:
        moment, _ = read_mark(text)
    except Invalid:
        return
    assert moment.tzinfo is not None
