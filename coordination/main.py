"""The front door: create_app(settings), and one readable list of rooms."""

import gc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from traceback import extract_tb
from typing import Any

import structlog
from fastapi import Depends, FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, PlainTextResponse, Response
from psycopg.errors import InsufficientPrivilege
from psycopg_pool import PoolTimeout
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, ProgrammingError, SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.routing import Route

import coordination.tables  # noqa: F401 - the metadata is whole before anything is asked
from coordination.accounts import pages as accounts
from coordination.appointments import api as appointments_api
from coordination.appointments import calendar_pages, place_pages, places_api
from coordination.appointments import hand_over_pages as passing
from coordination.appointments import pages as appointments
from coordination.audit import pages as audit
from coordination.budgets import api as budgets_api
from coordination.budgets import decision_pages, history_pages, record_api, whatif_pages
from coordination.budgets import pages as budgets
from coordination.budgets import stateless_api as reste_a_vivre
from coordination.casework import hand_over_pages as hand_over
from coordination.casework import pages as casework
from coordination.casework import situation_pages as situation
from coordination.demo.accounts import PASSWORD as DEMO_PASSWORD
from coordination.demo.accounts import shown as demo_accounts
from coordination.desk import pages as desk
from coordination.directory import api as directory_api
from coordination.directory import pages as directory
from coordination.households import api as households_api
from coordination.households import family_api, family_pages, majority_pages, merging_pages, protection_pages
from coordination.households import pages as households
from coordination.identity import api as identity_api
from coordination.identity import pages as identity
from coordination.identity.permissions import Permission
from coordination.imports import pages as imports
from coordination.imports.reading import SENTENCES as IMPORT_SENTENCES
from coordination.imports.rules import LARGEST_FILE
from coordination.indicators import api as figures_api
from coordination.indicators import pages as figures
from coordination.kit import embedded, errors, once
from coordination.kit.db import refuse_powerful_role
from coordination.kit.engine import close_engine, make_engine, once_it_answers
from coordination.kit.guards import App, Guards, Scope, TooLargeBody
from coordination.kit.rest import PREFIX, Invalid, NeedsToken, fault_of, is_api, openapi_of, problem_json
from coordination.kit.tabs import refuse_another_tab
from coordination.kit.web import NavItem, SignInFirst, already_sent, assets, page, typed_in
from coordination.kit.wire import Unsure
from coordination.notices import pages as notices
from coordination.outside import public_pages as outside_links
from coordination.papers import api as papers_api
from coordination.papers import pages as papers
from coordination.referrals import api as referrals_api
from coordination.referrals import (
    confirming_pages,
    moves_api,
    need_pages,
    queue_pages,
    reception_pages,
    services_api,
    work_api,
    work_pages,
)
from coordination.referrals import pages as referrals
from coordination.referrals import public_pages as replies
from coordination.rights import pages as rights
from coordination.settings import Settings, get_settings
from coordination.sharing import api as sharing_api
from coordination.sharing import pages as sharing
from coordination.simulators import impact_pages as impact_simulator
from coordination.simulators import public_pages as public_simulator

ROOMS = (  # looked through in this order at each demand: what is asked all day stands first
    households.router,
    queue_pages.router,
    identity.router,
    accounts.router,
    audit.router,
    desk.router,
    directory.router,
    outside_links.router,
    family_pages.router,
    majority_pages.router,
    protection_pages.router,
    merging_pages.router,
    imports.router,
    sharing.router,
    sharing.network,
    history_pages.router,
    budgets.router,
    decision_pages.router,
    whatif_pages.router,
    casework.router,
    situation.router,
    hand_over.router,
    passing.router,
    work_pages.router,
    confirming_pages.router,
    replies.router,
    referrals.router,
    papers.router,
    need_pages.router,
    reception_pages.router,
    place_pages.router,
    calendar_pages.router,
    appointments.router,
    notices.router,
    rights.router,
    public_simulator.router,
    impact_simulator.router,
    figures.router,
)
API = (
    identity_api.router,
    identity_api.bearers,
    households_api.router,
    family_api.router,
    sharing_api.router,
    sharing_api.requests,
    budgets_api.router,
    record_api.router,
    reste_a_vivre.router,
    directory_api.router,
    referrals_api.router,
    moves_api.router,
    work_api.router,
    services_api.router,
    papers_api.router,
    appointments_api.router,
    places_api.router,
    figures_api.router,
)
NAVIGATION = (
    NavItem("/", "Aujourd’hui"),
    NavItem("/foyers", "Foyers", Permission.SEARCH_FILES),
    NavItem("/orientations", "Orientations", Permission.READ_REFERRALS),
    NavItem("/services", "Services extérieurs", Permission.KEEP_DIRECTORY),
    NavItem("/avis", "Avis"),
    NavItem("/chiffres", "Chiffres", Permission.READ_FIGURES),
    NavItem("/impact", "Impact", Permission.SIMULATE_IMPACT),
    NavItem("/comptes", "Comptes", Permission.MANAGE_ACCOUNTS),
    NavItem("/journal", "Journal", Permission.READ_JOURNAL),
)


