"""Reads of casework: what my organisation wrote about a file, who follows it, what waits for me."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Date, exists, func
from sqlalchemy import select as sql_select
from sqlmodel import col, select

from coordination.casework.models import Contact, Debt, DocumentSeen, Goal, Note, Referent, Task
from coordination.casework.rules import CreditorKind, DocumentKind, GoalState, Medium, is_due, may_be_taken_back
from coordination.households.queries import file_header, household_codes, reference_names
from coordination.identity.permissions import Part, parts_of
from coordination.identity.queries import active_members, member_names, organisations
from coordination.kit.ahead import ABOUT, Question
from coordination.kit.clock import now, today
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotKnown
from coordination.kit.web import date_fr

SHOWN = 3


@dataclass(frozen=True)
class Version:
    """A note as it stood."""

    id: UUID
    words: str
    written_at: datetime
    author: str


@dataclass(frozen=True)
class NoteView:
    """A note as it stands, and its former versions, the newest first."""

    now: Version
    former: list[Version]

    @property
    def first_written_at(self) -> datetime:
        return (self.former[-1] if self.former else self.now).written_at

    def includes(self, note_id: UUID) -> bool:
        return any(version.id == note_id for version in (self.now, *self.former))


@dataclass(frozen=True)
class ContactView:
    """A contact, ready to be shown; `mine_to_take_back`: written by me, today or nearly."""

    row: Contact
    author: str
    mine_to_take_back: bool = False

    @property
    def medium(self) -> Medium:
        return Medium(self.row.medium)


@dataclass(frozen=True)
class TaskView:
    """Something to do, and by whom."""

    row: Task
    assigned: str
    mine: bool
    due: bool


@dataclass(frozen=True)
class ReferentView:
    """Who follows a file, for which organisation."""

    row: Referent
    name: str
    organisation: str
    mine: bool


@dataclass(frozen=True)
class DebtView:
    """A debt, who noted it, and whether it is ours to correct."""

    row: Debt
    organisation: str
    mine: bool

    @property
    def kind(self) -> CreditorKind:
        return CreditorKind(self.row.creditor_kind)


@dataclass(frozen=True)
class GoalView:
    """A project of the household, who noted it, and whether it is ours to correct."""

    row: Goal
    organisation: str
    mine: bool

    @property
    def state(self) -> GoalState:
        return GoalState(self.row.state)


@dataclass(frozen=True)
class DocumentView:
    """A document seen, and where."""

    row: DocumentSeen
    organisation: str

    @property
    def kind(self) -> DocumentKind:
        return DocumentKind(self.row.kind)


@dataclass(frozen=True)
class FileCasework:
    """What the file page says of casework: our last notes and contacts, open tasks, the referents one may know of."""

    last_contact: date | None
    referents: list[ReferentView]
    notes: list[NoteView]
    contacts: list[ContactView]
    tasks: list[TaskView]
    done: list[TaskView]
    debts: list[DebtView]
    goals: list[GoalView]
    documents: list[DocumentView]

    @property
    def facts(self) -> list[tuple[str, str]]:
        """The last contact and who follows the file, in words."""
        day = date_fr(self.last_contact) if self.last_contact else "aucun noté"
        return [
            ("Dernier contact", day),
            *((f"Référent, {view.organisation}", view.name) for view in self.referents),
        ]

    @property
    def owed_cents(self) -> int:
        """What is still owed, all debts together."""
        return sum(view.row.amount_cents for view in self.debts if view.row.ended_on is None)

    @property
    def instalments_cents(self) -> int:
        """What plans take a month."""
        return sum(view.row.instalment_cents or 0 for view in self.debts if view.row.ended_on is None)

    @property
    def followed(self) -> bool:
        """Whether somebody of one's own organisation follows the file."""
        return any(view.mine for view in self.referents)


@dataclass(frozen=True)
class Due:
    """A task of mine whose day has come, under the household's name or code."""

    row: Task
    title: str
    late: bool


def refuse_unseen(session: ActorSession, household_id: UUID) -> None:
    """Raises `NotKnown` for a file one sees nothing of."""
    file_header(session, household_id)


