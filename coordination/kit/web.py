"""Pages: the actor's session, templates and their blocks, redirections with a word, the doors asked at a route."""

import base64
import hashlib
import json
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache, lru_cache
from importlib.resources import files
from inspect import signature
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2_fragments import render_block
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartParser

from coordination.kit import once, tabs
from coordination.kit.actor import Actor, Member, Nobody, may
from coordination.kit.clock import PARIS
from coordination.kit.db import ActorSession
from coordination.kit.errors import Malformed, NotAllowed, NotNow, Problem, Stale
from coordination.kit.forms import PASSWORDS, FormState
from coordination.kit.guards import TooLargeBody, reading_a_body
from coordination.kit.money import euros, euros_exact
from coordination.kit.summary import name_faults
from coordination.kit.text import MONTHS

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "coordination" / "static"
HTMX = Path(str(files("js_lib_htmx"))) / "static" / "htmx" / "htmx.min.js"
FLASH_COOKIE = "mot"
SECRETS = PASSWORDS | {"pin"}
"""Fields of which no page repeats what was typed."""


class SignInFirst(Problem):
    """Connectez-vous pour continuer."""

    status = 401
    title = "Connexion nécessaire"


@dataclass(frozen=True)
class Flash:
    """A word said once, on the next page."""

    tone: str
    text: str


@dataclass(frozen=True)
class NavItem:
    """An entry of the menu, shown to those whose roles open `needs` (None: everybody signed in)."""

    href: str
    label: str
    needs: str | None = None
    count: int | None = None
    current: bool = False


# ------------------------------------------------------------------ assets


@lru_cache
def assets() -> dict[str, tuple[str, Path]]:
    """`name -> (URL with a hash of the content, file)` of everything served under our own origin."""
    served = {str(path.relative_to(STATIC)): path for path in sorted(STATIC.rglob("*")) if path.is_file()}
    served["htmx.js"] = HTMX
    found = {}
    for name, path in served.items():
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        stem, dot, suffix = name.rpartition(".")
        found[name] = (f"/static/{stem}.{digest}{dot}{suffix}", path)
    return found


def asset(name: str) -> str:
    """The URL of an asset, changed whenever its content changes."""
    return assets()[name][0]


# ------------------------------------------------------------------ templates


def date_fr(day: date | None) -> str:
    """`21 novembre 2026`, `1er mai 2026`; an em dash for no date."""
    if day is None:
        return "—"
    if isinstance(day, datetime):
        day = day.astimezone(PARIS).date()
    return f"{'1er' if day.day == 1 else day.day} {MONTHS[day.month - 1]} {day.year}"


def datetime_fr(moment: datetime | None) -> str:
    """`21 novembre 2026 à 9 h 05`, in Paris."""
    if moment is None:
        return "—"
    there = moment.astimezone(PARIS)
    return f"{date_fr(there)} à {there.hour} h {there.minute:02d}"


def hour_fr(moment: datetime) -> str:
    """`9 h 05`, `14 h`, in Paris."""
    there = moment.astimezone(PARIS)
    return f"{there.hour} h {there.minute:02d}" if there.minute else f"{there.hour} h"


def month_fr(day: date | None) -> str:
    """`novembre 2026`."""
    return "—" if day is None else f"{MONTHS[day.month - 1]} {day.year}"


