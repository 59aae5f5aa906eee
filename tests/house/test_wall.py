"""The wall as PostgreSQL keeps it: forced everywhere, one policy per verb, nothing granted beyond, doors well hung."""

import psycopg
import pytest

from coordination.kit.roles import APP, GUARD, libpq
from coordination.tables import METADATA
from tests.conftest import Base
from tests.policies import model, model_writes

# Nothing of these tables is granted to the app: doors alone read and write them.
BEHIND_DOORS_ALONE = {"credential", "sign_in_attempt", "network_question", "person_link", "merge_move"}
# The only functions that look past row security, and whom each answers. A new one is weighed before it is added here.
DOORS = {
    "sign_in": "nobody",
    "open_session": "nobody",
    "session_of": "nobody",
    "signed_in": "nobody",
    "memberships_of": "nobody, or about oneself",
    "touch_session": "whoever holds the token",
    "close_session": "whoever holds the token",
    "note_attempt": "anybody, by keyed hash",
    "attempts": "anybody, by keyed hash",
    "forget_attempts": "anybody, by keyed hash",
    "public_partners": "anybody, what organisations that publish a barème publish of themselves",
    "invitation_of": "whoever holds the token",
    "use_invitation": "whoever holds the token",
    "account_is_ours": "admins, about their organisation",
    "account_for_operator": "the operator",
    "own_password_hash": "members, about themselves",
    "change_own_password": "members, about themselves",
    "close_sessions_of": "admins, about their organisation",
    "open_file": "members",
    "agreement_is_being_written": "the organisation that records it",
    "grant_agreement": "the holder of the file",
    "revoke_agreement": "the holder of the file, or who recorded it",
    "end_left_agreements": "the holder of the file",
    "record_answer": "the holder of the file",
    "awaits_answer": "members, about agreements towards their organisation, yes or no",
    "transfer_holder": "the holder of the file",
    "give_up_share": "intake, the shares of its own organisation",
    "request_access": "intake, 20 a day, the same answer whether the file exists",
    "answer_request": "the holder of the file",
    "link_people": "the holder of both files",
    "reaches": "anybody, about herself, yes or no",
    "lets_colleague_in": "whoever is let in, about a colleague, yes or no",
    "protect": "intake of the holder of the file",
    "lift_protection": "intake of the holder of the file, named",
    "name_worker": "intake of the holder of the file, named",
    "unname_worker": "intake of the holder of the file, named",
    "close_to": "intake, a colleague; whoever sees the file, herself",
    "open_again_to": "intake who sees the file, a colleague",
    "break_glass": "professionals of intake, by the code, 20 a day, told to the data protection officer",
    "note_glass_seen": "the data protection officer",
    "networks_served": "the worker",
    "unanswered": "the worker; codes",
    "moved_since": "the worker; codes",
    "dates_moved_since": "the worker; codes",
    "remind_dates": "the worker",
    "tell": "the worker",
    "take_mail": "the worker; the addresses it writes to",
    "note_mail": "the worker",
    "take_estimates": "the worker; ages and amounts, of nobody named",
    "note_estimate": "the worker",
    "outside_page": "the holder of a link, about its one referral",
    "outside_answer": "the holder of a link, about its one referral",
    "outside_renew": "the holder of a link, about its one referral",
    "take_outside_mail": "the worker; the addresses it writes to",
    "note_outside_mail": "the worker",
    "calendar": "nobody, by the hash of a secret address: dates and codes of whoever made it",
    "mail_waiting": "admins, a count about their organisation",
    "born_guarded": "the triggers of share and referral",
    "carried_from_birth": "the trigger of referral",
    "hold_file": "the trigger of need",
    "tell_of_own_rights": "the trigger of membership",
    "network_role_given": "the trigger of membership",
    "shares_changed": "the triggers of share",
    "shares_rewritten": "the trigger of share",
    "carriage_changed": "the triggers of what an agreement, a protection or a name opens",
    "refuse_address": "the trigger of the profile",
    "merge_shares": "the holder of both files, before a merge",
    "forget_sent": "members, nothing: what was sent in their network more than a day ago is no more",
    "hold_need": "anybody, nothing: it makes those wait who would change what carries a need of one's network",
    "merge_files": "the holder of both files",
    "merge_ended": "the holder of both files, before the way back",
    "undo_merge": "the holder of both files, for thirty days",
    "guard_parted": "the holder of both files, once one of them was just opened",
    "refuse_merged": "the trigger of what is added to a file",
    "find_people": "members, through their live shares",
    "my_files": "members, through their live shares",
    "count_files": "members, through their live shares",
    "known_in_network": "intake, yes or no, 20 a day",
    "forget_lists": "intake, the lists of its network a week old and never finished",
    "undo_import": "intake, the imports of its organisation, while none of their files has served",
    "covered": "members who see the needs of the file",
    "service_covered": "members who see the needs of the file",
    "full_services": "members of the network, about its services",
    "stopped": "the two sides of a referral, its network's coordinators and worker, yes or no",
    "may_print_link": "the two sides of a referral, yes or no",
    "confirmation": "whoever holds the secret of a link on paper; when it may be answered",
    "confirm": "the household, through its link, about its one referral",
    "was_closed": "the two sides of a referral and its network's coordinators, yes or no",
    "takes_back": "members, about their own last move, yes or no",
    "file_life": "members, through their live shares; three verbs of the journal and their moments",
    "last_contact": "members, through their live shares; a day and nothing else",
    "budget_to_reproduce": "the operator; one budget without names nor words, told in the journal",
    "referral_figures": "coordinators, intake and administration, rows without identifiers, journalled",
    "impact_question": "coordinators and the Conseil, 60 a day, journalled; about how many budgets there are",
    "impact_rows": "coordinators and the Conseil who just asked, columns without identifiers",
    "journal_files": "the data protection officer; codes of the files of her network",
    "concerned": "members, yes or no",
    "chain_journal": "the trigger of the journal",
}
NAMES = {"SELECT": "see", "INSERT": "add", "UPDATE": "move", "DELETE": "remove"}


