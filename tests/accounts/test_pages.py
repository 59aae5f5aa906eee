"""The accounts of one organisation, through the pages: who may, what is shown once, what is never lost."""

import re
from collections.abc import Callable
from uuid import uuid4

import pytest

from coordination.identity.permissions import Role
from tests.cast import PASSWORD, Cast
from tests.conftest import Base, Browser
from tests.identity.make import OTHER_PASSWORD, somebody

LABELS = {
    "name": "Prénom et nom",
    "email": "Courriel",
    "roles": "Rôles",
    "professional": "Secret professionnel",
}
Browsers = Callable[[], Browser]


@pytest.fixture
def admin(cast: Cast, browser: Browsers) -> Browser:
    """The admin of the CCAS, signed in."""
    return browser().sign_in(cast.ccas.emails["admin"], PASSWORD)


def fresh_email() -> str:
    return f"{uuid4().hex[:10]}@exemple.fr"


def link_in(text: str) -> str:
    found = re.search(r'value="http://testserver(/invitation/[^"]+)"', text)
    assert found is not None, text
    return found.group(1)


def invitation(**changed: object) -> dict[str, object]:
    return {
        "name": "Camille Roux",
        "email": fresh_email(),
        "roles": ["intake", "volunteer"],
        "professional": "yes",
    } | changed


# ------------------------------------------------------------------ who may


@pytest.mark.parametrize("role", [r.value for r in Role if r is not Role.ADMIN])
def test_other_roles_find_a_closed_door(cast: Cast, browser: Browsers, role: str) -> None:
    who = browser().sign_in(cast.ccas.emails[role], PASSWORD)
    assert "Comptes</a>" not in who.get("/moi").text
    target = cast.ccas.people["intake"].membership_id
    for path in ("/comptes", "/comptes/inviter", f"/comptes/{target}"):
        answer = who.get(path)
        assert answer.status_code == 403
        assert "rôle" in answer.text
    for path in ("/comptes/inviter", f"/comptes/{target}", f"/comptes/{target}/suspendre"):
        assert who.post(path, data=invitation()).status_code == 403


def test_nobody_is_sent_to_sign_in(browser: Browsers, cast: Cast) -> None:
    assert browser().get("/comptes").headers["location"] == "/connexion?suite=/comptes"
    asked = browser().post("/comptes/inviter", data=invitation())
    assert asked.status_code == 401
    assert "Reconnectez-vous" in asked.text


@pytest.mark.parametrize("deed", ["", "/suspendre", "/retablir", "/mot-de-passe"])
@pytest.mark.parametrize("other", ["secours", "elsewhere"])
def test_another_organisations_accounts_do_not_exist(cast: Cast, admin: Browser, other: str, deed: str) -> None:
    target = getattr(cast, other).people["intake"].membership_id
    data = {"roles": ["admin"], "professional": "yes", "version": "1"}
    assert admin.get(f"/comptes/{target}").status_code == 404
    assert admin.post(f"/comptes/{target}{deed}", data=data).status_code == 404
    assert admin.post(f"/comptes/{uuid4()}{deed}", data=data).status_code == 404
    assert admin.post(f"/comptes/pas-un-identifiant{deed}", data=data).status_code == 404


def test_another_organisations_links_do_not_exist(
    cast: Cast, admin: Browser, browser: Browsers, shared_base: Base
) -> None:
    other = browser().sign_in(cast.secours.emails["admin"], PASSWORD)
    sent = invitation()
    link = link_in(other.post("/comptes/inviter", data=sent).text)
    (link_id,) = shared_base.admin("select id from invitation where email = %s", sent["email"])[0]
    assert admin.post(f"/comptes/liens/{link_id}/annuler").status_code == 404
    assert browser().get(link).status_code == 200


# ------------------------------------------------------------------ the list


def test_the_list_shows_colleagues_their_roles_and_their_state(cast: Cast, admin: Browser) -> None:
    person = somebody(cast.engine, cast.ccas, Role.INTAKE, Role.COUNCIL, professional=True)
    text = admin.get("/comptes").text
    assert cast.ccas.emails[str(person.membership_id)] in text
    assert "Accueil social, Membre du Conseil" in text
    assert "Professionnel·le" in text
    assert cast.secours.emails["intake"] not in text
    assert admin.post(f"/comptes/{person.membership_id}/suspendre").status_code == 303
    assert "Suspendu" in admin.get("/comptes").text


# ------------------------------------------------------------------ inviting


def test_an_invitation_shows_its_link_once_and_the_link_works(cast: Cast, admin: Browser, browser: Browsers) -> None:
    sent = invitation()
    answer = admin.post("/comptes/inviter", data=sent)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert "jusqu’au" in answer.text
    link = link_in(answer.text)
    again = admin.get("/comptes").text
    assert str(sent["email"]) in again
    assert link not in again
    who = browser()
    data = {"name": "Camille Roux", "password": OTHER_PASSWORD, "again": OTHER_PASSWORD}
    assert who.post(link, data=data).status_code == 303
    who.sign_in(str(sent["email"]), OTHER_PASSWORD)
    assert "Accueil social, Bénévole" in who.get("/moi").text
    assert str(sent["email"]) in admin.get("/comptes").text


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"email": "pas une adresse"}, "nom@exemple.fr"),
        ({"name": ""}, "À remplir"),
        ({"name": "é" * 10_000}, "Trop long"),
        ({"roles": []}, "au moins une"),
        ({"roles": ["king"]}, "réponses proposées"),
        ({"roles": ["intake"] * 500}, "Trop de lignes"),
        ({"professional": ""}, "À remplir"),
        ({"name": "Cam\x00ille"}, "illisibles"),
    ],
)
def test_a_faulty_invitation_keeps_what_was_typed(
    admin: Browser, shared_base: Base, changed: dict[str, object], sentence: str
) -> None:
    before = shared_base.admin("select count(*) from invitation")
    sent = invitation(**changed)
    answer = admin.post("/comptes/inviter", data=sent)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'role="alert"' in answer.text
    assert f"{LABELS[next(iter(changed))]} : " in answer.text
    if "email" not in changed:
        assert f'value="{sent["email"]}"' in answer.text
    assert shared_base.admin("select count(*) from invitation") == before