@lru_cache
def environment() -> Environment:
    """The one Jinja environment: strict about what is undefined, macros in the global `ui`."""
    made = Environment(
        loader=FileSystemLoader(ROOT / "templates"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    helpers: dict[str, Any] = {
        "euros": euros,
        "euros_exact": euros_exact,
        "date_fr": date_fr,
        "datetime_fr": datetime_fr,
        "month_fr": month_fr,
        "hour_fr": hour_fr,
    }
    macros = SimpleNamespace()
    made.filters.update(helpers)
    made.globals.update(helpers, asset=asset, url=str, ui=macros)
    for file in sorted((ROOT / "templates" / "ui").glob("*.html")):
        module = made.get_template(f"ui/{file.name}").module
        for name, macro in vars(module).items():
            if not name.startswith("_"):
                setattr(macros, name, macro)
        if file.name == "icons.html":
            macros.icon = cache(macros.icon)  # a drawing is the same on every page
    return made


def page(
    request: Request,
    template: str,
    *,
    title: str,
    block: str | None = None,
    status: int = 200,
    **context: Any,
) -> HTMLResponse:
    """The full page, or one named block of the same template when htmx asks (the route names it, never the header)."""
    said = _read_flash(request)
    whole = {
        "title": title,
        "status": status,
        "me": getattr(request.state, "me", None),
        "nav": navigation(request),
        "flash": said,
        "demo": request.app.state.settings.demo,
        "actor": getattr(request.state, "actor", Nobody()),
        "may": lambda door: may(getattr(request.state, "actor", Nobody()), door),
        "path": request.url.path,
        **context,
    }
    if block is not None and request.headers.get("hx-request") == "true":
        html = render_block(environment(), template, block, **whole)
    else:
        html = environment().get_template(template).render(**whole)
    html = name_faults(html)
    if isinstance(whole["actor"], Member):
        marks = {once.FIELD: once.new_mark()}
        if len(getattr(whole["me"], "memberships", ())) > 1:
            marks[tabs.FIELD] = str(whole["actor"].membership_id)
        html = tabs.bearing(html, marks)
    # A guillemet never stands alone at the end of a line.
    html = html.replace("« ", "«\u00a0").replace(" »", "\u00a0»")
    response = HTMLResponse(html, status_code=status, headers={"Vary": "HX-Request"})
    if said:
        response.delete_cookie(FLASH_COOKIE, httponly=True, samesite="lax")
    return response


def navigation(request: Request) -> list[NavItem]:
    """The menu entries this actor's roles open, the current one marked."""
    actor = getattr(request.state, "actor", Nobody())
    if isinstance(actor, Nobody):
        return []
    path = request.url.path
    items: Iterable[NavItem] = request.app.state.navigation
    return [
        replace(item, current=path == item.href or (item.href != "/" and path.startswith(item.href + "/")))
        for item in items
        if item.needs is None or may(actor, item.needs)
    ]


def go(request: Request, path: str, text: str = "", tone: str = "success", **query: str) -> Response:
    """After a POST: 303 to a page of ours, with a word to show there."""
    target = request.state.led_to = path + ("?" + urlencode(query) if query else "")
    response = RedirectResponse(target, status_code=303)
    if text:
        packed = base64.urlsafe_b64encode(json.dumps([tone, text]).encode()).decode()
        secure = request.app.state.settings.secure_cookies
        response.set_cookie(FLASH_COOKIE, packed, max_age=60, httponly=True, samesite="lax", secure=secure)
    return response


def already_sent(request: Request, raised: Exception) -> Response:
    """The answer to a form that was sent before: where the first sending led."""
    assert isinstance(raised, once.AlreadySent)
    return go(request, raised.address, once.SAID, "info")


def _read_flash(request: Request) -> list[Flash]:
    packed = request.cookies.get(FLASH_COOKIE)
    if not packed or len(packed) > 2000:
        return []
    try:
        tone, text = json.loads(base64.urlsafe_b64decode(packed))
    except (ValueError, TypeError):
        return []
    if tone not in ("success", "info", "warning", "error") or not isinstance(text, str):
        return []
    return [Flash(tone, text)]


# ------------------------------------------------------------------ what a route asks for


async def actor_session(request: Request) -> AsyncIterator[ActorSession]:
    """A session in the name of whoever is signed in; committed before the answer leaves, rolled back on error."""
    with ActorSession(request.app.state.engine, request.state.actor) as session:
        seal = request.state.seal
        try:
            if seal is not None:
                await run_in_threadpool(once.refuse_again, session, seal)
            yield session
        except Exception:
            await run_in_threadpool(session.rollback)
            raise
        await run_in_threadpool(_end, session, seal, getattr(request.state, "led_to", None))


def _end(session: ActorSession, seal: str | None, led_to: str | None) -> None:
    if seal is not None and led_to is not None:
        once.keep(session, seal, led_to)
    session.commit()


Walled = Annotated[ActorSession, Depends(actor_session, scope="function")]


async def submitted(request: Request) -> FormData:
    """What the form sent. A body that is not a form is malformed; one that outgrows the limit is too large."""
    with reading_a_body():
        return await request.form(max_files=0, max_fields=2000, max_part_size=200_000)


Submitted = Annotated[FormData, Depends(submitted)]


async def typed_in(request: Request) -> list[tuple[str, str]]:
    """What a form sent, to be sent again from the page of its refusal; nothing when it holds a password or a file, or
    cannot be read."""
    try:
        typed = (await submitted(request)).multi_items()
    except (Malformed, TooLargeBody):
        return []
    if any(name in SECRETS or not isinstance(value, str) for name, value in typed):
        return []
    return [(name, value) for name, value in typed if isinstance(value, str)]


async def sent_file(request: Request) -> tuple[bytes, FormData]:
    """The one file a form sent (nothing when there is none), kept in memory alone, and the other fields."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return b"", await submitted(request)
    parser = MultiPartParser(request.headers, request.stream(), max_files=1, max_fields=20, max_part_size=2_000)
    parser.spool_max_size = sys.maxsize  # the guards already bound the body
    with reading_a_body():
        data = await parser.parse()
    content = b""
    for _, value in data.multi_items():
        if isinstance(value, UploadFile):
            content = await value.read()
    await data.close()
    return content, FormData([(name, value) for name, value in data.multi_items() if isinstance(value, str)])


SentFile = Annotated[tuple[bytes, FormData], Depends(sent_file)]


def on_the_spot(make: Callable[..., Any]) -> Any:
    """A dependency that asks nothing of the database: FastAPI would change threads to make it."""

    async def made(**given: Any) -> Any:
        return make(**given)

    made.__signature__ = signature(make)  # type: ignore[attr-defined]
    return Depends(made)


def needs(door: str | None) -> Any:
    """The door a route asks for; None: anybody signed in."""

    async def check(request: Request) -> None:
        actor: Actor = request.state.actor
        if isinstance(actor, Nobody):
            raise SignInFirst
        if door is not None and not may(actor, door):
            raise NotAllowed

    check.door = door  # type: ignore[attr-defined]
    return Depends(check)


async def member_of(request: Request) -> Member:
    """The member who acts; a page behind `needs` always has one."""
    actor = request.state.actor
    if not isinstance(actor, Member):
        raise SignInFirst
    return actor


Acting = Annotated[Member, Depends(member_of)]

PageFunction = Callable[..., Response]
F = TypeVar("F")


def carry_out(
    session: ActorSession,
    sent: tuple[F | None, FormState],
    deed: Callable[[F], Response],
    again: Callable[[FormState, int], Response],
    version: Callable[[], int | str] | None = None,
) -> Response:
    """A form that was read, then done. What is wrong shows the form again with what was typed: 422 when it cannot be
    read, 409 when it is refused, said where the refusal's `field` is; after a colleague's change, with the `version` to
    send next."""
    asked, form = sent
    if asked is None:
        return again(form, 422)
    try:
        return deed(asked)
    except NotNow as refused:
        session.rollback()
        if version is not None and isinstance(refused, Stale):
            form = form.with_value("version", str(version()))
        form.refuse(refused.field, refused.sentence)
        return again(form, 409)


def page_before(moment: str, key: str) -> tuple[datetime, UUID] | None:
    """Where the previous page ended; what cannot be read starts over."""
    try:
        return datetime.fromtimestamp(float(moment)).astimezone(), UUID(key)
    except (ValueError, OverflowError, OSError):
        return None
