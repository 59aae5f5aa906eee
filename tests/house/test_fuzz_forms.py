"""Whatever is typed in any form, in any address: a French answer, never a 500, and nothing written unless accepted."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote_from_bytes
from uuid import UUID, uuid4

import pytest
from fastapi.routing import APIRoute
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from coordination.households.comparing import comparison, proposed
from coordination.households.merging import merge_files, merges_of
from coordination.households.queries import residents
from coordination.identity.permissions import Role
from coordination.kit.db import acting
from coordination.kit.forms import Form
from coordination.main import ROOMS
from coordination.referrals import service as referrals
from coordination.referrals.rules import Domain
from coordination.tables import METADATA
from tests.appointments.make import a_date, a_place, take
from tests.casework.make import give, hope, meet, owe, write
from tests.cast import PASSWORD, Cast, add_person
from tests.conftest import Base, Browser
from tests.directory.make import outside
from tests.households.make import open_household
from tests.imports.make import checked_list
from tests.sharing.make import agree

# What moves by the mere fact of asking: readings, sessions seen, failed sign-ins, questions to the network.
RESTLESS = {"journal", "journal_head", "browser_session", "sign_in_attempt", "network_question"}
NASTY = [
    b"",
    b" ",
    b"0",
    b"-1",
    b"1e9",
    b"NaN",
    b"Infinity",
    b"999999999999999999999999",
    b"1,5,5",
    b"12.345,678",
    b"0.001",
    b"31/02/2020",
    b"2026-13-45",
    b"00/00/0000",
    b"99/99/9999",
    b"1/1/1",
    "١٢".encode(),
    b"oui",
    b"on",
    b"true",
    b"\x00",
    b"a\x00b",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\xc3\x28",
    "\u202e\u0000".encode(),
    "𝕊ophie".encode(),
    "e\u0301".encode(),
    b"' or 1=1 --",
    b"'; drop table person; --",
    b"%s%n",
    b"{{7*7}}",
    b"<script>alert(1)</script>",
    b"../../etc/passwd",
    b"\\",
    b"%",
    b"_",
    b"x" * 10_000,
    b"9" * 400,
    b"not-a-uuid",
    b"00000000-0000-0000-0000-000000000000",
    b"reference",
    b"child",
    b"agrees",
    b"identity",
    b"all",
    b"signed",
    b"support",
    b"rsa",
    b"loyer",
    b"monthly",
    b"declared",
    b"logement",
    b"sante",
    b"autre",
    b"intake",
    b"admin",
    b"1",
    b"21/11/2026",
    b"12/2025",
    b"740",
    b"1 234,50",
]


@dataclass(frozen=True)
class Place:
    """One application, one all-powerful worker signed in, and what stands in the addresses."""

    base: Base
    client: Browser
    nobody: Browser
    known: dict[str, object]


@pytest.fixture(scope="module")
def place(cast: Cast, shared_base: Base, browser: Callable[[], Browser]) -> Place:
    worker = add_person(cast.engine, cast.ccas, "everything", list(Role), professional=True)
    household_id = open_household(cast.engine, worker)
    agreement_id = agree(cast.engine, worker, household_id, [cast.epicerie])
    with acting(cast.engine, worker) as session:
        need = referrals.add_need(session, household_id, Domain.HOUSING, "Loyer impayé")
        person_id = residents(session, household_id)[0].person.id
    with acting(cast.engine, worker) as session:
        referral = referrals.send_referral(session, need.id, cast.epicerie.id)
    other_id, twin_id = open_household(cast.engine, worker), open_household(cast.engine, worker)
    with acting(cast.engine, worker) as session:
        form = proposed(comparison(session, household_id, twin_id))
        merge_files(session, household_id, twin_id, form)
        merge_id = merges_of(session, household_id)[0].id
    appointment_id, place_id = take(cast.engine, worker, referral.id, a_date(5)).id, a_place(cast.engine, worker)
    note_id = write(cast.engine, worker, household_id)
    task_id = give(cast.engine, worker, household_id)
    debt_id, goal_id = owe(cast.engine, worker, household_id), hope(cast.engine, worker, household_id)
    batch_id, row_id = checked_list(cast.engine, worker)
    client = browser().sign_in(cast.ccas.emails["everything"], PASSWORD)
    draft = client.post(f"/foyers/{household_id}/budget/nouveau").headers.get("location", "").rsplit("/", 1)[-1]
    known = {
        "household_id": household_id,
        "person_id": person_id,
        "agreement_id": agreement_id,
        "need_id": need.id,
        "referral_id": referral.id,
        "appointment_id": appointment_id,
        "place_id": place_id,
        "note_id": note_id,
        "task_id": task_id,
        "debt_id": debt_id,
        "goal_id": goal_id,
        "assessment_id": UUID(draft),
        "membership_id": cast.ccas.people["volunteer"].membership_id,
        "request_id": uuid4(),
        "opening_id": uuid4(),
        "notice_id": uuid4(),
        "other_id": other_id,
        "merge_id": merge_id,
        "batch_id": batch_id,
        "row_id": row_id,
        "contact_id": meet(cast.engine, worker, household_id),
        "service_id": outside(cast.engine, worker),
        "view_id": uuid4(),
        "code": "ccas-carvin",
    }
    return Place(shared_base, client, browser(), known)


def fields_of_every_form() -> list[str]:
    """Every field name any form reads, rows included."""
    names: set[str] = set()
    for form in Form.__subclasses__():
        for kind in (form, *form.__subclasses__()):
            for name, field in kind.model_fields.items():
                names.add(name)
                for inner in getattr(field.annotation, "__args__", ()):
                    if isinstance(inner, type) and issubclass(inner, BaseModel):
                        names.update(f"{name}-{n}-{inside}" for n in (0, 1, 59, 999) for inside in inner.model_fields)
    return sorted(names)


def post_routes() -> list[str]:
    kept = [
        route.path
        for room in ROOMS
        for route in room.routes
        if isinstance(route, APIRoute) and "POST" in (route.methods or ()) and "deconnexion" not in route.path
    ]
    return sorted(kept)


VALUES = st.one_of(
    st.sampled_from(NASTY),
    st.binary(max_size=40),
    st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.integers(-(10**12), 10**12).map(lambda n: str(n).encode()),
)
BODIES = st.lists(st.tuples(st.sampled_from(fields_of_every_form()), VALUES), max_size=25)


def written(base: Base) -> list[tuple[object, ...]]:
    """A fingerprint of everything that is stored, past every wall."""
    parts = [
        f"select '{name}', count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) from {name} t"
        for name in sorted(METADATA.tables)
        if name not in RESTLESS
    ]
    return sorted(base.admin(" union all ".join(parts)), key=str)


def encode(body: list[tuple[str, bytes]]) -> bytes:
    return "&".join(f"{name}={quote_from_bytes(value)}" for name, value in body).encode()


@pytest.mark.parametrize("path", post_routes())
def test_every_form_answers_in_french_and_keeps_what_is_stored(place: Place, path: str) -> None:
    @settings(max_examples=max(4, settings().max_examples // 6))
    @given(BODIES)
    def attempt(body: list[tuple[str, bytes]]) -> None:
        address = path.format(**{"token": "x", "code": "ccas-carvin", "invitation_id": uuid4(), **place.known})
        before = written(place.base)
        answer = place.client.post(
            address, content=encode(body), headers={"content-type": "application/x-www-form-urlencoded"}
        )
        assert answer.status_code < 500, (address, answer.status_code)
        assert answer.status_code in (200, 303, 403, 404, 409, 413, 422, 429), answer.status_code
        paper = answer.headers.get("content-type") == "application/pdf"  # with a link on it, which is kept
        assert (
            'lang="fr"' in answer.text or answer.status_code == 303 or "hx-request" in answer.request.headers or paper
        )
        if answer.status_code != 303 and not paper and not path.startswith(("/comptes", "/moi/agenda")):
            assert written(place.base) == before, (address, answer.status_code)

    attempt()


@settings(max_examples=40)
@given(
    st.sampled_from(post_routes()),
    st.one_of(st.sampled_from(NASTY), st.binary(min_size=1, max_size=20)),
    st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH"]),
)
def test_any_address_gets_an_answer(place: Place, path: str, piece: bytes, method: str) -> None:
    filled = quote_from_bytes(piece, safe="")[:2000]
    names = dict.fromkeys(("token", "code", "invitation_id", *place.known), filled)
    for client in (place.client, place.nobody):
        answer = client.request(method, path.format(**names))
        assert answer.status_code < 500, (path, filled, answer.status_code)


@pytest.mark.parametrize(
    "query",
    [
        "?avant=x&cle=y",
        "?avant=1e400&cle=",
        "?avant=-1&cle=00000000-0000-0000-0000-000000000000",
        "?partages=%F0",
        "?avant=%00",
        "?cote=zzz&bannette=zzz&domaine=zzz",
        "?avant=nan",
        "?avant=2026-01-01T00:00:00&cle=1",
        "?page=-1",
    ],
)
@pytest.mark.parametrize("path", ["/foyers", "/orientations", "/journal", "/connexion"])
def test_any_query_gets_an_answer(place: Place, path: str, query: str) -> None:
    assert place.client.get(path + query).status_code < 500


def test_what_was_typed_is_still_there(place: Place) -> None:
    answer = place.client.post(
        "/foyers/nouveau", data={"family_name": "Quelqu’un", "birth": "32/13/2020", "people-0-given_name": "Enfant"}
    )
    assert answer.status_code == 422
    for words in ("Quelqu’un", "32/13/2020", "Enfant", "Cette date n’existe pas", "À remplir."):
        assert words in answer.text


def test_a_body_that_is_not_a_form_is_refused(place: Place) -> None:
    for kind, body in [
        ("application/json", b"{}"),
        ("multipart/form-data; boundary=x", b"--x\r\nbroken"),
        ("text/plain", b"\x00"),
    ]:
        answer = place.client.post("/foyers/nouveau", content=body, headers={"content-type": kind})
        assert answer.status_code in (422, 413)


def test_an_oversized_body_is_refused(place: Place) -> None:
    before = written(place.base)
    answer = place.client.post("/foyers/nouveau", data={"family_name": "x" * 1_200_000})
    assert answer.status_code == 413
    assert "1 Mo" in answer.text
    assert written(place.base) == before
