"""Every refusal is a page in French: what happened, what was kept, what to do; never a trace, never a value."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from html import unescape
from re import search
from typing import Annotated

import pytest
from fastapi import Request
from fastapi.responses import Response
from structlog.testing import capture_logs

from coordination.kit.engine import close_engine, make_engine
from coordination.kit.guards import HEADERS, LARGEST_BODY
from coordination.kit.web import Submitted, Walled, asset, assets, date_fr, datetime_fr, go, month_fr, page
from coordination.kit.written import Written
from coordination.main import create_app
from tests.cast import PASSWORD, Cast
from tests.conftest import Base, Browser, settings_for
from tests.cutting import WHOLE, on_a_wire

Browsers = Callable[[], Browser]
SECRET = "Ce que Claire a tapé"


@pytest.fixture(scope="module")
def odd(shared_base: Base) -> Iterator[Browser]:
    """The application with two routes that misbehave, and one that reads a form."""
    app = create_app(settings_for(shared_base.app_url), shared_base.app_url)

    @app.get("/panne")
    def broken() -> Response:
        raise ValueError(SECRET)

    @app.get("/panne-sql")
    def broken_sql(request: Request) -> Response:
        with request.app.state.engine.connect() as connection:
            connection.exec_driver_sql("select cast(%s as integer)", (SECRET,))
        return Response()

    @app.post("/formulaire")
    def form(data: Submitted) -> Response:
        return Response(str(len(data)))

    @app.get("/mot")
    def word(request: Request, text: Annotated[str, "what to say"] = "") -> Response:
        return go(request, "/aide", text)

    yield Browser(app)
    close_engine(app.state.engine)


def is_a_french_page(answer: object, title: str) -> bool:
    text = answer.text  # type: ignore[attr-defined]
    return '<html lang="fr">' in text and title in text and "Traceback" not in text and "</html>" in text


# ------------------------------------------------------------------ refusals


def test_an_unknown_address_is_a_page(odd: Browser) -> None:
    answer = odd.get("/nulle-part")
    assert answer.status_code == 404
    assert is_a_french_page(answer, "Page introuvable")


def test_an_unknown_address_keeps_the_menu_of_whoever_is_signed_in(browser: Browsers, cast: Cast) -> None:
    who = browser().sign_in(cast.ccas.emails["dpo"], PASSWORD)
    assert "Journal</a>" in who.get("/nulle-part").text
    assert "Journal</a>" not in browser().get("/nulle-part").text


def test_a_wrong_verb_says_which_are_right(odd: Browser) -> None:
    answer = odd.get("/deconnexion")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"
    assert is_a_french_page(answer, "Demande non permise")


@pytest.mark.parametrize("path", ["/a%00b", "/%FF", "/connexion?suite=%00", "/connexion?suite=%C3"])
def test_an_unreadable_address_is_a_page(odd: Browser, path: str) -> None:
    answer = odd.get(path)
    assert answer.status_code == 422
    assert is_a_french_page(answer, "Saisie à corriger")


@pytest.mark.parametrize("typed", ["%00", "a%00b", "%FF", "%C3%28"])
def test_unreadable_words_in_a_form_get_a_sentence(odd: Browser, typed: str) -> None:
    answer = odd.post(
        "/connexion",
        content=f"email={typed}&password=x",
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 422
    assert "caractères illisibles" in answer.text


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "application/json"),
        (b"{", "application/json"),
        (b"--x\r\nnonsense", "multipart/form-data; boundary=x"),
        (b"nonsense", "multipart/form-data"),
        (b"\xff\xfe\x00", "application/x-www-form-urlencoded"),
        (b"a=1&" * 5000, "application/x-www-form-urlencoded"),
    ],
)
def test_a_body_that_is_no_form_is_a_page(odd: Browser, content: bytes, kind: str) -> None:
    answer = odd.post("/connexion", content=content, headers={"content-type": kind})
    assert answer.status_code == 422
    assert is_a_french_page(answer, "")


def test_a_file_sent_instead_of_words_is_refused(odd: Browser) -> None:
    answer = odd.post("/connexion", files={"email": ("a.txt", b"x")}, data={"password": "x"})
    assert answer.status_code == 422
    assert is_a_french_page(answer, "")


def test_an_oversized_body_announced_is_a_page(odd: Browser) -> None:
    answer = odd.post("/formulaire", content=b"x" * (LARGEST_BODY + 1))
    assert answer.status_code == 413
    assert is_a_french_page(answer, "Envoi trop volumineux")


def test_an_oversized_body_unannounced_is_the_same_page(odd: Browser) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(20):
            yield b"a=" + b"x" * 100_000 + b"&"

    answer = odd.post("/formulaire", content=chunks(), headers={"content-type": "application/x-www-form-urlencoded"})
    assert "content-length" not in answer.request.headers
    assert answer.status_code == 413
    assert is_a_french_page(answer, "Envoi trop volumineux")
    assert "n’a pas changé" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "", "origin": "https://ailleurs.exemple"},
    ],
)
def test_a_form_sent_from_elsewhere_is_refused(odd: Browser, cast: Cast, headers: dict[str, str]) -> None:
    data = {"email": cast.ccas.emails["intake"], "password": PASSWORD}
    answer = odd.post("/connexion", data=data, headers=headers)
    assert answer.status_code == 403
    assert is_a_french_page(answer, "Demande refusée")
    assert "set-cookie" not in answer.headers


def test_a_form_sent_without_saying_from_where_is_refused(odd: Browser) -> None:
    bare = Browser(odd.app)
    del bare.headers["sec-fetch-site"]
    assert bare.post("/connexion", data={"email": "a", "password": "b"}).status_code == 403
    assert (
        bare.post(
            "/connexion", data={"email": "a", "password": "b"}, headers={"origin": "http://testserver"}
        ).status_code
        == 422
    )


# ------------------------------------------------------------------ failures


@pytest.mark.parametrize("path", ["/panne", "/panne-sql"])
def test_a_failure_is_a_page_without_trace_and_its_log_without_value(
    odd: Browser, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    with capture_logs() as logs:
        answer = odd.get(path)
    assert answer.status_code == 500
    assert is_a_french_page(answer, "Un problème est survenu")
    assert SECRET not in answer.text
    assert "ValueError" not in answer.text
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert answer.headers["cache-control"] == "no-store"
    assert logs[-1]["event"] == "unexpected"
    assert logs[-1]["error"]
    assert SECRET not in str(logs)
    assert SECRET not in caplog.text


def test_a_failure_keeps_the_menu_of_whoever_is_signed_in(odd: Browser, cast: Cast) -> None:
    who = Browser(odd.app).sign_in(cast.ccas.emails["dpo"], PASSWORD)
    assert "Journal</a>" in who.get("/panne").text


@pytest.mark.parametrize("path", ["/", "/connexion", "/moi"])
def test_without_its_database_the_application_says_so_in_french(shared_base: Base, path: str) -> None:
    app = create_app(settings_for(shared_base.app_url), shared_base.app_url)
    close_engine(app.state.engine)
    app.state.engine = make_engine("postgresql+psycopg://coordination_app:x@127.0.0.1:9/rien", timeout=0.3)
    who = Browser(app)
    who.cookies.set("session", "un-jeton")
    with capture_logs() as logs:
        answer = who.get(path)
        health = who.get("/sante")
        kept = who.post("/foyers/nouveau", data={"family_name": "Tapé pendant la panne"})
    close_engine(app.state.engine)
    assert (kept.status_code, "Tapé pendant la panne</textarea>" in kept.text) == (503, True)
    assert answer.status_code == 503
    assert is_a_french_page(answer, "Service momentanément indisponible")
    assert "Réessayez dans une minute" in answer.text
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert logs[0]["event"] == "database unavailable"
    assert "127.0.0.1" not in answer.text
    assert health.status_code == 503


def test_a_form_whose_end_was_never_answered_is_perhaps_recorded_and_counts_once(shared_base: Base, cast: Cast) -> None:
    shared_base.admin("create table noted (n int); grant all on noted to public")
    app = create_app(settings_for(shared_base.app_url), shared_base.app_url)

    @app.post("/noter")
    def note(request: Request, session: Walled) -> Response:
        session.later(Written("insert into noted values (1)"))
        return go(request, "/moi")

    who = Browser(app).sign_in(cast.ccas.emails["intake"], PASSWORD)
    words = {"words": "Tapé pendant\r\nla panne"}
    with on_a_wire(shared_base) as (engine, wire):
        close_engine(app.state.engine)
        app.state.engine = engine
        wire.loses = WHOLE
        answer = who.post("/noter?une=marque", data=words)
        assert is_a_french_page(answer, "C’est peut-être enregistré")
        assert (answer.status_code, "Rien n’" in answer.text) == (503, False)
        form = search(r'<form method="post" action="([^"]*)">\s*<textarea hidden name="words">([^<]*)<', answer.text)
        assert form is not None
        again = who.post(unescape(form[1]), data={"words": form[2].replace("\r\n", "\n").replace("\n", "\r\n")})
    assert again.status_code == 303
    assert shared_base.admin("select count(*) from noted") == [(1,)]


# ------------------------------------------------------------------ headers, assets


@pytest.mark.parametrize("path", ["/connexion", "/nulle-part", "/moi", "/aide", "/sante"])
def test_no_answer_is_kept_by_browsers(odd: Browser, path: str) -> None:
    answer = odd.get(path)
    assert answer.headers["cache-control"] == "no-store"
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS


def test_assets_are_kept_forever_under_a_name_that_follows_their_content(odd: Browser) -> None:
    for url, file in assets().values():
        answer = odd.get(url)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert answer.content == file.read_bytes()
    assert asset("app.css").count(".") == 2


@pytest.mark.parametrize("path", ["/static/app.css", "/static/../settings.py", "/static/%2e%2e/main.py", "/static/"])
def test_nothing_else_is_served_as_an_asset(odd: Browser, path: str) -> None:
    assert odd.get(path).status_code == 404


def test_every_address_of_our_templates_is_our_own(odd: Browser) -> None:
    text = odd.get("/connexion").text
    assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in text
    assert "<style" not in text
    assert " style=" not in text
    assert " onclick=" not in text


# ------------------------------------------------------------------ small words


def test_a_word_is_said_once_on_the_next_page(odd: Browser) -> None:
    sent = odd.get("/mot", params={"text": "C’est <b>fait</b>."})
    assert sent.status_code == 303
    assert "HttpOnly" in sent.headers["set-cookie"]
    assert "C’est &lt;b&gt;fait&lt;/b&gt;." in odd.get("/aide").text
    assert "fait&lt;" not in odd.get("/aide").text


@pytest.mark.parametrize("cookie", ["x", "e30=", "W10=", "WyJlcnJvciIsIDFd", "é" * 10, "A" * 3000, "WyJ4IiwgIngiXQ=="])
def test_a_forged_word_is_ignored(odd: Browser, cookie: str) -> None:
    answer = odd.get("/aide", headers=[(b"cookie", f"mot={cookie}".encode())])
    assert answer.status_code == 200
    assert 'class="alert' not in answer.text.split('id="flash"')[1].split("</div>")[0]


def test_dates_are_said_the_french_way() -> None:
    assert date_fr(date(2026, 11, 21)) == "21 novembre 2026"
    assert date_fr(date(2026, 5, 1)) == "1er mai 2026"
    assert date_fr(None) == datetime_fr(None) == month_fr(None) == "—"
    assert datetime_fr(datetime(2026, 11, 21, 8, 5, tzinfo=UTC)) == "21 novembre 2026 à 9 h 05"
    assert datetime_fr(datetime(2026, 12, 31, 23, 30, tzinfo=UTC)) == "1er janvier 2027 à 0 h 30"
    assert month_fr(date(2026, 8, 15)) == "août 2026"
    assert page.__doc__
