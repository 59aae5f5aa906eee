"""The two papers of a referral: for the partner, what the agreement lets pass to it; for the person, in plain words."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from coordination.appointments import queries as appointments
from coordination.appointments.rules import Place
from coordination.appointments.rules import State as Meets
from coordination.audit.service import note_reading, reading
from coordination.households import protection
from coordination.households import queries as households
from coordination.households.reach import Way, contact_rules
from coordination.identity import queries as identity
from coordination.identity.permissions import Part
from coordination.kit.clock import PARIS, now, today
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotAllowed, NotNow
from coordination.kit.pdf import pdf
from coordination.kit.qr import qr_png
from coordination.kit.web import date_fr, hour_fr
from coordination.referrals import confirming, queries, receptions, recipients
from coordination.referrals.machine import WRITERS, Side, State
from coordination.referrals.opening import WEEK, Opening, week_fr
from coordination.referrals.rules import Coverage, Domain, coverage

PARTNER = reading("referral.sheet_partner", "Fiche pour le partenaire imprimée")
PERSON = reading("referral.sheet_person", "Feuille pour la personne imprimée")


class NotYours(NotAllowed):
    """Ces feuilles se remettent par la structure qui oriente ou par celle qui reçoit."""


class NothingPasses(NotNow):
    """L’accord du foyer ne couvre plus cette orientation, ou ne vous l’ouvre pas : il n’y a rien à imprimer pour le
    partenaire. La feuille pour la personne reste possible."""


class TakenBack(NotNow):
    """Cette orientation est annulée : il n’y a plus rien à remettre."""


@dataclass(frozen=True)
class Sheet:
    """A paper ready to be handed over; its name says a household's code and nobody's name."""

    name: str
    content: bytes


def partner_sheet(session: ActorSession, referral_id: UUID, *, reason: bool = False) -> Sheet:
    """The sheet for the partner. Read as the partner would: what the wall shows me, less what it would not show it.

    Handed over on paper, nothing of the file stands on it; `reason` adds the need, when the person wants it and it
    is not sensitive. Raises `NothingPasses`, `TakenBack`, `NotYours` or `NotKnown`.
    """
    view = _asked(session, referral_id)
    passes = _passes(session, view)
    if passes is Coverage.NONE and not _hers(view):
        raise NothingPasses
    made = _made(view, "fiche", "partner.typ", _for_partner(session, view, passes, reason=reason))
    note_reading(session, PARTNER, view.line.row.household_id)
    return made


def person_sheet(
    session: ActorSession, referral_id: UUID, *, reason: bool = False, base_url: str = "", secret: str = ""
) -> Sheet:
    """The sheet for the person; `reason` names the need, when she wants it on paper and it is not sensitive.

    With a `base_url`, a new link is made and drawn, by which she will say whether she was helped, where paper is safe.
    `secret`: that of the link, drawn here when not given.
    """
    view = _asked(session, referral_id)
    reply = _reply(session, view, base_url, secret) if base_url else NO_REPLY
    made = _made(view, "feuille", "person.typ", _for_person(session, view, reason=reason) | reply)
    note_reading(session, PERSON, view.line.row.household_id)
    return made


def _asked(session: ActorSession, referral_id: UUID) -> queries.ReferralView:
    view = queries.show(session, referral_id)
    if not view.line.sides & WRITERS:
        raise NotYours
    if view.line.state is State.CANCELLED:
        raise TakenBack
    return view


def _made(view: queries.ReferralView, kind: str, template: str, data: dict[str, Any]) -> Sheet:
    code = view.line.row.household_code
    common = {"code": code, "day": date_fr(today()), "from": view.line.sender, "to": view.line.receiver}
    return Sheet(f"{kind}-{code}.pdf", pdf(template, common | data, now()))


def _hers(view: queries.ReferralView) -> bool:
    """Whether the sheet is the person's to show or not: nothing of the file may stand on it."""
    return view.line.row.by_hand or view.line.outside


