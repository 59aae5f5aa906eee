"""Acts on agreements: recording one, withdrawing one; asking for access, and answering."""

from typing import Any
from uuid import UUID, uuid4

from coordination.audit.service import act, reading
from coordination.directory.queries import services
from coordination.households.queries import file_header, refuse_ended, refuse_non_holder
from coordination.identity.permissions import Permission
from coordination.identity.queries import organisations
from coordination.kit.actor import may
from coordination.kit.clock import today
from coordination.kit.db import ActorSession
from coordination.kit.errors import Malformed, NotAllowed, NotKnown, NotNow
from coordination.sharing.forms import AccessForm, AgreementForm, AnswerForm
from coordination.sharing.models import (
    AccessRequest,
    AccessRequestFile,
    Agreement,
    AgreementPart,
    AgreementPerson,
    AgreementService,
    ShareReview,
)
from coordination.sharing.queries import absent_of, adults_of, agreement_of, already_asked, request_on
from coordination.sharing.rules import NOTICE_VERSION, AgreementState, Answer, Audience, Decline, SharedPart

# Written by their doors; of a request, the same line whether there is such a file or not.
reading("agreement.left", "Accord fini : personne qui l’avait donné ne vit plus dans le foyer")
reading("access.ask", "Demande d’accès à un dossier")
reading("access.ask_refused", "Demande d’accès refusée : trop de demandes dans la journée")


class NotYours(NotAllowed):
    """Cet accord se retire auprès de la structure qui tient le dossier ou qui l’a recueilli."""


class WhoReads(NotNow):
    """Demandez à la personne qui lira son dossier dans ces structures, et cochez sa réponse. Rien n’est encore
    enregistré."""

    status = 422


@act("agreement.record", "Accord de partage enregistré", needs=Permission.RECORD_AGREEMENTS)
def record_agreement(session: ActorSession, household_id: UUID, form: AgreementForm) -> Agreement:
    """Records what each adult answered; opens the parts at once when somebody agrees and nobody refuses."""
    file = refuse_non_holder(session, household_id)
    refuse_ended(session, household_id)
    known_services = {service.id for service in services(session) if service.active}
    allowed = {partner for partner in organisations(session) if partner != file.holder_organisation_id}
    if not set(form.recipients) <= allowed | known_services:
        raise Malformed("Une des structures choisies n’est pas un partenaire du réseau. Rien n’a été enregistré.")
    if form.audience is None and not set(form.recipients) <= known_services:
        raise WhoReads
    known = {adult.person.id for adult in adults_of(session, household_id)}
    if any(row.person not in known for row in form.adults):
        raise Malformed("Une des personnes n’est pas un adulte de ce foyer. Rien n’a été enregistré.")
    agreement = Agreement(
        network_id=session.member.network_id,
        household_id=household_id,
        organisation_id=session.member.organisation_id,
        purpose=form.purpose.value,
        given_how=form.given_how.value,
        representative=form.representative,
        notice_version=NOTICE_VERSION,
        valid_from=today(),
        valid_until=form.valid_until,
        recorded_by=session.member.membership_id,
    )
    session.add(agreement)
    session.flush()
    _write_answers(session, agreement, form)
    _write_parts(session, agreement, form, known_services)
    session.flush()
    if form.granting:
        session.door("access.grant_agreement(:id)", id=agreement.id)
    if form.request is not None:
        _settle(session, agreement, form)
    return agreement


def _write_answers(session: ActorSession, agreement: Agreement, form: AgreementForm) -> None:
    for person_id, answer in {row.person: row.answer for row in form.adults}.items():
        session.add(
            AgreementPerson(
                agreement_id=agreement.id,
                person_id=person_id,
                network_id=agreement.network_id,
                household_id=agreement.household_id,
                answer=answer.value,
            )
        )


