"""The pages of casework, as a browser without JavaScript uses them."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from uuid import UUID

import pytest

from coordination.kit.clock import today
from tests.casework.make import give, meet, write
from tests.cast import PASSWORD, Cast, Organised
from tests.conftest import Browser
from tests.households.make import open_household
from tests.sharing.make import agree

Browsers = Callable[[Organised, str], Browser]
LONG = "Elle dit <b>oui</b> & repart.\nDeux lignes."


@pytest.fixture
def as_(browser: Callable[[], Browser]) -> Browsers:
    return lambda organised, role: browser().sign_in(organised.emails[role], PASSWORD)


@pytest.fixture
def household(cast: Cast) -> UUID:
    """A file of the CCAS, shared with the grocery."""
    made = open_household(cast.engine, cast.ccas.people["intake"], "Nguyen", "Linh")
    agree(cast.engine, cast.ccas.people["intake"], made, [cast.epicerie])
    return made


def text(html: str) -> str:
    """What is read on the page, on one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def test_a_note_is_written_read_corrected_and_its_versions_shown(cast: Cast, household: UUID, as_: Browsers) -> None:
    page = as_(cast.ccas, "intake")
    here = f"/foyers/{household}"
    assert "La personne peut demander à lire" in text(page.get(f"{here}/suivi/note").text)
    assert page.post(f"{here}/suivi/note", data={"words": LONG}).headers["location"] == f"{here}#suivi"
    file = page.get(here).text
    assert "Elle dit <b>" not in file
    assert "Elle dit <b>oui</b> & repart." in unescape(file)
    address = re.search(rf'href="({here}/suivi/notes/[^"]+)"', file)
    assert address is not None
    form = page.get(address[1]).text
    latest = re.search(r'name="latest" value="([^"]+)"', form)
    assert latest is not None
    same = page.post(address[1], data={"words": LONG, "latest": latest[1]})
    assert same.status_code == 422
    assert page.post(address[1], data={"words": "Autrement.", "latest": latest[1]}).status_code == 303
    late = page.post(address[1], data={"words": "Trop tard.", "latest": latest[1]})
    assert late.status_code == 409
    assert "Trop tard." in late.text
    assert "Autrement." in late.text
    again = re.search(r'name="latest" value="([^"]+)"', late.text)
    assert again is not None
    assert page.post(address[1], data={"words": "Trop tard.", "latest": again[1]}).status_code == 303
    assert "corrigée le" in text(page.get(here).text)


def test_a_partner_and_a_volunteer_find_none_of_it_on_the_file(cast: Cast, household: UUID, as_: Browsers) -> None:
    worker = cast.ccas.people["intake"]
    write(cast.engine, worker, household, "canari-note")
    meet(cast.engine, worker, household, words="canari-contact")
    give(cast.engine, worker, household, what="canari-tache")
    page = as_(cast.ccas, "intake").get(f"/foyers/{household}").text
    assert all(words in page for words in ("canari-note", "canari-contact", "canari-tache"))
    for organised, role in ((cast.epicerie, "intake"), (cast.ccas, "volunteer"), (cast.ccas, "coordinator")):
        answer = as_(organised, role).get(f"/foyers/{household}")
        assert answer.status_code == 200
        assert "canari" not in answer.text


def test_a_contact_to_come_is_refused_and_what_was_typed_stays(cast: Cast, household: UUID, as_: Browsers) -> None:
    page = as_(cast.ccas, "intake")
    tomorrow = f"{today() + timedelta(days=1):%d/%m/%Y}"
    data = {"met_on": tomorrow, "medium": "visite", "with_whom": "Mme Nguyen", "words": "Chez elle"}
    refused = page.post(f"/foyers/{household}/suivi/contact", data=data)
    assert refused.status_code == 422
    assert "Cette date est à venir" in refused.text
    assert all(words in refused.text for words in (tomorrow, "Mme Nguyen", "Chez elle"))
    done = page.post(f"/foyers/{household}/suivi/contact", data={**data, "met_on": f"{today():%d/%m/%Y}"})
    assert done.status_code == 303
    said = text(page.get(f"/foyers/{household}").text)
    assert "visite à domicile, Mme Nguyen : Chez elle" in said
    assert "aucun noté" not in said
    taken_back = re.search(
        rf'action="(/foyers/{household}/suivi/contacts/[^"]+/annuler)[?"]', page.get(f"/foyers/{household}").text
    )
    assert taken_back is not None
    assert page.post(taken_back[1], data={}).status_code == 303
    assert "Chez elle" not in page.get(f"/foyers/{household}").text
    assert page.post(taken_back[1], data={}).status_code == 409


def test_a_task_due_stands_on_the_home_page_until_it_is_done(cast: Cast, household: UUID, as_: Browsers) -> None:
    page = as_(cast.ccas, "intake")
    me = str(cast.ccas.people["intake"].membership_id)
    data = {"what": "Relire le bail", "due_on": f"{today():%d/%m/%Y}", "assigned_to": me}
    assert page.post(f"/foyers/{household}/suivi/tache", data=data).status_code == 303
    assert "Relire le bail" in page.get("/").text
    file = page.get(f"/foyers/{household}").text
    action = re.search(rf'action="(/foyers/{household}/suivi/taches/[^"]+/faite)[?"]', file)
    assert action is not None
    assert page.post(action[1], data={"version": "1"}).status_code == 303
    assert "Relire le bail" not in page.get("/").text
    assert page.post(action[1], data={"version": "1"}).status_code == 409
    assert page.post(action[1].replace("/faite", "/rouvrir"), data={"version": "2"}).status_code == 303
    assert "Relire le bail" in page.get("/").text
    wrong = page.post(f"/foyers/{household}/suivi/tache", data={**data, "assigned_to": str(household)})
    assert wrong.status_code == 422
    assert "Relire le bail" in wrong.text


def test_the_referent_is_shown_to_the_partner(cast: Cast, household: UUID, as_: Browsers) -> None:
    page = as_(cast.ccas, "intake")
    me = str(cast.ccas.people["intake"].membership_id)
    assert page.post(f"/foyers/{household}/suivi/referent", data={"membership_id": me}).status_code == 303
    for organised in (cast.ccas, cast.epicerie):
        assert "Référent, CCAS Intake" in text(as_(organised, "intake").get(f"/foyers/{household}").text)
    wrong = page.post(f"/foyers/{household}/suivi/referent", data={"membership_id": str(household)})
    assert wrong.status_code == 422
