"""The pages of the room, as a browser without JavaScript uses them."""

import re
from collections.abc import Callable
from html import unescape
from uuid import UUID, uuid4

import pytest

from coordination.kit.actor import Member
from coordination.kit.db import acting
from coordination.referrals import moves
from coordination.referrals import queue as queue_of
from coordination.referrals.machine import Side
from coordination.referrals.models import Referral
from coordination.referrals.rules import Domain, Outcome
from tests.cast import PASSWORD, Cast, Organised
from tests.conftest import Base, Browser
from tests.households.make import open_household
from tests.referrals.make import note_need, refer, send
from tests.sharing.make import agree

Browsers = Callable[[Organised, str], Browser]
LONG = "Loyer en retard <b>&</b> « deux mois »."


@pytest.fixture
def as_(browser: Callable[[], Browser]) -> Browsers:
    return lambda organised, role: browser().sign_in(organised.emails[role], PASSWORD)


@pytest.fixture
def worker(cast: Cast) -> Member:
    return cast.ccas.people["intake"]


@pytest.fixture
def household(cast: Cast, worker: Member) -> UUID:
    """A file of the CCAS, shared with the grocery."""
    made = open_household(cast.engine, worker, "Nguyen", "Linh")
    agree(cast.engine, worker, made, [cast.epicerie])
    return made


@pytest.fixture
def sent(cast: Cast, worker: Member, household: UUID) -> Referral:
    return refer(cast.engine, worker, household, cast.epicerie, words="Peut venir le mardi.")


def state_of(base: Base, referral: Referral) -> str:
    return str(base.admin("select state from referral where id = %s", referral.id)[0][0])