def _write_parts(session: ActorSession, agreement: Agreement, form: AgreementForm, known_services: set[UUID]) -> None:
    """What each structure reads; of an outside service, that it is named: what its link shows is always the same."""
    place: dict[str, Any] = {"network_id": agreement.network_id, "household_id": agreement.household_id}
    for recipient in dict.fromkeys(form.recipients):
        if recipient in known_services:
            sensitive = SharedPart.SENSITIVE in form.parts
            line = AgreementService(agreement_id=agreement.id, service_id=recipient, sensitive=sensitive, **place)
            session.add(line)
            continue
        asked = form.audience or Audience.PROFESSIONALS
        for part in dict.fromkeys(form.parts):
            audience = Audience.PROFESSIONALS if part is SharedPart.SENSITIVE else asked
            session.add(
                AgreementPart(
                    agreement_id=agreement.id,
                    organisation_id=recipient,
                    part=part.value,
                    audience=audience.value,
                    **place,
                )
            )


@act("agreement.answer", "Réponse d’un adulte absent enregistrée", needs=Permission.RECORD_AGREEMENTS)
def record_answer(session: ActorSession, household_id: UUID, agreement_id: UUID, form: AnswerForm) -> AgreementPerson:
    """What an absent adult answers now: a refusal ends what the agreement opened; if she is the first to agree and
    nobody refuses, it opens."""
    refuse_non_holder(session, household_id)
    view = agreement_of(session, household_id, agreement_id)
    if form.person not in {person_id for person_id, _ in absent_of(session, household_id, agreement_id)}:
        raise NotNow("La réponse de cette personne est déjà enregistrée, ou elle n’est plus dans le foyer.")
    if view.state not in (AgreementState.LIVE, AgreementState.COMING):
        raise NotNow("Cet accord n’est plus en vigueur : enregistrez-en un nouveau. Rien n’a été modifié.")
    session.door("access.record_answer(:id, :person, :answer)", id=agreement_id, person=form.person, answer=form.answer)
    session.expire_all()
    given = {answer for _, answer in view.answers} - {Answer.ABSENT}
    mine = view.agreement.organisation_id == session.member.organisation_id
    if form.answer == "agrees" and not given and mine:
        session.door("access.grant_agreement(:id)", id=agreement_id)
    return session.get_one(AgreementPerson, (agreement_id, form.person))


@act("agreement.withdraw", "Accord de partage retiré", needs=Permission.RECORD_AGREEMENTS)
def withdraw_agreement(session: ActorSession, household_id: UUID, agreement_id: UUID) -> Agreement:
    """Ends an agreement now: what it opened is closed at the next query."""
    agreement = withdrawable(session, household_id, agreement_id)
    session.door("access.revoke_agreement(:id)", id=agreement_id)
    session.refresh(agreement)
    return agreement


@act("agreement.withdraw_part", "Accord de partage retiré en partie", needs=Permission.RECORD_AGREEMENTS)
def withdraw_part(
    session: ActorSession, household_id: UUID, agreement_id: UUID, recipient: UUID, part: SharedPart | None = None
) -> Agreement:
    """Ends what one structure reads, or one part of it; the rest goes on and the agreement keeps its history.

    Without the identity nothing else is read: withdrawing it withdraws all that structure's parts.
    """
    agreement = withdrawable(session, household_id, agreement_id)
    ended = session.door(
        "access.revoke_agreement(:id, :recipient, :part)",
        id=agreement_id,
        recipient=recipient,
        part=part.value if part else None,
    )
    if not ended:
        raise NotNow("Cette partie de l’accord est déjà retirée.")
    session.refresh(agreement)
    return agreement


def withdrawable(session: ActorSession, household_id: UUID, agreement_id: UUID) -> Agreement:
    """An agreement in force that one's organisation may withdraw. Raises `NotKnown`, `NotNow` or `NotYours`."""
    agreement = session.get(Agreement, agreement_id)
    if agreement is None or agreement.household_id != household_id:
        raise NotKnown
    if agreement.withdrawn_at is not None:
        raise NotNow("Cet accord est déjà retiré.")
    _refuse_stranger(session, agreement)
    return agreement


