"""The days an agreement carries a referral: what the model says, also of what a former release sent."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from coordination.kit.roles import libpq
from coordination.kit.types import falls_in
from coordination.upgrade import migrate, upgrade
from tests import servers
from tests.conftest import FALSE_ONES, Base, create_database
from tests.policies.model import World
from tests.policies.model_writes import is_stopped
from tests.policies.worlds import build, seeded, write

BEFORE = "d41c7a90e5f3"
# Columns that release did not have.
SINCE = ("referral.carried", "idempotency.address", "referral_link.mailed_to", "import_row.rank", "imported_file.said")
WORLDS = 6
DAYS = range(-10, 4)
STORED = "select r.id, r.carried @> %s::date from referral r"
MEMBER = "(select id from membership m where m.network_id = h.network_id limit 1)"
# Whatever may change what an agreement carries, past the acts that would do it one at a time; in an order in which each
# finds something to change.
CHANGES = (
    "update share set revoked_at = case when revoked_at is null then now() end where random() < .3",
    (
        "update share set valid_from = access.today() + (random() * 4)::int - 2,"
        " valid_until = case when random() < .8 then access.today() + (random() * 4)::int - 1 end where random() < .3"
    ),
    (
        "update share s set organisation_id = (select id from organisation o where o.network_id = s.network_id"
        " order by random() limit 1) where random() < .3"
    ),
    (
        "insert into share (id, network_id, household_id, organisation_id, holder_organisation_id, scope, audience,"
        " ground, valid_from, valid_until) select gen_random_uuid(), r.network_id, r.household_id, o, o, part, 'all',"
        " 'agreement', access.today() - 1, access.today() + 3 + (random() * 3)::int from referral r,"
        " unnest(array['identity', 'needs', 'sensitive']) part,"
        " coalesce(r.to_organisation_id, r.from_organisation_id) o"
    ),
    "update protection set lifted_at = now() where lifted_at is null",
    "update referral_link set agreed_on = access.today() where random() < .5",
    "update referral_link set agreed_on = null",
    "delete from agreement_service",
    "update agreement set valid_from = access.today() - 2, valid_until = access.today() + 2",
    (
        "insert into agreement_service (agreement_id, service_id, network_id, household_id, sensitive, granted_at)"
        " select g.id, v.id, g.network_id, g.household_id, random() < .7, now() from agreement g"
        " join outside_service v on v.network_id = g.network_id"
    ),
    "update agreement set valid_until = access.today() + (random() * 3)::int - 2",
    "update agreement_service set sensitive = not sensitive",
    "update agreement_service set revoked_at = now() where random() < .5",
    "update agreement_service set revoked_at = null",
    "delete from agreement_service where random() < .7",
    (
        "insert into protection (id, network_id, household_id, since, set_by)"
        f" select gen_random_uuid(), h.network_id, h.id, now(), {MEMBER} from household h"
    ),
    "update file_opening set ground = 'break_glass'",
    (
        "insert into file_opening (id, network_id, household_id, household_code, organisation_id, membership_id,"
        " ground, reason, opened_at, opened_by) select gen_random_uuid(), r.network_id, r.household_id,"
        " r.household_code, m.organisation_id, m.id, 'named', '', now(), m.id from referral r join membership m"
        " on m.organisation_id = r.to_organisation_id"
    ),
    "update file_opening set ended_at = now() where random() < .7",
    "update file_opening set ended_at = null",
    "delete from file_opening where random() < .7",
    "delete from protection where random() < .7",
    "update protection set lifted_at = now() where lifted_at is null",
    "update share set scope = 'aid' where scope = 'sensitive' and random() < .7",
    "update need set sensitive = not sensitive",
    "update referral set by_hand = not by_hand where random() < .2",
    (
        "update share s set household_id = (select id from household h where h.network_id = s.network_id"
        " order by random() limit 1) where agreement_id is null and random() < .5"
    ),
    "delete from share where random() < .7",
)


@dataclass
class Ground:
    """A database upgraded from the release before, with the worlds that were in it."""

    base: Base
    admin: psycopg.Connection[Any]
    today: date
    worlds: list[World]


@pytest.fixture(scope="module", params=["embedded", pytest.param("pg15", marks=pytest.mark.pg15)])
def ground(request: pytest.FixtureRequest) -> Iterator[Ground]:
    cluster = servers.pg15_or_skip() if request.param == "pg15" else servers.embedded_test_cluster()
    name = f"test_days_{Random().getrandbits(32):08x}"
    create_database(cluster, name)
    base = Base(cluster, name)
    engine = create_engine(base.owner_url, poolclass=NullPool)
    with engine.begin() as connection:
        migrate(connection, BEFORE)
    ((today,),) = base.admin("select (now() at time zone 'Europe/Paris')::date")
    assert isinstance(today, date)
    worlds = [build(seeded(seed), today) for seed in range(WORLDS)]
    with psycopg.connect(libpq(base.admin_url), autocommit=True) as admin:
        for world in worlds:
            write(admin, world, but=SINCE)
        upgrade(base.owner_url)
        yield Ground(base, admin, today, worlds)
    base.close()


def differences(ground: Ground, world: World) -> list[str]:
    """Where the model, told that it is another day and that everything is under way, disagrees with the rows."""
    found = []
    for day in (ground.today + timedelta(days=n) for n in DAYS):
        then = World(day, world.tables)
        carried = dict(ground.admin.execute(STORED, [day]).fetchall())
        found += [
            f"{row} on {day}: carried is {carried[row['id']]}"
            for row in world.all("referral")
            if carried[row["id"]] == is_stopped(then, {**row, "state": "sent"})
        ]
    return found


def test_what_a_former_release_sent_is_carried_as_the_model_says(ground: Ground) -> None:
    assert [line for world in ground.worlds for line in differences(ground, world)] == []
    assert ground.admin.execute(FALSE_ONES).fetchall() == []


def test_what_is_written_now_is_carried_as_the_model_says(ground: Ground) -> None:
    """Row by row, parents first: shares before referrals or after, and whatever a referral says of itself."""
    seen = set()
    for seed in range(WORLDS, 2 * WORLDS):
        world = build(seeded(seed), ground.today)
        for row in world.all("referral"):
            row["carried"] = "{(,)}"
        write(ground.admin, world)
        assert differences(ground, world) == []
        seen |= {is_stopped(world, {**row, "state": "sent"}) for row in world.all("referral")}
    assert seen == {True, False}


def test_whatever_changes_the_rows_stay_true(ground: Ground) -> None:
    """One after the other: each finds what the ones before it left."""
    for change in CHANGES:
        ground.admin.execute("select setseed(0.5)")
        assert ground.admin.execute(change).rowcount > 0, change
        assert ground.admin.execute(FALSE_ONES).fetchall() == [], change


def test_a_day_falls_in_what_is_read_as_postgresql_says(ground: Ground) -> None:
    kinds = "'{}'), ('{(,)}'), ('{(,2026-03-02)}'), ('{[2026-03-01,)}'), ('{[2026-01-31,10000-01-01)}'"
    days = ("2026-01-31", "2026-02-28", "2026-03-01", "2026-03-02", "2027-01-01")
    asked = (
        f"with kind as (select v::datemultirange as days from (values ({kinds}), ('{{[2026-03-01,2026-03-02)}}')) x (v)"
        " union select carried from referral union select a.carried + b.carried from referral a, referral b)"
        " select day, days, days @> day from kind, unnest(%s::date[]) day"
    )
    found = ground.admin.execute(asked, [[*days, str(ground.today)]]).fetchall()
    assert {answer for _, _, answer in found} == {True, False}
    assert [row for row in found if falls_in(row[0], row[1]) != row[2]] == []


def test_a_change_that_nothing_follows_would_be_noticed(ground: Ground) -> None:
    ground.admin.execute(
        "update referral set carried = '{}' where id = (select id from referral where by_hand limit 1)"
    )
    assert len(ground.admin.execute(FALSE_ONES).fetchall()) == 1