def _passes(session: ActorSession, view: queries.ReferralView) -> Coverage:
    """What the agreement lets pass to the partner and the actor sees herself. A service reads its link alone."""
    row = view.line.row
    if _hers(view):
        return Coverage.NONE
    mine = coverage(
        identity=Part.IDENTITY in view.parts, needs=Part.NEEDS in view.parts, sensitive=Part.SENSITIVE in view.parts
    )
    if Side.RECEIVER in view.line.sides or mine is Coverage.NONE:
        return mine
    partner = recipients.partner_of(session, row.household_id, row.to_organisation_id)
    theirs = partner.coverage if partner else Coverage.NONE
    return min(mine, theirs, key=[Coverage.NONE, Coverage.EXCEPT_SENSITIVE, Coverage.WHOLE].index)


def _writable(view: queries.ReferralView) -> Domain | None:
    """The need as it may stand on a paper carried in a pocket; None when it is sensitive or not hers to read."""
    domain = view.line.domain
    return domain if view.need is not None and not domain.sensitive else None


# ------------------------------------------------------------------ for the partner


def _for_partner(
    session: ActorSession, view: queries.ReferralView, passes: Coverage, *, reason: bool
) -> dict[str, Any]:
    row, domain = view.line.row, view.line.domain
    told = view.need is not None and passes.transmits(domain)
    named = passes is not Coverage.NONE
    return {
        "title": "Fiche de liaison",
        "document": f"Fiche de liaison {row.household_code}",
        "kicker": "Remise par la personne elle-même" if _hers(view) else "Orientation transmise avec l’accord du foyer",
        "code_label": "Dossier",
        "foot": _foot(view, sensitive=told and domain.sensitive),
        "warnings": _warnings(session, row.household_id) if named else [],
        "identity": _identity(session, row.household_id) if named else [],
        "people": _people(session, row.household_id) if named else [],
        "nobody": "Rien du dossier n’est transmis. La personne écrit ici ce qu’elle veut bien dire.",
        "need": _need_said(view, told=told, reason=reason),
        "meeting": meeting[0] if named and (meeting := _meeting(session, view)) else "",
        "summary": view.need.summary if view.need and told else "",
        "words": _first_words(view) if told else "",
        "sender": _sender(session, view),
        "withheld": _withheld(session, row.household_id, passes, told=told),
    }


def _foot(view: queries.ReferralView, *, sensitive: bool) -> str:
    if _hers(view):
        return "Cette feuille appartient à la personne : elle la montre si elle le veut."
    kept = "Document confidentiel : à garder sous clef, à détruire dès qu’il ne sert plus."
    return kept + (" Réservé aux professionnels : il parle de santé ou de violences." if sensitive else "")


def _need_said(view: queries.ReferralView, *, told: bool, reason: bool) -> str:
    if told:
        return view.line.domain.label
    if _hers(view) and reason and (domain := _writable(view)):
        return domain.label
    return "La personne en parle elle-même, si elle le souhaite."


def _first_words(view: queries.ReferralView) -> str:
    """What the sender wrote to the partner when it referred."""
    said = [told.words for told in view.words if not told.confidential and told.organisation == view.line.sender]
    return said[0] if said else ""


def _warnings(session: ActorSession, household_id: UUID) -> list[dict[str, Any]]:
    found = []
    if protection.protection_of(session, household_id) is not None:
        says = ["Ouvert aux seules personnes désignées : ne remettre cette fiche qu’à l’une d’elles.", NOWHERE]
        found.append({"title": "Dossier protégé", "lines": says})
    care = protection.safe_contact_of(session, household_id)
    if care is not None:
        ways = {way for way in Way if getattr(care, way.value)}
        found.append({"title": "Avant de joindre ce foyer", "lines": contact_rules(ways, care.words)})
    return found


NOWHERE = "Son adresse ne se dit pas, ne s’écrit pas et ne se demande pas."


def _identity(session: ActorSession, household_id: UUID) -> list[tuple[str, str]]:
    """How to reach the household: never where it lives when it is protected, nor a way its rules close."""
    profile = households.profile_of(session, household_id)
    if profile is None:
        return []
    care = protection.safe_contact_of(session, household_id)
    protected = protection.protection_of(session, household_id) is not None
    known = [
        ("Adresse", "" if protected else ", ".join(filter(None, (profile.address, profile.commune)))),
        ("Téléphone", profile.phone if (care.call if care else not protected) else ""),
        ("Courriel", profile.email if (care.email if care else not protected) else ""),
    ]
    return [(name, value) for name, value in known if value]


