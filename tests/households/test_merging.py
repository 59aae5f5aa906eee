"""Two files become one and are parted again: nothing lost, nothing seen that was not, one merge when two try."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, datetime, timedelta
from threading import Barrier
from time import sleep
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import ProgrammingError

from coordination.audit.service import note_reading
from coordination.budgets import service as budgets
from coordination.casework import service as casework
from coordination.casework.rules import DocumentKind
from coordination.households import finding, life, merging, protection, queries, separation, service
from coordination.households.comparing import (
    AlreadyMerged,
    HeldElsewhere,
    NotOpen,
    NotTheSameDoor,
    NotThesePeople,
    SameFile,
    closing_key,
    comparison,
    proposed,
    sights,
)
from coordination.households.forms import (
    CloseForm,
    MergeForm,
    MoveForm,
    PersonForm,
    ProfileForm,
    SafeContactForm,
    SeparationForm,
    SeparationRow,
)
from coordination.households.merging import (
    AlreadyUndone,
    Closes,
    HoldsTogether,
    NotAlone,
    TooLate,
    merge_files,
    undo_merge,
)
from coordination.households.models import Household, HouseholdProfile, Person
from coordination.households.pairing import UNITS, Side, same_people
from coordination.households.reach import BarReason, Way
from coordination.households.rules import Activity, AddressKind, ClosingReason, Link, Place, parse_birth
from coordination.identity.permissions import Part, Role
from coordination.kit import clock
from coordination.kit.actor import Member
from coordination.kit.clock import today
from coordination.kit.db import ActorSession, acting
from coordination.kit.errors import NotKnown, NotNow, Stale
from coordination.kit.written import Written
from coordination.referrals import confirming, moving
from coordination.referrals.models import Referral
from coordination.referrals.moves import accept
from coordination.referrals.rules import Domain
from coordination.sharing import service as sharing
from coordination.sharing.queries import who_sees
from coordination.tables import METADATA
from tests.appointments.make import a_date, take
from tests.budgets.make import draft, validated
from tests.casework.make import give, hope, meet, owe, write
from tests.cast import PASSWORD, Cast, Organised, add_person
from tests.conftest import Base, Browser
from tests.households.make import open_household
from tests.referrals.make import note_need, refer, send
from tests.sharing.make import agree

WRITES_OF_ITS_OWN = {"journal", "journal_head", "merge", "merge_move", "network_question", "browser_session"}


def rows_of(base: Base, *, skip: frozenset[str] = frozenset({"version"})) -> dict[str, list[str]]:
    """Every row of every table, but what a merge writes of its own; versions only ever go up."""
    every = " union all ".join(
        f"select '{table}', (to_jsonb(t) - '{{{','.join(skip)}}}'::text[])::text from {table} t"
        for table in METADATA.tables
        if table not in WRITES_OF_ITS_OWN
    )
    found: dict[str, list[str]] = {}
    for table, row in base.admin(f"{every} order by 1, 2"):
        found.setdefault(str(table), []).append(str(row))
    return found


def two_files(cast: Cast, *, family: str = "Maes") -> tuple[UUID, UUID]:
    """The same couple written twice, the second time with a child more."""
    worker = cast.ccas.people["intake"]
    partner = {"given_name": "Paul", "birth": "1985", "link": "partner"}
    child = {"given_name": "Zoé", "birth": "04/2019", "link": "child"}
    kept = open_household(cast.engine, worker, family, "Ada", birth="12/03/1990", people=(partner,))
    other = open_household(cast.engine, worker, family, "Ada", birth="12/03/1990", people=(partner, child))
    return kept, other


def fill(cast: Cast, file: UUID, who: Organised | None = None) -> None:
    """Something of everything in a file."""
    worker = (who or cast.ccas).people["intake"]
    validated(cast.engine, worker, file)
    sent = refer(cast.engine, worker, file, cast.secours)
    with acting(cast.engine, worker) as session:
        confirming.paper_link(session, session.get_one(Referral, sent.id), "")
    write(cast.engine, worker, file)
    meet(cast.engine, worker, file)
    give(cast.engine, worker, file)
    owe(cast.engine, worker, file)
    hope(cast.engine, worker, file)


def form_for(session: ActorSession, kept: UUID, absorbed: UUID, **changed: Any) -> MergeForm:
    """What the screen proposes, with everything that closes read and confirmed."""
    two = comparison(session, kept, absorbed)
    form = proposed(two).model_copy(update=changed)
    told = sights(session, two.kept, two.absorbed, form)
    return form.model_copy(update={"closing": closing_key(told), "sure": "oui"} | changed)


def merge(cast: Cast, kept: UUID, absorbed: UUID, **changed: Any) -> UUID:
    """Merges as proposed; answers the merge."""
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        merge_files(session, kept, absorbed, form_for(session, kept, absorbed, **changed))
    with ActorSession(cast.engine, cast.ccas.people["intake"]) as session:
        return merging.merges_of(session, kept)[0].id


def undo(cast: Cast, kept: UUID, merge_id: UUID) -> None:
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        undo_merge(session, kept, merge_id)


def test_what_hung_from_the_other_file_belongs_to_the_kept_one(cast: Cast, shared_base: Base) -> None:
    kept, other = two_files(cast)
    fill(cast, other)
    merge(cast, kept, other)
    left = {
        table.name
        for table in METADATA.tables.values()
        if "household_id" in table.c
        and table.name not in {"journal", "merge"}
        and shared_base.admin(f"select 1 from {table.name} where household_id = %s limit 1", other)
    }
    assert left == {"household_profile", "person", "share", "stay"}  # as it was, for who held it
    with ActorSession(cast.engine, cast.ccas.people["intake"]) as session:
        assert {r.person.given_name for r in queries.residents(session, kept, today())} == {"Ada", "Paul", "Zoé"}
        assert {r.person.given_name for r in queries.residents(session, other)} == {"Ada", "Paul"}


def test_a_merge_undone_leaves_every_table_as_it_was(cast: Cast, shared_base: Base) -> None:
    kept, other = two_files(cast)
    fill(cast, kept)
    fill(cast, other)
    agree(cast.engine, cast.ccas.people["intake"], kept, [cast.secours], parts=("identity", "needs"))
    agree(cast.engine, cast.ccas.people["intake"], other, [cast.secours, cast.epicerie], parts=("identity", "budget"))
    agree(cast.engine, cast.ccas.people["intake"], other, [cast.bonne_action])
    sent = refer(cast.engine, cast.ccas.people["intake"], other, cast.bonne_action)
    met = take(cast.engine, cast.bonne_action.people["intake"], sent.id, a_date(5, words="À la grille", where="autre"))
    before = rows_of(shared_base)
    done = merge(cast, kept, other)
    assert rows_of(shared_base) != before
    assert shared_base.admin("select household_id from appointment where id = %s", met.id) == [(kept,)]
    undo(cast, kept, done)
    assert rows_of(shared_base) == before


# ------------------------------------------------------------------ drawn at random


def lives_by(cast: Cast, file: UUID, who: Member) -> None:
    """The first person of the file is said to live by an invalidity pension."""
    with acting(cast.engine, who) as session:
        r = queries.residents(session, file, today())[0]
        form = PersonForm(
            family_name=r.person.family_name, given_name=r.person.given_name, birth=str(r.birth), link=r.link,
            activity=Activity.DISABILITY, from_date=r.stay.from_date, version=r.person.version,
        )  # fmt: skip
        service.update_person(session, file, r.person.id, form)


def moves(cast: Cast, file: UUID, who: Member) -> None:
    """The household gives another address."""
    with acting(cast.engine, who) as session:
        profile = queries.profile_of(session, file)
        assert profile is not None
        form = ProfileForm(
            commune="Lens", address=f"{uuid4().hex[:4]} rue Basse", phone="0612345678", version=profile.version
        )
        service.update_profile(session, file, form)


def follows(cast: Cast, file: UUID, who: Member) -> None:
    """Somebody follows the file, and saw a paper; the household lived elsewhere before."""
    with acting(cast.engine, who) as session:
        casework.name_referent(session, file, who.membership_id)
        casework.see_document(session, file, DocumentKind.LEASE, today())
        profile = queries.profile_of(session, file)
        assert profile is not None
        form = MoveForm(on=today(), commune="Lens", address_kind=AddressKind.FIXED, version=profile.version)
        with suppress(NotNow):
            life.move(session, file, form)


def cares(cast: Cast, file: UUID, who: Member) -> None:
    """How to reach the household without danger."""
    with acting(cast.engine, who) as session, suppress(Stale):
        protection.set_safe_contact(
            session, file, SafeContactForm(ways=[Way.CALL], words=f"Après 17 h. {uuid4().hex}", version=0)
        )


CONTENTS: list[Callable[[Cast, UUID, Member], object]] = [
    lambda cast, file, who: validated(cast.engine, who, file),
    lambda cast, file, who: draft(cast.engine, who, file),
    lambda cast, file, who: refer(cast.engine, who, file, cast.secours),
    lambda cast, file, who: note_need(cast.engine, who, file, Domain.HEALTH),
    lambda cast, file, who: write(cast.engine, who, file),
    lambda cast, file, who: meet(cast.engine, who, file),
    lambda cast, file, who: give(cast.engine, who, file),
    lambda cast, file, who: owe(cast.engine, who, file),
    lambda cast, file, who: hope(cast.engine, who, file),
    follows,
    lives_by,
    moves,
    cares,
]
PARTS = (("identity",), ("identity", "needs"), ("identity", "budget"), ("identity", "needs", "sensitive"))
drawn_files = st.tuples(
    st.lists(st.sampled_from(CONTENTS), max_size=5),
    st.lists(
        st.tuples(
            st.sampled_from(("secours", "epicerie")),
            st.sampled_from(PARTS),
            st.sampled_from(("all", "professionals")),
            st.sampled_from((10, 90)),
        ),
        max_size=2,
    ),
)
drawn_choices = st.fixed_dictionaries({name: st.sampled_from(Side) for name in ("commune", "address", "phone")})


def seen_by(cast: Cast, who: Member) -> set[tuple[str, ...]]:
    """Everything a member reads of household files, row by row, and each word of profiles and names."""
    keys = {
        table.name: "agreement_id" if table.name == "agreement_person" else next(iter(table.primary_key.columns)).name
        for table in METADATA.tables.values()
        if "household_id" in table.c and table.name not in UNREAD
    }
    every = " union all ".join(f"select '{table}', {key}::text from {table}" for table, key in keys.items())
    with ActorSession(cast.engine, who) as session:
        found: set[tuple[str, ...]] = {tuple(row) for row in session.rows(every)}
        for row in session.rows("select * from household_profile"):
            found |= {("profile", name, str(getattr(row, name))) for _, _, names in UNITS for name in names}
        for row in session.rows("select regexp_split_to_table(words, E'\\n') from safe_contact"):
            found.add(("contact", str(row[0])))
        for row in session.rows("select family_name || given_name || birth_date from person"):
            found.add(("name", str(row[0])))
    return found


# Compared otherwise, or read by doors alone; and who follows a file is told to whoever reads its identity.
UNREAD = {"journal", "person_link", "merge_move", "share", "household_profile", "safe_contact", "referent"}


@settings(max_examples=max(5, settings().max_examples // 20))
@given(drawn_files, drawn_files, drawn_choices, st.booleans())
def test_no_row_is_lost_no_partner_sees_more_and_the_way_back_is_exact(
    cast: Cast, shared_base: Base, left: Any, right: Any, sides: dict[str, Side], alike: bool
) -> None:
    worker = cast.ccas.people["intake"]
    kept, other = two_files(cast, family="Maes" if alike else uuid4().hex)
    for file, (contents, agreements) in ((kept, left), (other, right)):
        for write_one in contents:
            with suppress(budgets.AlreadyStarted):
                write_one(cast, file, worker)
        for partner, parts, audience, days in agreements:
            agree(cast.engine, worker, file, [getattr(cast, partner)], parts=parts, audience=audience, days=days)
    readers = [org.people[role] for org in (cast.secours, cast.epicerie) for role in ("intake", "volunteer")]
    before, seen = rows_of(shared_base), [seen_by(cast, reader) for reader in readers]
    done = merge(cast, kept, other, **sides)
    after = rows_of(shared_base)
    assert shared_base.admin("select 1 from referral r where carried <> access.carried_days(r)") == []
    assert {table: len(rows) for table, rows in before.items()} == {table: len(rows) for table, rows in after.items()}
    for reader, was in zip(readers, seen, strict=True):
        assert seen_by(cast, reader) - was == set()
    undo(cast, kept, done)
    assert rows_of(shared_base) == before
    assert [seen_by(cast, reader) for reader in readers] == seen


# ------------------------------------------------------------------ the wall


def test_a_recipient_of_the_other_file_sees_nothing_of_the_kept_one(cast: Cast) -> None:
    kept, other = two_files(cast)
    worker, partner = cast.ccas.people["intake"], cast.epicerie.people["intake"]
    fill(cast, kept)
    agree(cast.engine, worker, other, [cast.epicerie], parts=("identity", "budget", "needs"))
    with ActorSession(cast.engine, partner) as session:
        assert queries.visible_parts(session, other) == {"identity", "budget", "needs"}
    merge(cast, kept, other)
    with ActorSession(cast.engine, partner) as session:
        assert queries.visible_parts(session, kept) == queries.visible_parts(session, other) == set()
        with pytest.raises(NotKnown):
            queries.file_header(session, kept)
        assert session.rows("select * from merge") == []


def test_a_part_read_in_both_files_stays_open_for_the_narrower_audience_and_the_nearer_end(cast: Cast) -> None:
    kept, other = two_files(cast)
    worker = cast.ccas.people["intake"]
    fill(cast, other)
    agree(cast.engine, worker, kept, [cast.secours], parts=("identity", "needs", "budget"), days=90)
    agree(cast.engine, worker, other, [cast.secours], parts=("identity", "needs"), audience="professionals", days=10)
    with ActorSession(cast.engine, worker) as session:
        two = comparison(session, kept, other)
        told = sights(session, two.kept, two.absorbed, proposed(two))
        assert [(s.organisation, s.keeps, [part for part, _ in s.loses]) for s in told] == [
            ("Secours populaire", [Part.IDENTITY, Part.NEEDS], [Part.BUDGET])
        ]
    merge(cast, kept, other)
    with ActorSession(cast.engine, worker) as session:
        live = [s for s in queries.shares_of(session, kept) if s.ground == "agreement" and s.revoked_at is None]
        assert {(s.scope, s.audience, s.valid_until) for s in live} == {
            (part, "professionals", today() + timedelta(days=10)) for part in ("identity", "needs")
        }


def test_a_file_that_brings_nothing_new_closes_nothing(cast: Cast) -> None:
    worker = cast.ccas.people["intake"]
    kept, other = (open_household(cast.engine, worker, "Petit", "Léa", birth="1991") for _ in range(2))
    agree(cast.engine, worker, kept, [cast.secours], parts=("identity", "needs"))
    merge(cast, kept, other)
    with ActorSession(cast.engine, cast.secours.people["intake"]) as session:
        assert queries.visible_parts(session, kept) == {"identity", "needs"}


def test_what_closes_is_read_before_it_closes(cast: Cast) -> None:
    kept, other = two_files(cast)
    agree(cast.engine, cast.ccas.people["intake"], other, [cast.secours])
    for changed in ({"sure": ""}, {"closing": ""}):
        with ActorSession(cast.engine, cast.ccas.people["intake"]) as session, pytest.raises(Closes):
            merge_files(session, kept, other, form_for(session, kept, other, **changed))


def test_an_agreement_withdrawn_since_stays_closed_when_the_merge_is_undone(cast: Cast) -> None:
    kept, other = two_files(cast)
    worker = cast.ccas.people["intake"]
    agreement = agree(cast.engine, worker, other, [cast.secours])
    done = merge(cast, kept, other)
    with acting(cast.engine, worker) as session:
        session.door("access.revoke_agreement(:id)", id=agreement)
    with ActorSession(cast.engine, worker) as session:
        assert merging.reopening(session, merging.merge_of(session, kept, done)) == []
    undo(cast, kept, done)
    with ActorSession(cast.engine, cast.secours.people["intake"]) as session:
        assert queries.visible_parts(session, other) == set()


def test_the_code_a_person_was_given_still_leads_to_her_file(cast: Cast, shared_base: Base) -> None:
    kept, other = two_files(cast, family="Verhaeghe")
    merge(cast, kept, other)
    with ActorSession(cast.engine, cast.ccas.people["intake"]) as session:
        codes = queries.household_codes(session, [kept, other])
        (hit,) = finding.search(session, codes[other])
        assert (hit.household_id, hit.code) == (kept, codes[kept])
        assert codes[other] in hit.why
        assert {h.household_id for h in finding.search(session, "Verhaeghe Ada")} == {kept}
        assert other not in {row.id for row in queries.my_files(session, held=True, size=100)}
    with acting(cast.engine, cast.secours.people["intake"]) as session:
        request = uuid4()
        assert session.door(
            "access.request_access(:id, :code, '{identity}', 'accompagnement')", id=request, code=codes[other]
        )
    assert shared_base.admin("select household_id from access_request_file where id = %s", request) == [(kept,)]


def test_a_search_that_finds_somebody_twice_offers_to_compare_her_two_files(
    cast: Cast, browser: Callable[[], Browser]
) -> None:
    kept, other = two_files(cast, family="Doublet")
    for role, offered in (("intake", True), ("volunteer", False)):
        client = browser().sign_in(cast.ccas.emails[role], PASSWORD)
        shown = client.post("/foyers/recherche", data={"q": "Doublet Ada"}).text
        assert any(f"/foyers/{a}/reunir/{b}" in shown for a, b in ((kept, other), (other, kept))) == offered


def test_a_merge_through_its_screen_keeps_what_was_chosen_and_says_what_is_refused(
    cast: Cast, browser: Callable[[], Browser]
) -> None:
    kept, other = two_files(cast, family="Ecran")
    agree(cast.engine, cast.ccas.people["intake"], other, [cast.secours])
    theirs = open_household(cast.engine, cast.secours.people["intake"])
    agree(cast.engine, cast.secours.people["intake"], theirs, [cast.ccas], parts=("identity",))
    with ActorSession(cast.engine, cast.ccas.people["intake"]) as session:
        codes = queries.household_codes(session, [kept, other, theirs])
        form = proposed(comparison(session, kept, other))
    client = browser().sign_in(cast.ccas.emails["intake"], PASSWORD)
    place = f"/foyers/{kept}/reunir"
    assert f"{place}/{other}" in client.get(place).text
    for typed, status, said in (
        ("rien", 422, "n’a pas la forme"),
        (codes[kept], 409, "même dossier"),
        (codes[theirs], 409, "de vous le confier"),
    ):
        answer = client.post(place, data={"code": typed})
        assert (answer.status_code, said in answer.text, typed in answer.text) == (status, True, True)
    assert client.post(place, data={"code": codes[other]}).headers["location"] == f"{place}/{other}"
    shown = client.get(f"{place}/{other}").text
    assert "Secours populaire" in shown
    fields = {"kept_version": "1", "absorbed_version": "1", "commune": "reuni"}
    for n, row in enumerate(form.people):
        fields |= {f"people-{n}-person": str(row.person), f"people-{n}-same": str(row.same or "")}
    refused = client.post(f"{place}/{other}", data=fields)
    assert (refused.status_code, "lisez la liste" in refused.text) == (409, True)
    closing = re.search(r'name="closing" value="([^"]+)"', refused.text)
    assert closing is not None
    done = client.post(f"{place}/{other}", data={**fields, "sure": "oui", "closing": closing.group(1)})
    assert done.headers["location"] == f"/foyers/{kept}"
    assert "N’ouvre plus rien" in client.get(f"/foyers/{kept}/partage").text
    assert f"Dossier réuni avec le dossier {codes[kept]}" in client.get(f"/foyers/{other}").text
    again = client.post(f"{place}/{other}", data={**fields, "sure": "oui", "closing": closing.group(1)})
    assert (again.status_code, "vient d’être réuni" in again.text) == (409, True)
    told = re.search(rf"/foyers/{kept}/reunions/[0-9a-f-]+", client.get(f"/foyers/{kept}").text)
    assert told is not None
    assert "Se rouvriront à ces structures" in client.get(told.group()).text
    assert client.post(told.group(), data={"confirm": "defaire"}).status_code == 303
    assert client.post(told.group(), data={"confirm": "defaire"}).status_code == 409


def test_what_a_partner_lost_since_is_not_given_back_in_part_by_the_way_back(cast: Cast) -> None:
    """The merge closed the needs, the household withdrew the rest since: the needs alone would have opened again."""
    worker = cast.ccas.people["intake"]
    kept, other = (open_household(cast.engine, worker, "Fournier", "Ada", birth="12/03/1990") for _ in range(2))
    agreement = agree(cast.engine, worker, kept, [cast.epicerie, cast.secours])
    note_need(cast.engine, worker, other)
    done = merge(cast, kept, other)
    with acting(cast.engine, worker) as session:
        sharing.withdraw_part(session, kept, agreement, cast.epicerie.id)
    undo(cast, kept, done)
    read = {}
    for partner in (cast.epicerie, cast.secours):
        with ActorSession(cast.engine, partner.people["intake"]) as session:
            read[partner.slug] = queries.visible_parts(session, kept)
    assert read == {cast.epicerie.slug: set(), cast.secours.slug: {Part.IDENTITY, Part.NEEDS}}


def test_whoever_holds_the_files_when_they_part_reads_who_sees_them(cast: Cast) -> None:
    worker, heir = cast.ccas.people["intake"], cast.secours.people["intake"]
    kept, other = two_files(cast, family="Gosselin")
    agree(cast.engine, worker, other, [cast.epicerie])
    done = merge(cast, kept, other)
    agree(cast.engine, worker, kept, [cast.secours])
    with acting(cast.engine, worker) as session:
        life.transfer(session, kept, cast.secours.id)
    with acting(cast.engine, heir) as session:
        undo_merge(session, kept, done)
    with ActorSession(cast.engine, heir) as session:
        assert {seen.organisation_id for seen in who_sees(session, other)} == {cast.secours.id, cast.epicerie.id}
    with ActorSession(cast.engine, worker) as session:
        assert {share.organisation_id for share in queries.shares_of(session, other)} == {cast.ccas.id}  # its own past


def test_what_was_asked_of_the_network_or_said_of_how_to_reach_them_since_holds_for_both(
    cast: Cast, shared_base: Base
) -> None:
    worker, asker = cast.ccas.people["intake"], cast.bonne_action.people["intake"]
    kept, other = (open_household(cast.engine, worker, "Mercier", "Ada", birth="13/03/1990") for _ in range(2))
    done = merge(cast, kept, other)
    with acting(cast.engine, worker) as session:
        (ada,) = queries.residents(session, kept)
        changed = {"family_name": "Mercier", "given_name": "Ada", "birth": "13/03/1990", "link": "reference"}
        form = PersonForm.model_validate(changed | {"objected": "oui", "version": ada.person.version})
        service.update_person(session, kept, ada.person.id, form)
        care = SafeContactForm(ways=[Way.LETTER], words="Jamais le soir", version=0)
        protection.set_safe_contact(session, kept, care)
    undo(cast, kept, done)
    shared_base.admin("delete from network_question")
    with acting(cast.engine, asker) as session:
        assert service.known_in_network(session, "Mercier", "Ada", parse_birth("13/03/1990", today())) is False
    with ActorSession(cast.engine, worker) as session:
        for file in (kept, other):
            told = protection.safe_contact_of(session, file)
            assert told is not None
            assert (told.call, told.letter, told.words) == (False, True, "Jamais le soir")


# ------------------------------------------------------------------ protected files, and files closed to somebody


def test_a_protected_file_is_merged_with_one_that_is_protected_for_the_same_people(cast: Cast) -> None:
    worker = cast.ccas.people["intake"]
    colleague = add_person(cast.engine, cast.ccas, uuid4().hex, [Role.INTAKE], professional=True)
    kept, other = two_files(cast)
    for first, second in ((kept, other), (other, kept)):
        with acting(cast.engine, worker) as session:
            protection.protect(session, first, [colleague.membership_id] if first == kept else [])
            form = MergeForm(kept_version=1, absorbed_version=1)
            for pair in ((kept, other), (other, kept)) if first == kept else ((kept, other),):
                with pytest.raises(NotTheSameDoor):
                    merge_files(session, *pair, form)
        with ActorSession(cast.engine, worker) as session, pytest.raises(ProgrammingError):
            door(session, kept, second if first == kept else first)
    done = merge(cast, other, kept)
    with ActorSession(cast.engine, colleague) as session:
        assert queries.visible_parts(session, kept) == queries.visible_parts(session, other) == set()
    undo(cast, other, done)
    with ActorSession(cast.engine, colleague) as session:
        assert (bool(queries.visible_parts(session, kept)), bool(queries.visible_parts(session, other))) == (
            True,
            False,
        )


def test_a_file_protected_after_a_merge_takes_the_merged_one_behind_the_same_door(cast: Cast) -> None:
    worker = cast.ccas.people["intake"]
    colleague = add_person(cast.engine, cast.ccas, uuid4().hex, [Role.INTAKE], professional=True)
    kept, other = two_files(cast)
    done = merge(cast, kept, other)
    with acting(cast.engine, worker) as session:
        protection.protect(session, kept, [])
    with ActorSession(cast.engine, colleague) as session:
        assert queries.visible_parts(session, kept) == queries.visible_parts(session, other) == set()
    undo(cast, kept, done)
    with ActorSession(cast.engine, colleague) as session:
        assert queries.visible_parts(session, kept) == queries.visible_parts(session, other) == set()
    with ActorSession(cast.engine, worker) as session:
        assert protection.protection_of(session, other) is not None
        assert [reader.name for reader in protection.readers_of(session, other)] == [
            reader.name for reader in protection.readers_of(session, kept)
        ]


def test_from_an_old_page_of_a_merged_file_nobody_believes_it_closed(cast: Cast) -> None:
    """The household is in the file it joined, which would have stayed open: the page says where it is."""
    worker = cast.ccas.people["intake"]
    kept, other = two_files(cast, family="Lagache")
    merge(cast, kept, other)
    with acting(cast.engine, worker) as session:
        with pytest.raises(queries.Merged):
            protection.close_to(session, other, cast.ccas.people["volunteer"].membership_id, BarReason.RELATIVE)
        with pytest.raises(queries.Merged):
            protection.protect(session, other, [])


def test_a_name_taken_off_a_merged_file_stays_off_when_it_parts(cast: Cast) -> None:
    worker = cast.ccas.people["intake"]
    cousin = add_person(cast.engine, cast.ccas, "cousine", [Role.INTAKE], professional=True)
    kept, other = two_files(cast, family="Lecointre")
    for file in (kept, other):
        with acting(cast.engine, worker) as session:
            protection.protect(session, file, [cousin.membership_id])
    done = merge(cast, kept, other)
    with acting(cast.engine, worker) as session:
        protection.unname_worker(session, kept, cousin.membership_id)
    undo(cast, kept, done)
    for file in (kept, other):
        with acting(cast.engine, cousin) as session, pytest.raises(NotKnown):
            queries.file_header(session, file)


def test_where_a_file_lived_is_apart_when_it_parts_from_one_protected_meanwhile(cast: Cast) -> None:
    worker = cast.ccas.people["intake"]
    kept, other = two_files(cast)
    with acting(cast.engine, worker) as session:
        session.get_one(HouseholdProfile, other).address = "3 rue des Essais"
    done = merge(cast, kept, other)
    with acting(cast.engine, worker) as session:
        protection.protect(session, kept, [])
    undo(cast, kept, done)
    with ActorSession(cast.engine, worker) as session:
        apart = protection.protected_address(session, other)
        assert apart is not None
        assert (session.get_one(HouseholdProfile, other).address, apart.address) == ("", "3 rue des Essais")


def test_the_glass_of_a_merged_file_opens_the_one_it_became(cast: Cast) -> None:
    worker = cast.ccas.people["intake"]
    colleague = add_person(cast.engine, cast.ccas, uuid4().hex, [Role.INTAKE], professional=True)
    kept, other = two_files(cast)
    merge(cast, kept, other)
    with acting(cast.engine, worker) as session:
        code = session.get_one(Household, other).code
        protection.protect(session, kept, [])
    with acting(cast.engine, colleague) as session:
        assert protection.break_glass(session, code, "Appel des secours, enfants en danger.").id == kept
    with ActorSession(cast.engine, colleague) as session:
        assert queries.visible_parts(session, kept)


def test_whoever_may_not_open_one_of_the_two_opens_neither_once_they_are_one(cast: Cast, shared_base: Base) -> None:
    worker = cast.ccas.people["intake"]
    colleague = add_person(cast.engine, cast.ccas, uuid4().hex, [Role.INTAKE], professional=True)
    kept, other = two_files(cast)
    refer(cast.engine, worker, other, cast.secours)
    with acting(cast.engine, worker) as session:
        protection.close_to(session, other, colleague.membership_id, BarReason.RELATIVE)
    before = rows_of(shared_base)
    done = merge(cast, kept, other)
    with ActorSession(cast.engine, colleague) as session:
        assert queries.visible_parts(session, kept) == queries.visible_parts(session, other) == set()
        assert session.rows("select 1 from referral where household_id = :id", id=kept) == []
    undo(cast, kept, done)
    assert rows_of(shared_base) == before


def test_what_is_to_be_avoided_in_one_is_avoided_in_both(cast: Cast) -> None:
    worker = cast.ccas.people["intake"]
    kept, other = two_files(cast)
    for file, ways, words in (
        (kept, [Way.CALL, Way.LETTER], "Après 17 h."),
        (other, [Way.CALL], "Jamais le dimanche."),
    ):
        with acting(cast.engine, worker) as session:
            protection.set_safe_contact(session, file, SafeContactForm(ways=ways, words=words, version=0))
    merge(cast, kept, other)
    with ActorSession(cast.engine, worker) as session:
        care = protection.safe_contact_of(session, kept)
        assert care is not None
        assert (care.call, care.letter) == (True, False)
        assert care.words.splitlines() == ["Après 17 h.", "Jamais le dimanche."]


def test_a_file_handed_over_takes_the_merged_one_with_it(cast: Cast) -> None:
    worker, heir = cast.ccas.people["intake"], cast.secours.people["intake"]
    kept, other = two_files(cast)
    done = merge(cast, kept, other)
    agree(cast.engine, worker, kept, [cast.secours], parts=("identity",))
    with acting(cast.engine, worker) as session:
        life.transfer(session, kept, cast.secours.id)
    with ActorSession(cast.engine, worker) as session:
        assert queries.visible_parts(session, kept) == queries.visible_parts(session, other) == set()
        with pytest.raises(NotKnown):
            undo_merge(session, kept, done)
    with ActorSession(cast.engine, heir) as session:
        assert queries.visible_parts(session, other) >= {"identity", "needs"}


# ------------------------------------------------------------------ refused


def test_a_file_is_not_merged_with_itself_a_closed_one_or_one_held_elsewhere(cast: Cast) -> None:
    kept, closed = two_files(cast)
    worker = cast.ccas.people["intake"]
    theirs = open_household(cast.engine, cast.secours.people["intake"])
    hidden = open_household(cast.engine, cast.bonne_action.people["intake"])
    agree(cast.engine, cast.secours.people["intake"], theirs, [cast.ccas], parts=("identity",))
    with acting(cast.engine, worker) as session:
        life.close(session, closed, CloseForm(reason=ClosingReason.DUPLICATE))
    form = MergeForm(kept_version=1, absorbed_version=1)
    for other, refusal in ((kept, SameFile), (closed, NotOpen), (theirs, HeldElsewhere), (hidden, NotKnown)):
        with ActorSession(cast.engine, worker) as session, pytest.raises(refusal):
            merge_files(session, kept, other, form)
    for other in (kept, closed, theirs, hidden):
        with ActorSession(cast.engine, worker) as session, pytest.raises(ProgrammingError):
            door(session, kept, other)


def door(session: ActorSession, kept: UUID, other: UUID, pairs: str = "{}") -> None:
    """The bare door, past the service."""
    told = f'{{"pairs": {pairs}, "links": {{}}, "names": [], "fields": []}}'
    session.door(
        "access.merge_files(:id, :kept, :other, cast(:told as jsonb))", id=uuid4(), kept=kept, other=other, told=told
    )


def test_the_door_is_the_intake_s_of_the_holder(cast: Cast) -> None:
    kept, other = two_files(cast)
    agree(cast.engine, cast.ccas.people["intake"], kept, [cast.epicerie])
    agree(cast.engine, cast.ccas.people["intake"], other, [cast.epicerie])
    for who in (cast.epicerie.people["intake"], cast.ccas.people["volunteer"], cast.bonne_action.people["intake"]):
        with ActorSession(cast.engine, who) as session, pytest.raises(ProgrammingError):
            door(session, kept, other)
        with ActorSession(cast.engine, who) as session, pytest.raises(ProgrammingError):
            session.rows("select * from access.merge_shares(:a, :b, '{\"pairs\": {}}')", a=kept, b=other)
    with ActorSession(cast.engine, cast.ccas.people["intake"]) as session, pytest.raises(ProgrammingError):
        door(session, kept, other, f'{{"{uuid4()}": "{uuid4()}"}}')
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        door(session, kept, other)
    with ActorSession(cast.engine, cast.ccas.people["intake"]) as session, pytest.raises(ProgrammingError):
        door(session, kept, other)


def test_a_profile_or_a_family_changed_meanwhile_is_not_overwritten(cast: Cast) -> None:
    kept, other = two_files(cast)
    worker = cast.ccas.people["intake"]
    with ActorSession(cast.engine, worker) as session:
        form = form_for(session, kept, other)
    moves(cast, other, worker)
    with ActorSession(cast.engine, worker) as session, pytest.raises(Stale):
        merge_files(session, kept, other, form)
    with ActorSession(cast.engine, worker) as session, pytest.raises(NotThesePeople):
        merge_files(session, kept, other, form.model_copy(update={"absorbed_version": 2, "people": form.people[1:]}))


def test_two_workers_who_merge_the_same_files_at_once_make_one_merge(cast: Cast, shared_base: Base) -> None:
    kept, other = two_files(cast)
    worker = cast.ccas.people["intake"]
    with ActorSession(cast.engine, worker) as session:
        forms = {(a, b): form_for(session, a, b) for a, b in ((kept, other), (other, kept))}
    start = Barrier(2)

    def at_once(pair: tuple[UUID, UUID]) -> str:
        with ActorSession(cast.engine, worker) as session:
            start.wait()
            try:
                merge_files(session, *pair, forms[pair])
                session.commit()
            except AlreadyMerged as told:
                return told.sentence
        return "done"

    with ThreadPoolExecutor(2) as pool:
        said = sorted(pool.map(at_once, forms))
    assert said[1] == "done"
    assert "vient d’être réuni avec le dossier" in said[0]
    assert shared_base.admin("select count(*) from merge where %s in (household_id, absorbed_id)", kept) == [(1,)]


def test_what_is_written_at_the_same_instant_is_never_mislaid_in_the_closed_file(cast: Cast, shared_base: Base) -> None:
    kept, other = two_files(cast)
    worker = cast.ccas.people["intake"]
    with ActorSession(cast.engine, worker) as merging_session:
        merge_files(merging_session, kept, other, form_for(merging_session, kept, other))
        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(write, cast.engine, worker, other)
            waiting = "select 1 from pg_stat_activity where datname = %s and wait_event_type = 'Lock'"
            while not shared_base.admin(waiting, shared_base.name):
                assert not writing.done()
                sleep(0.02)
            merging_session.commit()
            with pytest.raises(ProgrammingError, match="merged into another"):
                writing.result(timeout=20)
    assert shared_base.admin("select 1 from note where household_id = %s", other) == []


@pytest.mark.parametrize("back", [False, True], ids=["merge", "undo"])
@pytest.mark.parametrize("holds", ["referral", "journal"])
def test_a_merge_gives_way_to_whoever_holds_what_it_needs_and_carries_what_she_wrote(
    cast: Cast, shared_base: Base, holds: str, back: bool
) -> None:
    """She who holds a referral, or the journal, then writes in the file that the merge holds."""
    kept, other = two_files(cast)
    worker, partner = cast.ccas.people["intake"], cast.epicerie.people["intake"]
    for file in (kept, other):
        agree(cast.engine, worker, file, [cast.epicerie])
    sent = send(cast.engine, worker, note_need(cast.engine, worker, other), [cast.epicerie])[0].id
    done = merge(cast, kept, other) if back else None
    who = partner if holds == "referral" else worker
    with ThreadPoolExecutor(1) as pool, ActorSession(cast.engine, who) as session:
        if holds == "referral":
            moving.taken(session, sent, 1)
        else:
            note_reading(session, "household.read", kept)
            session.ask(Written("select 1"))  # her line leaves with the next question
        merged = pool.submit(undo, cast, kept, done) if done else pool.submit(merge, cast, kept, other)
        waiting = "select 1 from pg_stat_activity where datname = %s and wait_event_type = 'Lock'"
        while not shared_base.admin(waiting, shared_base.name):
            assert not merged.done()
            sleep(0.005)
        if holds == "referral":
            accept(session, sent, 1, "Venez mardi.")
        else:
            casework.write_note(session, kept if back else other, "Venez mardi.")
        session.commit()
        merged.result(timeout=20)
    table, there = ("referral_text", other if back else kept) if holds == "referral" else ("note", kept)
    found = shared_base.admin(f"select household_id from {table} where household_id in (%s, %s)", kept, other)
    assert found == [(there,)]


# ------------------------------------------------------------------ the way back


def test_what_was_written_since_stays_and_what_hangs_from_the_other_file_goes_back_with_it(
    cast: Cast, shared_base: Base
) -> None:
    kept, other = two_files(cast)
    worker = cast.ccas.people["intake"]
    fill(cast, kept)
    need = note_need(cast.engine, worker, other)
    theirs = validated(cast.engine, worker, other)
    done = merge(cast, kept, other)
    since = write(cast.engine, worker, kept, "Écrite depuis la réunion.")
    sent = send(cast.engine, worker, need, [cast.secours])[0].id
    newest = validated(cast.engine, worker, kept)
    moves(cast, kept, worker)
    undo(cast, kept, done)
    for table, row, file in (("note", since, kept), ("referral", sent, other), ("need", need, other)):
        assert shared_base.admin(f"select household_id from {table} where id = %s", row) == [(file,)]
    in_force = shared_base.admin(
        "select id from assessment where household_id in (%s, %s) and status = 'validated'", kept, other
    )
    assert {row[0] for row in in_force} == {newest, theirs}
    with ActorSession(cast.engine, worker) as session:
        profile = queries.profile_of(session, kept)
        assert profile is not None
        assert profile.commune == "Lens"


def test_a_merge_is_undone_for_thirty_days_once_and_the_last_one_first(cast: Cast) -> None:
    kept, other = two_files(cast)
    third = open_household(cast.engine, cast.ccas.people["intake"])
    worker = cast.ccas.people["intake"]
    first = merge(cast, kept, other)
    second = merge(cast, kept, third)
    with ActorSession(cast.engine, worker) as session, pytest.raises(NotAlone):
        undo_merge(session, kept, first)
    undo(cast, kept, second)
    late = clock.frozen(datetime.now(clock.PARIS) + timedelta(days=31))
    with late, ActorSession(cast.engine, worker) as session, pytest.raises(TooLate):
        undo_merge(session, kept, first)
    with clock.frozen(datetime.now(clock.PARIS) + timedelta(days=30)):
        undo(cast, kept, first)
    with ActorSession(cast.engine, worker) as session, pytest.raises(AlreadyUndone):
        undo_merge(session, kept, first)
    for who in (cast.secours.people["intake"], cast.elsewhere.people["intake"]):
        with ActorSession(cast.engine, who) as session, pytest.raises(NotKnown):
            undo_merge(session, kept, first)


def test_the_door_too_counts_thirty_days(cast: Cast, shared_base: Base) -> None:
    kept, other = two_files(cast)
    done = merge(cast, kept, other)
    shared_base.admin("update merge set until_date = current_date - 2 where id = %s", done)
    with ActorSession(cast.engine, cast.ccas.people["intake"]) as session, pytest.raises(ProgrammingError):
        session.door("access.undo_merge(:id)", id=done)


def test_an_agreement_given_since_by_who_would_go_back_says_why_it_cannot_be_undone(cast: Cast) -> None:
    worker = cast.ccas.people["intake"]
    kept = open_household(cast.engine, worker, "Roux", "Ida", birth="1970")
    other = open_household(cast.engine, worker, "Roux", "Max", birth="1968")
    done = merge(cast, kept, other)
    agree(cast.engine, worker, kept, [cast.secours])
    with ActorSession(cast.engine, worker) as session, pytest.raises(HoldsTogether, match="Un accord recueilli depuis"):
        undo_merge(session, kept, done)


def test_a_separated_child_who_is_reunited_is_no_longer_in_two_files(cast: Cast, shared_base: Base) -> None:
    worker = cast.ccas.people["intake"]
    child = {"given_name": "Zoé", "birth": "2019", "link": "child"}
    partner = {"given_name": "Paul", "birth": "1985", "link": "partner"}
    kept = open_household(cast.engine, worker, "Claes", "Ada", people=(partner, child))
    shared_base.admin("update stay set from_date = '2024-01-01' where household_id = %s", kept)
    places = {"partner": (Place.GOES, Link.REFERENCE), "child": (Place.BOTH, None)}
    with acting(cast.engine, worker) as session:
        rows = [
            SeparationRow(person=r.person.id, place=place, link=link)
            for r in queries.residents(session, kept)
            for place, link in [places.get(r.link, (Place.STAYS, None))]
        ]
        form = SeparationForm(on=date(2025, 7, 1), commune="Lens", people=rows)
        other = separation.separate(session, kept, form).id
    before = rows_of(shared_base)
    done = merge(cast, kept, other)
    assert shared_base.admin("select 1 from person_link where %s in (household_id, other_household_id)", kept) == []
    with ActorSession(cast.engine, worker) as session:
        assert [r.link for r in queries.residents(session, kept, today())].count(Link.REFERENCE) == 1
    undo(cast, kept, done)
    assert rows_of(shared_base) == before


def test_a_merged_file_changes_no_more_and_is_not_reopened(cast: Cast) -> None:
    kept, other = two_files(cast)
    merge(cast, kept, other)
    worker = cast.ccas.people["intake"]
    with ActorSession(cast.engine, worker) as session:
        code = queries.household_codes(session, [kept])[kept]
    for act in (
        lambda s: life.reopen(s, other),
        lambda s: service.update_profile(s, other, ProfileForm(commune="x", version=1)),
    ):
        with ActorSession(cast.engine, worker) as session, pytest.raises(queries.Merged, match=code):
            act(session)


def test_the_journal_tells_both_files(cast: Cast, shared_base: Base) -> None:
    kept, other = two_files(cast)
    undo(cast, kept, merge(cast, kept, other))
    lines = shared_base.admin(
        "select verb, household_id from journal where verb like 'household.merge%%' and household_id in (%s, %s)",
        kept,
        other,
    )
    assert set(lines) == {
        (verb, file) for verb in ("household.merge", "household.merge_undo") for file in (kept, other)
    }


def test_every_table_that_hangs_from_a_file_is_weighed(shared_base: Base) -> None:
    """A new table with `household_id`: say in policies/doors/merge.sql which part it shows (weighed_tables, and a line
    of merge_brings when a partner may read it), or leave it out of carried_tables with a reason."""
    carried = shared_base.admin("select t from access.carried_tables() t order by 1")
    assert carried == shared_base.admin("select unnest(access.weighed_tables()) order by 1")


def test_a_person_written_in_one_word_or_in_two_is_proposed_as_the_same() -> None:
    born = date(1980, 5, 1)

    def somebody(name: str, birth: date = born) -> Person:
        return Person(name_folded=name, birth_date=birth, birth_precision="day")

    kept, joined, other = somebody("l hote ana"), somebody("lhote ana"), somebody("lhote ana", date(1981, 5, 1))
    assert same_people([kept], [joined]) == {joined.id: kept.id}
    assert same_people([kept], [other]) == {}
