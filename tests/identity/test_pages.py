"""Signing in and out, one's own account, one-use links: through the pages, as a browser does."""

import re
from collections.abc import Callable
from html import escape, unescape

import pytest
from fastapi.testclient import TestClient

from coordination.identity.permissions import Part, Permission, Role
from coordination.identity.rules import IDLE_SIGN_OUT, LONGEST_SESSION
from coordination.main import create_app
from coordination.settings import Settings
from tests.cast import PASSWORD, Cast
from tests.conftest import TEST_KEY, Base, Browser
from tests.identity.make import OTHER_PASSWORD, invited, reset_link, somebody

Browsers = Callable[[], Browser]


@pytest.fixture
def person(cast: Cast, browser: Browsers) -> tuple[str, Browser]:
    """A new intake worker of the CCAS, signed in; and her e-mail."""
    made = somebody(cast.engine, cast.ccas)
    email = cast.ccas.emails[str(made.membership_id)]
    return email, browser().sign_in(email, PASSWORD)


def signed_in(who: Browser) -> bool:
    return bool(who.get("/moi").status_code == 200)


# ------------------------------------------------------------------ signing in


def test_the_sign_in_page_is_calm_and_says_what_to_do_without_a_password(browser: Browsers, cast: Cast) -> None:
    page = browser().get("/connexion")
    assert page.status_code == 200
    assert "Courriel" in page.text
    assert "Mot de passe perdu" in page.text


def test_wrong_and_unknown_get_the_same_answer_and_no_password_comes_back(browser: Browsers, cast: Cast) -> None:
    pages = []
    for email in (cast.ccas.emails["council"], "x" * len(cast.ccas.emails["council"].split("@")[0]) + "@exemple.fr"):
        answer = browser().post("/connexion", data={"email": email, "password": "Mauvais-secret-1"})
        assert answer.status_code == 422
        assert "Mauvais-secret-1" not in answer.text
        assert "set-cookie" not in answer.headers
        pages.append(answer.text.replace(email, "ADRESSE"))
    assert pages[0] == pages[1]
    assert "Courriel ou mot de passe incorrect" in pages[0]


def test_what_was_typed_stays_when_the_form_is_incomplete(browser: Browsers, cast: Cast) -> None:
    answer = browser().post("/connexion", data={"email": "claire@exemple.fr", "password": "", "suite": "/moi"})
    assert answer.status_code == 422
    assert 'value="claire@exemple.fr"' in answer.text
    assert 'value="/moi"' in answer.text