REFUSALS: dict[int, type[errors.Problem]] = {
    400: errors.Malformed,
    403: errors.ForeignRequest,
    404: errors.NotKnown,
    405: errors.WrongVerb,
    413: errors.TooLarge,
    422: errors.Malformed,
}
# Where a list is sent: the file, and the little that a form adds around it.
LARGER = {imports.UPLOAD: LARGEST_FILE + 100_000}


class NoLongerShared(errors.NotNow):
    """Ce dossier n’est plus ouvert à votre structure : un accord a pris fin pendant votre saisie.
    Rien n’a été enregistré."""


log = structlog.get_logger("coordination")


def create_app(settings: Settings, database_url: str) -> FastAPI:
    """The application over one database, served by the app role: a powerful role is refused at start-up."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(once_it_answers, app.state.engine, refuse_powerful_role)
        yield
        close_engine(app.state.engine)

    app = FastAPI(
        title="Coordination",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(identify), Depends(refuse_another_tab), Depends(once.seal)],
    )
    app.state.settings = settings
    app.state.engine = make_engine(database_url)
    app.state.restraints = {}
    app.state.navigation = NAVIGATION
    app.state.key = settings.signing_key()
    app.state.demo_accounts = demo_accounts() if settings.demo else []
    app.state.demo_password = DEMO_PASSWORD if settings.demo else ""
    for router in (*ROOMS, *API):
        app.include_router(router)
    app.router.routes.append(Route(f"{PREFIX}/openapi.json", _openapi))
    app.mount("/static", _static)
    app.router.routes.append(Route("/sante", _health))
    _answer_errors(app)
    app.add_middleware(
        Guards,
        refuse=lambda status: _answer(app, REFUSALS[status]()),
        failed=lambda raised: _unexpected(app, raised),
        https=settings.secure_cookies,
        larger=LARGER,
    )
    return app


def identify(request: Request) -> None:
    """Who acts: by a bearer token and nothing else under /api, by the cookie everywhere else."""
    (identity_api if is_api(request.url.path) else identity).identify(request)


def _openapi(request: Request) -> Response:
    return identity_api.described(document())


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document of every route of the API."""
    return openapi_of([route for router in API for route in router.routes])


async def _static(scope: Scope, receive: Any, send: Any) -> None:
    """Assets under a hashed name: kept a year by browsers, since a new content has a new name."""
    by_url = dict(assets().values())
    wanted = by_url.get(scope["path"] if scope["path"].startswith("/static") else "/static" + scope["path"])
    if wanted is None or scope["method"] not in ("GET", "HEAD"):
        await PlainTextResponse("Fichier inconnu", 404)(scope, receive, send)
        return
    response = FileResponse(wanted, headers={"cache-control": "public, max-age=31536000, immutable"})
    await response(scope, receive, send)


def _health(request: Request) -> Response:
    """Public: `ok` when the database answers, 503 otherwise."""
    try:
        with request.app.state.engine.connect() as connection:
            connection.execute(text("select 1"))
    except (SQLAlchemyError, PoolTimeout):
        return PlainTextResponse("base indisponible", 503)
    return PlainTextResponse("ok")


# ------------------------------------------------------------------ errors


def _answer_errors(app: FastAPI) -> None:
    app.add_exception_handler(errors.Problem, _problem)
    for left in (SignInFirst, errors.ActsElsewhere):
        app.add_exception_handler(left, _interrupted)
    app.add_exception_handler(once.AlreadySent, already_sent)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(TooLargeBody, _too_large)
    app.add_exception_handler(ProgrammingError, _wall)
    for lost in (OperationalError, PoolTimeout):
        app.add_exception_handler(lost, _no_database)


def error_page(request: Request, problem: errors.Problem, typed: Sequence[tuple[str, str]] = ()) -> Response:
    """The one answer of every refusal: what happened, what was kept, what to do; for the API, the same as JSON.
    `typed`: what the form had sent, which the page sends again."""
    if is_api(request.url.path):
        return _api_problem(request, problem)
    if problem.status == 413 and request.url.path in LARGER:
        problem = errors.TooLarge(f"{IMPORT_SENTENCES['large']} Rien n’a été gardé.")
    return page(
        request,
        "errors/error.html",
        title=problem.title,
        status=problem.status,
        sentence=problem.sentence,
        kept=problem.kept_here if typed else problem.kept if request.method != "GET" else "",
        typed=typed,
        elsewhere=problem.elsewhere,
        here=_address(request),
        next_step=_next_step(problem.status) if problem.next_step is None else problem.next_step,
    )