def _refuse_stranger(session: ActorSession, agreement: Agreement) -> None:
    if agreement.organisation_id != session.member.organisation_id:
        try:
            refuse_non_holder(session, agreement.household_id)
        except NotAllowed as refused:
            raise NotYours from refused


# ------------------------------------------------------------------ twice a year: what is still needed


class NothingShared(NotNow):
    """Ce dossier n’est pas partagé avec votre structure par un accord. Rien n’a été modifié."""


@act("share.confirm", "Partage confirmé : encore utile", needs=Permission.RECORD_AGREEMENTS)
def confirm_share(session: ActorSession, household_id: UUID) -> ShareReview:
    """One's organisation still needs this file; asked again in half a year."""
    return _review(session, household_id, kept=True)


@act("share.give_up", "Partage rendu : plus utile", needs=Permission.RECORD_AGREEMENTS)
def give_up_share(session: ActorSession, household_id: UUID) -> ShareReview:
    """One's organisation no longer needs this file: its own shares end now."""
    review = _review(session, household_id, kept=False)
    session.flush()
    session.door("access.give_up_share(:id)", id=household_id)
    return review


def _review(session: ActorSession, household_id: UUID, *, kept: bool) -> ShareReview:
    member = session.member
    header = file_header(session, household_id)
    if header.holder_organisation_id == member.organisation_id:
        raise NothingShared
    review = ShareReview(
        network_id=member.network_id,
        household_id=household_id,
        organisation_id=member.organisation_id,
        kept=kept,
        confirmed_by=member.membership_id,
    )
    session.add(review)
    return review


# ------------------------------------------------------------------ access requests


class AlreadyAsked(NotNow):
    """Votre structure a déjà une demande sans réponse pour ce code. Rien n’a été ajouté."""


class TooManyRequests(NotNow):
    """Trop de demandes depuis hier avec votre compte. Rien n’a été envoyé ; ce que vous avez saisi est toujours là."""


def request_access(session: ActorSession, form: AccessForm) -> UUID:
    """Asks to read the file of this code; the answer is the same when there is none. The door writes the line.

    Raises `AlreadyAsked` from one's own requests alone, `TooManyRequests` after 20 in 24 hours.
    """
    if not may(session.actor, Permission.RECORD_AGREEMENTS):
        raise NotAllowed
    if already_asked(session, form.code):
        raise AlreadyAsked
    request_id = uuid4()
    parts = sorted({SharedPart.IDENTITY.value, *(part.value for part in form.parts)})
    kept = session.door(
        "access.request_access(:id, :code, :parts, :purpose)",
        id=request_id,
        code=form.code,
        parts=parts,
        purpose=form.purpose.value,
    )
    if not kept:
        raise TooManyRequests
    return request_id


@act("access.decline", "Demande d’accès refusée", needs=Permission.RECORD_AGREEMENTS)
def decline_request(session: ActorSession, household_id: UUID, request_id: UUID, reason: Decline) -> AccessRequestFile:
    """Declines a request on a file one holds."""
    refuse_non_holder(session, household_id)
    about = request_on(session, household_id, request_id)
    session.door("access.answer_request(:id, null, :why)", id=request_id, why=reason.value)
    return about


@act("access.accept", "Demande d’accès acceptée", needs=Permission.RECORD_AGREEMENTS)
def _accept(session: ActorSession, agreement: Agreement, request_id: UUID) -> AccessRequestFile:
    about = request_on(session, agreement.household_id, request_id)
    session.door("access.answer_request(:id, :agreement, '')", id=request_id, agreement=agreement.id)
    return about


def _settle(session: ActorSession, agreement: Agreement, form: AgreementForm) -> None:
    """The person's answer is the answer to the request she was asked about, when it names the asker."""
    assert form.request is not None
    if not form.granting:
        decline_request(session, agreement.household_id, form.request, Decline.NO_AGREEMENT)
        return
    asked = session.get(AccessRequest, form.request)
    if asked is not None and asked.organisation_id not in form.recipients:
        raise Malformed("La structure qui a fait la demande n’est pas parmi celles qui pourront lire.")
    _accept(session, agreement, form.request)
