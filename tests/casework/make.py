"""Makes notes, contacts, tasks, debts and goals for the tests, through the real acts."""

from datetime import date
from uuid import UUID

from sqlalchemy import Engine

from coordination.casework import service
from coordination.casework.forms import ContactForm, DebtForm, GoalForm, TaskForm
from coordination.casework.rules import CreditorKind, Medium
from coordination.kit.actor import Member
from coordination.kit.clock import today
from coordination.kit.db import acting


def write(engine: Engine, member: Member, household_id: UUID, words: str = "Reçue ce matin, va mieux.") -> UUID:
    """A note; answers its id."""
    with acting(engine, member) as session:
        return service.write_note(session, household_id, words).id


def meet(engine: Engine, member: Member, household_id: UUID, on: date | None = None, words: str = "") -> UUID:
    """A contact at the office; answers its id."""
    form = ContactForm(met_on=on or today(), medium=Medium.OFFICE, with_whom="Mme Martin", words=words)
    with acting(engine, member) as session:
        return service.note_contact(session, household_id, form).id


def give(
    engine: Engine,
    member: Member,
    household_id: UUID,
    to: Member | None = None,
    due_on: date | None = None,
    what: str = "Rappeler le bailleur",
) -> UUID:
    """A task, for oneself or a colleague; answers its id."""
    form = TaskForm(what=what, due_on=due_on or today(), assigned_to=(to or member).membership_id)
    with acting(engine, member) as session:
        return service.give_task(session, household_id, form).id


def owe(engine: Engine, member: Member, household_id: UUID, cents: int = 64000, creditor: str = "") -> UUID:
    """A debt of energy; answers its id."""
    form = DebtForm(creditor_kind=CreditorKind.ENERGY, amount=cents, creditor=creditor)
    with acting(engine, member) as session:
        return service.note_debt(session, household_id, form).id


def hope(engine: Engine, member: Member, household_id: UUID, words: str = "Passer le permis") -> UUID:
    """A project; answers its id."""
    with acting(engine, member) as session:
        return service.note_goal(session, household_id, GoalForm(words=words)).id
