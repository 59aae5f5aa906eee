"""The public simulator: anybody is answered, in plain words, and nothing of it stays anywhere."""

import logging
import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import FormData

from coordination.budgets import queries as budgets
from coordination.budgets.baremes import load_baremes
from coordination.budgets.rules import Composition, Head, Line, LineKind, Standing, ZoneKind, reste_a_vivre
from coordination.identity.rules import OrganisationKind
from coordination.kit import restraint
from coordination.kit.actor import Nobody
from coordination.kit.clock import today
from coordination.kit.db import ActorSession
from coordination.kit.forms import read
from coordination.kit.restraint import WINDOW, Restraint, place_of
from coordination.simulators import public_pages, queries, rules
from coordination.simulators.forms import PublicAnswers
from coordination.simulators.queries import opened
from tests.budgets.make import BAREMES, partners_with_baremes
from tests.cast import Organised, add_network, add_organisation
from tests.conftest import Base, Browser

MOTHER = {"people-0-age": "36", "people-1-age": "10", "people-2-age": "7 ans", "rsa": "740", "apl": "440", "aid": "moi"}
MOTHER |= {"loyer": "350", "energie": "100", "telephone": "9,90"}
FINGERPRINT = "7654321"


@pytest.fixture(scope="module")
def partners(shared_base: Base) -> dict[str, Organised]:
    return partners_with_baremes(shared_base.engine)


@pytest.fixture(scope="module")
def anybody(partners: dict[str, Organised], browser: Callable[[], Browser]) -> Browser:
    return browser()


def said(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def test_anybody_is_answered_by_each_partner_without_account_nor_cookie(anybody: Browser) -> None:
    answer = anybody.post("/simulateur", data=MOTHER)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert dict(anybody.cookies) == {}
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    text = said(answer.text)
    assert "il reste 720,10 € par mois pour 3 personnes" in text
    assert "Votre demande serait examinée" in text
    assert "Ce qu’il faut apporter" in text
    assert "votre dernière attestation de paiement de la CAF" in text
    assert "valeurs de démonstration" in text
    assert "publié, non contractuel" in text
    assert 'value="740"' in answer.text


def test_one_address_is_asked_to_wait_and_loses_nothing_of_what_it_typed(
    anybody: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(public_pages, "MOST_ANSWERS", 0)
    refused = anybody.post("/simulateur", data=MOTHER)
    assert refused.status_code == 429
    assert "patientez dix minutes" in said(refused.text)
    assert 'value="740"' in refused.text
    assert "Ce qu’il faut apporter" not in said(refused.text)
    assert "set-cookie" not in refused.headers
    monkeypatch.undo()
    assert anybody.post("/simulateur", data=MOTHER).status_code == 200


def test_addresses_are_counted_apart_for_ten_minutes_and_never_kept() -> None:
    moment = [0.0]
    held = Restraint(lambda: moment[0])
    assert [held.allows("192.0.2.7", 100) for _ in range(101)] == [True] * 100 + [False]
    assert held.allows("192.0.2.8", 100)
    assert "192.0.2" not in str(vars(held))
    before = vars(held)["_secret"]
    moment[0] = WINDOW
    assert held.allows("192.0.2.7", 100)
    assert vars(held)["_secret"] != before
    assert len(vars(held)["_counts"]) == 1


def test_a_home_is_one_address_and_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert place_of("2001:db8:1:2::1") == place_of("2001:db8:1:2:ffff::9%eth0") != place_of("2001:db8:1:3::1")
    assert place_of("::ffff:192.0.2.7") == "192.0.2.7"
    assert place_of("unknown") == "unknown"
    monkeypatch.setattr(restraint, "MOST_ADDRESSES", 3)
    held = Restraint()
    assert all(held.allows(f"192.0.2.{n}", 100) and len(vars(held)["_counts"]) <= 3 for n in range(20))


def test_it_says_what_the_engine_says(anybody: Browser) -> None:
    asked, _ = read(PublicAnswers, FormData(MOTHER | {"people-1-part": "oui", "aid": "reste"}))
    assert asked is not None
    people = Composition((Head(age=36), replace(Head(age=10), weight=asked.composition().heads[1].weight), Head(age=7)))
    assert asked.composition() == replace(people, single_parent=True)
    lines = [Line(k.value, k, c) for k, c in ((LineKind.RSA, 740_00), (LineKind.APL, 440_00))]
    lines[1] = replace(lines[1], paid_to_landlord=True)
    lines += [Line(k.value, k, c) for k, c in ((LineKind.LOYER, 350_00), (LineKind.ENERGIE, 100_00))]
    lines.append(Line("telephone", LineKind.TELEPHONE, 9_90))
    rule = load_baremes(BAREMES).current("ccas-carvin", today())
    assert reste_a_vivre(rule, asked.composition(), asked.lines(), today()) == reste_a_vivre(
        rule, asked.composition(), lines, today()
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"people-0-age": "trente"}, "Écrivez un âge en années"),
        ({"people-0-age": "-1"}, "Écrivez un âge en années"),
        ({"people-0-age": "", "people-1-age": "", "people-2-age": ""}, "au moins votre âge"),
        ({"loyer": "abc"}, "en chiffres seulement"),
        ({"loyer": "-5"}, "sans signe moins"),
        ({"loyer": "9" * 20}, "trop grand"),
        ({"aid": "nulle part"}, "une des réponses proposées"),
        ({"rsa": "", "apl": "", "loyer": "", "energie": "", "telephone": ""}, "au moins une somme reçue"),
        ({f"people-{rank}-age": "20" for rank in range(21)}, "20 au plus"),
    ],
)
def test_a_fault_is_told_and_what_was_typed_is_kept(anybody: Browser, change: dict[str, str], says: str) -> None:
    answer = anybody.post("/simulateur", data=MOTHER | {"mutuelle": "31,07"} | change)
    assert answer.status_code == 422
    assert says in said(answer.text)
    assert 'value="31,07"' in answer.text