def notes_of(session: ActorSession, household_id: UUID) -> list[NoteView]:
    """The notes of my organisation on a file, the last written first."""
    rows = session.exec(
        select(Note).where(Note.household_id == household_id).order_by(col(Note.written_at).desc(), col(Note.id))
    ).all()
    by_id = {row.id: row for row in rows}
    replaced = {row.replaces for row in rows}
    names = member_names(session, {row.written_by for row in rows})
    found = []
    for row in rows:
        if row.id in replaced:
            continue
        chain = [row]
        while (former := by_id.get(chain[-1].replaces) if chain[-1].replaces else None) is not None:
            chain.append(former)
        said = [Version(one.id, one.words, one.written_at, names.get(one.written_by, "")) for one in chain]
        found.append(NoteView(said[0], said[1:]))
    return found


def note_of(session: ActorSession, household_id: UUID, note_id: UUID) -> NoteView:
    """The note any version of which has this id. Raises `NotKnown`."""
    refuse_unseen(session, household_id)
    for view in notes_of(session, household_id):
        if view.includes(note_id):
            return view
    raise NotKnown


def contacts_of(session: ActorSession, household_id: UUID) -> list[ContactView]:
    """The contacts of my organisation with a household, the latest first; those taken back are not told."""
    rows = session.exec(
        select(Contact)
        .where(Contact.household_id == household_id, col(Contact.cancelled_at).is_(None))
        .order_by(col(Contact.met_on).desc(), col(Contact.written_at).desc(), col(Contact.id))
    ).all()
    names = member_names(session, {row.written_by for row in rows})
    me, at = session.member.membership_id, now()
    return [
        ContactView(row, names.get(row.written_by, ""), row.written_by == me and may_be_taken_back(row.written_at, at))
        for row in rows
    ]


def last_contact(session: ActorSession, household_id: UUID) -> date | None:
    """The day of the last contact: whoever had it, for the holder; of one's own organisation, for a partner.

    A contact is a meeting, a call or a letter; reading the file is none.
    """
    found: date | None = session.door("access.last_contact(:id)", id=household_id)
    return found


# ------------------------------------------------------------------ tasks and who follows


def tasks_of(session: ActorSession, household_id: UUID) -> list[TaskView]:
    """What is to be done for a household by my organisation, by day, then what was done, in that order."""
    rows = session.exec(
        select(Task)
        .where(Task.household_id == household_id)
        .order_by(col(Task.done_at).nulls_first(), col(Task.due_on), col(Task.created_at), col(Task.id))
    ).all()
    names = member_names(session, {row.assigned_to for row in rows})
    mine = session.member.membership_id
    return [
        TaskView(
            row,
            names.get(row.assigned_to, ""),
            row.assigned_to == mine,
            row.done_at is None and is_due(row.due_on, today()),
        )
        for row in rows
    ]


def open_tasks_to(session: ActorSession, membership_id: UUID) -> Sequence[Task]:
    """The open tasks of a colleague, by day."""
    return session.exec(
        select(Task)
        .where(Task.assigned_to == membership_id, col(Task.done_at).is_(None))
        .order_by(col(Task.due_on), col(Task.id))
    ).all()


def my_due_tasks(session: ActorSession, most: int = 12) -> list[Due]:
    """My open tasks whose day has come, the oldest day first."""
    rows = [row for row in open_tasks_to(session, session.member.membership_id) if is_due(row.due_on, today())][:most]
    titles = household_titles(session, {row.household_id for row in rows})
    return [Due(row, titles.get(row.household_id, ""), row.due_on < today()) for row in rows]