def text(html: str) -> str:
    """What is read on the page, on one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def counts(html: str) -> dict[str, int]:
    """The baskets shown with their counts."""
    found = re.findall(r'basket-label">([^<]+)</span><span class="count">(\d+)', html)
    return {unescape(label): int(count) for label, count in found}


# ------------------------------------------------------------------ from the need to the answer


def test_a_need_is_noted_and_referred_in_one_form(
    cast: Cast, household: UUID, as_: Browsers, shared_base: Base
) -> None:
    page = as_(cast.ccas, "intake")
    form = page.get(f"/foyers/{household}/besoins/nouveau")
    assert form.status_code == 200
    assert "Couvert par l’accord, sauf santé et violences" in text(form.text)
    assert "Pas d’accord du foyer" in text(form.text)
    answer = page.post(
        f"/foyers/{household}/besoins/nouveau",
        data={
            "domain": "logement",
            "summary": LONG,
            "words": "Merci.",
            "partners": [str(cast.epicerie.id), str(cast.secours.id)],
        },
    )
    assert answer.status_code == 303
    assert "loyer" not in answer.headers["location"].lower()
    need = page.get(answer.headers["location"])
    said = text(need.text)
    assert "1 orientation transmise. 1 fiche à imprimer et à remettre en main propre." in said
    assert LONG in said
    assert "Envoyée" in said
    assert "Remise en main propre" in said
    rows = shared_base.admin("select by_hand from referral where household_id = %s order by by_hand", household)
    assert [row[0] for row in rows] == [False, True]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"domain": ""}, "Choisissez une des réponses proposées."),
        ({"domain": "magie"}, "Choisissez une des réponses proposées."),
        ({"summary": " "}, "À remplir."),
        ({"summary": "x" * 10_000}, "Trop long : 2000 caractères au plus."),
        ({"summary": "a\x00b"}, "caractères illisibles"),
        ({"partners": ["pas-un-uuid"]}, "Choix inconnu"),
        ({"partners": [str(uuid4())]}, "ne fait pas partie des partenaires"),
    ],
)
def test_a_faulty_need_keeps_what_was_typed_and_changes_nothing(
    cast: Cast, household: UUID, as_: Browsers, shared_base: Base, changed: dict[str, object], sentence: str
) -> None:
    typed = {"domain": "logement", "summary": LONG, "words": "Un mot à garder", "partners": [str(cast.epicerie.id)]}
    answer = as_(cast.ccas, "intake").post(f"/foyers/{household}/besoins/nouveau", data={**typed, **changed})
    assert answer.status_code == 422
    assert sentence in text(answer.text)
    assert "Un mot à garder" in answer.text
    assert shared_base.admin("select count(*) from need where household_id = %s", household) == [(0,)]


def test_more_partners_for_a_need(cast: Cast, worker: Member, household: UUID, as_: Browsers) -> None:
    need = note_need(cast.engine, worker, household)
    send(cast.engine, worker, need, [cast.epicerie])
    page, address = as_(cast.ccas, "intake"), f"/foyers/{household}/besoins/{need}/orienter"
    form = page.get(address)
    assert str(cast.epicerie.id) not in form.text, "already referred there"
    assert page.post(address, data={"words": "Un mot"}).status_code == 422
    twice = page.post(address, data={"partners": [str(cast.epicerie.id)], "words": "Un mot à garder"})
    assert twice.status_code == 422
    assert "déjà orienté vers Épicerie solidaire" in text(twice.text)
    assert "Un mot à garder" in twice.text
    assert page.post(address, data={"partners": [str(cast.secours.id)]}).status_code == 303


def test_the_receiver_finds_it_accepts_it_and_the_sender_reads_the_answer(
    cast: Cast, sent: Referral, as_: Browsers, shared_base: Base
) -> None:
    partner = as_(cast.epicerie, "volunteer")
    queue = partner.get("/orientations?bannette=a-traiter")
    assert f"/orientations/{sent.id}" in queue.text
    shown = partner.get(f"/orientations/{sent.id}")
    assert "NGUYEN Linh" in text(shown.text)
    assert "Peut venir le mardi." in text(shown.text)
    answer = partner.post(f"/orientations/{sent.id}/accepter", data={"version": "1", "accept_words": "Mardi à 14 h."})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/orientations/{sent.id}")
    assert state_of(shared_base, sent) == "accepted"
    read = text(as_(cast.ccas, "intake").get(f"/orientations/{sent.id}").text)
    assert "Acceptée" in read
    assert "Mardi à 14 h." in read
    assert "Orientation acceptée" in read
    closing = partner.post(f"/orientations/{sent.id}/clore", data={"version": "2", "outcome": "got_help"})
    assert closing.status_code == 303
    assert "Terminée : Le foyer a obtenu l’aide" in text(partner.get(f"/orientations/{sent.id}").text)


def test_one_click_in_the_queue_accepts_and_comes_back_to_it(
    cast: Cast, sent: Referral, as_: Browsers, shared_base: Base
) -> None:
    partner = as_(cast.epicerie, "volunteer")
    answer = partner.post(f"/orientations/{sent.id}/accepter", data={"version": "1", "suite": "file"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/orientations?cote=recues")
    assert state_of(shared_base, sent) == "accepted"


def test_a_refusal_asks_for_its_reason_and_keeps_the_words(
    cast: Cast, sent: Referral, as_: Browsers, shared_base: Base
) -> None:
    partner, address = as_(cast.epicerie, "volunteer"), f"/orientations/{sent.id}/refuser"
    without = partner.post(address, data={"version": "1", "refuse_words": "Fermé en décembre"})
    assert without.status_code == 422
    assert "Fermé en décembre" in without.text
    silent = partner.post(address, data={"version": "1", "reason": "autre"})
    assert silent.status_code == 422
    assert "écrivez lequel" in text(silent.text)
    assert re.search(r'<details class="confirm no-print" open>\s*<summary[^>]*><span>Refuser', silent.text)
    assert state_of(shared_base, sent) == "sent"
    assert partner.post(address, data={"version": "1", "reason": "capacite_atteinte"}).status_code == 303
    assert "Nous ne pouvons plus accueillir" in text(as_(cast.ccas, "intake").get(f"/orientations/{sent.id}").text)


def test_the_second_to_answer_reads_who_was_first_and_loses_no_word(cast: Cast, sent: Referral, as_: Browsers) -> None:
    late = as_(cast.epicerie, "intake")
    late.get(f"/orientations/{sent.id}")
    as_(cast.epicerie, "volunteer").post(f"/orientations/{sent.id}/accepter", data={"version": "1"})
    answer = late.post(
        f"/orientations/{sent.id}/refuser",
        data={"version": "1", "reason": "autre", "refuse_words": "Nous fermons <demain>"},
    )
    assert answer.status_code == 409
    assert "déjà « acceptée » par Épicerie solidaire (Volunteer) le" in text(answer.text)
    assert "Nous fermons &lt;demain&gt;" in answer.text


def test_an_illegal_move_says_whose_it_is(cast: Cast, sent: Referral, as_: Browsers, shared_base: Base) -> None:
    sender = as_(cast.ccas, "intake")
    answer = sender.post(f"/orientations/{sent.id}/accepter", data={"version": "1"})
    assert answer.status_code == 409
    assert "revient à la structure qui reçoit" in text(answer.text)
    assert "/accepter" not in sender.get(f"/orientations/{sent.id}").text, "no button for what is not hers"
    assert state_of(shared_base, sent) == "sent"
    assert sender.post(f"/orientations/{sent.id}/annuler", data={"version": "1"}).status_code == 303
    assert state_of(shared_base, sent) == "cancelled"


@pytest.mark.parametrize("version", ["", "x", "0", "-1", "99999999999999999999", "1\x00"])
def test_a_malformed_version_changes_nothing(
    cast: Cast, sent: Referral, as_: Browsers, shared_base: Base, version: str
) -> None:
    answer = as_(cast.epicerie, "volunteer").post(f"/orientations/{sent.id}/accepter", data={"version": version})
    assert answer.status_code == 422
    assert state_of(shared_base, sent) == "sent"


# ------------------------------------------------------------------ who sees what


@pytest.mark.parametrize(
    ("who", "role"), [("bonne_action", "intake"), ("elsewhere", "coordinator"), ("elsewhere", "intake")]
)
def test_a_stranger_gets_404_everywhere(
    cast: Cast, sent: Referral, household: UUID, as_: Browsers, shared_base: Base, who: str, role: str
) -> None:
    stranger = as_(getattr(cast, who), role)
    addresses = [
        f"/orientations/{sent.id}",
        f"/orientations/{sent.id}/fiche.pdf",
        f"/orientations/{uuid4()}",
        "/orientations/x",
    ]
    posts = {"accepter": {}, "refuser": {"reason": "autre", "refuse_words": "x"}, "clore": {"outcome": "no_help"}}
    for address in addresses:
        assert stranger.get(address).status_code == 404
    for verb, data in posts.items():
        answer = stranger.post(f"/orientations/{sent.id}/{verb}", data={"version": "1", **data})
        assert answer.status_code == 404
    if role == "intake":
        assert stranger.get(f"/foyers/{household}/besoins/nouveau").status_code == 404
        assert stranger.get(f"/foyers/{household}/besoins/{sent.need_id}/orienter").status_code == 404
        form = {"domain": "logement", "summary": "x"}
        assert stranger.post(f"/foyers/{household}/besoins/nouveau", data=form).status_code == 404
    assert "Nguyen".upper() not in stranger.get("/orientations").text
    assert state_of(shared_base, sent) == "sent"


@pytest.mark.parametrize("role", ["council", "dpo", "admin"])
def test_a_role_without_the_key_gets_403(cast: Cast, sent: Referral, as_: Browsers, role: str) -> None:
    page = as_(cast.epicerie, role)
    assert page.get("/orientations").status_code == 403
    assert page.get(f"/orientations/{sent.id}").status_code == 403
    assert page.post(f"/orientations/{sent.id}/accepter", data={"version": "1"}).status_code == 403


def test_a_volunteer_neither_notes_a_need_nor_refers(
    cast: Cast, household: UUID, sent: Referral, as_: Browsers
) -> None:
    page = as_(cast.epicerie, "volunteer")
    assert page.get(f"/foyers/{household}/besoins/nouveau").status_code == 403
    assert page.get(f"/foyers/{household}/besoins/{sent.need_id}/orienter").status_code == 403
    assert page.post(f"/orientations/{sent.id}/annuler", data={"version": "1"}).status_code == 403


def test_a_partner_without_the_needs_is_told_so(cast: Cast, worker: Member, as_: Browsers) -> None:
    alone = open_household(cast.engine, worker)
    agree(cast.engine, worker, alone, [cast.epicerie], parts=("identity",))
    answer = as_(cast.epicerie, "intake").get(f"/foyers/{alone}/besoins/nouveau")
    assert answer.status_code == 403
    assert "ne sont pas partagés avec votre structure" in text(answer.text)


def test_a_coordinator_reads_codes_where_nothing_is_shared(cast: Cast, sent: Referral, as_: Browsers) -> None:
    page = as_(cast.bonne_action, "coordinator")
    shown = page.get(f"/orientations/{sent.id}")
    assert shown.status_code == 200
    assert f"Foyer {sent.household_code}" in text(shown.text)
    assert "non partagé avec votre structure" in text(shown.text)
    for hidden in ("NGUYEN", "Peut venir", "Deux mois"):
        assert hidden not in shown.text
        assert hidden not in page.get("/orientations?cote=reseau").text
    assert "/annuler" not in shown.text
    assert as_(cast.ccas, "intake").get("/orientations?cote=reseau").status_code == 403


def test_a_sensitive_need_shows_its_domain_to_nobody_else(cast: Cast, worker: Member, as_: Browsers) -> None:
    alone = open_household(cast.engine, worker, "Petit", "Léa")
    paper = refer(cast.engine, worker, alone, cast.epicerie, Domain.VIOLENCE, "À recevoir seule")
    assert paper.by_hand
    mine, theirs = as_(cast.ccas, "intake"), as_(cast.bonne_action, "coordinator")
    assert "Violences" in mine.get(f"/orientations/{paper.id}").text
    shown = theirs.get(f"/orientations/{paper.id}").text
    assert "Autre besoin" in shown
    assert "Violences" not in shown


# ------------------------------------------------------------------ the queue


def test_counts_filters_and_pages_agree(cast: Cast, worker: Member, as_: Browsers, shared_base: Base) -> None:
    household = open_household(cast.engine, worker, "Roche", "Paul")
    agree(cast.engine, worker, household, [cast.bonne_action])
    made = [refer(cast.engine, worker, household, cast.bonne_action) for _ in range(27)]
    made += [refer(cast.engine, worker, household, cast.bonne_action, Domain.FOOD) for _ in range(2)]
    shared_base.admin(
        "update referral set sent_at = now() - interval '10 days', late_at = now() where id = %s", made[0].id
    )
    page = as_(cast.bonne_action, "volunteer")
    first = page.get("/orientations")
    assert {label: count for label, count in counts(first.text).items() if count} == {
        "À traiter": 28,
        "Sans réponse dans le délai": 1,
    }
    links = re.findall(r'href="(/orientations/[0-9a-f-]{36})" data-row', first.text)
    assert len(links) == 25
    following = unescape(re.findall(r'rel="next" href="([^"]+)"', first.text)[0])
    second = page.get(following)
    rest = re.findall(r'href="(/orientations/[0-9a-f-]{36})" data-row', second.text)
    assert len(rest) == 3
    assert {*links, *rest} == {f"/orientations/{row.id}" for row in made[1:]}
    assert counts(second.text) == counts(first.text)
    food = page.get("/orientations?cote=recues&bannette=a-traiter&domaine=alimentation")
    assert counts(food.text)["À traiter"] == 2
    assert food.text.count("data-row>") == 2
    late = page.get("/orientations?cote=recues&bannette=sans-reponse")
    assert "(10 jours)" in text(late.text)
    swapped, whole = (
        re.sub(r"une=[\w-]+", "", page.get("/orientations?domaine=alimentation", headers=headers).text)
        for headers in ({"HX-Request": "true"}, {})
    )
    assert swapped.strip() in whole
    assert "<html" not in swapped


def test_an_empty_queue_says_so(cast: Cast, as_: Browsers) -> None:
    answer = as_(cast.elsewhere, "volunteer").get("/orientations")
    assert answer.status_code == 200
    assert "Rien dans « À traiter »" in text(answer.text)


@pytest.mark.parametrize(
    "query",
    [
        "cote=x",
        "bannette=x",
        "domaine=x",
        "domaine=sante",
        "apres=x",
        "apres=2026-11-21T10:00:00_x",
        "apres=_",
        f"apres=2026-11-21T10:00:00_{UUID(int=1)}",
        "cote=recues&bannette=main-propre",
    ],
)
def test_a_malformed_filter_is_answered_in_french(cast: Cast, as_: Browsers, query: str) -> None:
    answer = as_(cast.epicerie, "volunteer").get(f"/orientations?{query}")
    assert answer.status_code == 422
    assert "La demande est mal formée" in text(answer.text)


def test_what_was_handed_over_stands_in_the_senders_queue_and_is_closed_there(
    cast: Cast, worker: Member, household: UUID, as_: Browsers, shared_base: Base
) -> None:
    paper = refer(cast.engine, worker, household, cast.secours)
    page = as_(cast.ccas, "intake")
    assert f"/orientations/{paper.id}" in page.get("/orientations?cote=envoyees&bannette=main-propre").text
    with acting(cast.engine, cast.secours.people["volunteer"]) as session:
        assert sum(c.count for c in queue_of.count_baskets(session, Side.RECEIVER)) == 0
    answer = page.post(f"/orientations/{paper.id}/clore", data={"version": "1", "outcome": "got_help"})
    assert answer.status_code == 303
    assert state_of(shared_base, paper) == "closed"


def test_every_control_has_its_label_and_no_script_stands_in_the_page(
    cast: Cast, worker: Member, household: UUID, sent: Referral, as_: Browsers
) -> None:
    with acting(cast.engine, cast.epicerie.people["volunteer"]) as session:
        moves.accept(session, sent.id, 1)
    other = refer(cast.engine, worker, household, cast.epicerie)
    sender, receiver = as_(cast.ccas, "intake"), as_(cast.epicerie, "volunteer")
    pages = [
        sender.get(f"/foyers/{household}/besoins/nouveau"),
        sender.get(f"/foyers/{household}/besoins/{sent.need_id}/orienter"),
    ]
    pages += [sender.get(f"/orientations/{sent.id}")]
    pages += [
        receiver.get(f"/orientations/{sent.id}"),
        receiver.get(f"/orientations/{other.id}"),
        receiver.get("/orientations"),
    ]
    for answer in pages:
        assert answer.status_code == 200, answer.text
        ids = re.findall(r'\sid="([^"]+)"', answer.text)
        assert len(ids) == len(set(ids)), "an id stands twice in a page"
        labels = set(re.findall(r'<label for="([^"]+)"', answer.text))
        controls = re.findall(r"<(?:input|select|textarea)\b[^>]*>", answer.text)
        for control in controls:
            if 'type="hidden"' not in control:
                assert re.findall(r'\sid="([^"]+)"', control)[0] in labels, control
        assert not re.search(r'\sstyle="|<script(?![^>]*\ssrc=)|\son[a-z]+="', answer.text)
        assert answer.text.count("<h1>") == 1


def test_an_outcome_is_one_of_the_list(cast: Cast, sent: Referral, as_: Browsers) -> None:
    with acting(cast.engine, cast.epicerie.people["volunteer"]) as session:
        moves.accept(session, sent.id, 1)
    page = as_(cast.epicerie, "volunteer")
    assert page.post(f"/orientations/{sent.id}/clore", data={"version": "2", "outcome": "miracle"}).status_code == 422
    assert all(outcome.label in text(page.get(f"/orientations/{sent.id}").text) for outcome in Outcome)