def test_more_people_are_typed_without_javascript_and_nothing_is_lost(anybody: Browser) -> None:
    before = anybody.get("/simulateur").text.count('-age"')
    answer = anybody.post("/simulateur", data=MOTHER | {"ajouter": "oui", "loyer": "abc"})
    assert answer.status_code == 200
    assert answer.text.count('-age"') > before
    assert 'value="abc"' in answer.text
    full = anybody.post("/simulateur", data={"ajouter": "oui", "people-18-age": "3"})
    assert "Âge de la personne n° 20" in said(full.text)
    assert "Ajouter des personnes" not in full.text


def test_nothing_is_stored_nor_logged(
    anybody: Browser, shared_base: Base, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """The whole base is read before and after, row by row; what the process says too, a failure included."""
    before = whole(shared_base)
    with caplog.at_level(logging.DEBUG):
        for change in ({}, {"people-0-age": FINGERPRINT}, {"salaire": FINGERPRINT + "x"}, {FINGERPRINT: FINGERPRINT}):
            assert FINGERPRINT in anybody.post("/simulateur", data=MOTHER | {"impots": FINGERPRINT} | change).text
    assert whole(shared_base) == before
    assert not [row for rows in before.values() for row in rows if FINGERPRINT in row]
    output = capfd.readouterr()
    assert FINGERPRINT not in caplog.text + output.out + output.err


def test_a_failure_does_not_tell_what_was_typed(
    anybody: Browser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: Any
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError(FINGERPRINT)

    monkeypatch.setattr("coordination.simulators.public_pages.reste_a_vivre", fail)
    with caplog.at_level(logging.DEBUG):
        assert anybody.post("/simulateur", data=MOTHER | {"impots": FINGERPRINT}).status_code == 500
    output = capfd.readouterr()
    assert "RuntimeError" in output.out + output.err + caplog.text
    assert FINGERPRINT not in caplog.text + output.out + output.err


def whole(base: Base) -> dict[str, list[str]]:
    """Every row of every table, as text."""
    tables = [str(name) for (name,) in base.admin("select tablename from pg_tables where schemaname = 'public'")]
    return {name: sorted(str(row) for (row,) in base.admin(f"select t::text from {name} t")) for name in tables}


def test_a_get_answers_no_question(anybody: Browser) -> None:
    page = anybody.get("/simulateur", params=MOTHER)
    assert "D’après ce que vous avez écrit" not in page.text
    assert 'value="740"' not in page.text


def test_another_site_cannot_ask(anybody: Browser) -> None:
    answer = anybody.post("/simulateur", data=MOTHER, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403


def test_it_is_found_from_the_sign_in_page_and_every_footer(anybody: Browser) -> None:
    assert anybody.get("/connexion").text.count('href="/simulateur"') == 2
    assert anybody.get("/aide").text.count('href="/simulateur"') == 1


# ------------------------------------------------------------------ which barèmes answer anybody


@pytest.fixture
def house(partners: dict[str, Organised], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder of barèmes of one's own, with that of the CCAS in it."""
    folder = tmp_path / "baremes"
    folder.mkdir()
    (folder / "ccas-carvin.yaml").write_text((BAREMES / "ccas-carvin.yaml").read_text(encoding="utf-8"))
    monkeypatch.setattr(budgets, "BAREMES", folder)
    monkeypatch.setattr(queries, "house_baremes", lambda: load_baremes.__wrapped__(folder))
    return folder


def answering(base: Base, *, demo: bool) -> list[str]:
    with ActorSession(base.engine, Nobody()) as session:
        return [bareme.code for _, bareme in opened(session, today(), demo=demo).here]


@pytest.mark.parametrize(
    ("standing", "public", "in_demo", "for_real"),
    [
        (Standing.DEMONSTRATION, "", True, False),
        (Standing.ADOPTED, "", False, False),
        (Standing.ADOPTED, "public: false\n", False, False),
    ],
)
def test_an_adopted_bareme_answers_anybody_only_when_its_file_says_so(
    house: Path, shared_base: Base, standing: Standing, public: str, in_demo: bool, for_real: bool
) -> None:
    path = house / "ccas-carvin.yaml"
    text = path.read_text(encoding="utf-8").replace(
        "standing: demonstration\n", f"standing: {standing.value}\n{public}"
    )
    path.write_text(text, encoding="utf-8")
    assert bool(answering(shared_base, demo=True)) is in_demo
    assert bool(answering(shared_base, demo=False)) is for_real


def test_a_bareme_marked_public_answers_where_its_organisation_works(house: Path, base: Base) -> None:
    path = house / "ccas-carvin.yaml"
    text = path.read_text(encoding="utf-8").replace("standing: demonstration\n", "standing: adopted\npublic: true\n")
    path.write_text(text, encoding="utf-8")
    assert answering(base, demo=False) == []
    add_organisation(base.engine, add_network(base.engine, "Vrai réseau"), "CCAS Carvin", OrganisationKind.CCAS)
    assert answering(base, demo=False) == ["ccas-carvin"]


def test_the_door_tells_of_named_organisations_alone(partners: dict[str, Organised], shared_base: Base) -> None:
    with ActorSession(shared_base.engine, Nobody()) as session:
        found = session.rows("select * from access.public_partners(:slugs)", slugs=["ccas-carvin", "inconnue"])
        assert [row.slug for row in found] == ["ccas-carvin"]
        assert set(found[0]._fields) == {"slug", "name", "commune", "phone", "network", "demo"}
        assert session.rows("select 1 from organisation") == []


# ------------------------------------------------------------------ any answer


@given(
    st.lists(st.integers(0, 120), min_size=1, max_size=20),
    st.dictionaries(st.sampled_from([question.name for question in rules.QUESTIONS]), st.integers(0, 900_000)),
    st.sampled_from([aid.value for aid in rules.Aid]),
    st.booleans(),
)
def test_whatever_is_typed_every_bareme_answers(
    ages: list[int], amounts: dict[str, int], aid: str, unborn: bool
) -> None:
    typed = {f"people-{rank}-age": str(age) for rank, age in enumerate(ages)}
    typed |= {name: f"{euros}" for name, euros in amounts.items()} | {"aid": aid, "expecting": "oui" if unborn else ""}
    asked, form = read(PublicAnswers, FormData(typed))
    assert asked is not None, form.errors
    lines = asked.lines()
    assert len(lines) == len(amounts)
    for rule in load_baremes(BAREMES).all(today()):
        computed = reste_a_vivre(rule, asked.composition(), lines, today())
        assert bool(lines) is hasattr(computed, "zone")


def test_every_question_has_its_place_and_every_zone_its_words(browser: Callable[[], Browser]) -> None:
    page = browser().get("/simulateur").text
    assert all(f'name="{question.name}"' in page for question in rules.QUESTIONS)
    assert len(rules.QUESTIONS) <= 30
    assert len({question.kind for question in rules.QUESTIONS}) == len(rules.QUESTIONS)
    assert set(rules.ANSWERS) == set(ZoneKind)


def test_the_form_is_bounded(anybody: Browser) -> None:
    assert anybody.post("/simulateur", content=b"a=" + b"9" * 1_100_000).status_code == 413
    many = {f"people-{rank}-age": "1" for rank in range(999)}
    assert anybody.post("/simulateur", data=many).status_code == 422