def household_titles(session: ActorSession, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Each household's name, or its code where its identity is not open."""
    wanted = set(ids)
    return {**household_codes(session, wanted), **reference_names(session, wanted)}


def referents_of(session: ActorSession, household_id: UUID) -> list[ReferentView]:
    """Who follows a file: my organisation's referent first, then the holder's."""
    rows = session.exec(select(Referent).where(Referent.household_id == household_id)).all()
    names = member_names(session, {row.membership_id for row in rows})
    partners = organisations(session)
    own = session.member.organisation_id
    found = [
        ReferentView(
            row, names.get(row.membership_id, ""), partners[row.organisation_id].name, row.organisation_id == own
        )
        for row in rows
    ]
    return sorted(found, key=lambda view: (not view.mine, view.organisation))


@dataclass(frozen=True)
class Load:
    """What a colleague has in hand: open tasks and followed files, each with the household's name or code."""

    tasks: list[tuple[Task, str]]
    files: list[tuple[Referent, str]]


def load_of(session: ActorSession, membership_id: UUID) -> Load:
    """What would be handed over."""
    tasks, files = open_tasks_to(session, membership_id), files_followed_by(session, membership_id)
    ids = {row.household_id for row in tasks} | {row.household_id for row in files}
    titles = household_titles(session, ids)
    return Load(
        [(row, titles.get(row.household_id, "")) for row in tasks],
        [(row, titles.get(row.household_id, "")) for row in files],
    )


def files_followed_by(session: ActorSession, membership_id: UUID) -> Sequence[Referent]:
    """The files a colleague follows."""
    return session.exec(
        select(Referent).where(Referent.membership_id == membership_id).order_by(col(Referent.id))
    ).all()


def colleagues(session: ActorSession) -> list[tuple[UUID, str]]:
    """Those of my organisation who may work on files (their roles open the notes): id and name, by name."""
    return [
        (row.id, row.name)
        for row in active_members(session, session.member.organisation_id)
        if Part.NOTES in parts_of(row.roles)
    ]


def loaded_colleagues(session: ActorSession) -> list[tuple[UUID, str]]:
    """Whoever of my organisation has open tasks or follows files, still here or not: id and name, by name."""
    ids = {row.assigned_to for row in session.exec(select(Task).where(col(Task.done_at).is_(None)))}
    own = session.member.organisation_id
    ids |= {row.membership_id for row in session.exec(select(Referent).where(Referent.organisation_id == own))}
    return sorted(member_names(session, ids).items(), key=lambda pair: (pair[1], pair[0]))


# ------------------------------------------------------------------ debts, projects, documents seen


def debts_of(session: ActorSession, household_id: UUID) -> list[DebtView]:
    """The debts of a household, those still owed first, the newest first; none without the part budget."""
    rows = session.exec(
        select(Debt)
        .where(Debt.household_id == household_id)
        .order_by(col(Debt.ended_on).is_not(None), col(Debt.noted_at).desc(), col(Debt.id))
    ).all()
    partners, own = organisations(session), session.member.organisation_id
    return [DebtView(row, partners[row.organisation_id].name, row.organisation_id == own) for row in rows]


def goals_of(session: ActorSession, household_id: UUID) -> list[GoalView]:
    """The projects of a household, the newest first; none without the part needs."""
    rows = session.exec(
        select(Goal).where(Goal.household_id == household_id).order_by(col(Goal.noted_at).desc(), col(Goal.id))
    ).all()
    partners, own = organisations(session), session.member.organisation_id
    return [GoalView(row, partners[row.organisation_id].name, row.organisation_id == own) for row in rows]


def documents_of(session: ActorSession, household_id: UUID) -> list[DocumentView]:
    """The documents seen, the latest first; none without the part identity."""
    rows = session.exec(
        select(DocumentSeen)
        .where(DocumentSeen.household_id == household_id)
        .order_by(col(DocumentSeen.seen_on).desc(), col(DocumentSeen.kind), col(DocumentSeen.id))
    ).all()
    partners = organisations(session)
    return [DocumentView(row, partners[row.organisation_id].name) for row in rows]


KINDS = (Task, Referent, Note, Contact, Debt, Goal, DocumentSeen)
WRITTEN = Question(
    sql_select(
        func.access.last_contact(ABOUT, type_=Date()).label("last_contact"),
        *(exists().where(col(kind.household_id) == ABOUT).label(kind.__tablename__) for kind in KINDS),
    )
)


def casework_of(session: ActorSession, household_id: UUID) -> FileCasework:
    """What the file page says: rows one may not read are simply not there. Only what was ever written is asked for."""
    (there,) = WRITTEN.of(session, household_id)
    tasks = tasks_of(session, household_id) if there.task else []
    contacts = contacts_of(session, household_id) if there.contact else []
    done = [view for view in tasks if view.row.done_at is not None]
    return FileCasework(
        last_contact=there.last_contact,
        referents=referents_of(session, household_id) if there.referent else [],
        notes=notes_of(session, household_id)[:SHOWN] if there.note else [],
        contacts=[view for rank, view in enumerate(contacts) if rank < SHOWN or view.mine_to_take_back],
        tasks=[view for view in tasks if view.row.done_at is None],
        done=done[-SHOWN:][::-1],
        debts=debts_of(session, household_id) if there.debt else [],
        goals=goals_of(session, household_id) if there.goal else [],
        documents=documents_of(session, household_id) if there.document_seen else [],
    )
