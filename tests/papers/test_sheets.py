"""The papers of a referral: what the agreement covers and nothing more, whoever prints them."""

import io
import re
from collections.abc import Callable
from uuid import UUID

import pytest
from pypdf import PdfReader

from coordination.households import protection, service
from coordination.households.forms import ProfileForm, SafeContactForm
from coordination.households.reach import Way
from coordination.kit.actor import Member
from coordination.kit.db import acting
from coordination.papers import sheets
from coordination.referrals import moves
from coordination.referrals import service as referrals
from coordination.referrals.models import Referral
from coordination.referrals.recipients import Reach
from coordination.referrals.rules import Domain
from coordination.sharing.service import withdraw_agreement
from tests.appointments.make import a_date, a_place, take
from tests.casework.make import write
from tests.cast import PASSWORD, Cast, Organised
from tests.conftest import Base, Browser
from tests.directory.make import outside
from tests.households.make import open_household
from tests.referrals.make import note_need, refer
from tests.sharing.make import agree

RUE, PHONE, SAID = "12 rue des Lilas", "06 12 34 56 78", "Deux mois de loyer en retard."
NEVER = ["Canari de note", "Canari interne", "Canari de santé"]
"""What is in the file and on no paper: a note, words kept inside, another need."""


@pytest.fixture
def worker(cast: Cast) -> Member:
    return cast.ccas.people["intake"]


def filled(cast: Cast, worker: Member) -> UUID:
    """A file with something in every part."""
    child = {"family_name": "Vanhove", "given_name": "Zoé", "birth": "2019", "link": "child"}
    made = open_household(cast.engine, worker, "Vanhove", "Inès", birth="03/05/1991", people=(child,))
    with acting(cast.engine, worker) as session:
        form = ProfileForm(commune="Carvin", address=RUE, phone=PHONE, email="ines@exemple.fr", version=1)
        service.update_profile(session, made, form)
    write(cast.engine, worker, made, "Canari de note")
    note_need(cast.engine, worker, made, Domain.HEALTH, "Canari de santé")
    return made


def said(sheet: sheets.Sheet) -> str:
    reader = PdfReader(io.BytesIO(sheet.content))
    assert len(reader.pages) == 1
    return re.sub(r"\s+", " ", reader.pages[0].extract_text())


def partner(cast: Cast, member: Member, row: Referral, *, reason: bool = False) -> str:
    with acting(cast.engine, member) as session:
        return said(sheets.partner_sheet(session, row.id, reason=reason))


def person(cast: Cast, member: Member, row: Referral, *, reason: bool = False) -> str:
    with acting(cast.engine, member) as session:
        return said(sheets.person_sheet(session, row.id, reason=reason))


def has(paper: str, *words: str) -> bool:
    flat = paper.replace(" ", "")
    return all(word.replace(" ", "") in flat for word in words)


def lacks(paper: str, *words: str) -> bool:
    flat = paper.replace(" ", "")
    return not any(word.replace(" ", "") in flat for word in words)


def test_the_partner_reads_what_the_agreement_covers_and_what_it_does_not(cast: Cast, worker: Member) -> None:
    file = filled(cast, worker)
    agree(cast.engine, worker, file, [cast.epicerie], parts=("identity", "needs", "budget"))
    row = refer(cast.engine, worker, file, cast.epicerie, words="Peut venir le mardi.")
    with acting(cast.engine, worker) as session:
        referrals.write_note(session, row.id, "Canari interne")
    for reader in (worker, cast.epicerie.people["intake"], cast.epicerie.people["volunteer"]):
        paper = partner(cast, reader, row)
        assert has(paper, "VANHOVE Inès", "03/05/1991", "VANHOVE Zoé", RUE, PHONE, "Logement", SAID, "le mardi")
        assert has(paper, "Ce qui n’est pas transmis", "Le budget", "santé ou aux violences", row.household_code)
        assert lacks(paper, *NEVER)
    hers = person(cast, worker, row)
    assert has(hers, "Épicerie solidaire", "Carvin", "Vos droits", "Appelez avant de venir", row.household_code)
    assert lacks(hers, "Zoé", "Inès", RUE, "Logement", "quittances", *NEVER)
    host = cast.epicerie.people["intake"]
    where = a_place(cast.engine, host, "Permanence du lundi")
    take(cast.engine, host, row.id, a_date(9, "14 h"))
    take(cast.engine, host, row.id, a_date(3, "9 h 30", fixed="oui", where=where, held_by=host.membership_id))
    hers = person(cast, worker, row, reason=True)
    assert has(hers, "logement", "quittances", "à 9 h 30", "Permanence du lundi, 3 place Jaurès, Carvin")
    assert lacks(hers, "14 h", "Appelez avant de venir")
    assert has(partner(cast, worker, row), "Rendez-vous", "à 9 h 30")


def test_a_sensitive_need_is_written_for_a_partner_it_is_shared_with_and_never_for_the_pocket(
    cast: Cast, worker: Member
) -> None:
    file = open_household(cast.engine, worker, "Petit", "Léa")
    agree(cast.engine, worker, file, [cast.epicerie], ("identity", "needs", "sensitive"), audience="professionals")
    row = refer(cast.engine, worker, file, cast.epicerie, Domain.VIOLENCE, "Canari")
    assert not row.by_hand
    assert has(partner(cast, worker, row), "Violences", SAID, "Réservé aux professionnels")
    plain = cast.ccas.people["coordinator"]  # on the sender's side, where the sensitive part is not hers
    assert lacks(partner(cast, plain, row), "Violences", SAID, "Canari")
    carried = refer(cast.engine, worker, file, cast.secours, Domain.VIOLENCE)
    for paper in (person(cast, worker, row, reason=True), partner(cast, worker, carried, reason=True)):
        assert lacks(paper, "iolence", SAID, "Canari", "Pourquoi")


