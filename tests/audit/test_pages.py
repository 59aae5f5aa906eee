"""The journal's screens: for the data protection officer alone, about her network alone, without a household's name."""

import re
from collections.abc import Callable

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from coordination.audit import queries
from coordination.audit.rules import PAGE_OF_LINES, READ_JOURNAL, SUBJECTS, short, subject_label
from coordination.households.queries import file_header
from coordination.identity.permissions import Permission, Role
from coordination.kit.db import ActorSession
from coordination.kit.roles import libpq
from tests.cast import PASSWORD, Cast
from tests.conftest import Base, Browser
from tests.households.make import open_household
from tests.identity.make import somebody

Browsers = Callable[[], Browser]


@pytest.fixture
def officer(cast: Cast, browser: Browsers) -> Browser:
    """The officer of the first network."""
    return browser().sign_in(cast.ccas.emails["dpo"], PASSWORD)


def numbers(text: str) -> list[int]:
    return [int(n) for n in re.findall(r'<th scope="row" class="nowrap">(\d+)</th>', text)]


def test_the_door_named_below_identity_is_the_same() -> None:
    assert Permission.READ_JOURNAL.value == READ_JOURNAL


def test_every_table_an_act_may_change_has_a_french_word() -> None:
    assert subject_label("household") == "dossier"
    assert subject_label("une_table") == "une table"
    assert all(word == word.lower() or "CCAS" in word for word in SUBJECTS.values())
    assert short("3f2a91bc-1234") == "3f2a91bc"


@pytest.mark.parametrize("path", ["/journal", "/journal/verification"])
@pytest.mark.parametrize("role", [r.value for r in Role if r is not Role.DPO])
def test_the_other_roles_find_a_closed_door(cast: Cast, browser: Browsers, role: str, path: str) -> None:
    assert browser().sign_in(cast.ccas.emails[role], PASSWORD).get(path).status_code == 403


def test_the_officer_reads_acts_in_french_with_names_of_workers(cast: Cast, officer: Browser) -> None:
    text = officer.get("/journal").text
    assert "Connexion" in text
    assert "Invitation acceptée" in text
    assert "CCAS" in text
    assert "Dpo" in text
    assert "membership_id" not in text


def test_a_person_who_asks_who_saw_her_file_is_answered_by_its_code(
    cast: Cast, officer: Browser, browser: Browsers
) -> None:
    file_id = open_household(cast.engine, cast.ccas.people["intake"], "Curieuse", "Ada")
    worker = browser().sign_in(cast.ccas.emails["intake"], PASSWORD)
    for _ in range(2):
        worker.get(f"/foyers/{file_id}")
    with ActorSession(cast.engine, cast.ccas.people["intake"]) as session:
        code = file_header(session, file_id).code
        with pytest.raises(DBAPIError, match="asked by the data protection officer"):
            queries.files_named(session, code=code)
    text = officer.get(f"/journal?dossier={code.lower().replace('-', ' ')}").text
    assert f"Qui a vu le dossier {code}" in text
    assert "2 fois, le même jour" in text or "2 fois, 2 jours" in text, "two days when midnight came between"
    assert "Intake" in text
    assert len(numbers(text)) == 3, "its opening and two readings, nothing of another file"
    assert "CURIEUSE" not in text
    assert f"dossier={code}" in officer.get("/journal").text
    for wrong in ("7K3M-2PX", "n’importe quoi", "%00"):
        refused = officer.get("/journal", params={"dossier": wrong})
        assert (refused.status_code, "ne porte ce code" in refused.text) == (422, True)
    elsewhere = browser().sign_in(cast.elsewhere.emails["dpo"], PASSWORD)
    assert elsewhere.get(f"/journal?dossier={code}").status_code == 422


def test_she_never_sees_another_network(cast: Cast, browser: Browsers, shared_base: Base) -> None:
    text = browser().sign_in(cast.elsewhere.emails["dpo"], PASSWORD).get("/journal").text
    (count,) = shared_base.admin("select count(*) from journal where network_id = %s", cast.elsewhere.network_id)[0]
    assert numbers(text)[0] == count
    assert "Épicerie solidaire" not in text


def test_the_pages_follow_each_other_without_a_hole(cast: Cast, officer: Browser) -> None:
    for _ in range(PAGE_OF_LINES // 2):
        somebody(cast.engine, cast.ccas)
    seen: list[int] = []
    path = "/journal"
    while path:
        answer = officer.get(path)
        assert answer.status_code == 200
        seen += numbers(answer.text)
        following = re.search(r'rel="next" href="([^"]+)"', answer.text)
        path = following.group(1) if following else ""
    assert len(seen) > PAGE_OF_LINES
    assert seen == list(range(seen[0], 0, -1))


@pytest.mark.parametrize("before", ["abc", "0", "-1", "9" * 40, "1.5", "", "%00", "%FF"])
def test_a_malformed_number_gets_a_sentence(officer: Browser, before: str) -> None:
    answer = officer.get(f"/journal?before={before}")
    assert answer.status_code == 422
    assert "mal formée" in answer.text


def test_past_the_first_line_there_is_nothing_and_a_way_back(officer: Browser) -> None:
    answer = officer.get("/journal?before=1")
    assert answer.status_code == 200
    assert "pas de ligne plus ancienne" in answer.text
    assert 'href="/journal"' in answer.text


def test_a_household_is_a_short_reference_and_nothing_more(cast: Cast, officer: Browser, shared_base: Base) -> None:
    network = cast.ccas.network_id
    shared_base.admin(
        "insert into journal (id, network_id, number, at, actor_kind, actor_id, verb, subject, subject_id,"
        " household_id, fields, previous_hash, hash) values (gen_random_uuid(), %s, 0, now(), '', '', 'une.acte',"
        " 'person', 'aaaaaaaa-0000-4000-8000-000000000000', 'bbbbbbbb-0000-4000-8000-000000000000',"
        " '{given_name}', '', '')",
        network,
    )
    text = officer.get("/journal").text
    assert "Personne aaaaaaaa" in text
    assert "dossier bbbbbbbb" in text
    assert "bbbbbbbb-" not in text
    assert "given_name" in text
    assert "une.acte" in text


def test_the_verification_says_whether_the_chain_holds_and_its_last_hash(
    cast: Cast, officer: Browser, shared_base: Base
) -> None:
    network = cast.ccas.network_id
    text = officer.get("/journal/verification").text
    number, last = shared_base.admin("select number, hash from journal_head where network_id = %s", network)[0]
    assert "La chaîne est intacte" in text
    assert f"<dd>{number}</dd>" in text
    assert str(last) in text
    with psycopg.connect(libpq(shared_base.admin_url), autocommit=True) as admin:
        admin.execute("set session_replication_role = replica")
        admin.execute("update journal set verb = 'autre' where number = 3 and network_id = %s", [network])
    text = officer.get("/journal/verification").text
    assert "rompue à la ligne 3" in text
    assert "La chaîne est intacte" not in text
