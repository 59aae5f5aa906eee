"""Pages of appointments: those of a referral, the day of an organisation and what waits in it."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from coordination.appointments import queries, service
from coordination.appointments.forms import DateForm, GiveForm, MissForm, MoveForm, OtherDateForm
from coordination.appointments.models import Appointment
from coordination.appointments.rules import LENGTHS, USUAL_LENGTH, Doubt, Place
from coordination.identity import queries as identity
from coordination.identity.permissions import Permission
from coordination.kit.clock import today
from coordination.kit.db import ActorSession
from coordination.kit.errors import Malformed, NotNow
from coordination.kit.forms import FormState, read, typed_day
from coordination.kit.web import Submitted, Walled, carry_out, datetime_fr, go, hour_fr, needs, page
from coordination.referrals import queries as referrals
from coordination.referrals import service as referral_acts
from coordination.referrals.opening import WEEK

router = APIRouter()
READS, ANSWERS = [needs(Permission.READ_REFERRALS)], [needs(Permission.ANSWER_REFERRALS)]
TO_DAY = "jour"
F = TypeVar("F")


# ------------------------------------------------------------------ the day


@router.get("/rendez-vous", dependencies=READS)
def day(request: Request, session: Walled, jour: Annotated[str, Query(max_length=20)] = "") -> Response:
    """Whom the organisation receives that day; what is to be recorded, answered, and what comes."""
    return _day(request, session, _asked_day(jour))


def _asked_day(typed: str) -> date:
    try:
        asked = typed_day(typed) if typed else today()
    except ValueError as unreadable:
        raise Malformed("Ce jour est illisible. Écrivez par exemple 21/11/2026.") from unreadable
    assert isinstance(asked, date)
    if not 2000 < asked.year < 2200:
        raise Malformed("Ce jour est trop lointain.")
    return asked


def _day(request: Request, session: ActorSession, asked: date, refused: NotNow | None = None) -> Response:
    return page(
        request,
        "appointments/day.html",
        title="Rendez-vous",
        status=refused.status if refused else 200,
        refused=refused,
        day=asked,
        weekday=WEEK[asked.weekday()],
        is_today=asked == today(),
        before=(asked - timedelta(days=1)).isoformat(),
        after=(asked + timedelta(days=1)).isoformat(),
        desk=queries.desk(session, asked),
        form=FormState.of({"jour": f"{asked:%d/%m/%Y}"}),
    )


# ------------------------------------------------------------------ those of a referral


@router.get("/orientations/{referral_id}/rendez-vous", dependencies=READS)
def appointments(
    request: Request, session: Walled, referral_id: UUID, apres: Annotated[str, Query(max_length=40)] = ""
) -> Response:
    """The appointments of a referral, and a date to take; `apres` is the one to take after."""
    view = _viewed(session, referral_id)
    last = next((m for m in queries.of_referral(session, referral_id) if str(m.row.id) == apres), None)
    return _referral(request, session, view, _prefilled(session, view, last))


def _viewed(session: ActorSession, referral_id: UUID) -> referrals.ReferralView:
    view = referrals.show(session, referral_id)
    referral_acts.note_read(session, view)
    return view


def _prefilled(session: ActorSession, view: referrals.ReferralView, last: queries.Meeting | None) -> FormState:
    """The usual length and place; after an appointment, what it had but for its day."""
    holder = (last.row.held_by if last else None) or queries.usual_holder(session, view.line)
    values: dict[str, object] = {"minutes": USUAL_LENGTH, "where": Place.OFFICE.value, "held_by": holder or ""}
    if last is not None:
        values |= {"hour": hour_fr(last.row.starts_at), "minutes": last.row.minutes}
        values["where"] = last.row.place_id or last.row.place
    return FormState.of(values)


def _referral(
    request: Request,
    session: ActorSession,
    view: referrals.ReferralView,
    form: FormState,
    *,
    status: int = 200,
    refused: NotNow | None = None,
    doubts: list[Doubt] | None = None,
) -> Response:
    line = view.line
    meetings = queries.of_referral(session, line.row.id)
    return page(
        request,
        "appointments/referral.html",
        title=f"Rendez-vous : {line.title}",
        status=status,
        view=view,
        line=line,
        row=line.row,
        form=form,
        refused=refused,
        meetings=meetings,
        giving={m.row.id: FormState.of({"to": m.row.held_by or ""}) for m in meetings},
        takes=queries.may_take(line),
        **_choices(session, view, doubts),
    )


def _choices(session: ActorSession, view: referrals.ReferralView, doubts: list[Doubt] | None) -> dict[str, Any]:
    """What the form of a date offers."""
    row, line = view.line.row, view.line
    host = queries.host_of(line)
    partners = identity.organisations(session)
    ends = (host, row.from_organisation_id)
    places = sorted(queries.places_of(session, ends), key=lambda p: p.organisation_id != host)
    where = [(Place.OFFICE.value, f"Dans les locaux : {line.receiver}")]
    where += [(str(p.id), f"{p.name} ({partners[p.organisation_id].name})", p.address) for p in places]  # type: ignore[misc]
    where.append((Place.PHONE.value, "Par téléphone"))
    if view.may_write:
        where.append((Place.OTHER.value, "Ailleurs"))
    return {
        "hosts": row.to_organisation_id == session.member.organisation_id,
        "where": where,
        "lengths": [(n, _length(n)) for n in LENGTHS],
        "holders": [(str(key), name) for key, name in queries.holders(session, line)],
        "doubts": [queries.doubt_words(doubt, line.receiver) for doubt in doubts or []],
        "seen": " ".join(doubt.value for doubt in doubts or []),
    }


def _length(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest:02d}".removesuffix(" 00") if hours else f"{rest} minutes"


@router.post("/orientations/{referral_id}/rendez-vous", dependencies=ANSWERS)
def take(request: Request, session: Walled, data: Submitted, referral_id: UUID) -> Response:
    """Proposes or fixes a date; what is worth a second look is shown once."""
    asked, form = read(DateForm, data)
    view = referrals.show(session, referral_id)
    if asked is None:
        return _referral(request, session, view, form, status=422)
    if found := _new_doubts(session, view, asked):
        return _referral(request, session, view, form, status=422, doubts=found)
    try:
        made = service.take(session, referral_id, asked)
    except NotNow as refused:
        session.rollback()
        return _refused_date(request, session, referral_id, form, refused)
    return go(request, f"/orientations/{referral_id}", _said(made))


def _new_doubts(
    session: ActorSession, view: referrals.ReferralView, asked: DateForm, moved: queries.Meeting | None = None
) -> list[Doubt]:
    """Every doubt, when one of them was not shown yet."""
    holder = asked.held_by or (moved.row.held_by if moved else None)
    holder = holder or queries.usual_holder(session, view.line)
    found = queries.doubts(session, view.line, asked.starts_at, asked.minutes, holder, moved.row.id if moved else None)
    return found if set(found) - set(asked.seen) else []


def _said(row: Appointment) -> str:
    when = f"le {datetime_fr(row.starts_at)}"
    if row.from_organisation_id == row.to_organisation_id:
        return f"Rendez-vous noté {when} : ensuite, vous direz si la personne y est allée."
    if row.state == "confirmed":
        return f"Rendez-vous fixé {when} : les deux structures le voient."
    return f"Date proposée, {when} : l’autre structure peut la confirmer ou en proposer une autre."


def _refused_date(
    request: Request, session: ActorSession, referral_id: UUID, form: FormState, refused: NotNow
) -> Response:
    """The page again, what was typed kept: a date that cannot be is an error of its field."""
    view = referrals.show(session, referral_id)
    if isinstance(refused, service.BadDate):
        form.refuse("day", refused.sentence)
        return _referral(request, session, view, form, status=422)
    return _referral(request, session, view, form, status=refused.status, refused=refused)


# ------------------------------------------------------------------ another date


@router.get("/rendez-vous/{appointment_id}/date", dependencies=ANSWERS)
def other_date(request: Request, session: Walled, appointment_id: UUID) -> Response:
    """Another date for an appointment, prefilled with the one it has."""
    meeting = queries.show(session, appointment_id)
    view = _viewed(session, meeting.row.referral_id)
    form = _prefilled(session, view, meeting).with_value("day", f"{meeting.day:%d/%m/%Y}")
    return _other_date(request, session, meeting, view, form)


def _other_date(
    request: Request,
    session: ActorSession,
    meeting: queries.Meeting,
    view: referrals.ReferralView,
    form: FormState,
    *,
    status: int = 200,
    refused: NotNow | None = None,
    doubts: list[Doubt] | None = None,
) -> Response:
    return page(
        request,
        "appointments/other_date.html",
        title="Une autre date",
        status=status,
        meeting=meeting,
        view=view,
        line=view.line,
        row=view.line.row,
        form=form,
        refused=refused,
        **_choices(session, view, doubts),
    )


@router.post("/rendez-vous/{appointment_id}/date", dependencies=ANSWERS)
def move_date(request: Request, session: Walled, data: Submitted, appointment_id: UUID) -> Response:
    """Proposes or fixes another date."""
    meeting = queries.show(session, appointment_id)
    view = referrals.show(session, meeting.row.referral_id)
    asked, form = read(OtherDateForm, data)
    if asked is None:
        return _other_date(request, session, meeting, view, form, status=422)
    if found := _new_doubts(session, view, asked, meeting):
        return _other_date(request, session, meeting, view, form, status=422, doubts=found)
    try:
        moved = service.move_date(session, appointment_id, asked.version, asked)
    except service.BadDate as refused:
        session.rollback()
        form.refuse("day", refused.sentence)
        return _other_date(request, session, meeting, view, form, status=422)
    except NotNow as refused:
        session.rollback()
        meeting = queries.show(session, appointment_id)
        return _other_date(request, session, meeting, view, form, status=refused.status, refused=refused)
    return go(request, f"/orientations/{moved.referral_id}", _said(moved))


# ------------------------------------------------------------------ answers


def _moves(
    request: Request,
    session: ActorSession,
    appointment_id: UUID,
    sent: tuple[F | None, FormState],
    deed: Callable[[F], object],
    said: str,
    *,
    next_date: bool = False,
) -> Response:
    """Does it and goes back where one was, or shows the appointments again with what prevented it. `next_date`: goes
    on with another date to take."""
    referral_id = queries.show(session, appointment_id).row.referral_id

    def done(asked: F) -> Response:
        deed(asked)
        if next_date:
            return go(request, f"/orientations/{referral_id}/rendez-vous", said, apres=str(appointment_id))
        return go(request, "/rendez-vous" if sent[1].value("suite") == TO_DAY else f"/orientations/{referral_id}", said)

    def again(form: FormState, status: int) -> Response:
        _, why = form.errors[0]
        if sent[0] is None:
            raise Malformed(f"{why} Rien n’a été modifié.")
        view = referrals.show(session, referral_id)
        empty = _prefilled(session, view, None)
        empty.refuse("form", why)
        return _referral(request, session, view, empty, status=status)

    return carry_out(session, sent, done, again)


@router.post("/rendez-vous/{appointment_id}/confirmer", dependencies=ANSWERS)
def confirm(request: Request, session: Walled, data: Submitted, appointment_id: UUID) -> Response:
    """Yes to a date."""

    def deed(asked: MoveForm) -> object:
        return service.confirm(session, appointment_id, asked.version)

    return _moves(request, session, appointment_id, read(MoveForm, data), deed, "Rendez-vous confirmé.")


@router.post("/rendez-vous/{appointment_id}/decliner", dependencies=ANSWERS)
def decline(request: Request, session: Walled, data: Submitted, appointment_id: UUID) -> Response:
    """No to a date."""

    def deed(asked: MoveForm) -> object:
        return service.decline(session, appointment_id, asked.version)

    said = "Date déclinée : l’autre structure le voit."
    return _moves(request, session, appointment_id, read(MoveForm, data), deed, said)


@router.post("/rendez-vous/{appointment_id}/annuler", dependencies=ANSWERS)
def cancel(request: Request, session: Walled, data: Submitted, appointment_id: UUID) -> Response:
    """It will not take place."""

    def deed(asked: MoveForm) -> object:
        return service.cancel(session, appointment_id, asked.version)

    return _moves(request, session, appointment_id, read(MoveForm, data), deed, "Rendez-vous annulé.")


@router.post("/rendez-vous/{appointment_id}/confier", dependencies=ANSWERS)
def give(request: Request, session: Walled, data: Submitted, appointment_id: UUID) -> Response:
    """A colleague receives the person."""

    def deed(asked: GiveForm) -> object:
        return service.give(session, appointment_id, asked.version, asked.to)

    said = "Rendez-vous confié : il passe dans son calendrier."
    return _moves(request, session, appointment_id, read(GiveForm, data), deed, said)


@router.post("/rendez-vous/{appointment_id}/venu", dependencies=ANSWERS)
def keep(request: Request, session: Walled, data: Submitted, appointment_id: UUID) -> Response:
    """The person came."""

    def deed(asked: MoveForm) -> object:
        return service.keep(session, appointment_id, asked.version)

    return _moves(request, session, appointment_id, read(MoveForm, data), deed, "Noté : la personne est venue.")


@router.post("/rendez-vous/{appointment_id}/absent", dependencies=ANSWERS)
def miss(request: Request, session: Walled, data: Submitted, appointment_id: UUID) -> Response:
    """The person did not come: another date is offered."""

    def deed(asked: MissForm) -> object:
        return service.miss(session, appointment_id, asked.version, excused=asked.excused == "oui")

    said = "Noté : la personne n’est pas venue. Vous pouvez proposer une autre date."
    return _moves(request, session, appointment_id, read(MissForm, data), deed, said, next_date=True)
