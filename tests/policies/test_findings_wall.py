"""What was learnt of row security, kept: roles, doors, parents, spent settings, views, and the wall's known limit."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from coordination.kit.actor import Actor, HouseholdLink, Nobody, OutsideLink, Service, Station
from coordination.kit.db import ActorSession, acting, refuse_powerful_role
from coordination.kit.engine import close_engine, make_engine
from coordination.sharing.models import Agreement, AgreementPart, AgreementPerson
from coordination.tables import METADATA
from tests.policies.conftest import House, open_file
from tests.policies.trials import act_as
from tests.policies.worlds import build, seeded, write

REFUSED = psycopg.errors.InsufficientPrivilege


# ------------------------------------------------------------------ 1. three roles


def test_start_up_accepts_the_app_role_and_refuses_the_owner_and_a_superuser(house: House) -> None:
    refuse_powerful_role(house.base.engine)
    for url in (house.base.owner_url, house.base.admin_url):
        engine = make_engine(url)
        with pytest.raises(RuntimeError, match="refuse de servir"):
            refuse_powerful_role(engine)
        close_engine(engine)


@pytest.mark.parametrize(
    "power", ["in role coordination_owner", "in role coordination_guard", "bypassrls", "createrole"]
)
def test_start_up_refuses_a_role_that_could_take_power(house: House, power: str) -> None:
    role = f"sly_{uuid4().hex[:8]}"
    house.base.admin(f"create role {role} {power}")
    engine = create_engine(house.base.admin_url, poolclass=NullPool, connect_args={"options": f"-c role={role}"})
    try:
        with pytest.raises(RuntimeError, match=role):
            refuse_powerful_role(engine)
    finally:
        house.base.admin(f"drop role {role}")


def test_the_guard_cannot_sign_in_and_owns_no_table(house: House) -> None:
    assert house.base.admin("select rolcanlogin, rolsuper from pg_roles where rolname = 'coordination_guard'") == [
        (False, False)
    ]
    assert (
        house.base.admin(
            "select relname from pg_class c join pg_roles r on r.oid = c.relowner"
            " where r.rolname = 'coordination_guard' and c.relkind in ('r', 'p', 'v')"
        )
        == []
    )


# ------------------------------------------------------------------ 4. share and household: doors alone


@pytest.mark.parametrize("table", ["share", "household"])
@pytest.mark.parametrize(
    "verb", ["insert into {} default values", "update {} set network_id = network_id", "delete from {}"]
)
def test_the_app_never_writes_share_nor_household(house: House, table: str, verb: str) -> None:
    with house.connect(house.worker) as connection, pytest.raises(REFUSED):
        connection.execute(verb.format(table).encode())


def not_members(house: House) -> list[Actor]:
    network, organisation = house.cast.ccas.network_id, house.cast.ccas.id
    return [
        Nobody(),
        Station(uuid4(), network, organisation),
        OutsideLink(uuid4(), network),
        HouseholdLink(uuid4(), network),
        Service("operator"),
        Service("anything", network),
    ]


def test_who_is_no_member_opens_no_door_of_the_files(house: House) -> None:
    calls: list[tuple[str, list[object]]] = [
        ("select access.open_file(%s, 'X')", [uuid4()]),
        ("select access.grant_agreement(%s)", [agreement_on(house, house.file)]),
        ("select access.revoke_agreement(%s)", [agreement_on(house, house.file)]),
        ("select access.transfer_holder(%s, %s)", [house.file, house.cast.secours.id]),
    ]
    for actor in not_members(house):
        for call, values in calls:
            with house.connect(actor) as connection, pytest.raises(REFUSED):
                connection.execute(call, values)


def test_a_stranger_grants_herself_nothing(house: House) -> None:
    agreement = agreement_on(house, house.file)
    for actor in (house.stranger, house.cast.elsewhere.people["intake"]):
        for call in ("select access.grant_agreement(%s)", "select access.revoke_agreement(%s)"):
            with house.connect(actor) as connection, pytest.raises(REFUSED):
                connection.execute(call, [agreement])
        with house.connect(actor) as connection, pytest.raises(REFUSED):
            connection.execute("select access.transfer_holder(%s, %s)", [house.file, actor.organisation_id])
        with house.connect(actor) as connection:
            assert connection.execute(
                "select access.covered(%s, %s, 'needs')", [house.file, house.cast.ccas.id]
            ).fetchone() == (False,)


def agreement_on(house: House, file: UUID, answer: str = "agrees") -> UUID:
    """An agreement of the CCAS that names the Secours populaire, not granted yet."""
    with acting(house.base.engine, house.worker) as session:
        person = (
            session.connection()
            .execute(text("select id from person where household_id = :f"), {"f": file})
            .scalar_one()
        )
        home: dict[str, Any] = {"network_id": house.worker.network_id, "household_id": file}
        agreement = Agreement(
            **home,
            organisation_id=house.worker.organisation_id,
            purpose="support",
            given_how="oral",
            notice_version="2026-11",
            valid_from=date(2026, 1, 1),
            valid_until=date(2099, 1, 1),
            recorded_by=house.worker.membership_id,
        )
        session.add(agreement)
        session.flush()
        session.add(AgreementPerson(**home, agreement_id=agreement.id, person_id=person, answer=answer))
        for part in ("identity", "sensitive"):
            session.add(
                AgreementPart(
                    **home, agreement_id=agreement.id, organisation_id=house.cast.secours.id, part=part, audience="all"
                )
            )
        return agreement.id


def test_a_door_grants_exactly_what_was_agreed_and_once(house: House) -> None:
    file = open_file(house.base.engine, house.worker, "Delattre")
    agreement = agreement_on(house, file)
    with ActorSession(house.base.engine, house.worker) as session:
        assert session.door("access.grant_agreement(:id)", id=agreement) == 2
        session.commit()
    with house.connect(house.worker) as connection, pytest.raises(REFUSED, match="already granted"):
        connection.execute("select access.grant_agreement(%s)", [agreement])
    granted = house.base.admin("select scope, audience from share where agreement_id = %s order by scope", agreement)
    assert granted == [("identity", "all"), ("sensitive", "professionals")]
    with house.connect(house.worker) as connection, pytest.raises(REFUSED):
        connection.execute(
            "insert into agreement_part (agreement_id, organisation_id, part, network_id, household_id, audience)"
            " values (%s, %s, 'budget', %s, %s, 'all')",
            [agreement, house.cast.secours.id, house.worker.network_id, file],
        )


def test_nothing_is_granted_when_somebody_refuses(house: House) -> None:
    agreement = agreement_on(house, open_file(house.base.engine, house.worker, "Carlier"), answer="refuses")
    with house.connect(house.worker) as connection, pytest.raises(REFUSED, match="nothing to grant"):
        connection.execute("select access.grant_agreement(%s)", [agreement])


def test_an_agreement_withdrawn_in_the_same_instant_opens_nothing(house: House) -> None:
    """Two colleagues at once: whoever grants waits for whoever withdraws, and then grants nothing."""
    agreement = agreement_on(house, open_file(house.base.engine, house.worker, "Wattel"))
    with house.connect(house.worker) as withdraws, house.connect(house.worker) as grants:
        withdraws.execute("select access.revoke_agreement(%s)", [agreement])
        grants.execute("set local lock_timeout = '100ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            grants.execute("select access.grant_agreement(%s)", [agreement])
        withdraws.commit()
        grants.rollback()
        act_as(grants, house.worker)
        with pytest.raises(REFUSED, match="nothing to grant"):
            grants.execute("select access.grant_agreement(%s)", [agreement])


# These hang from nothing but their network, or are written by doors alone.
OF_THE_NETWORK = ("organisation", "outside_service", "journal", "journal_head")


def test_a_row_of_another_network_is_impossible_even_for_a_superuser(house: House) -> None:
    """Composite foreign keys: every child of a file carries the file's network, or does not exist."""
    elsewhere = house.cast.elsewhere.network_id
    tables = [
        table.name for table in METADATA.sorted_tables if "network_id" in table.c and table.name not in OF_THE_NETWORK
    ]
    worlds = (build(seeded(seed), date(2026, 1, 1)) for seed in range(1, 100))
    world = next(world for world in worlds if all(world.all(table) for table in tables))
    with house.admin() as admin:
        write(admin, world)
        admin.execute("alter table assessment disable trigger user")  # frozen or not, its network stays
        for table in tables:
            network = world.all(table)[0]["network_id"]
            with pytest.raises(psycopg.errors.ForeignKeyViolation), admin.transaction():
                admin.execute(
                    f"update {table} set network_id = %s where network_id = %s".encode(), [elsewhere, network]
                )
        admin.rollback()
    assert len(tables) >= 17


