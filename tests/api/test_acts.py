"""Agreements, budgets, needs and referrals by the API: the same acts, the same refusals, the same wall as the pages."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from coordination.kit.clock import today
from tests.api.make import API, Client, problem
from tests.api.test_households import pages
from tests.cast import Cast
from tests.conftest import Base
from tests.directory.make import outside

Api = Callable[[], Client]
RENT = {"kind": "loyer", "amount_cents": 65000, "month": "2026-10", "label": "Rue Haute"}
RSA = {"kind": "rsa", "amount_cents": 63500, "origin": "proof"}


@dataclass
class Place:
    """A file of the CCAS, the people who act on it, and addresses."""

    holder: Client
    partner: Client
    volunteer: Client
    file: str
    adult: str
    partner_id: str

    def agreement(self, **changes: Any) -> dict[str, Any]:
        return {
            "adults": [{"person": self.adult, "answer": "agrees"}],
            "recipients": [self.partner_id],
            "parts": ["identity", "needs", "budget"],
            "audience": "all",
            "purpose": "support",
            "given_how": "signed",
            "valid_until": (today() + timedelta(days=90)).isoformat(),
            **changes,
        }


@pytest.fixture(scope="module")
def clients(api: Api, cast: Cast) -> list[Client]:
    emails = (cast.ccas.emails["intake"], cast.epicerie.emails["intake"], cast.epicerie.emails["volunteer"])
    return [api().sign_in(email) for email in emails]


@pytest.fixture
def place(clients: list[Client], cast: Cast) -> Place:
    holder, partner, volunteer = clients
    body = {"family_name": "Wattiez", "given_name": "Ada", "birth": "1985", "commune": "Carvin", "confirm": True}
    file = holder.ok("POST", "/households", json=body)["id"]
    adult = holder.ok("GET", f"/households/{file}/people")[0]["id"]
    return Place(
        holder=holder,
        partner=partner,
        volunteer=volunteer,
        file=f"/households/{file}",
        adult=adult,
        partner_id=str(cast.epicerie.id),
    )


# ------------------------------------------------------------------ agreements


def test_an_agreement_opens_the_file_and_its_withdrawal_closes_it(place: Place) -> None:
    assert place.partner.get(API + place.file).status_code == 404
    answer = place.holder.post(f"{API}{place.file}/agreements", json=place.agreement())
    assert answer.status_code == 201
    agreement = answer.json()
    assert (agreement["state"], agreement["refused"]) == ("live", False)
    assert agreement["answers"] == [{"name": "WATTIEZ Ada", "answer": "agrees"}]
    assert place.holder.ok("GET", answer.headers["location"].removeprefix(API)) == agreement
    seen = place.partner.ok("GET", place.file)
    assert (seen["held"], seen["parts"]) == (False, ["identity", "budget", "needs"])
    assert [s["name"] for s in place.holder.ok("GET", f"{place.file}/shares")] == ["CCAS", "Épicerie solidaire"]
    assert [s["name"] for s in place.partner.ok("GET", f"{place.file}/shares")] == ["Épicerie solidaire"]
    gone = place.holder.ok("POST", f"{place.file}/agreements/{agreement['id']}/withdraw")
    assert gone["state"] == "withdrawn"
    assert place.partner.get(API + place.file).status_code == 404
    again = place.holder.post(f"{API}{place.file}/agreements/{agreement['id']}/withdraw")
    assert problem(again)["detail"] == "Cet accord est déjà retiré."


def test_a_refusal_opens_nothing(place: Place) -> None:
    answers = [{"person": place.adult, "answer": "refuses"}]
    agreement = place.holder.ok("POST", f"{place.file}/agreements", json=place.agreement(adults=answers))
    assert agreement["refused"] is True
    assert place.partner.get(API + place.file).status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        {"parts": ["needs"]},
        {"valid_until": "2020-01-01"},
        {"given_how": "representative"},
        {"adults": []},
        {"recipients": ["00000000-0000-0000-0000-000000000000"]},
        {"adults": [{"person": "00000000-0000-0000-0000-000000000000", "answer": "agrees"}]},
    ],
)
def test_an_agreement_is_checked_as_on_the_page(place: Place, change: dict[str, Any]) -> None:
    answer = place.holder.post(f"{API}{place.file}/agreements", json=place.agreement(**change))
    assert problem(answer)["status"] == 422


def test_only_the_holder_records_an_agreement(place: Place) -> None:
    place.holder.ok("POST", f"{place.file}/agreements", json=place.agreement())
    answer = place.partner.post(f"{API}{place.file}/agreements", json=place.agreement())
    assert problem(answer)["status"] == 403


# ------------------------------------------------------------------ budgets


def test_a_budget_is_typed_computed_and_frozen(place: Place) -> None:
    path = f"{place.file}/assessments"
    answer = place.holder.post(API + path, json={"reference_date": today().isoformat(), "lines": [RSA, RENT]})
    assert answer.status_code == 201, answer.text
    draft = answer.json()
    assert (draft["status"], draft["mine"], draft["people"]) == ("draft", True, ["WATTIEZ Ada"])
    assert [(line["side"], line["amount_cents"]) for line in draft["lines"]] == [("resource", 63500), ("charge", 65000)]
    assert (draft["resources_cents"], draft["charges_cents"]) == ("63500.0000", "65000.0000")
    assert place.holder.ok("GET", f"{path}/{draft['id']}") == draft
    started = problem(place.holder.post(API + path, json={}))
    assert (started["status"], started["assessment"]) == (409, draft["id"])
    change = {"reference_date": today().isoformat(), "lines": [RSA], "version": draft["version"]}
    saved = place.holder.ok("PUT", f"{path}/{draft['id']}/lines", json=change)
    assert saved["charges_cents"] == "0.0000"
    assert problem(place.holder.put(f"{API}{path}/{draft['id']}/lines", json=change))["title"] == "Modifié entre-temps"
    done = place.holder.ok("POST", f"{path}/{draft['id']}/validate", json={"version": saved["version"]})
    assert done["status"] == "validated"
    late = place.holder.put(f"{API}{path}/{draft['id']}/lines", json={**change, "version": done["version"]})
    assert "validé" in problem(late)["detail"]
    assert [a["status"] for a in place.holder.ok("GET", path)] == ["validated"]


def test_a_budget_starts_from_another(place: Place) -> None:
    path = f"{place.file}/assessments"
    first = place.holder.ok("POST", path, json={"lines": [RSA, RENT]})
    place.holder.ok("POST", f"{path}/{first['id']}/validate", json={"version": first["version"]})
    second = place.holder.ok("POST", path, json={"source": first["id"]})
    assert [line["kind"] for line in second["lines"]] == ["rsa", "loyer"]
    unknown = place.holder.post(API + path, json={"source": place.adult})
    assert problem(unknown)["status"] == 404


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ({"amount_cents": -1}, "lines.0.amount_cents"),
        ({"amount_cents": 10**12}, "lines.0.amount_cents"),
        ({"amount_cents": 1.5}, "lines.0.amount_cents"),
        ({"month": "2026-13"}, "lines.0.month"),
        ({"month": "1850-01"}, "lines.0.month"),
        ({"kind": "or"}, "lines.0.kind"),
        ({"paid_to_landlord": True}, "lines.0.paid_to_landlord"),
    ],
)
def test_a_faulty_line_is_named(place: Place, line: dict[str, Any], field: str) -> None:
    said = problem(place.holder.post(f"{API}{place.file}/assessments", json={"lines": [{**RENT, **line}]}))
    assert [fault["field"] for fault in said["errors"]] == [field]


def test_a_fact_of_health_is_named_to_those_alone_who_may_know(place: Place) -> None:
    path = f"{place.file}/assessments"
    draft = place.holder.ok(
        "POST", path, json={"lines": [{"kind": "aah", "amount_cents": 100000, "label": "AAH taux plein"}]}
    )
    place.holder.ok("POST", f"{path}/{draft['id']}/validate", json={"version": draft["version"]})
    place.holder.ok("POST", f"{place.file}/agreements", json=place.agreement())
    seen = place.partner.get(f"{API}{path}/{draft['id']}")
    assert seen.json()["lines"][0]["kind"] == "autre_ressource"
    assert "aah" not in seen.text.lower()
    assert problem(place.volunteer.get(API + path))["status"] == 403
    refused = place.partner.post(API + path, json={"lines": [{"kind": "aah", "amount_cents": 1}]})
    assert "santé" in problem(refused)["detail"]


# ------------------------------------------------------------------ needs and referrals


def referred(place: Place, **more: Any) -> dict[str, Any]:
    need = place.holder.ok("POST", f"{place.file}/needs", json={"domain": "logement", "summary": "Loyer en retard"})
    body = {"organisation": place.partner_id, "words": "Merci de la recevoir", **more}
    made: dict[str, Any] = place.holder.ok("POST", f"{place.file}/needs/{need['id']}/referrals", json=body)
    return made


def test_a_referral_goes_through_its_moves(place: Place) -> None:
    place.holder.ok("POST", f"{place.file}/agreements", json=place.agreement())
    sent = referred(place)
    assert (sent["state"], sent["by_hand"], sent["moves"]) == ("sent", False, ["cancel"])
    path = f"/referrals/{sent['id']}"
    got = place.partner.ok("GET", path)
    assert (got["name"], got["summary"], got["moves"]) == (
        "WATTIEZ Ada",
        "Loyer en retard",
        ["accept", "receive", "ask", "refuse"],
    )
    assert [told["words"] for told in got["words"]] == ["Merci de la recevoir"]
    taken = place.partner.ok("POST", f"{path}/accept", json={"version": got["version"], "words": "Mardi 10 h"})
    assert taken["state"] == "accepted"
    late = problem(place.partner.post(f"{API}{path}/accept", json={"version": got["version"]}))
    assert "déjà « acceptée » par Épicerie solidaire" in late["detail"]
    early = problem(
        place.holder.post(f"{API}{path}/refuse", json={"version": taken["version"], "reason": "hors_criteres"})
    )
    assert early["status"] == 409
    closed = place.partner.ok("POST", f"{path}/close", json={"version": taken["version"], "outcome": "got_help"})
    assert [moved["verb"] for moved in closed["history"]] == ["close", "accept", "send"]
    need = place.holder.ok("GET", f"{place.file}/needs")[0]
    assert (need["state"], need["referrals"][0]["outcome"]) == ("met", "got_help")
    assert (closed["household_due"], "confirm" in closed["moves"]) == ("answer", True)
    said = place.holder.ok("POST", f"{path}/confirm", json={"version": closed["version"], "said": "no"})
    assert (said["state"], said["household_says"], said["household_due"]) == ("disputed", "no", None)
    assert place.holder.ok("GET", f"{place.file}/needs")[0]["state"] == "disputed"
    told = place.holder.ok("POST", f"{path}/explain", json={"version": said["version"], "reason": "impossible"})
    assert (told["state"], told["outcome"]) == ("closed", "no_help")


def test_without_an_agreement_a_paper_is_handed_over(place: Place) -> None:
    sent = referred(place)
    assert (sent["state"], sent["by_hand"]) == ("by_hand", True)
    assert problem(place.partner.get(f"{API}/referrals/{sent['id']}"))["status"] == 404
    gone = place.holder.ok("POST", f"/referrals/{sent['id']}/cancel", json={"version": sent["version"]})
    assert gone["state"] == "cancelled"


def test_another_reason_asks_for_words_and_moves_are_done_once_per_key(place: Place) -> None:
    place.holder.ok("POST", f"{place.file}/agreements", json=place.agreement())
    sent = referred(place)
    path = f"/referrals/{sent['id']}/refuse"
    body = {"version": sent["version"], "reason": "autre"}
    said = problem(place.partner.post(API + path, json=body))
    assert [fault["field"] for fault in said["errors"]] == ["words"]
    first, second = (
        place.partner.post(API + path, json={**body, "words": "Complet"}, headers={"idempotency-key": sent["id"]})
        for _ in range(2)
    )
    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"


def test_a_sensitive_need_stays_behind_its_part(place: Place) -> None:
    place.holder.ok("POST", f"{place.file}/agreements", json=place.agreement())
    body = {"domain": "violences", "summary": "Départ du domicile"}
    need = place.holder.ok("POST", f"{place.file}/needs", json=body)
    sent = place.holder.ok(
        "POST", f"{place.file}/needs/{need['id']}/referrals", json={"organisation": place.partner_id}
    )
    assert sent["by_hand"] is True
    assert place.partner.ok("GET", f"{place.file}/needs") == []
    assert problem(place.partner.post(f"{API}{place.file}/needs", json=body))["status"] == 409


def test_the_queue_is_whole_and_without_duplicates_while_referrals_come(place: Place, shared_base: Base) -> None:
    place.holder.ok("POST", f"{place.file}/agreements", json=place.agreement())
    known = {referred(place)["id"] for _ in range(5)}
    for size in (2, 100):
        found = pages(place.partner, f"/referrals?basket=a-traiter&size={size}&domain=logement")
        assert len(found) == len(set(found))
        assert known <= set(found)
    added: set[str] = set()
    found = pages(
        place.partner, "/referrals?size=2", lambda: added.add(referred(place)["id"]) if len(added) < 3 else None
    )
    assert len(found) == len(set(found))
    assert known <= set(found)  # the oldest first: what comes meanwhile comes at the end
    assert added <= set(found)


@pytest.mark.parametrize(
    ("query", "status"),
    [("side=reseau", 403), ("side=x", 422), ("basket=x", 422), ("basket=main-propre", 422), ("domain=violences", 422)],
)
def test_a_queue_that_is_not_hers_or_does_not_exist(place: Place, query: str, status: int) -> None:
    assert problem(place.partner.get(f"{API}/referrals?{query}"))["status"] == status


def test_a_service_without_an_account_is_referred_to_like_a_partner(place: Place, cast: Cast) -> None:
    service = str(outside(cast.engine, cast.ccas.people["coordinator"], name="Mission locale", domains=["emploi"]))
    known = {one["id"]: one for one in place.holder.ok("GET", "/services")}
    assert known[service]["takes"]
    place.holder.ok("POST", f"{place.file}/agreements", json=place.agreement(recipients=[service]))
    need = place.holder.ok("POST", f"{place.file}/needs", json={"domain": "emploi", "summary": "Un stage."})["id"]
    sent = place.holder.ok(
        "POST",
        f"{place.file}/needs/{need}/referrals",
        json={"organisation": service, "reach_contact": "06 00 00 00 01"},
    )
    assert (sent["receiver"], sent["outside"], sent["by_hand"], sent["state"]) == (service, True, False, "sent")
    told = place.holder.ok("POST", f"/referrals/{sent['id']}/accept", json={"version": sent["version"]})
    assert told["state"] == "accepted"