def _address(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _api_problem(request: Request, problem: errors.Problem) -> Response:
    headers = dict(getattr(problem, "headers", {}))
    if problem.status == 401:
        problem = NeedsToken()
        headers |= identity_api.challenge(request)
    return problem_json(problem, headers)


def _next_step(status: int) -> str:
    return {
        404: "Vérifiez l’adresse, ou cherchez le foyer par son nom ou son code.",
        409: "Rechargez la page pour voir l’état actuel.",
        429: "Si vous avez oublié votre mot de passe, l’administrateur de votre structure peut vous donner un lien.",
        500: "Réessayez. Si cela recommence, prévenez la personne qui administre l’application en lui disant l’heure.",
        503: "Réessayez dans une minute.",
    }.get(status, "")


def _problem(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, errors.Problem)
    return error_page(request, problem)


async def _interrupted(request: Request, problem: Exception) -> Response:
    """The session ended, or acts for another structure since: a page is found again after the sign-in, what was typed
    is sent again."""
    assert isinstance(problem, errors.Problem)
    if is_api(request.url.path) or request.headers.get("hx-request") == "true":
        return error_page(request, problem)
    if request.method == "GET":
        return identity.to_sign_in(request, _address(request))
    typed = await typed_in(request)
    if isinstance(problem, SignInFirst):
        return error_page(request, errors.SessionOver(), typed) if typed else identity.to_sign_in(request, "/")
    return error_page(request, problem, typed)


def _http(request: Request, raised: Exception) -> Response:
    assert isinstance(raised, HTTPException)
    if not hasattr(request.state, "actor"):  # an unknown address asked nothing of anybody yet
        identify(request)
    # FastAPI says 400 of any body it could not read, one that outgrew the limit included.
    status = 413 if isinstance(raised.__cause__, TooLargeBody) else raised.status_code
    response = error_page(request, REFUSALS.get(status, errors.Problem)())
    response.headers.update(raised.headers or {})
    return response


def _validation(request: Request, raised: Exception) -> Response:
    """A malformed address is an unknown one; a malformed body is malformed."""
    assert isinstance(raised, RequestValidationError)
    if is_api(request.url.path):
        faults = [fault_of(error) for error in raised.errors() if error["loc"][:1] != ("path",)]
        return error_page(request, Invalid(faults) if faults else errors.NotKnown())
    in_path = any(error["loc"][:1] == ("path",) for error in raised.errors())
    return error_page(request, errors.NotKnown() if in_path else errors.Malformed())


def _wall(request: Request, raised: Exception) -> Response:
    """PostgreSQL refused a write the page had thought possible: an agreement ended in between."""
    assert isinstance(raised, ProgrammingError)
    if not isinstance(raised.orig, InsufficientPrivilege):
        raise raised
    return error_page(request, NoLongerShared())


def _too_large(request: Request, raised: Exception) -> Response:
    return error_page(request, errors.TooLarge())


async def _no_database(request: Request, raised: Exception) -> Response:
    log.error("database unavailable", error=type(raised).__name__)
    request.state.me = None
    if request.method == "GET":
        return error_page(request, errors.Unavailable())
    perhaps = isinstance(getattr(raised, "orig", None), Unsure)
    return error_page(request, errors.PerhapsDone() if perhaps else errors.Unavailable(), await typed_in(request))


def _unexpected(app: FastAPI, raised: Exception) -> App:
    """Logs the class and the place of a failure, never its words: they may hold what a person typed."""
    place = "?"
    for frame in extract_tb(raised.__traceback__):
        if "site-packages" not in frame.filename:
            place = f"{frame.filename}:{frame.lineno}"
    log.error("unexpected", error=type(raised).__name__, place=place)
    return _answer(app, errors.Problem())


def _answer(app: FastAPI, problem: errors.Problem) -> App:
    """An error page for a request that no route answered."""

    async def answer(scope: Scope, receive: Any, send: Any) -> None:
        request = Request({**scope, "app": app}, receive)
        await error_page(request, problem)(scope, receive, send)

    return answer


def served() -> FastAPI:
    """The application of this process's settings: what uvicorn's workers build."""
    settings = get_settings()
    app = create_app(settings, settings.database_url or embedded.start(settings.data_dir).app_url)
    gc.freeze()  # what stands for as long as the process is not looked through again and again
    return app