# ------------------------------------------------------------------ 7. spent settings, null actors


def test_a_spent_setting_means_nobody(house: House) -> None:
    with house.connect(house.worker) as connection:
        assert connection.execute("select count(*) from household").fetchone() != (0,)
        connection.commit()
        assert connection.execute("select current_setting('app.organisation', true)").fetchone() == ("",)
        assert (
            connection.execute(
                "select access.kind(), access.organisation(), access.network(), access.account(), access.membership()"
            ).fetchone()
            == (None,) * 5
        )
        assert connection.execute("select count(*) from household").fetchone() == (0,)


def test_a_session_that_said_nothing_is_refused_everywhere(house: House) -> None:
    with house.connect() as connection:
        for table in METADATA.tables:
            try:
                with connection.transaction():
                    assert connection.execute(f"select count(*) from {table}".encode()).fetchone() == (0,), table
            except REFUSED:
                assert table in ("credential", "sign_in_attempt", "network_question", "person_link", "merge_move")
        with pytest.raises(REFUSED):
            connection.execute(
                "insert into journal (network_id, number, id, at, actor_kind, actor_id, verb, subject, subject_id,"
                " fields, previous_hash, hash) values (%s, 0, %s, now(), '', '', 'x', 'x', 'x', '{}', '', '')",
                [house.worker.network_id, uuid4()],
            )