def test_a_colleague_is_not_invited_again(cast: Cast, admin: Browser) -> None:
    answer = admin.post("/comptes/inviter", data=invitation(email=cast.ccas.emails["intake"]))
    assert answer.status_code == 409
    assert "déjà un compte" in answer.text
    assert 'value="Camille Roux"' in answer.text


def test_a_cancelled_link_no_longer_opens(admin: Browser, browser: Browsers, shared_base: Base) -> None:
    sent = invitation()
    link = link_in(admin.post("/comptes/inviter", data=sent).text)
    (link_id,) = shared_base.admin("select id from invitation where email = %s", sent["email"])[0]
    assert admin.post(f"/comptes/liens/{link_id}/annuler").status_code == 303
    assert browser().get(link).status_code == 404
    assert str(sent["email"]) not in admin.get("/comptes").text
    assert admin.post(f"/comptes/liens/{link_id}/annuler").status_code == 409


# ------------------------------------------------------------------ one colleague


def test_rights_are_changed_and_hold_at_the_next_page(cast: Cast, admin: Browser, browser: Browsers) -> None:
    person = somebody(cast.engine, cast.ccas, Role.DPO)
    who = browser().sign_in(cast.ccas.emails[str(person.membership_id)], PASSWORD)
    assert who.get("/journal").status_code == 200
    data = {"roles": ["volunteer"], "professional": "no", "version": "1"}
    assert admin.post(f"/comptes/{person.membership_id}", data=data).status_code == 303
    assert who.get("/journal").status_code == 403


def test_the_second_to_save_is_told_and_loses_nothing(cast: Cast, admin: Browser) -> None:
    person = somebody(cast.engine, cast.ccas, Role.INTAKE)
    path = f"/comptes/{person.membership_id}"
    assert admin.post(path, data={"roles": ["dpo"], "professional": "no", "version": "1"}).status_code == 303
    late = admin.post(path, data={"roles": ["council"], "professional": "yes", "version": "1"})
    assert late.status_code == 409
    assert "Quelqu’un a modifié" in late.text
    assert re.search(r'value="council" checked', late.text)
    assert re.search(r'value="yes" checked', late.text)
    assert "Délégué à la protection des données ; non professionnel·le." in late.text
    assert 'name="version" value="2"' in late.text
    assert admin.post(path, data={"roles": ["council"], "professional": "yes", "version": "2"}).status_code == 303


def test_the_last_admin_cannot_leave(cast: Cast, browser: Browsers) -> None:
    who = browser().sign_in(cast.epicerie.emails["admin"], PASSWORD)
    own = f"/comptes/{cast.epicerie.people['admin'].membership_id}"
    answer = who.post(own, data={"roles": ["dpo"], "professional": "no", "version": "1"})
    assert answer.status_code == 409
    assert "dernier compte d’administration" in answer.text
    assert who.post(own + "/suspendre").status_code == 409
    assert who.get("/comptes").status_code == 200


def test_a_suspended_member_is_out_at_her_next_request(cast: Cast, admin: Browser, browser: Browsers) -> None:
    person = somebody(cast.engine, cast.ccas)
    email = cast.ccas.emails[str(person.membership_id)]
    who = browser().sign_in(email, PASSWORD)
    path = f"/comptes/{person.membership_id}"
    assert admin.post(path + "/suspendre").status_code == 303
    assert who.get("/moi").headers["location"].startswith("/connexion")
    refused = browser().post("/connexion", data={"email": email, "password": PASSWORD})
    assert "n’a plus d’accès actif" in refused.text
    assert admin.post(path + "/suspendre").status_code == 409
    assert admin.post(path + "/mot-de-passe").status_code == 409
    assert admin.post(path + "/retablir").status_code == 303
    browser().sign_in(email, PASSWORD)


def test_a_new_password_link_is_shown_once_and_works(cast: Cast, admin: Browser, browser: Browsers) -> None:
    person = somebody(cast.engine, cast.ccas)
    email = cast.ccas.emails[str(person.membership_id)]
    answer = admin.post(f"/comptes/{person.membership_id}/mot-de-passe")
    link = link_in(answer.text)
    assert link not in admin.get("/comptes").text
    who = browser()
    data = {"password": OTHER_PASSWORD, "again": OTHER_PASSWORD}
    assert who.post(link, data=data).status_code == 303
    who.sign_in(email, OTHER_PASSWORD)


def test_the_new_password_of_somebody_who_also_works_elsewhere_is_refused_in_words(cast: Cast, admin: Browser) -> None:
    person = somebody(cast.engine, cast.ccas)
    somebody(cast.engine, cast.elsewhere, email=cast.ccas.emails[str(person.membership_id)])
    answer = admin.post(f"/comptes/{person.membership_id}/mot-de-passe")
    assert answer.status_code == 409
    assert "une autre structure" in answer.text
    assert "CCAS d’ailleurs" not in answer.text