def test_the_cookie_is_opaque_and_kept_from_scripts(browser: Browsers, cast: Cast) -> None:
    answer = browser().post("/connexion", data={"email": cast.ccas.emails["intake"], "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert answer.status_code == 303
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie
    assert len(cookie.split("=")[1].split(";")[0]) >= 40


def test_over_https_the_cookie_is_secure_and_bound_to_its_host(shared_base: Base, cast: Cast) -> None:
    settings = Settings.model_validate(
        {
            "DATABASE_URL": shared_base.app_url,
            "COORDINATION_SECRET_KEY": TEST_KEY,
            "COORDINATION_BASE_URL": "https://coordination.exemple.fr",
            "COORDINATION_DEMO": False,
        }
    )
    with TestClient(create_app(settings, shared_base.app_url), base_url="https://coordination.exemple.fr") as client:
        answer = client.post(
            "/connexion",
            data={"email": cast.ccas.emails["intake"], "password": PASSWORD},
            headers={"origin": "https://coordination.exemple.fr"},
            follow_redirects=False,
        )
        assert answer.status_code == 303
        assert answer.headers["set-cookie"].startswith("__Host-session=")
        assert "Secure" in answer.headers["set-cookie"]
        assert answer.headers["strict-transport-security"].startswith("max-age=")
        assert client.get("/moi").status_code == 200


def test_each_sign_in_has_a_new_token_and_the_old_one_is_dead(person: tuple[str, Browser], browser: Browsers) -> None:
    email, who = person
    old = who.cookies["session"]
    who.sign_in(email, PASSWORD)
    assert who.cookies["session"] != old
    assert signed_in(who)
    thief = browser()
    thief.cookies.set("session", old)
    assert not signed_in(thief)


@pytest.mark.parametrize(
    "suite",
    [
        "//ailleurs.exemple",
        "https://ailleurs.exemple",
        "/\\ailleurs.exemple",
        "\\\\ailleurs.exemple",
        "/\t/ailleurs.exemple",
        "/\n/ailleurs.exemple",
        "javascript:alert(1)",
        "",
    ],
)
def test_signing_in_never_leads_elsewhere(browser: Browsers, cast: Cast, suite: str) -> None:
    data = {"email": cast.ccas.emails["intake"], "password": PASSWORD, "suite": suite}
    answer = browser().post("/connexion", data=data)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    page = browser().get("/connexion", params={"suite": suite})
    assert "ailleurs" not in page.text


def test_a_visitor_is_brought_back_where_she_was_going(browser: Browsers, cast: Cast) -> None:
    who = browser()
    sent = who.get("/journal?before=12")
    assert sent.status_code == 303
    page = who.get(sent.headers["location"])
    suite = re.search(r'name="suite" value="([^"]*)"', page.text)
    assert suite is not None
    data = {"email": cast.ccas.emails["dpo"], "password": PASSWORD, "suite": suite.group(1)}
    assert who.post("/connexion", data=data).headers["location"] == "/journal?before=12"


def test_demonstration_accounts_are_listed_in_demonstration_mode_only(shared_base: Base, cast: Cast) -> None:
    for demo in (True, False):
        settings = Settings.model_validate(
            {
                "DATABASE_URL": shared_base.app_url,
                "COORDINATION_SECRET_KEY": TEST_KEY,
                "COORDINATION_BASE_URL": "http://testserver",
                "COORDINATION_DEMO": demo,
            }
        )
        app = create_app(settings, shared_base.app_url)
        app.state.demo_accounts = [("Accueil du CCAS", "accueil@demo.invalid")]
        app.state.demo_password = "Demonstration-essai"
        with TestClient(app) as client:
            page = client.get("/connexion").text
        assert ("accueil@demo.invalid" in page) is demo
        assert ("Demonstration-essai" in page) is demo
        assert ("personnes fictives" in page) is demo


# ------------------------------------------------------------------ the end of a session


def test_signing_out_closes_the_session_for_good(person: tuple[str, Browser], browser: Browsers) -> None:
    _, who = person
    token = who.cookies["session"]
    answer = who.post("/deconnexion")
    assert answer.status_code == 303
    assert answer.headers["cache-control"] == "no-store"
    assert "session" not in who.cookies
    thief = browser()
    thief.cookies.set("session", token)
    assert not signed_in(thief)


def test_pages_are_never_kept_by_the_browser(person: tuple[str, Browser]) -> None:
    _, who = person
    assert who.get("/moi").headers["cache-control"] == "no-store"


@pytest.mark.parametrize("moment", ["seen_at", "expires_at"])
def test_an_idle_or_too_long_session_ends(
    person: tuple[str, Browser], cast: Cast, shared_base: Base, moment: str
) -> None:
    email, who = person
    lasts = IDLE_SIGN_OUT if moment == "seen_at" else LONGEST_SESSION
    back = f"interval '{int(lasts.total_seconds()) + 60} seconds'"
    assert signed_in(who)
    shared_base.admin(
        f"update browser_session set {moment} = {moment} - {back}"
        " where account_id = (select id from account where email_folded = %s)",
        email,
    )
    sent = who.get("/moi")
    assert (sent.status_code, sent.headers["location"]) == (303, "/connexion?suite=/moi")
    assert "Votre session a pris fin" in who.get("/connexion?suite=/moi").text


def test_what_was_typed_when_the_session_ended_waits_on_the_page_to_be_sent_again(
    person: tuple[str, Browser], browser: Browsers
) -> None:
    late = browser()
    answer = late.post("/foyers/nouveau?de=1", data={"family_name": 'O’Brien "<b>"', "commune": "\n Carvin"})
    assert answer.status_code == 401
    assert 'action="/foyers/nouveau?de=1"' in answer.text
    assert '<textarea hidden name="family_name">O’Brien &#34;&lt;b&gt;&#34;</textarea>' in answer.text
    assert '<textarea hidden name="commune">\n\n Carvin</textarea>' in answer.text
    secret = late.post("/moi/mot-de-passe", data={"current": PASSWORD, "password": "x", "again": "x"})
    assert (secret.status_code, PASSWORD in secret.text) == (303, False)
    assert late.post("/foyers/nouveau", data={"family_name": "A"}, headers={"hx-request": "true"}).status_code == 401


def test_a_session_in_use_stays_open(person: tuple[str, Browser], shared_base: Base) -> None:
    email, who = person
    own = " where account_id = (select id from account where email_folded = %s)"
    for _ in range(3):
        shared_base.admin("update browser_session set seen_at = seen_at - interval '90 minutes'" + own, email)
        assert signed_in(who)


def test_signing_out_everywhere_reaches_every_device(person: tuple[str, Browser], browser: Browsers) -> None:
    email, who = person
    other = browser().sign_in(email, PASSWORD)
    assert "cet appareil" in who.get("/moi").text
    assert who.post("/moi/deconnexion-partout").status_code == 303
    assert not signed_in(who)
    assert not signed_in(other)


@pytest.mark.parametrize("cookie", ["", "inconnu", "é" * 20, "a" * 5000, "%00", '"><script>'])
def test_a_forged_cookie_is_nobodys(browser: Browsers, cast: Cast, cookie: str) -> None:
    sent = browser().get("/moi", headers=[(b"cookie", f"session={cookie}".encode())])
    assert sent.status_code == 303


# ------------------------------------------------------------------ one's own account


def test_changing_the_password_keeps_this_device_and_closes_the_others(
    person: tuple[str, Browser], browser: Browsers
) -> None:
    email, who = person
    other = browser().sign_in(email, PASSWORD)
    data = {"current": PASSWORD, "password": OTHER_PASSWORD, "again": OTHER_PASSWORD}
    assert who.post("/moi/mot-de-passe", data=data).status_code == 303
    assert signed_in(who)
    assert not signed_in(other)
    browser().sign_in(email, OTHER_PASSWORD)


@pytest.mark.parametrize(
    ("current", "password", "again", "sentence"),
    [
        ("Faux-mot-de-passe-1", OTHER_PASSWORD, OTHER_PASSWORD, "n’est pas le bon"),
        (PASSWORD, OTHER_PASSWORD, OTHER_PASSWORD + "!", "ne sont pas les mêmes"),
        (PASSWORD, OTHER_PASSWORD, "", "ne sont pas les mêmes"),
        (PASSWORD, "Faible-1", "Faible-1", "trop faible"),
        ("", "", "", "À remplir"),
    ],
)
def test_a_refused_change_says_why_changes_nothing_and_echoes_no_password(
    person: tuple[str, Browser], browser: Browsers, current: str, password: str, again: str, sentence: str
) -> None:
    email, who = person
    data = {"current": current, "password": password, "again": again}
    answer = who.post("/moi/mot-de-passe", data=data)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert not any(typed and typed in answer.text for typed in data.values())
    browser().sign_in(email, PASSWORD)


def test_one_acts_for_ones_own_memberships_only(cast: Cast, browser: Browsers) -> None:
    made = somebody(cast.engine, cast.ccas)
    email = cast.ccas.emails[str(made.membership_id)]
    second = somebody(cast.engine, cast.secours, Role.VOLUNTEER, email=email)
    who = browser().sign_in(email, PASSWORD)
    assert who.post("/session/structure", data={"membership": str(second.membership_id)}).status_code == 303
    assert "Secours populaire" in who.get("/moi").text
    stranger = cast.ccas.people["admin"].membership_id
    assert who.post("/session/structure", data={"membership": str(stranger)}).status_code == 404
    assert who.post("/session/structure", data={"membership": "n’importe quoi"}).status_code == 303
    assert "Bénévole" in who.get("/moi").text


def test_a_form_opened_for_one_structure_is_not_sent_in_the_name_of_another(cast: Cast, browser: Browsers) -> None:
    made = somebody(cast.engine, cast.ccas, Role.INTAKE)
    email = cast.ccas.emails[str(made.membership_id)]
    second = somebody(cast.engine, cast.secours, Role.INTAKE, email=email)
    who = browser().sign_in(email, PASSWORD)
    opened = re.findall(r'method="post" action="(/[^"]*)"', who.get("/foyers/nouveau").text)
    (form,) = [unescape(path) for path in opened if path.startswith("/foyers/nouveau")]
    assert {"/session/structure", "/deconnexion"} <= set(opened)
    who.post("/session/structure", data={"membership": str(second.membership_id)})
    typed = {"family_name": "Tapé pour le CCAS", "commune": "Carvin"}
    refused = who.post(form, data=typed)
    assert refused.status_code == 409
    assert f'action="{escape(form)}"' in refused.text
    assert "Tapé pour le CCAS</textarea>" in refused.text
    who.post("/session/structure", data={"membership": str(made.membership_id)})
    assert who.post(form, data=typed).status_code == 303


def test_the_screen_of_rights_says_what_the_table_says(person: tuple[str, Browser]) -> None:
    _, who = person
    text = who.get("/droits").text
    for word in (*Role, *Permission, *Part):
        assert word.label in text


# ------------------------------------------------------------------ one-use links


def test_an_invited_person_chooses_her_password_and_signs_in(cast: Cast, browser: Browsers) -> None:
    token = invited(cast.engine, cast.ccas.people["admin"], "camille@exemple.fr", roles=(Role.INTAKE,))
    who = browser()
    page = who.get(f"/invitation/{token}")
    assert "CCAS" in page.text
    assert "Accueil social" in page.text
    weak = who.post(f"/invitation/{token}", data={"name": "Camille R", "password": "court", "again": "court"})
    assert weak.status_code == 422
    assert 'value="Camille R"' in weak.text
    assert 'value="court"' not in weak.text
    good = {"name": "Camille R", "password": OTHER_PASSWORD, "again": OTHER_PASSWORD}
    assert who.post(f"/invitation/{token}", data=good).status_code == 303
    who.sign_in("camille@exemple.fr", OTHER_PASSWORD)
    assert "Camille R" in who.get("/moi").text
    assert browser().get(f"/invitation/{token}").status_code == 404


def test_looking_at_a_link_does_not_spend_it(cast: Cast, browser: Browsers) -> None:
    """Mail scanners open every link."""
    token = invited(cast.engine, cast.ccas.people["admin"], "dominique@exemple.fr")
    for _ in range(3):
        assert browser().get(f"/invitation/{token}").status_code == 200


def test_joining_with_an_existing_account_asks_its_password(cast: Cast, browser: Browsers) -> None:
    """Whoever made an account under somebody else's address must not inherit her next invitations."""
    made = somebody(cast.engine, cast.ccas)
    email = cast.ccas.emails[str(made.membership_id)]
    token = invited(cast.engine, cast.elsewhere.people["admin"], email)
    who = browser()
    assert "Vous avez déjà un compte" in who.get(f"/invitation/{token}").text
    wrong = who.post(f"/invitation/{token}", data={"name": "Camille", "password": "Faux-mot-de-passe-1"})
    assert wrong.status_code == 422
    assert "Faux-mot-de-passe-1" not in wrong.text
    assert who.post(f"/invitation/{token}", data={"name": "Camille", "password": PASSWORD}).status_code == 303
    who.sign_in(email, PASSWORD)
    assert "CCAS d’ailleurs" in who.get("/moi").text


def test_a_reset_link_lets_choose_a_new_password(cast: Cast, browser: Browsers) -> None:
    made = somebody(cast.engine, cast.ccas)
    email = cast.ccas.emails[str(made.membership_id)]
    token = reset_link(cast.engine, cast.ccas.people["admin"], made.membership_id)
    who = browser()
    assert "nouveau mot de passe" in who.get(f"/invitation/{token}").text
    data = {"password": OTHER_PASSWORD, "again": OTHER_PASSWORD}
    assert who.post(f"/invitation/{token}", data=data).status_code == 303
    who.sign_in(email, OTHER_PASSWORD)


@pytest.mark.parametrize("token", ["inconnu", "a" * 2000, "%C3%A9"])
def test_an_unknown_link_says_what_to_do(browser: Browsers, cast: Cast, token: str) -> None:
    answer = browser().get(f"/invitation/{token}")
    assert answer.status_code == 404
    assert "Lien périmé" in answer.text