@pytest.mark.parametrize("kind", ["station", "outside_link", "household_link", "service", "nobody", ""])
def test_only_a_member_has_an_organisation_roles_and_an_account(house: House, kind: str) -> None:
    """Whatever else its settings say: a station never borrows its organisation's files, nor a link a role."""
    with house.connect(house.cast.ccas.people["dpo"]) as connection:
        connection.execute("select set_config('app.kind', %s, true)", [kind])
        assert connection.execute(
            "select access.organisation(), access.account(), access.membership(), access.has_role('dpo') is true"
        ).fetchone() == (None, None, None, False)
        assert connection.execute("select count(*) from journal").fetchone() == (0,)


# ------------------------------------------------------------------ 8. parents, invisible rows, views


def test_a_foreign_key_ignores_the_wall_so_the_policy_asks_the_parent(house: House) -> None:
    with house.connect(house.stranger) as connection, pytest.raises(REFUSED):
        connection.execute(
            "insert into person (id, network_id, household_id, family_name, given_name, birth_precision, name_folded,"
            " name_keys, version) values (%s, %s, %s, 'x', '', 'unknown', '', '', 1)",
            [uuid4(), house.stranger.network_id, house.file],
        )


def test_changing_an_invisible_row_is_no_row_and_no_error(house: House) -> None:
    with house.connect(house.stranger) as connection:
        changed = connection.execute("update person set given_name = 'x' where household_id = %s", [house.file])
        assert changed.rowcount == 0


def test_a_row_never_changes_file(house: House) -> None:
    other = open_file(house.base.engine, house.worker, "Vasseur")
    for table in ("person", "stay", "household_profile"):
        with house.connect(house.worker) as connection, pytest.raises(REFUSED):
            connection.execute(
                f"update {table} set household_id = %s where household_id = %s".encode(), [other, house.file]
            )


def test_every_view_looks_with_the_eyes_of_whoever_asks(house: House) -> None:
    views = house.base.admin(
        "select c.relname, c.reloptions from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where c.relkind in ('v', 'm') and n.nspname in ('public', 'access') order by 1"
    )
    assert [name for name, _ in views] == ["live_share", "live_shares", "trusted_share"]
    assert all("security_invoker=true" in options for _, options in views if isinstance(options, list))
    with house.connect(house.stranger) as connection:
        assert connection.execute("select count(*) from access.live_share").fetchone() == (0,)
    for view in ("trusted_share", "live_shares"):
        with house.connect(house.worker) as connection, pytest.raises(REFUSED):
            connection.execute(f"select count(*) from access.{view}".encode())


