"""What was sent to outside services moves into the table of referrals: nothing is lost, a mailed link opens."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg import sql
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from coordination.kit.actor import OutsideLink, Service
from coordination.kit.db import acting
from coordination.outside.queries import link_page
from coordination.referrals.machine import State, Step, facts_of
from coordination.upgrade import migrate, upgrade
from tests import servers
from tests.conftest import Base, create_database
from tests.policies.worlds import full, literal

BEFORE = "d2e8b1740f5c"
SENT = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)
HOUR = timedelta(hours=1)
LAST = {"sent": None, "asked": "ask", "accepted": "accept", "refused": "refuse"}
OUTSIDE = """
insert into outside_referral (id, network_id, household_id, need_id, from_organisation_id, service_id, public_domain,
    commune, person_name, contact, agreed_on, agreed_how, sent_at, sent_by, state, refusal, answered_at, withdrawn_at,
    withdrawn_by, link_id, link_until, mail_state, attempts, version)
values (%s, %s, %s, %s, %s, %s, 'logement', 'Carvin', 'Ada Maes', '06', current_date, 'entretien', %s, %s, %s, %s, %s,
    %s, %s, %s, now() + interval '9 days', 'sent', 1, 5)
"""


@pytest.fixture(scope="module")
def old() -> Iterator[Base]:
    """A database of the release before, with one referral to a service in each state, and one taken back."""
    cluster = servers.embedded_test_cluster()
    name = f"test_old_{uuid4().hex[:8]}"
    create_database(cluster, name)
    base = Base(cluster, name)
    engine = create_engine(base.owner_url, poolclass=NullPool)
    with engine.begin() as connection:
        migrate(connection, BEFORE)
    network, organisation, member, file, need, service = (uuid4() for _ in range(6))
    here = {"network_id": network}
    rows: list[tuple[str, dict[str, Any]]] = [
        ("network", {"id": network}),
        ("organisation", {"id": organisation, **here}),
        ("account", {"id": member}),
        ("membership", {"id": member, "account_id": member, "organisation_id": organisation, **here}),
        ("household", {"id": file, "code": "7K3M-2PX", "holder_organisation_id": organisation, **here}),
        ("need", {"id": need, "household_id": file, "organisation_id": organisation, "opened_by": member, **here}),
        ("outside_service", {"id": service, "active": True, **here}),
    ]
    for part in ("identity", "needs"):
        given = {"household_id": file, "organisation_id": organisation, "holder_organisation_id": organisation, **here}
        rows.append(("share", {**given, "scope": part, "ground": "holder", "valid_from": SENT.date()}))
    for table, row in rows:
        known = {name for (name,) in base.admin(COLUMNS, table)}
        told = {column: literal(value) for column, value in full(table, **row).items() if column in known}
        names, values = (sql.SQL(", ").join(some) for some in (map(sql.Identifier, told), told.values()))
        statement = sql.SQL("insert into {} ({}) values ({})").format(sql.Identifier(table), names, values)
        base.admin(statement.as_string())
    for state in (*LAST, "withdrawn"):
        answered = SENT + HOUR if state != "sent" else None
        gone = (SENT + 2 * HOUR, member) if state == "withdrawn" else (None, None)
        refusal = "hors_criteres" if state == "refused" else None
        sent = (uuid4(), network, file, need, organisation, service, SENT, member)
        base.admin(OUTSIDE, *sent, state, refusal, answered, *gone, uuid4())
    yield base
    base.close()
    engine.dispose()


COLUMNS = "select column_name from information_schema.columns where table_schema = 'public' and table_name = %s"


def test_every_referral_moves_with_its_history_and_its_link(old: Base) -> None:
    links = old.admin("select id, network_id, link_id, state, sent_by from outside_referral")
    upgrade(old.owner_url)
    assert old.admin("select to_regclass('outside_referral')") == [(None,)]
    for referral, network, link, state, member in links:
        ((row,),) = old.admin("select to_jsonb(r)::text from referral r where id = %s", referral)
        now_is = json.loads(str(row))
        events = old.admin(
            "select verb, state, reason, at, membership_id, version from referral_event where referral_id = %s"
            " order by version",
            referral,
        )
        steps = [Step(str(e[0]), State(str(e[1])), e[2], e[3], e[4]) for e in events]  # type: ignore[arg-type]
        facts = facts_of(steps)
        assert (facts.state, facts.refusal) == (State(now_is["state"]), now_is["refusal"])
        told = {name: datetime.fromisoformat(at) for name in ("answered_at", "closed_at") if (at := now_is[name])}
        assert told == {k: v for k in ("answered_at", "closed_at") if (v := getattr(facts, k))}
        assert [e[5] for e in events] == list(range(1, now_is["version"] + 1))
        last = "cancel" if state == "withdrawn" else LAST[str(state)] or "send"
        assert (steps[-1].verb, steps[0].by) == (last, member)
        assert isinstance(referral, UUID)
        assert isinstance(network, UUID)
        assert isinstance(link, UUID)
        with acting(old.engine, OutsideLink(referral, network)) as session:
            shown = link_page(session, link)
        assert (shown is None) == (state == "withdrawn")
        assert shown is None or (shown.person_name == "Ada Maes") == (state == "accepted")


def test_a_second_upgrade_moves_nothing_and_nothing_is_mailed_twice(old: Base) -> None:
    upgrade(old.owner_url)
    ((network,),) = old.admin("select id from network")
    assert isinstance(network, UUID)
    with acting(old.engine, Service("worker", network)) as session:
        for row in session.rows("select * from access.moved_since(now() - interval '9 days')"):
            session.door("access.tell(:r, 'receiver', 'sent', :at)", r=row.referral_id, at=row.at)
        assert session.rows("select * from access.take_outside_mail(interval '1 minute', 9)") == []
    assert old.admin("select count(*), count(distinct referral_id) from referral_link") == [(5, 5)]
