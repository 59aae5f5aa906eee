"""The demonstration, loaded small: every stage is there, marked as fiction, behind the same wall as real files."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from coordination.appointments.rules import State as DateState
from coordination.audit.queries import verify
from coordination.budgets.baremes import load_baremes
from coordination.budgets.queries import BAREMES, file_budget
from coordination.casework.queries import my_due_tasks
from coordination.casework.rules import Medium
from coordination.demo.accounts import ACCOUNTS, ORGANISATIONS
from coordination.demo.load import NEIGHBOUR_HOUSEHOLDS, loaded
from coordination.households.finding import search
from coordination.households.queries import MANY, count_files, my_files, residents, visible_parts
from coordination.households.rules import AddressKind, EndReason, Housing, Link, Precision
from coordination.kit.actor import Service
from coordination.kit.clock import now, today
from coordination.kit.db import acting
from coordination.referrals import queries as referrals
from coordination.referrals import queue
from coordination.referrals.baskets import BASKETS
from coordination.referrals.machine import Side, State
from coordination.referrals.rules import Domain, Outcome, Refusal
from coordination.sharing.queries import agreements_of
from coordination.sharing.rules import AgreementState
from tests import servers
from tests.conftest import Base, demonstration_of, new_base
from tests.demo.make import SMALL, knock, signed

CLAIRE, NADIA = "accueil@ccas.demo.invalid", "coordination@ccas.demo.invalid"
JOSIANE, SARAH = "accueil@secours.demo.invalid", "accueil@epicerie.demo.invalid"
ALAIN = "accueil@voisin.demo.invalid"


@pytest.fixture(scope="module")
def demo() -> Iterator[Base]:
    cluster = servers.embedded_test_cluster()
    made = new_base(cluster, demonstration_of(cluster, SMALL))
    assert loaded(made.app_url)
    yield made
    made.close()


def values(base: Base, query: str) -> set[object]:
    """The distinct values of a one-column query, from outside the wall."""
    return {row[0] for row in base.admin(query)}


def number(base: Base, query: str) -> int:
    found = base.admin(f"select count(*) {query}")[0][0]
    assert isinstance(found, int)
    return found


# ------------------------------------------------------------------ every stage is there


def test_every_state_of_an_appointment_is_there(demo: Base) -> None:
    assert values(demo, "select state from appointment") == set(DateState)
    assert number(demo, "from appointment where state = 'confirmed' and starts_at < now()") > 0, "one is to be recorded"
    told = "from appointment a join referral r on r.id = a.referral_id where r.to_service_id is not null"
    assert number(demo, told) > 0, "one is a service's own"


def test_every_state_refusal_and_outcome_of_a_referral_is_there(demo: Base) -> None:
    assert values(demo, "select state from referral") == set(State)
    assert values(demo, "select refusal from referral") == {*Refusal, None}
    assert values(demo, "select outcome from referral") == {*Outcome, None}
    assert values(demo, "select outcome from referral where by_hand") >= {Outcome.GOT_HELP.value}


def test_every_domain_of_need_is_there_and_sensitive_ones_are_folded(demo: Base) -> None:
    assert values(demo, "select domain from need") == set(Domain)
    assert number(demo, "from referral r join need n on n.id = r.need_id where n.sensitive and not r.by_hand") > 0
    folded = values(demo, "select r.public_domain from referral r join need n on n.id = r.need_id where n.sensitive")
    assert folded == {Domain.OTHER.value}


def test_every_basket_of_the_coordinator_and_of_the_sender_holds_something(demo: Base) -> None:
    for email, side in ((NADIA, Side.COORDINATOR), (CLAIRE, Side.SENDER)):
        with acting(demo.engine, signed(demo.engine, email)) as session:
            counts = queue.count_baskets(session, side)
        assert [each.basket for each in counts] == list(BASKETS[side])
        assert all(each.count > 0 for each in counts), counts


@pytest.mark.parametrize(
    "email", [CLAIRE, JOSIANE, SARAH, "benevole@secours.demo.invalid", "benevole@action.demo.invalid"]
)
def test_every_partner_finds_work_in_her_queue(demo: Base, email: str) -> None:
    with acting(demo.engine, signed(demo.engine, email)) as session:
        counts = queue.count_baskets(session, Side.RECEIVER)
    waiting = sum(each.count for each in counts if State.SENT in each.basket.states)
    assert waiting > 0


def test_agreements_live_ended_withdrawn_refused_and_missing_an_adult_are_there(demo: Base) -> None:
    states, answers, refused = set(), set(), False
    with acting(demo.engine, signed(demo.engine, CLAIRE)) as session:
        for row in my_files(session, held=True, size=100):
            for view in agreements_of(session, row.id):
                states.add(view.state)
                answers |= {answer for _, answer in view.answers}
                refused |= view.refused
    assert states == {AgreementState.LIVE, AgreementState.EXPIRED, AgreementState.WITHDRAWN}
    assert {answer.value for answer in answers} == {"agrees", "refuses", "absent"}
    assert refused
    assert values(demo, "select given_how from agreement") == {"signed", "oral", "representative"}


def test_budgets_are_drafted_validated_replaced_and_some_are_negative(demo: Base) -> None:
    assert values(demo, "select status from assessment") == {"draft", "validated", "superseded"}
    assert number(demo, "from assessment_result where (result ->> 'value_cents') like '-%'") > 0
    assert values(demo, "select origin from budget_line") == {"proof", "declared", "flat_rate"}
    assert number(demo, "from budget_line where paid_to_landlord") > 0
    assert number(demo, "from budget_line_detail") > 0
    assert number(demo, "from household h where not exists (select from assessment a where a.household_id = h.id)") > 0


def test_every_zone_of_every_bareme_of_the_demonstration_is_met(demo: Base) -> None:
    met = demo.admin("select distinct bareme_code, result ->> 'zone', result ->> 'user_share' from assessment_result")
    assert {tuple(row) for row in met} >= _zones()


def _zones() -> set[tuple[object, ...]]:
    """The answers a barème of a partner may give: code, zone, share the household pays."""
    found: set[tuple[object, ...]] = set()
    for bareme in load_baremes(BAREMES).all(today()):
        for zone in bareme.zones_for(True) if bareme.organisation else ():
            share = zone.user_share
            found.add((bareme.code, zone.kind.value, f'["{share[0]}", "{share[1]}"]' if share else None))
    return found


def test_files_are_at_every_depth(demo: Base) -> None:
    bare = "from household h where not exists (select from person p where p.household_id = h.id and p.given_name <> '')"
    assert number(demo, bare) > 0
    assert values(demo, "select birth_precision from person") == set(Precision)
    assert values(demo, "select address_kind from household_profile") == set(AddressKind)
    assert values(demo, "select link from stay") >= {Link.SHARED_CHILD.value, Link.PARTNER.value, Link.PARENT.value}
    assert number(demo, "from stay where until_date is not null") > 0
    assert values(demo, "select housing from household_profile") >= {Housing.SOCIAL.value, Housing.PRIVATE.value}
    large = "from household h where (select count(*) from person p where p.household_id = h.id) >= 6"
    assert number(demo, large) > 0
    minor = (
        "from household h where not exists (select from person p where p.household_id = h.id"
        " and (p.birth_date is null or p.birth_date <= access.today() - interval '18 years'))"
    )
    assert number(demo, minor) > 0


def test_families_live_on_once_their_file_is_open(demo: Base) -> None:
    assert values(demo, "select end_reason from stay") >= {EndReason.SEPARATION, EndReason.STUDY_OR_WORK}
    assert number(demo, "from person_link") > 0
    assert number(demo, "from merge where undone_at is null") == 1
    assert number(demo, "from access_request where answered_at is null") == 1
    assert number(demo, "from person where birth_date > current_date - 14") > 0


def test_files_are_followed_and_work_waits_on_the_home_page(demo: Base) -> None:
    assert values(demo, "select medium from contact") == set(Medium)
    assert number(demo, "from note where replaces is not null") > 0
    assert values(demo, "select done_at is null from task") == {True, False}
    assert number(demo, "from contact where met_on > access.today()") == 0
    assert values(demo, "select plan from debt") == {True, False}
    assert number(demo, "from document_seen") > number(demo, "from goal") > 0
    with acting(demo.engine, signed(demo.engine, CLAIRE)) as session:
        assert my_due_tasks(session) != []


def test_what_happened_happened_in_order_and_before_now(demo: Base) -> None:
    for sent, answered, closed in demo.admin("select sent_at, answered_at, closed_at from referral"):
        moments = [moment for moment in (sent, answered, closed) if moment is not None]
        assert moments == sorted(moments, key=str)
        assert str(moments[-1]) <= str(now())
    assert number(demo, "from referral where sent_at < now() - interval '60 days'") > 0


# ------------------------------------------------------------------ the published budgets


def test_the_mother_of_the_published_case_waits_untouched(demo: Base) -> None:
    with acting(demo.engine, signed(demo.engine, CLAIRE)) as session:
        [hit] = [hit for hit in search(session, "Gaelle Martel") if hit.score > 0.99]
        budget = file_budget(session, hit.household_id)
        assert (budget.current, budget.drafts, budget.earlier) == ([], [], [])
        assert agreements_of(session, hit.household_id) == []
        assert referrals.referrals_of(session, hit.household_id) == []
        people = residents(session, hit.household_id, today())
        assert [person.link for person in people] == [Link.REFERENCE, Link.CHILD, Link.CHILD]
        assert all(person.age is not None and person.age < 14 for person in people[1:])


@pytest.mark.parametrize(
    ("who", "left", "by_partner"),
    [
        ("Ophélie Dufossé", "8.001111", {"ccas-carvin": "council", "epicerie-solidaire": "eligible"}),
        ("Thierry Blondiau", "-0.166667", {"ccas-carvin": "eligible", "epicerie-solidaire": "redirect"}),
        ("Solange Wallart", "6.666667", {"ccas-carvin": "eligible"}),
        ("Kelly Dubrulle", "12.222222", {"ccas-carvin": "not_eligible"}),
    ],
)
def test_the_other_published_budgets_are_computed(demo: Base, who: str, left: str, by_partner: dict[str, str]) -> None:
    with acting(demo.engine, signed(demo.engine, CLAIRE)) as session:
        file_id = search(session, who)[0].household_id
    rows = demo.admin(
        "select bareme_code, result ->> 'zone', result ->> 'per_day_euros' from assessment_result"
        " where household_id = %s",
        file_id,
    )
    zones = {str(code): zone for code, zone, _ in rows}
    assert {code: zones[code] for code in by_partner} == by_partner
    assert {str(per_day) for code, _, per_day in rows if code == "ccas-carvin"} == {left}


# ------------------------------------------------------------------ fiction, behind the wall


def test_everything_is_marked_as_demonstration(demo: Base) -> None:
    assert values(demo, "select demo from network") == {True}
    assert values(demo, "select demo from account") == {True}
    assert values(demo, "select demo from invitation") == {True}
    assert all("démonstration" in str(name) for name in values(demo, "select name from network"))
    assert values(demo, "select name from organisation") == {each.name for each in ORGANISATIONS}
    assert number(demo, "from household") == SMALL + NEIGHBOUR_HOUSEHOLDS + 2  # one separated, one found twice


def test_the_accounts_open_in_demonstration_mode_only(demo: Base) -> None:
    for account in ACCOUNTS:
        assert knock(demo.engine, account.email).token is not None
        assert knock(demo.engine, account.email, demo_mode=False).token is None


def test_the_two_networks_never_see_each_other(demo: Base) -> None:
    seen: dict[str, set[object]] = {}
    for email in (CLAIRE, ALAIN):
        with acting(demo.engine, signed(demo.engine, email)) as session:
            seen[email] = {row.id for row in my_files(session, held=True, size=100)}
            assert all(row.name for row in my_files(session, held=True, size=100))
    here = values(
        demo, "select h.id from household h join network n on n.id = h.network_id where n.name like 'Carvin%%'"
    )
    there = values(demo, "select id from household") - here
    assert seen[ALAIN] == there
    assert seen[CLAIRE] < here
    _nothing_of(demo.engine, ALAIN, here)
    _nothing_of(demo.engine, CLAIRE, there)


def _nothing_of(engine: Engine, email: str, hidden: set[object]) -> None:
    with acting(engine, signed(engine, email)) as session:
        assert all(not visible_parts(session, household_id) for household_id in hidden)  # type: ignore[arg-type]
        assert {hit.household_id for hit in search(session, "Martel")}.isdisjoint(hidden)


def test_partners_see_what_was_shared_and_no_more(demo: Base) -> None:
    with acting(demo.engine, signed(demo.engine, JOSIANE)) as session:
        holds, shared = count_files(session, held=True), count_files(session, held=False)
    held = number(
        demo,
        "from household h join organisation o on o.id = h.holder_organisation_id where o.slug = 'secours-populaire'",
    )
    assert holds == min(held, MANY + 1)
    assert 0 < shared < SMALL - held


def test_the_journal_tells_it_all_and_its_chains_are_whole(demo: Base) -> None:
    for (network_id,) in demo.admin("select id from network"):
        with acting(demo.engine, Service("journal", network_id)) as session:  # type: ignore[arg-type]
            verdict = verify(session, network_id)  # type: ignore[arg-type]
        assert verdict.sound
        assert verdict.lines > NEIGHBOUR_HOUSEHOLDS
    assert number(demo, "from journal where verb = 'referral.refuse' and actor_kind = 'member'") >= len(Refusal)