# ------------------------------------------------------------------ doors of accounts


def test_the_doors_of_sign_in_answer_nobody_alone(house: House) -> None:
    email = house.cast.ccas.emails["intake"]
    with house.connect(Nobody()) as connection:
        assert len(connection.execute("select * from access.sign_in(%s)", [email]).fetchall()) == 1
    for actor in (house.stranger, Service("operator"), Station(uuid4(), house.stranger.network_id, uuid4())):
        with house.connect(actor) as connection:
            assert connection.execute("select * from access.sign_in(%s)", [email]).fetchall() == []
            assert (
                connection.execute("select * from access.memberships_of(%s)", [house.worker.account_id]).fetchall()
                == []
            )
            with pytest.raises(REFUSED):
                connection.execute(
                    "select access.open_session(%s, 'x', %s, %s, now() + interval '1 hour', '')",
                    [uuid4(), house.worker.account_id, house.worker.membership_id],
                )


def test_an_admin_never_takes_over_an_account_that_works_elsewhere(house: House) -> None:
    """She may invite any address, herself use the link, and then ask a new password: that door stays shut."""
    admin, victim = house.cast.bonne_action.people["admin"], house.cast.secours.people["council"]
    house.base.admin(
        "insert into membership (id, network_id, organisation_id, account_id, name, roles, professional, decider,"
        " started_at, version) values (gen_random_uuid(), %s, %s, %s, 'x', '{}', false, false, now(), 1)",
        admin.network_id,
        admin.organisation_id,
        victim.account_id,
    )
    asked = (
        "insert into invitation (id, token_hash, purpose, network_id, organisation_id, account_id, email, name, roles,"
        " professional, demo, created_by, created_at, expires_at) values (gen_random_uuid(), %s, 'reset', %s, %s, %s,"
        " '', '', '{}', false, false, %s, now(), now() + interval '1 hour')"
    )
    values = [uuid4().hex, admin.network_id, admin.organisation_id, victim.account_id, admin.membership_id]
    with house.connect(admin) as connection, pytest.raises(REFUSED):
        connection.execute(asked, values)
    # A link made before the account joined elsewhere is spent by that.
    house.base.admin(asked, *values)
    with house.connect(Nobody()) as connection:
        assert connection.execute("select access.use_invitation(%s, 'new', '')", [values[0]]).fetchone() == (None,)


def test_passwords_and_attempts_are_behind_doors_alone(house: House) -> None:
    for table in ("credential", "sign_in_attempt"):
        for actor in (house.worker, Service("operator"), Nobody()):
            with house.connect(actor) as connection, pytest.raises(REFUSED):
                connection.execute(f"select * from {table}".encode())


# ------------------------------------------------------------------ 10. the known limit, 11. transaction-local settings


def test_a_captured_web_process_can_claim_to_be_anybody(house: House) -> None:
    """The known limit, said plainly: the wall guards against the forgotten WHERE, not against whoever holds the app's
    password and writes SQL: the settings that say who acts are its own to set."""
    with house.connect() as connection:
        act_as(connection, house.worker)
        assert connection.execute("select count(*) from person where household_id = %s", [house.file]).fetchone() == (
            1,
        )


def test_who_acted_is_forgotten_with_the_transaction(house: House) -> None:
    engine = make_engine(house.base.app_url, size=1)
    with ActorSession(engine, house.worker) as session:
        first = session.connection().execute(text("select pg_backend_pid()")).scalar()
        session.commit()
        with engine.connect() as second:
            assert second.execute(text("select pg_backend_pid()")).scalar() == first
            assert second.execute(text("select current_setting('app.kind', true)")).scalar() == ""
            assert second.execute(text("select count(*) from household")).scalar() == 0
    close_engine(engine)


def test_every_policy_of_a_tenant_table_asks_the_network(house: House) -> None:
    policies = house.base.admin(
        "select tablename, policyname, coalesce(qual, '') || coalesce(with_check, '') from pg_policies"
        " where schemaname = 'public'"
    )
    silent = {
        (table, name)
        for table, name, words in policies
        if "network_id" in METADATA.tables[str(table)].c and "access.network()" not in str(words)
    }
    assert silent == {("organisation", "add")}  # the operator's own