def _people(session: ActorSession, household_id: UUID) -> list[tuple[str, str, str]]:
    return [
        (person.name, person.link.label, str(person.birth) or "non connue")
        for person in households.residents(session, household_id, today())
    ]


def _sender(session: ActorSession, view: queries.ReferralView) -> list[tuple[str, str]]:
    row = view.line.row
    organisation = identity.organisations(session)[row.from_organisation_id]
    worker = identity.member_names(session, {row.sent_by}).get(row.sent_by, "")
    known = [
        ("Structure", organisation.name),
        ("Personne", worker),
        ("Téléphone", organisation.phone),
        ("Courriel", organisation.email),
    ]
    return [(name, value) for name, value in known if value]


def _withheld(session: ActorSession, household_id: UUID, passes: Coverage, *, told: bool) -> list[str]:
    """What this paper leaves out, so that nobody takes silence for an answer."""
    left = ["Le budget, le reste à vivre, les dettes et les aides.", "Les notes professionnelles et le suivi."]
    if passes is Coverage.NONE:
        return ["L’identité, l’adresse et la composition du foyer, sa situation : tout le dossier.", *left]
    if protection.protection_of(session, household_id) is not None:
        left.insert(0, "L’adresse du foyer.")
    if not told:
        left.insert(0, "Le motif de la demande.")
    if passes is Coverage.EXCEPT_SENSITIVE:
        left.append("Ce qui toucherait à la santé ou aux violences.")
    return left


# ------------------------------------------------------------------ for the person

MOST_PLACES = 3
ALWAYS = ("Cette feuille.", "Une pièce d’identité, si vous en avez une.")
PAPERS: dict[Domain, tuple[str, ...]] = {
    Domain.FOOD: ("Votre dernière attestation de la CAF ou de la MSA, ou vos fiches de paie.", "Un sac solide."),
    Domain.BUDGET: ("Vos derniers relevés de compte.", "Les courriers de ceux à qui vous devez de l’argent."),
    Domain.RIGHTS: ("Les courriers que vous avez reçus.", "Votre dernier avis d’impôt et l’attestation de la CAF."),
    Domain.HOUSING: ("Votre bail et vos dernières quittances de loyer.", "Les courriers du propriétaire."),
    Domain.ENERGY: ("Vos dernières factures d’électricité, de gaz ou d’eau.", "Les courriers du fournisseur."),
    Domain.JOB: ("Votre CV, si vous en avez un.", "Votre numéro d’inscription à France Travail, si vous en avez un."),
    Domain.TRAINING: ("Votre CV, si vous en avez un.", "Vos diplômes ou attestations."),
    Domain.MOBILITY: ("Votre permis de conduire, si vous en avez un.", "L’adresse des lieux où vous devez aller."),
    Domain.DIGITAL: ("Votre téléphone et son chargeur.",),
    Domain.FAMILY: ("Votre livret de famille, si vous en avez un.",),
}
ANYTHING = "Les courriers et papiers qui vous semblent utiles."
RIGHTS = (
    "Y aller ou non, c’est votre choix. Ne pas y aller ne vous retire aucune aide.",
    "Vous pouvez retirer votre accord quand vous voulez, sans dire pourquoi.",
    "Vous pouvez voir votre dossier, le faire corriger, et savoir qui l’a ouvert. Il suffit de demander.",
    "Si vos droits ne sont pas respectés, vous pouvez écrire à la CNIL : cnil.fr.",
)


