"""The people and the figures of the demonstration, before any database."""

from collections import Counter
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest

from coordination.budgets.rules import Period, Side
from coordination.demo import words
from coordination.demo.accounts import ACCOUNTS, ORGANISATIONS, shown
from coordination.demo.dates import DATES, GIVEN_AT, TOLD_AT, Dated
from coordination.demo.figures import DAYS, G1, G2, G3, G10, Budget, Figures
from coordination.demo.people import DECK, Family, People
from coordination.demo.stories import NEIGHBOURS, STORIES
from coordination.demo.troupe import working_day
from coordination.households.rules import Activity, Link
from coordination.identity.permissions import Role
from coordination.kit.clock import PARIS
from coordination.kit.money import rounded
from coordination.referrals.rules import Domain

TODAY = date(2026, 11, 21)


def families(number: int, seed: int = 1) -> list[Family]:
    people = People(Random(seed), TODAY)
    return [people.family(people.card()) for _ in range(number)]


def net(budget: Budget) -> int:
    """Cents left a month; an aid paid to the landlord is already off the rent."""
    return sum(a.monthly if a.kind.side is Side.RESOURCE else -a.monthly for a in budget if not a.landlord)


def test_the_households_are_those_published_for_carvin() -> None:
    drawn = families(2 * len(DECK))
    by = Counter(family.card.activity for family in drawn)
    assert by[Activity.EMPLOYEE] / len(drawn) == pytest.approx(0.30)
    assert by[Activity.UNEMPLOYED_PAID] / len(drawn) == pytest.approx(0.20)
    assert by[Activity.PENSIONER] / len(drawn) == pytest.approx(0.15)
    assert sum(family.card.shape.one_parent for family in drawn) / len(drawn) == pytest.approx(0.50)


def test_the_same_seed_draws_the_same_families() -> None:
    assert families(30) == families(30)
    assert families(30) != families(30, seed=2)


def test_nobody_has_the_name_of_another_reference_person() -> None:
    names = [(f.reference.family_name, f.reference.given_name) for f in families(200)]
    assert len(set(names)) == len(names)


def test_children_are_minors_and_younger_than_their_parent() -> None:
    for family in families(200):
        for person in family.people:
            if person.link in (Link.CHILD, Link.SHARED_CHILD):
                assert 1 <= person.age <= 17
                assert 18 <= family.reference.age - person.age <= 45


def test_every_phone_is_a_number_kept_for_fiction() -> None:
    phones = [family.home.phone for family in families(200) if family.home.phone]
    phones += [organisation.phone for organisation in ORGANISATIONS]
    assert {phone[:8] for phone in phones} <= {"06 39 98", "03 53 01"}


def test_the_published_budgets_are_kept_to_the_cent() -> None:
    assert [net(budget) for budget in (G1, G2, G3, G10)] == [720_10, -5_00, 200_00, 1100_00]
    assert rounded(Fraction(net(G1), 3 * DAYS * 100), 4) == Decimal("8.0011")
    assert sum(a.monthly for a in G10 if a.kind.side is Side.RESOURCE) == 2300_00


def test_a_drawn_budget_reaches_what_it_aims_at() -> None:
    figures = Figures(Random(3))
    people = People(Random(3), TODAY)
    for _ in range(120):
        family = people.family(people.card())
        budget = figures.budget(family)
        per_day = net(budget) / 100 / DAYS / family.heads
        assert -3.5 < per_day < 17.5
        assert all(amount.monthly > 0 for amount in budget)
        for amount in budget:
            assert amount.row(TODAY).amount == amount.monthly * amount.period.months
    assert Period.YEARLY in {amount.period for amount in budget}


def test_every_word_that_may_be_written_is_there() -> None:
    assert set(words.NEEDS) == set(Domain)
    assert {wanted.domain for story in STORIES for wanted in story.wanted} == set(Domain)


def test_each_role_has_its_account_and_the_list_says_what_each_does() -> None:
    assert {role for account in ACCOUNTS for role in account.roles} == set(Role)
    assert all(account.email.endswith(".demo.invalid") for account in ACCOUNTS)
    assert len(shown()) == len(ACCOUNTS) == len({account.email for account in ACCOUNTS})
    holders = {story.holder for story in (*STORIES, *NEIGHBOURS)}
    assert holders <= {account.organisation for account in ACCOUNTS if Role.INTAKE in account.roles}


@pytest.mark.parametrize("dated", DATES, ids=lambda dated: f"{dated.days} {dated.hour}")
def test_a_date_is_given_before_it_comes_and_told_after_whatever_day_of_the_week_it_is(dated: Dated) -> None:
    for weekday in range(7):
        today = TODAY + timedelta(days=weekday)
        given = datetime.combine(working_day(today, dated.given), time(GIVEN_AT), PARIS)
        told = datetime.combine(working_day(today, dated.told), time(TOLD_AT), PARIS)
        starts = dated.form(today, dated.days).starts_at
        assert given < starts
        assert given < told
        assert told.date() < today
        if dated.days < 0:
            assert starts < told
