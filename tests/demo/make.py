"""Who signs in to the demonstration in the tests, and the whole of its content as plain facts."""

from sqlalchemy import Engine

from coordination.demo.accounts import PASSWORD
from coordination.identity.service import SignIn, sign_in
from coordination.kit.actor import Member, Nobody
from coordination.kit.db import acting
from tests.conftest import TEST_KEY, Base

SMALL = 46
"""So many households are enough for every stage to be there."""


def knock(engine: Engine, email: str, *, demo_mode: bool = True, password: str = PASSWORD) -> SignIn:
    """Tries to sign in."""
    with acting(engine, Nobody()) as session:
        return sign_in(session, email, password, address="127.0.0.1", device="essai", key=TEST_KEY, demo_mode=demo_mode)


def signed(engine: Engine, email: str) -> Member:
    """The member a demonstration account makes."""
    member = knock(engine, email).member
    assert member is not None
    return member


CONTENT = (
    """select h.code, p.family_name, p.given_name, p.birth_date, p.birth_precision, s.link, s.weight, s.until_date
         from household h join person p on p.household_id = h.id join stay s on s.person_id = p.id""",
    """select h.code, f.commune, f.address, f.phone, f.email, f.housing, f.origin
         from household h join household_profile f on f.household_id = h.id""",
    """select h.code, a.status, a.reference_date, l.position, l.kind, l.amount_cents, l.period, l.origin
         from household h join assessment a on a.household_id = h.id join budget_line l on l.assessment_id = a.id""",
    """select h.code, n.domain, n.summary, r.state, r.refusal, r.outcome, r.sent_at, r.answered_at, r.closed_at
         from household h join need n on n.household_id = h.id left join referral r on r.need_id = n.id""",
    """select h.code, g.valid_from, g.valid_until, g.withdrawn_at is null, g.purpose, g.given_how
         from household h join agreement g on g.household_id = h.id""",
    """select h.code, n.words, n.written_at, n.replaces is null
         from household h join note n on n.household_id = h.id""",
    """select h.code, d.creditor_kind, d.amount_cents, g.words
         from household h join debt d on d.household_id = h.id join goal g on g.household_id = h.id""",
    """select h.code, c.met_on, c.medium, c.with_whom, c.words, t.what, t.due_on, t.done_at
         from household h join contact c on c.household_id = h.id join task t on t.household_id = h.id""",
)


def content(base: Base) -> dict[str, list[tuple[object, ...]]]:
    """What was drawn, household by household (by code): people, homes, budgets, needs and referrals."""
    found: dict[str, list[tuple[object, ...]]] = {}
    for query in CONTENT:
        for code, *facts in base.admin(query):
            found.setdefault(str(code), []).append(tuple(facts))
    return {code: sorted(facts, key=repr) for code, facts in found.items()}
