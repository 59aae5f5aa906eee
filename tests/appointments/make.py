"""Makes appointments for the tests, through the real acts."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine

from coordination.appointments import service
from coordination.appointments.forms import DateForm, PlaceForm
from coordination.appointments.models import Appointment
from coordination.kit.actor import Member
from coordination.kit.clock import PARIS, frozen, now, today
from coordination.kit.db import acting


def a_date(days: int, hour: str = "10 h", **more: object) -> DateForm:
    """So many days from today, by default at ten, half an hour at the host's."""
    day = today() + timedelta(days=days)
    return DateForm.model_validate({"day": f"{day:%d/%m/%Y}", "hour": hour, **more})


def take(engine: Engine, member: Member, referral_id: UUID, form: DateForm) -> Appointment:
    """An appointment; a date that has passed was taken the day before it."""
    before = min(now(), form.starts_at - timedelta(days=1))
    with frozen(before), acting(engine, member) as session:
        return service.take(session, referral_id, form)


def a_place(engine: Engine, member: Member, name: str = "Permanence") -> UUID:
    """A public place of the member's organisation."""
    with acting(engine, member) as session:
        return service.set_place(session, None, PlaceForm(name=name, address="3 place Jaurès, Carvin")).id


def paris(*when: int) -> datetime:
    """A moment on a clock of Paris."""
    return datetime(*when, tzinfo=PARIS)  # type: ignore[misc,arg-type]