def test_handed_over_on_paper_nothing_of_the_file_stands_on_it(cast: Cast, worker: Member) -> None:
    file = filled(cast, worker)
    row = refer(cast.engine, worker, file, cast.secours, words="Canari interne")
    paper = partner(cast, worker, row)
    assert has(paper, "Remise par la personne elle-même", "Nom et prénom", row.household_code)
    assert lacks(paper, "VANHOVE", "Zoé", RUE, PHONE, "Logement", SAID, *NEVER)
    asked = partner(cast, worker, row, reason=True)
    assert has(asked, "Logement")
    assert lacks(asked, SAID, "VANHOVE")
    assert has(person(cast, worker, row), "n’a rien reçu de nous")


def test_a_service_without_an_account_is_shown_a_sheet_with_nothing_of_the_file(cast: Cast, worker: Member) -> None:
    there = outside(cast.engine, cast.ccas.people["coordinator"])
    file = filled(cast, worker)
    agree(cast.engine, worker, file, [there], ("identity",))
    need = note_need(cast.engine, worker, file)
    with acting(cast.engine, worker) as session:
        row = referrals.send_referral(session, need, there, reach=Reach("Inès", PHONE))
    paper = partner(cast, worker, row)
    assert has(paper, "Remise par la personne elle-même", "Nom et prénom")
    assert lacks(paper, "VANHOVE", RUE, PHONE, SAID, *NEVER)
    assert has(person(cast, worker, row), "Vos droits", "sans votre nom")


def test_a_protected_file_has_no_address_on_paper_and_its_rules_stand_first(cast: Cast, worker: Member) -> None:
    file = filled(cast, worker)
    agree(cast.engine, worker, file, [cast.epicerie])
    with acting(cast.engine, worker) as session:
        named = [cast.epicerie.people["intake"].membership_id]
        protection.protect(session, file, named)
    row = refer(cast.engine, worker, file, cast.epicerie)
    paper = partner(cast, worker, row)
    assert has(paper, "Dossier protégé", "VANHOVE Inès", "L’adresse du foyer.")
    assert lacks(paper, RUE, "Adresse", "Carvin", PHONE, "exemple.fr")
    with acting(cast.engine, worker) as session:
        rules = SafeContactForm(ways=[Way.CALL], words="Seulement avant 9 h", version=0)
        protection.set_safe_contact(session, file, rules)
    paper = partner(cast, cast.epicerie.people["intake"], row)
    assert has(paper, PHONE, "SANS laisser de message", "NE PAS envoyer de courriel", "Seulement avant 9 h")
    assert lacks(paper, RUE, "exemple.fr")
    assert paper.index("Avant de joindre") < paper.index("Le foyer")
    with acting(cast.engine, worker) as session:
        hers = sheets.person_sheet(session, row.id, base_url="https://reseau.exemple")
    assert lacks(said(hers), "reponse", "Scannez", "scannez"), "a link on paper is not safe for everybody"


def test_downloads_are_journalled_unnamed_and_kept_by_no_cache(
    cast: Cast, worker: Member, browser: Callable[[], Browser], shared_base: Base
) -> None:
    file = filled(cast, worker)
    agreement = agree(cast.engine, worker, file, [cast.epicerie])
    row = refer(cast.engine, worker, file, cast.epicerie)

    def as_(organised: Organised, role: str) -> Browser:
        return browser().sign_in(organised.emails[role], PASSWORD)

    mine = as_(cast.ccas, "intake")
    page = mine.get(f"/orientations/{row.id}").text
    for kind in ("fiche", "feuille"):
        assert f"/orientations/{row.id}/{kind}.pdf" in page
        ask = mine.get if kind == "fiche" else mine.post
        answer = ask(f"/orientations/{row.id}/{kind}.pdf")
        assert answer.headers["content-type"] == "application/pdf"
        assert "no-store" in answer.headers["cache-control"]
        assert answer.headers["content-disposition"] == f'attachment; filename="{kind}-{row.household_code}.pdf"'
    lines = shared_base.admin(
        "select verb from journal where household_id = %s and verb ~ 'sheet|paper' order by number", file
    )
    assert lines == [("referral.sheet_partner",), ("referral.paper_link",), ("referral.sheet_person",)]
    secret = re.search(r"/reponse/ ?([\w -]{43,})", said(sheets.Sheet("", answer.content)))
    assert secret
    assert browser().get(f"/reponse/{secret[1].replace(' ', '')[:43]}").status_code == 200
    other = as_(cast.bonne_action, "coordinator")
    assert other.get(f"/orientations/{row.id}/fiche.pdf").status_code == 403
    assert other.post(f"/orientations/{row.id}/feuille.pdf").status_code == 403
    with acting(cast.engine, worker) as session:
        withdraw_agreement(session, file, agreement)
    refused = mine.get(f"/orientations/{row.id}/fiche.pdf")
    assert refused.status_code == 409
    assert "rien à imprimer pour le" in refused.text
    assert has(person(cast, worker, row), "ne voit plus rien de votre dossier")
    assert as_(cast.epicerie, "intake").get(f"/orientations/{row.id}/fiche.pdf").status_code == 409
    gone = refer(cast.engine, worker, file, cast.secours)
    with acting(cast.engine, worker) as session:
        moves.cancel(session, gone.id, 1)
    assert mine.post(f"/orientations/{gone.id}/feuille.pdf").status_code == 409