@pytest.fixture(scope="module")
def wall(shared_base: Base) -> Base:
    return shared_base


def policies(wall: Base) -> list[tuple[str, str, str]]:
    """Table, verb and name of every policy."""
    rows = wall.admin("select tablename, cmd, policyname from pg_policies where schemaname = 'public'")
    return [(str(table), str(verb), str(name)) for table, verb, name in rows]


def test_row_security_is_enabled_and_forced_on_every_table(wall: Base) -> None:
    rows = wall.admin(
        "select c.relname, c.relrowsecurity and c.relforcerowsecurity from pg_class c"
        " join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'public' and c.relkind in ('r', 'p')"
    )
    assert {name for name, forced in rows if not forced} == {"alembic_version"}
    assert {name for name, _ in rows} == set(METADATA.tables) | {"alembic_version"}


def test_every_table_is_seen_through_a_policy_or_stands_behind_doors(wall: Base) -> None:
    seen = {table for table, verb, _ in policies(wall) if verb == "SELECT"}
    assert set(METADATA.tables) - seen == BEHIND_DOORS_ALONE
    assert {table for table, _, _ in policies(wall)} & BEHIND_DOORS_ALONE == set()
    assert {table for table, rule in model.SEES.items() if rule is model.never} == BEHIND_DOORS_ALONE


def test_there_is_one_policy_per_verb_named_after_it(wall: Base) -> None:
    found = policies(wall)
    assert {(verb, name) for _, verb, name in found} <= set(NAMES.items())
    assert len({(table, verb) for table, verb, _ in found}) == len(found)
    kinds = wall.admin("select distinct permissive, roles::text[] from pg_policies where schemaname = 'public'")
    assert kinds == [("PERMISSIVE", [APP])]


