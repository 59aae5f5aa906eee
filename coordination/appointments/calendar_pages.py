"""Calendars: the file of one appointment, a member's secret address, and what another application reads there."""

import hashlib
from datetime import UTC, datetime
from email.utils import format_datetime
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response

from coordination.appointments import feeds, queries, service
from coordination.appointments.ics import Entry, calendar_of
from coordination.identity.permissions import Permission
from coordination.identity.rules import attempt_key, token_hash
from coordination.kit import once
from coordination.kit.actor import Nobody
from coordination.kit.clock import now
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotKnown
from coordination.kit.restraint import address_of
from coordination.kit.web import Walled, go, needs, page

router = APIRouter()
READS = [needs(Permission.READ_REFERRALS)]
MEDIA_TYPE = "text/calendar; charset=utf-8"
ATTACHED = 'attachment; filename="rendez-vous.ics"'


@router.get("/rendez-vous/{appointment_id}/rendez-vous.ics", dependencies=READS)
def one(request: Request, session: Walled, appointment_id: UUID) -> Response:
    """One appointment, to put in one's own calendar."""
    entry = feeds.entry_of(queries.show(session, appointment_id))
    body = calendar_of([entry], request.app.state.settings.base_url)
    return Response(
        body, headers={"content-disposition": 'attachment; filename="rendez-vous.ics"'}, media_type=MEDIA_TYPE
    )


# ------------------------------------------------------------------ one's own address


@router.get("/moi/agenda", dependencies=READS)
def calendar(request: Request, session: Walled) -> Response:
    """Whether one has an address, and when it was last read."""
    return page(request, "appointments/calendar.html", title="Mon calendrier", feed=feeds.feed_of(session), address="")


@router.post("/moi/agenda", dependencies=READS)
def make_calendar(request: Request, session: Walled) -> Response:
    """Makes an address, in place of the one before, and shows it once: it is not kept anywhere. Sent twice, the form
    shows the one it made, as long as it serves."""
    token = once.drawn(request)
    feed = feeds.feed_drawn(session, token_hash(token)) or service.make_feed(session, token)
    if feed.revoked_at is not None:
        return go(request, "/moi/agenda", "Cette adresse a été retirée ou remplacée.", "info")
    address = f"{request.app.state.settings.base_url}/agenda/{token}.ics"
    return page(request, "appointments/calendar.html", title="Mon calendrier", feed=feed, address=address)


@router.post("/moi/agenda/retirer", dependencies=[needs(None)])
def revoke_calendar(request: Request, session: Walled) -> Response:
    """Its address opens nothing any more."""
    service.revoke_feed(session)
    return go(request, "/moi/agenda", "Adresse retirée : plus aucune application ne lit vos rendez-vous.")


# ------------------------------------------------------------------ what is read there


@router.get("/agenda/{token}.ics")
def feed(request: Request, token: str) -> Response:
    """The appointments of whoever made this address: in nobody's session, without a cookie; nothing once it was taken
    back, or she works here no more."""
    settings = request.app.state.settings
    hashed = token_hash(token)
    with ActorSession(request.app.state.engine, Nobody()) as session:
        found = feeds.calendar(session, hashed)
        known = found is not None and (settings.demo or not found.demo)
        key = attempt_key(request.app.state.key, "calendar", hashed if known else address_of(request))
        spent = not feeds.reads_left(session, key, now())
        session.commit()
    if spent:
        return PlainTextResponse("Trop de lectures : réessayez dans une heure.", 429, headers={"retry-after": "3600"})
    if found is None or not known:
        raise NotKnown
    return _calendar(request, found.entries, settings.base_url)


def _calendar(request: Request, entries: list[Entry], base_url: str) -> Response:
    body = calendar_of(entries, base_url)
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": "private, no-cache"}
    if entries:
        headers["last-modified"] = _http_date(max(entry.changed_at for entry in entries))
    asked = [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]
    if tag in asked or "*" in asked:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=MEDIA_TYPE)


def _http_date(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC).replace(microsecond=0), usegmt=True)