def _for_person(session: ActorSession, view: queries.ReferralView, *, reason: bool) -> dict[str, Any]:
    domain = _writable(view) if reason else None
    return {
        "title": view.line.receiver,
        "document": f"Votre feuille d’orientation : {view.line.receiver}",
        "kicker": "Nous vous proposons d’aller voir",
        "code_label": "Votre code, à donner sur place",
        "foot": f"Feuille remise le {date_fr(today())} par : {view.line.sender}. Elle est à vous.",
        "meeting": meeting[0] if (meeting := _meeting(session, view)) else "",
        "place": (meeting[1] if meeting else []) + _place(session, view),
        "before": "" if meeting else "Appelez avant de venir : on vous dira où aller et à quelle heure.",
        "why": f"Pour parler de : {domain.label.lower()}." if domain else "",
        "papers": [*ALWAYS, *(PAPERS.get(domain, ()) if domain else ()), ANYTHING],
        "told": _told_of_her(session, view),
        "rights": list(RIGHTS),
        "sender": _sender(session, view),
    }


NO_REPLY: dict[str, Any] = {"qr": [], "address": "", "until": ""}


def _reply(session: ActorSession, view: queries.ReferralView, base_url: str, secret: str) -> dict[str, Any]:
    """A link of her own to say what became of it; nothing where paper is not safe, or once she said it."""
    row = view.line.row
    if row.household_says is not None or not confirming.may_print_link(session, row.id):
        return NO_REPLY
    address = confirming.paper_link(session, row, base_url, secret)
    until = max(link.until for link in confirming.links_of(session, row.id))
    return {"qr": list(qr_png(address)), "address": address, "until": date_fr(until)}


def _meeting(session: ActorSession, view: queries.ReferralView) -> tuple[str, list[tuple[str, str]]] | None:
    """The next date that is fixed, and where: a public place, or what only the two of them know."""
    at = now()
    fixed = [each for each in appointments.of_referral(session, view.line.row.id) if each.state is Meets.CONFIRMED]
    coming = [each for each in fixed if each.row.starts_at > at]
    if not coming:
        return None
    first = min(coming, key=lambda each: each.row.starts_at)
    day = first.row.starts_at.astimezone(PARIS)
    said = f"{WEEK[day.weekday()].capitalize()} {date_fr(day)} à {hour_fr(day)}"
    where = {
        Place.OFFICE: ", ".join(filter(None, (first.place, first.address))),
        Place.PHONE: "Par téléphone : on vous appelle.",
        Place.OTHER: "À l’endroit convenu avec vous.",
    }[Place(first.row.place)]
    return said, [("Où", where), ("Avec", first.holder)]


def _place(session: ActorSession, view: queries.ReferralView) -> list[tuple[str, str]]:
    row = view.line.row
    there, opening = recipients.place_of(session, row), receptions.opening_there(session, row)
    offices = appointments.places_of(session, [row.to_organisation_id] if row.to_organisation_id else [])
    addresses = [", ".join(filter(None, (office.name, office.address))) for office in offices[:MOST_PLACES]]
    known = [
        ("Adresse" if len(addresses) < 2 else "Adresses", "\n".join(addresses)),
        ("Commune", there.commune),
        ("Téléphone", there.phone),
        ("Courriel", there.email),
        *(_open_days(opening, today()) if opening else []),
    ]
    return [(name, value) for name, value in known if value]


def _open_days(opening: Opening, on: date) -> list[tuple[str, str]]:
    """When it receives people, as it said itself."""
    closed = [
        f"le {date_fr(first)}" if first == last else f"du {date_fr(first)} au {date_fr(last)}"
        for first, last in opening.closures
        if last >= on
    ]
    return [("Jours d’accueil", week_fr(opening.weekdays)), ("Fermé", ", ".join(closed[:3]))]


def _told_of_her(session: ActorSession, view: queries.ReferralView) -> str:
    row, there = view.line.row, view.line.receiver
    if row.by_hand:
        return f"Rien. {there} n’a rien reçu de nous : vous dites ce que vous voulez, à qui vous voulez."
    if view.line.outside and view.line.state is not State.REVOKED:
        return (
            f"Avec votre accord, {there} a reçu votre demande, sans votre nom. S’il accepte, il lit votre nom et "
            "comment vous joindre, et rien d’autre de votre dossier."
        )
    if _passes(session, view) is Coverage.NONE:
        return f"Votre accord a pris fin : {there} ne voit plus rien de votre dossier."
    return (
        f"Avec votre accord, {there} a reçu qui vous êtes, comment vous joindre et votre demande. "
        "Ni votre budget, ni nos notes ne partent avec cette orientation."
    )