def test_what_is_granted_is_what_a_policy_governs_and_what_the_model_says(wall: Base) -> None:
    """A grant without a policy is dead, a policy without a grant too; neither goes beyond the model."""
    governed = {(table, verb) for table, verb, _ in policies(wall)}
    granted = {
        (table, verb)
        for table in METADATA.tables
        for verb in NAMES
        if wall.admin(f"select {_privilege(verb)}", APP, table, verb) == [(True,)]
    }
    said = {(table, "SELECT") for table in model.SEES if table not in BEHIND_DOORS_ALONE}
    for verb, tables in (
        ("INSERT", model_writes.ADDS),
        ("UPDATE", model_writes.CHANGES),
        ("DELETE", model_writes.REMOVES),
    ):
        said |= {(table, verb) for table in tables}
    assert granted == governed
    assert granted == said


def _privilege(verb: str) -> str:
    return "has_table_privilege(%s, %s, %s)" if verb == "DELETE" else "has_any_column_privilege(%s, %s, %s)"


def test_only_the_columns_the_model_names_may_change(wall: Base) -> None:
    rows = wall.admin(
        "select table_name, column_name from information_schema.column_privileges"
        " where grantee = %s and privilege_type = 'UPDATE' and table_schema = 'public'",
        APP,
    )
    for table in METADATA.tables:
        every = {column.name for column in METADATA.tables[table].columns}
        named, _ = model_writes.CHANGES.get(table, (set(), None))
        expected = every - model_writes.KEYS if named is None else named
        assert {column for name, column in rows if name == table} == expected, table


def test_the_app_holds_no_other_right(wall: Base) -> None:
    assert (
        wall.admin(
            "select table_name, privilege_type from information_schema.table_privileges where grantee in (%s, 'PUBLIC')"
            " and table_schema in ('public', 'access')"
            " and privilege_type not in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')",
            APP,
        )
        == []
    )
    assert wall.admin(
        "select has_schema_privilege(%s, 'public', 'create'), has_schema_privilege(%s, 'access', 'create'),"
        " has_schema_privilege(%s, 'access', 'create'), has_table_privilege(%s, 'alembic_version', 'select')",
        APP, APP, GUARD, APP,
    ) == [(False, False, False, False)]  # fmt: skip
    assert wall.admin("select relname from pg_class where relowner = %s::regrole", APP) == []


def test_what_the_product_asks_leaves_no_name_in_the_log_of_any_server(wall: Base) -> None:
    names = ("log_error_verbosity", "log_min_error_statement", "log_parameter_max_length")
    for url in (wall.app_url, wall.owner_url):
        # As on a server that logs everything: what its settings say, our roles say otherwise.
        with psycopg.connect(libpq(url)) as ours:
            told = [
                ours.execute(f"show {name}".encode()).fetchone()
                for name in (*names, "log_parameter_max_length_on_error")
            ]
        assert told == [("terse",), ("panic",), ("0",), ("0",)]


def test_every_function_that_looks_past_the_wall_is_a_known_door(wall: Base) -> None:
    rows = wall.admin(
        "select p.proname, n.nspname, p.proowner::regrole::text from pg_proc p"
        " join pg_namespace n on n.oid = p.pronamespace"
        " where p.prosecdef and n.nspname not in ('pg_catalog', 'information_schema')"
    )
    assert {name for name, _, _ in rows} == set(DOORS)
    assert {(schema, owner) for _, schema, owner in rows} == {("access", GUARD)}


def test_every_door_pins_its_search_path_and_is_closed_to_the_public(wall: Base) -> None:
    rows = wall.admin(
        "select p.proname, coalesce(p.proconfig, '{}'), p.prosecdef,"
        " exists (select 1 from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee = 0)"
        " from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = 'access'"
    )
    assert {name for name, _, _, public in rows if public} == set()
    for name, config, definer, _ in rows:
        assert isinstance(config, list)
        assert not definer or "search_path=public, pg_temp" in config, name


def test_a_policy_reads_a_row_and_never_asks_whether_one_exists(wall: Base) -> None:
    """`exists` has two plans, and before any statistics the other one reads every share of an organisation."""
    rows = wall.admin("select tablename, policyname from pg_policies where concat(qual, with_check) ilike '%exists%'")
    assert rows == []
