"""What the timeline tells of the family and of the file itself: who came and went, moves, what was closed or merged."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

from coordination.casework.rules import Happening
from coordination.households.merging import merges_of
from coordination.households.protection import protections_of
from coordination.households.queries import (
    Resident,
    file_header,
    life_of,
    past_addresses,
    residents,
    visible_parts,
)
from coordination.households.rules import EndReason
from coordination.identity.permissions import Part
from coordination.kit.db import ActorSession

NEXT_DAY = timedelta(days=1)
LIFE = {
    "household.close": ("Dossier clos", "warning"),
    "household.reopen": ("Dossier rouvert", "info"),
    "household.transfer": ("Dossier confié à une autre structure", "info"),
}


def told_of_family(session: ActorSession, household_id: UUID) -> list[Happening]:
    """The family with the part identity; addresses, merges and protections to the holder alone."""
    header = file_header(session, household_id)
    told = [Happening(header.opened_at, "Dossier ouvert", tone="info")]
    told += [Happening(at, *_titled(LIFE[verb])) for verb, at in life_of(session, household_id)]
    if Part.IDENTITY in visible_parts(session, household_id):
        told += _people(residents(session, household_id))
    if header.holder_organisation_id == session.member.organisation_id:
        told += _held(session, household_id)
    return told


def _titled(words: tuple[str, str]) -> tuple[str, str, str, str]:
    title, tone = words
    return title, "", "", tone


def _people(everybody: list[Resident]) -> Iterator[Happening]:
    """Arrivals and departures; who was there on the first day did not arrive."""
    first = min((r.stay.from_date for r in everybody), default=None)
    relinked = {
        (r.person.id, r.stay.until_date + NEXT_DAY): r.link
        for r in everybody
        if r.stay.until_date is not None and r.stay.end_reason == EndReason.NEW_LINK
    }
    dead = set()
    for r in everybody:
        stay, link = r.stay, r.link.label
        if (r.person.id, stay.from_date) in relinked:
            what = "Majorité notée" if relinked[r.person.id, stay.from_date] == r.link else "Le lien change"
            yield Happening(stay.from_date, f"{r.name} : {link.lower()}", what)
        elif stay.from_date != first:
            yield Happening(stay.from_date, f"Arrivée dans le foyer : {r.name}", link, tone="info")
        if stay.until_date is None or stay.end_reason == EndReason.NEW_LINK:
            continue
        if stay.end_reason == EndReason.DEATH:
            dead.add(r.person.id)
            yield Happening(stay.until_date, f"Décès : {r.name}", tone="warning")
        elif stay.end_reason == EndReason.SEPARATION:
            yield Happening(stay.until_date, f"Séparation : {r.name} quitte le foyer", tone="warning")
        else:
            why = EndReason(stay.end_reason).label if stay.end_reason else ""
            yield Happening(stay.until_date, f"Départ du foyer : {r.name}", why)
    elsewhere = {r.person.id: r for r in everybody if r.person.deceased_on and r.person.id not in dead}
    for r in elsewhere.values():
        if r.person.deceased_on is not None:
            yield Happening(r.person.deceased_on, f"Décès : {r.name}", tone="warning")


def _held(session: ActorSession, household_id: UUID) -> Iterator[Happening]:
    """What its holder alone is told."""
    for past in past_addresses(session, household_id):
        yield Happening(past.until_date + NEXT_DAY, "Déménagement", f"Auparavant à {past.commune}")
    for merge in merges_of(session, household_id):
        other = merge.absorbed_code if merge.kept_id == household_id else merge.kept_code
        yield Happening(merge.on, f"Réuni avec le dossier {other}".strip(), "", merge.by, "info")
    for one in protections_of(session, household_id):
        yield Happening(one.since, "Dossier protégé", tone="warning")
        if one.lifted_at is not None:
            yield Happening(one.lifted_at, "Protection levée")
