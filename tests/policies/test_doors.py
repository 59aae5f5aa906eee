"""What each door refuses by itself, whatever the pages above it refuse too; and the one clause that makes it refuse."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from coordination.casework.forms import ContactForm
from coordination.casework.rules import DocumentKind
from coordination.casework.service import note_contact, see_document
from coordination.households import life, matching, merging, protection
from coordination.households.forms import CloseForm, ProfileForm
from coordination.households.queries import residents
from coordination.households.reach import BarReason
from coordination.households.rules import ClosingReason
from coordination.households.service import update_profile
from coordination.identity.permissions import Role
from coordination.identity.rules import token_hash
from coordination.kit.actor import Actor, HouseholdLink, Member, Nobody, OutsideLink, Service
from coordination.kit.clock import now, today
from coordination.kit.db import acting
from coordination.kit.roles import libpq
from coordination.referrals import moves
from coordination.referrals.rules import Outcome
from tests.casework.make import hope, owe
from tests.cast import Cast, add_person
from tests.conftest import Base
from tests.directory.make import outside
from tests.households.make import open_household
from tests.policies.trials import act_as
from tests.policies.worlds import full, insertion
from tests.referrals.make import note_need, refer, send
from tests.sharing.make import agree

REFUSED, KEYS = "42501", "23503"
WHY = "Les secours demandent où sont les enfants"
Rows = list[tuple[Any, ...]]


@dataclass
class Place:
    """Where the doors are tried: files, people and what hangs from them, by name."""

    base: Base
    admin: psycopg.Connection[Any]
    who: dict[str, Actor] = field(default_factory=dict)
    what: dict[str, Any] = field(default_factory=dict)


def member(place: Place, name: str) -> Member:
    found = place.who[name]
    assert isinstance(found, Member)
    return found


@pytest.fixture(scope="module")
def place(cast: Cast, shared_base: Base) -> Iterator[Place]:
    with psycopg.connect(libpq(shared_base.admin_url)) as admin:
        made = Place(shared_base, admin)
        for part in (_people, _files, _protected, _agreements, _referrals, _dates, _merged, _alike, _requests):
            part(made, cast)
        yield made


def _people(made: Place, cast: Cast) -> None:
    engine = cast.engine
    colleague = add_person(engine, cast.ccas, "colleague", [Role.INTAKE], professional=True)
    suspended = add_person(engine, cast.ccas, "suspended", [Role.INTAKE], professional=True)
    made.base.admin("update membership set suspended_at = now() where id = %s", suspended.membership_id)
    twice = add_person(engine, cast.ccas, "twice", [Role.INTAKE], professional=False, email="twice@exemple.fr")
    add_person(engine, cast.elsewhere, "twice", [Role.INTAKE], professional=False, email="twice@exemple.fr")
    trusted, stranger = cast.secours.people["intake"], cast.bonne_action.people["intake"]
    made.who |= {
        "holder": cast.ccas.people["intake"],
        "colleague": colleague,
        "suspended": suspended,
        "twice": twice,
        "admin": cast.ccas.people["admin"],
        "dpo": cast.ccas.people["dpo"],
        "volunteer": cast.ccas.people["volunteer"],
        "coordinator": cast.ccas.people["coordinator"],
        "trusted": trusted,
        "trusted colleague": add_person(engine, cast.secours, "colleague", [Role.INTAKE], professional=False),
        "trusted volunteer": cast.secours.people["volunteer"],
        "trusted with needs alone": replace(trusted, parts=frozenset({"needs"})),
        "holder with needs alone": replace(cast.ccas.people["intake"], parts=frozenset({"needs"})),
        "stranger": stranger,
        "professional stranger": replace(stranger, professional=True),
        "professional trusted": replace(trusted, professional=True),
        "elsewhere": cast.elsewhere.people["intake"],
        "dpo elsewhere": cast.elsewhere.people["dpo"],
        "nobody": Nobody(),
        "worker": Service("worker", cast.ccas.network_id),
    }
    made.what |= {name: found.membership_id for name, found in made.who.items() if isinstance(found, Member)}
    made.what |= {f"{name} account": member(made, name).account_id for name in ("holder", "colleague", "twice")}
    made.what |= {"secours": cast.secours.id, "epicerie": cast.epicerie.id, "stranger's": cast.bonne_action.id}


def _files(made: Place, cast: Cast) -> None:
    """`plain` is shared with the Secours, and with the Épicerie for what touches health too."""
    engine, holder = cast.engine, member(made, "holder")
    plain = open_household(engine, holder, "Vanhove", "Inès", birth="03/05/1991")
    with acting(engine, holder) as session:
        form = ProfileForm(commune="Carvin", address="12 rue des Lilas", version=1)
        update_profile(session, plain, form)
        note_contact(
            session, plain, ContactForm.model_validate({"met_on": today(), "medium": "telephone", "with_whom": "Inès"})
        )
        life.close(session, plain, CloseForm(reason=next(iter(ClosingReason))))
        life.reopen(session, plain)
    query = matching.Query(matching.network_of(cast.ccas.network_id))
    made.what |= {
        "plain": plain,
        "name": query.whole_name(["vanhove"]),
        "street": query.street(["lilas"]),
        "agreement": agree(engine, holder, plain, [cast.secours]),
    }
    agree(engine, holder, plain, [cast.epicerie], parts=("identity", "needs", "sensitive"))


def _protected(made: Place, cast: Cast) -> None:
    """`guarded` is shared with the Secours, where nobody is named; one of its links and one referral are older."""
    engine, holder = cast.engine, member(made, "holder")
    service = outside(engine, member(made, "coordinator"))
    guarded = open_household(engine, holder, "Cachée", "Zoé")
    made.what["guarded agreement"] = agree(engine, holder, guarded, [cast.secours, service])
    sent = refer(engine, holder, guarded, cast.secours)
    with acting(engine, holder) as session:
        protection.protect(session, guarded, [])
        protection.close_to(session, guarded, made.what["colleague"], BarReason.RELATIVE)
        protection.close_to(session, made.what["plain"], made.what["colleague"], BarReason.RELATIVE)
    with acting(engine, member(made, "trusted")) as session:
        protection.close_to(session, made.what["plain"], made.what["trusted colleague"], BarReason.RELATIVE)
    ((code,),) = made.base.admin("select code from household where id = %s", guarded)
    made.what |= {"guarded": guarded, "guarded code": code, "guarded referral": sent.id, "service": service}
    made.what["opening"] = uuid4()
    made.base.admin(
        "insert into file_opening (id, network_id, household_id, household_code, organisation_id, membership_id,"
        " ground, reason, opened_at, opened_by, until)"
        " values (%s, %s, %s, 'x', %s, %s, 'break_glass', 'x', now(), %s, now())",
        made.what["opening"], cast.ccas.network_id, guarded, cast.ccas.id, made.what["twice"], made.what["twice"],
    )  # fmt: skip


def _copy(base: Base, table: str, row: UUID, **changed: object) -> UUID:
    """A row like another under an id of its own."""
    fresh = uuid4()
    values = {"id": str(fresh), **{name: None if value is None else str(value) for name, value in changed.items()}}
    base.admin(
        f"insert into {table} select (jsonb_populate_record(t, %s)).* from {table} t where id = %s",
        Jsonb(values), row,
    )  # fmt: skip
    return fresh


def _agreements(made: Place, cast: Cast) -> None:
    """`absent`: an adult was away, it names a service too; the others are not granted yet, two of them are refused."""
    base, engine, holder = made.base, cast.engine, member(made, "holder")
    pair = open_household(
        engine, holder, "Paire", people=({"family_name": "Paire", "given_name": "B", "link": "partner"},)
    )
    with acting(engine, holder) as session:
        one, other = (resident.person.id for resident in residents(session, pair))
    absent = agree(engine, holder, pair, [cast.secours, made.what["service"]])
    base.admin(
        "update agreement_person set answer = 'absent' where agreement_id = %s and person_id = %s", absent, other
    )
    network = cast.ccas.network_id
    for name, answers in {
        "refused": ("agrees", "refuses"),
        "refused service": ("agrees", "refuses"),
        "told": ("agrees",),
    }.items():
        draft = made.what[name] = _copy(base, "agreement", absent)
        for person, answer in zip((one, other), answers, strict=False):
            base.admin(
                "insert into agreement_person (agreement_id, person_id, network_id, household_id, answer)"
                " values (%s, %s, %s, %s, %s)", draft, person, network, pair, answer,
            )  # fmt: skip
        if name == "refused service":
            base.admin(
                "insert into agreement_service (agreement_id, service_id, network_id, household_id, sensitive)"
                " values (%s, %s, %s, %s, false)", draft, made.what["service"], network, pair,
            )  # fmt: skip
        else:
            base.admin(
                "insert into agreement_part (agreement_id, organisation_id, part, network_id, household_id, audience)"
                " values (%s, %s, 'sensitive', %s, %s, 'all')", draft, cast.epicerie.id, network, pair,
            )  # fmt: skip
    made.what |= {"absent": absent, "away": other}


def _referrals(made: Place, cast: Cast) -> None:
    """`referral` was accepted by the Secours, `closed` closed by it, `stopped` lost its agreement; `linked` went to a
    service."""
    base, engine, holder, trusted = made.base, cast.engine, member(made, "holder"), member(made, "trusted")
    plain = made.what["plain"]
    for name in ("referral", "closed", "stopped"):
        made.what[name] = refer(engine, holder, plain, cast.secours).id
        with acting(engine, trusted) as session:
            version = moves.accept(session, made.what[name], 1).version
            if name == "closed":
                moves.close(session, made.what[name], version, Outcome.GOT_HELP)
    full = outside(engine, member(made, "coordinator"), name="Plein")
    base.admin("update outside_service set capacity = 0 where id = %s", full)
    gone = outside(engine, member(made, "coordinator"), name="Parti")
    agree(engine, holder, plain, [gone, made.what["service"]], parts=("identity",))
    base.admin("update outside_service set active = false where id = %s", gone)
    linked = send(engine, holder, note_need(engine, holder, plain), [made.what["service"]])[0]
    ((link,),) = base.admin("select link_id from referral_link where referral_id = %s", linked.id)
    made.what |= {"linked": linked.id, "link": link, "gone": gone, "full": full}
    made.who["link"] = OutsideLink(linked.id, cast.ccas.network_id)
    for name, referral in (("paper", made.what["closed"]), ("guarded paper", made.what["guarded referral"])):
        made.what[name] = token_hash(name)
        made.who[name] = HouseholdLink(referral, cast.ccas.network_id)
        base.admin(
            "insert into confirmation_link (id, network_id, household_id, referral_id, organisation_id, secret_hash,"
            " made_by, made_at, until) select gen_random_uuid(), r.network_id, r.household_id, r.id, %s, %s, %s, now(),"
            " now() + interval '1 day' from referral r where r.id = %s",
            cast.ccas.id, made.what[name], made.what["holder"], referral,
        )  # fmt: skip


def _dates(made: Place, cast: Cast) -> None:
    """A worker of the Secours held a date of the protected file, which her calendar showed."""
    feed = made.what["feed"] = token_hash("feed")
    home = {"network_id": cast.ccas.network_id, "membership_id": made.what["trusted"]}
    row = full(
        "appointment",
        network_id=cast.ccas.network_id,
        household_id=made.what["guarded"],
        referral_id=made.what["guarded referral"],
        from_organisation_id=cast.ccas.id,
        to_organisation_id=cast.secours.id,
        proposed_by=cast.secours.id,
        held_by=made.what["trusted"],
        created_by=made.what["trusted"],
        moved_by=made.what["trusted"],
        starts_at=now() + timedelta(days=1),
        state="confirmed",
    )
    for table, values in (("calendar_feed", full("calendar_feed", **home, token_hash=feed)), ("appointment", row)):
        with psycopg.connect(libpq(made.base.admin_url), autocommit=True) as outside_of_it:
            outside_of_it.execute(insertion(table, values))


def _merged(made: Place, cast: Cast) -> None:
    """Somebody of two files that became one, protected since."""
    engine, holder = cast.engine, member(made, "holder")
    kept, absorbed = (open_household(engine, holder, "Fusion", "Nadia", birth="01/02/1980") for _ in range(2))
    with acting(engine, holder) as session:
        (mine,), (theirs,) = residents(session, kept), residents(session, absorbed)
        choices = {"pairs": {str(theirs.person.id): str(mine.person.id)}, "links": {}, "names": [], "fields": []}
        session.door(
            "access.merge_files(:id, :kept, :absorbed, cast(:choices as jsonb))",
            id=uuid4(), kept=kept, absorbed=absorbed, choices=json.dumps(choices),
        )  # fmt: skip
    with acting(engine, holder) as session:
        protection.protect(session, kept, [])
        assert merging.merges_of(session, kept)


def _alike(made: Place, cast: Cast) -> None:
    """`alike`, shared with the Secours, and files of the same person that hold one thing each."""
    engine, holder = cast.engine, member(made, "holder")

    def file(name: str) -> UUID:
        made.what[name] = found = open_household(engine, holder, "Petit", "Léa", birth="04/05/1991")
        with acting(engine, holder) as session:
            people[name] = residents(session, found)[0].person.id
        return found

    def document(one: UUID) -> None:
        with acting(engine, holder) as session:
            see_document(session, one, DocumentKind.LEASE, today())

    people: dict[str, UUID] = {}
    agree(engine, holder, file("alike"), [cast.secours], parts=("identity", "needs", "budget"))
    contents: dict[str, Callable[[UUID], object]] = {
        "debt": lambda one: owe(engine, holder, one),
        "goal": lambda one: hope(engine, holder, one),
        "document": document,
        "need": lambda one: note_need(engine, holder, one),
        "empty": str,
    }
    for name, filled in contents.items():
        filled(file(name))
        pairs = {str(people[name]): str(people["alike"])}
        made.what[f"{name} choices"] = Jsonb({"pairs": pairs, "links": {}, "names": [], "fields": []})


def _requests(made: Place, cast: Cast) -> None:
    base, plain = made.base, made.what["plain"]
    base.carried_by_hand = True
    base.admin("update referral set carried = '{}' where id = %s", made.what["stopped"])
    ((code,),) = base.admin("select code from household where id = %s", plain)
    request = uuid4()
    with acting(cast.engine, member(made, "stranger")) as session:
        session.door("access.request_access(:id, :code, '{identity}', 'support')", id=request, code=code)
    made.what |= {"request": request, "code": code}
    base.admin(
        "insert into browser_session (id, token_hash, account_id, membership_id, created_at, seen_at, expires_at,"
        " device) values (%s, 'x', %s, %s, now(), now(), now() + interval '1 hour', '')",
        uuid4(), member(made, "trusted").account_id, made.what["trusted"],
    )  # fmt: skip


# ------------------------------------------------------------------ the doors


@dataclass(frozen=True)
class Try:
    """Somebody asks a door something, once `before` happened: what she is told (an error's code, or the rows), or what
    stands `after`; without `clause` in `door` (or with another in its place) she would be told otherwise."""

    who: str
    call: str
    told: str | Rows
    door: str
    clause: str
    instead: str = ""
    after: str = ""
    before: str = ""


FALSE: Rows = [(False,)]
GLASS = f"select access.break_glass(%(guarded code)s, '{WHY}') is not null"
GRANTED = "select access.grant_agreement(%(told)s)"
TO_SERVICE = "select access.service_covered(%(plain)s, %(service)s, 'identity')"
NAMED_IN_JOURNAL = "select count(*) from access.journal_files(array[%(plain)s], '')"
CLOSES = (
    "select array_agg(scope order by scope) from access.merge_shares(%%(alike)s, %%(%(one)s)s, %%(%(one)s choices)s)"
    " where closes"
)
NAMED = "select person_name from access.outside_page(%(link)s)"
PAPER = "select count(*) from access.confirmation(%(paper)s, interval '1 hour')"
DATES = "select jsonb_array_length(access.calendar(%(feed)s) -> 'events')"
TRIES: dict[str, Try] = {
    # ------------------------------------------------------------ protected files
    "a glass is broken only where the household shows itself": Try(
        "professional stranger", GLASS, FALSE, "break_glass",
        "exists (select 1 from access.trusted_share s where s.household_id = h.id"
        " and s.organisation_id = access.organisation() and s.scope = 'identity')", "true",
    ),
    "a glass is broken by professionals": Try(
        "trusted", GLASS, REFUSED, "break_glass", "not access.professional() or"
    ),
    "a broken glass is told to data protection officers": Try(
        "professional trusted", GLASS, [(True,)], "break_glass", "and 'dpo' = any (m.roles)",
        after="select bool_and('dpo' = any (m.roles)) from notice n join membership m on m.id = n.membership_id"
        " where n.step = 'glass' and n.at = now()",
    ),
    "she to whom a file is closed does not open it again": Try(
        "colleague", "select access.open_again_to(%(plain)s, %(colleague)s)", REFUSED, "open_again_to",
        "and exists (select 1 from access.live_share s where s.household_id = file_id and s.scope = 'identity')",
    ),
    "the reason of a broken glass is read by an officer": Try(
        "holder", "select access.note_glass_seen(%(opening)s)", REFUSED, "note_glass_seen", "and access.has_role('dpo')"
    ),
    "the network is silent of a merged file too": Try(
        "trusted", "select access.known_in_network('fusion nadia', '1980-02-01')", FALSE, "known_in_network",
        "and not exists (select 1 from household h where h.id = p.household_id and h.merged_into_id is not null)",
    ),
    "nobody to whom a file is closed is named to read it": Try(
        "holder", "select access.name_worker(%(guarded)s, %(colleague)s)", REFUSED, "name_one",
        "and not access.closed_to(h.id, m.id)",
    ),
    "nobody suspended is named": Try(
        "holder", "select access.name_worker(%(guarded)s, %(suspended)s)", REFUSED, "name_one",
        "and m.suspended_at is null",
    ),
    "nobody is named where the household does not show itself": Try(
        "holder", "select access.name_worker(%(guarded)s, %(stranger)s)", REFUSED, "name_one",
        "exists (select 1 from access.trusted_share s where s.household_id = h.id"
        " and s.organisation_id = m.organisation_id and s.scope = 'identity')", "true",
    ),
    "a partner lifts no protection": Try(
        "trusted", "select access.lift_protection(%(guarded)s, true)", REFUSED, "lift_protection",
        "not access.keeps(file_id)", "false",
    ),
    "a file one does not see is not closed to a colleague": Try(
        "stranger", "select access.close_to(%(plain)s, %(stranger)s, 'own')", REFUSED, "close_to",
        "or not exists (select 1 from access.live_share s where s.household_id = file_id and s.scope = 'identity')",
    ),
    "a file is closed to people of one's organisation": Try(
        "holder", "select access.close_to(%(plain)s, %(trusted)s, 'other')", REFUSED, "close_to",
        "and m.organisation_id = org",
    ),
    "a volunteer opens a file again to nobody": Try(
        "trusted volunteer", "select access.open_again_to(%(plain)s, %(trusted colleague)s)", REFUSED, "open_again_to",
        "and access.has_role('intake')",
    ),
    "what a partner closed to its own is not opened by the holder": Try(
        "holder", "select access.open_again_to(%(plain)s, %(trusted colleague)s)", REFUSED, "open_again_to",
        "and organisation_id = access.organisation()",
    ),
    "a protected file is not handed over where nobody is named": Try(
        "holder", "select access.transfer_holder(%(guarded)s, %(secours)s)", REFUSED, "transfer_holder",
        "access.is_protected(file_id) and", "false and",
    ),
    "a file is not handed over to whom it was not shown": Try(
        "holder", "select access.transfer_holder(%(plain)s, %(stranger's)s)", REFUSED, "transfer_holder",
        "if not exists (select 1 from access.trusted_share s",
        "if false and not exists (select 1 from access.trusted_share s",
    ),
    "what touches health is not handed over with the file": Try(
        "holder", "select access.transfer_holder(%(plain)s, %(secours)s)", [(0,)], "transfer_holder",
        "where part not in ('sensitive', 'notes')", "where true",
        after="select count(*) from share where household_id = %(plain)s and organisation_id = %(secours)s"
        " and ground = 'holder' and scope in ('sensitive', 'notes')",
    ),
    # ------------------------------------------------------------ agreements
    "the code of another network is nobody's": Try(
        "elsewhere", "select access.request_access(gen_random_uuid(), %(code)s, '{identity}', 'support')", [(True,)],
        "request_access", "h.network_id = net and",
    ),
    "a volunteer answers no request": Try(
        "volunteer", "select access.answer_request(%(request)s, null, 'other')", REFUSED, "answer_request",
        "and access.has_role('intake')",
    ),
    "what passes to another is told to whom it passes herself": Try(
        "trusted", "select access.covered(%(plain)s, %(epicerie)s, 'sensitive')", FALSE, "covered",
        "(part <> 'sensitive' or exists ( select 1 from access.live_share m where m.household_id = file_id"
        " and m.scope = 'sensitive'))", "true",
    ),
    "nothing is said of a file one does not see": Try(
        "stranger", "select access.covered(%(plain)s, %(secours)s, 'identity')", FALSE, "covered",
        "and exists (select 1 from access.live_share m where m.household_id = file_id and m.scope = 'needs')",
    ),
    "nothing of a protected file goes by link": Try(
        "holder", "select access.service_covered(%(guarded)s, %(service)s, 'identity')", FALSE, "service_covered",
        "and not access.is_protected(file_id)",
    ),
    "nothing goes to a service that left": Try(
        "holder", "select access.service_covered(%(plain)s, %(gone)s, 'identity')", FALSE, "service_covered",
        "and v.active",
    ),
    "an answer that is awaited is written by the holder": Try(
        "trusted", "select access.record_answer(%(absent)s, %(away)s, 'agrees')", REFUSED, "record_answer",
        "and h.holder_organisation_id = access.organisation()",
    ),
    "a refusal takes services off too": Try(
        "holder", "select access.record_answer(%(absent)s, %(away)s, 'refuses')", [(0,)], "record_answer",
        "and v.granted_at is not null", "and false",
        after="select count(*) from agreement_service where agreement_id = %(absent)s and revoked_at is null",
    ),
    "an agreement is withdrawn by those who hold it": Try(
        "trusted", "select access.revoke_agreement(%(agreement)s)", REFUSED, "revoke_agreement",
        "access.organisation() in (g.organisation_id, h.holder_organisation_id)", "true",
    ),
    "taken from one, it stays with the others": Try(
        "holder", "select access.revoke_agreement(%(absent)s, %(secours)s)", [(1,)], "revoke_agreement",
        "and (recipient is null or service_id = recipient)",
        after="select count(*) from agreement_service where agreement_id = %(absent)s and revoked_at is null",
    ),
    "a volunteer gives nothing up": Try(
        "trusted volunteer", "select access.give_up_share(%(plain)s)", REFUSED, "give_up_share",
        "not access.has_role('intake')", "false",
    ),
    "the holder gives nothing up": Try(
        "holder", "select access.give_up_share(%(plain)s)", [(0,)], "give_up_share", "and ground = 'agreement'"
    ),
    "what somebody refused is granted to nobody": Try(
        "holder", "select access.grant_agreement(%(refused)s)", REFUSED, "grant_agreement",
        "and not exists (select 1 from agreement_person a where a.agreement_id = g.id and a.answer = 'refuses')",
    ),
    "nor to a service": Try(
        "holder", "select access.grant_agreement(%(refused service)s)", REFUSED, "grant_agreement",
        "and not exists (select 1 from agreement_person a where a.agreement_id = g.id and a.answer = 'refuses')",
    ),
    "what touches health is for professionals, whatever is said": Try(
        "holder", "select access.grant_agreement(%(told)s)", [("professionals",)], "grant_agreement",
        "case when p.part in ('sensitive', 'notes') then 'professionals' else p.audience end", "p.audience",
        after="select audience from share where agreement_id = %(told)s",
    ),
    "whether an agreement is being written is its writer's business": Try(
        "trusted", "select access.agreement_is_being_written(%(told)s)", FALSE, "agreement_is_being_written",
        "and g.organisation_id = access.organisation()",
    ),
    "what is granted is granted by who holds the file today": Try(
        "holder", GRANTED, REFUSED, "grant_agreement", "and h.holder_organisation_id = access.organisation()",
        before="update household h set holder_organisation_id = %(secours)s from agreement g"
        " where g.id = %(told)s and h.id = g.household_id",
    ),
    "by who recorded it": Try(
        "holder", GRANTED, REFUSED, "grant_agreement", "and g.organisation_id = access.organisation()",
        before="update agreement set organisation_id = %(secours)s where id = %(told)s",
    ),
    "before it is withdrawn": Try(
        "holder", GRANTED, REFUSED, "grant_agreement", "and g.withdrawn_at is null",
        before="update agreement set withdrawn_at = now() where id = %(told)s",
    ),
    "when somebody agrees": Try(
        "holder", GRANTED, REFUSED, "grant_agreement",
        "and exists (select 1 from agreement_person a where a.agreement_id = g.id and a.answer = 'agrees')",
        before="delete from agreement_person where agreement_id = %(told)s",
    ),
    "and once": Try(
        "holder", "select access.grant_agreement(%(agreement)s)", REFUSED, "grant_agreement",
        "exists (select 1 from share where agreement_id = agreement) or",
    ),
    "taken from a service, it stays with the organisations": Try(
        "holder", "select access.revoke_agreement(%(absent)s, %(service)s)", [(2,)], "revoke_agreement",
        "and (recipient is null or organisation_id = recipient)",
        after="select count(*) from share where agreement_id = %(absent)s and revoked_at is null",
    ),
    "without a part, the others stay": Try(
        "holder", "select access.revoke_agreement(%(agreement)s, %(secours)s, 'needs')", [("identity",)],
        "revoke_agreement", "and (part is null or part = 'identity' or scope = part)",
        after="select max(scope) from share where agreement_id = %(agreement)s and revoked_at is null",
    ),
    "nobody answers an agreement that was withdrawn": Try(
        "holder", "select access.record_answer(%(absent)s, %(away)s, 'agrees')", REFUSED, "record_answer",
        "and g.withdrawn_at is null", before="update agreement set withdrawn_at = now() where id = %(absent)s",
    ),
    "notes are not asked for": Try(
        "stranger", "select access.request_access(gen_random_uuid(), %(code)s, '{notes}', 'support')", REFUSED,
        "request_access", "or not wanted <@ array['identity', 'budget', 'needs', 'sensitive']",
    ),
    "a volunteer closes a file to herself alone": Try(
        "trusted volunteer", "select access.close_to(%(plain)s, %(trusted)s, 'other')", REFUSED, "close_to",
        "or not (access.has_role('intake') or member_id = access.membership())",
    ),
    "the last one named does not close it to herself": Try(
        "holder", "select access.close_to(%(guarded)s, %(holder)s, 'own')", REFUSED, "close_to",
        "access.is_protected(file_id) and", "false and",
    ),
    "a service no agreement names is told nothing": Try(
        "holder", "select access.service_covered(%(plain)s, %(full)s, 'identity')", FALSE, "service_covered",
        "and access.service_agreed(file_id, service, part = 'sensitive')",
    ),
    "nor by who does not read the name": Try(
        "trusted with needs alone", TO_SERVICE, FALSE, "service_covered",
        "and exists (select 1 from access.live_share m where m.household_id = file_id and m.scope = 'identity')",
    ),
    "nor of health, unless it says so": Try(
        "holder", "select access.service_covered(%(plain)s, %(service)s, 'sensitive')", FALSE, "service_agreed",
        "and (v.sensitive or not for_sensitive)",
    ),
    "nor once it was taken back": Try(
        "holder", TO_SERVICE, FALSE, "service_agreed", "and v.revoked_at is null",
        before="update agreement_service set revoked_at = now() where service_id = %(service)s",
    ),
    # ------------------------------------------------------------ two files that become one
    "a debt of the other file closes the budget": Try(
        "holder", CLOSES % {"one": "debt"}, [(["budget"],)], "merge_brings",
        "union all select 'budget' from debt where household_id = absorbed",
    ),
    "a goal closes the needs": Try(
        "holder", CLOSES % {"one": "goal"}, [(["needs"],)], "merge_brings",
        "union all select 'needs' from goal where household_id = absorbed",
    ),
    "a need too": Try(
        "holder", CLOSES % {"one": "need"}, [(["needs"],)], "merge_brings",
        "union all select unnest(case when sensitive then array['needs', 'sensitive'] else array['needs'] end)"
        " from need where household_id = absorbed",
    ),
    "a paper that was seen closes everything": Try(
        "holder", CLOSES % {"one": "document"}, [(["budget", "identity", "needs"],)], "merge_brings",
        "union all select 'identity' from document_seen where household_id = absorbed",
    ),
    "who objected in one file objects in both": Try(
        "holder", "select access.merge_files(gen_random_uuid(), %(alike)s, %(empty)s, %(empty choices)s)", [(True,)],
        "merge_people", "or (p.absorbed -> 'objected')::boolean",
        before="update person set objected = true where household_id = %(empty)s",
        after="select objected from person where household_id = %(alike)s",
    ),
    "a partner weighs no merge": Try(
        "trusted", CLOSES % {"one": "debt"}, REFUSED, "merge_shares",
        "not access.holds_both(kept, absorbed) or",
    ),
    # ------------------------------------------------------------ what is found and told
    "a birth date finds nobody without the identity": Try(
        "trusted with needs alone",
        "select count(*) from access.find_people('', '', '{}', '1991-05-03', '1991-05-03', 10)", [(0,)],
        "find_people", "and s.scope = 'identity'",
    ),
    "nor a name": Try(
        "trusted with needs alone", "select count(*) from access.find_people(%(name)s, '', '{}', null, null, 10)",
        [(0,)], "find_people", "and s.scope = 'identity'",
    ),
    "nor a street": Try(
        "trusted with needs alone", "select count(*) from access.find_people('', %(street)s, '{}', null, null, 10)",
        [(0,)], "find_people", "and s.scope = 'identity'",
    ),
    "nor both": Try(
        "trusted with needs alone",
        "select count(*) from access.find_people(%(name)s, %(street)s, '{}', null, null, 10)", [(0,)],
        "find_people", "and s.scope = 'identity'",
    ),
    "one's own files are named with the identity": Try(
        "holder with needs alone", "select count(family_name) from access.my_files(true, null, null, 50)", [(0,)],
        "my_files", "where f.named", "where true",
    ),
    "those that were shared too": Try(
        "trusted with needs alone", "select count(family_name) from access.my_files(false, null, null, 50)", [(0,)],
        "my_files", "where s.household_id = f.id and s.scope = 'identity'", "where true",
    ),
    "a partner is told of its own contacts": Try(
        "trusted", "select access.last_contact(%(plain)s)", [(None,)], "last_contact",
        "(s.ground = 'holder' or met.organisation_id = access.organisation())", "true",
    ),
    "the life of a file is told with the identity": Try(
        "trusted with needs alone", "select count(*) from access.file_life(%(plain)s)", [(0,)], "file_life",
        "and s.scope = 'identity'",
    ),
    "a file that is closed to somebody is in no list of hers": Try(
        "colleague", "select count(*) from access.my_files(true, null, null, 100) where household_id = %(guarded)s",
        [(0,)], "my_files",
        "and (i.named or (select true from access.live_shares s where s.household_id = h.id limit 1))",
    ),
    "nor is it counted": Try(
        "colleague",
        "select access.count_files(true, 1000) = (select count(*) from access.my_files(true, null, null, 100))",
        [(True,)], "count_files", "and (select true from access.live_shares s where s.household_id = h.id limit 1)",
    ),
    # ------------------------------------------------------------ referrals
    "whether a referral was closed is told to its sides": Try(
        "stranger", "select access.was_closed(%(closed)s)", FALSE, "was_closed",
        "access.organisation() in (r.from_organisation_id, r.to_organisation_id)", "true",
    ),
    "nobody takes a colleague's move back": Try(
        "trusted colleague", "select access.takes_back(%(referral)s, 'sent')", FALSE, "takes_back",
        "last.membership_id = access.membership() and",
    ),
    "whether it stopped is told to its sides": Try(
        "stranger", "select access.stopped(%(stopped)s)", FALSE, "stopped",
        "access.organisation() in (r.from_organisation_id, r.to_organisation_id)", "true",
    ),
    "nobody is told of a protected file's referral whom it keeps out": Try(
        "worker", "select access.tell(%(guarded referral)s, 'receiver', 'moved', now())", [(0,)], "tell",
        "and (not r.guarded or access.lets_in(r.household_id, m.id))",
    ),
    "a message kept to oneself is news to nobody": Try(
        "worker", "select count(*) from access.moved_since(now() + interval '30 minutes') where verb = 'message'",
        [(0,)], "moved_since", "and not t.confidential",
        before="insert into referral_text select (jsonb_populate_record(null::referral_text, jsonb_build_object("
        "'id', gen_random_uuid(), 'network_id', r.network_id, 'household_id', r.household_id, 'referral_id', r.id,"
        " 'organisation_id', r.from_organisation_id, 'written_by', r.sent_by, 'written_at', now() + interval '1 hour',"
        " 'words', 'x', 'domain', 'autre', 'sensitive', false,"
        " 'confidential', true))).* from referral r where r.id = %(referral)s",
    ),
    "nobody suspended is written to": Try(
        "worker", "select count(*) from access.take_mail('immediate', interval '1 hour', 1000) where step = 'glass'",
        [(0,)], "take_mail", "or m.suspended_at is not null",
        before="insert into notice (id, network_id, membership_id, step, about, at, mail_state, attempts)"
        " select gen_random_uuid(), m.network_id, m.id, 'glass', now(), now(), 'pending', 0"
        " from membership m where m.id = %(suspended)s",
    ),
    "news of referrals are for those who answer them": Try(
        "worker", "select access.tell(%(referral)s, 'receiver', 'moved', '2020-01-01') > 0", [(0,)], "tell",
        "and m.roles && array['intake', 'volunteer', 'coordinator']",
        after="select count(*) from notice n join membership m on m.id = n.membership_id where n.about = '2020-01-01'"
        " and not m.roles && array['intake', 'volunteer', 'coordinator']",
    ),
    "a link that nothing carries is not mailed": Try(
        "worker",
        "select count(*) from access.take_outside_mail(interval '1 hour', 100) where referral_id = %(linked)s", [(0,)],
        "take_outside_mail", "or not access.link_stands(r)",
        before="update referral set carried = '{}' where id = %(linked)s",
    ),
    "nor a paper printed there, though letters are safe": Try(
        "trusted", "select access.may_print_link(%(guarded referral)s)", FALSE, "may_print_link",
        "and (not r.guarded or access.lets_in(r.household_id, access.membership()))",
        before="insert into safe_contact (household_id, network_id, call, message, letter, email, words, updated_at,"
        " updated_by, version) select h.id, h.network_id, true, true, true, true, '', now(), h.opened_by, 1"
        " from household h where h.id = %(guarded)s",
    ),
    "full services are one's own network's": Try(
        "elsewhere", "select access.full_services()", [], "full_services", "v.network_id = access.network() and"
    ),
    "a paper is not printed by whom the file keeps out": Try(
        "trusted", "select access.may_print_link(%(guarded referral)s)", FALSE, "may_print_link",
        "and (not r.guarded or access.lets_in(r.household_id, access.membership()))"
        " and access.letters_safe(r.household_id)",
    ),
    "a paper at home says nothing of a household it may harm": Try(
        "nobody", "select count(*) from access.confirmation(%(guarded paper)s, interval '1 hour')", [(0,)], "linked",
        "and access.letters_safe(r.household_id)",
    ),
    "a paper answers about its own referral": Try(
        "guarded paper", "select access.confirm(%(paper)s, 'yes', false, interval '1 hour')", FALSE, "confirm",
        "and access.kind() = 'household_link' and id::text = access.actor() and network_id = access.network()",
    ),
    "another link of the same referral shows nothing": Try(
        "link", "select count(*) from access.outside_page(gen_random_uuid())", [(0,)], "outside_page",
        "and l.link_id = link",
    ),
    "nor answers": Try(
        "link", "select access.outside_answer(gen_random_uuid(), 'accept', null)", [(None,)], "locked_link",
        "and l.link_id = link",
    ),
    "a name is shown while the link lasts": Try(
        "link", NAMED, [(None,)], "outside_page", "and l.link_until > now()",
        before="update referral set state = 'accepted' where id = %(linked)s;"
        " update referral_link set link_until = now() where referral_id = %(linked)s",
    ),
    "and while it is being helped": Try(
        "link", NAMED, [(None,)], "outside_page", "r.state in ('accepted', 'in_progress', 'on_hold')", "true",
        before="update referral set state = 'closed' where id = %(linked)s",
    ),
    "a link that is over answers nothing": Try(
        "link", "select access.outside_answer(%(link)s, 'accept', null)", [(None,)], "outside_answer",
        "and l.link_until > now()", before="update referral_link set link_until = now() where referral_id = %(linked)s",
    ),
    "what is closed is not sent again": Try(
        "link", "select access.outside_renew(%(link)s)", FALSE, "outside_renew",
        "or r.state in ('refused', 'closed')", before="update referral set state = 'closed' where id = %(linked)s",
    ),
    "a service that left sees nothing": Try(
        "link", NAMED, [], "link_stands", "and v.active",
        before="update outside_service set active = false where id = %(service)s",
    ),
    "nor what its agreement no longer carries": Try(
        "link", NAMED, [], "link_stands", "and r.carried @> access.today()",
        before="update referral set carried = '{}' where id = %(linked)s",
    ),
    "nor what expired": Try(
        "link", NAMED, [], "link_stands", "and r.expires_at > now()",
        before="update referral set expires_at = now() where id = %(linked)s",
    ),
    "a paper that was ended opens nothing": Try(
        "nobody", PAPER, [(0,)], "linked", "l.ended_at is null and",
        before="update confirmation_link set ended_at = now() where secret_hash = %(paper)s",
    ),
    "nor one that is late": Try(
        "nobody", PAPER, [(0,)], "linked", "and l.until > now()",
        before="update confirmation_link set until = now() where secret_hash = %(paper)s",
    ),
    "the calendar of somebody suspended is empty": Try(
        "nobody", DATES, [(None,)], "calendar", "and m.suspended_at is null",
        before="update membership set suspended_at = now() where id = %(trusted)s",
    ),
    "and of whoever no longer receives people": Try(
        "nobody", DATES, [(None,)], "calendar", "and m.roles && array['intake', 'volunteer', 'coordinator']",
        before="update membership set roles = '{admin}' where id = %(trusted)s",
    ),
    "a date of a protected file is not in it": Try(
        "nobody", DATES, [(0,)], "calendar",
        "and (not r.guarded or access.lets_in(r.household_id, feed.membership_id))",
        before="update referral set carried = '{(,)}' where id = %(guarded referral)s",
    ),
    "nor one that nothing carries": Try(
        "nobody", DATES, [(0,)], "calendar", "r.carried @> access.today() and",
        before="update referral set guarded = false, carried = '{}' where id = %(guarded referral)s",
    ),
    "nobody is reminded of it whom the file keeps out": Try(
        "worker", "select access.remind_dates(now(), now() + interval '2 days', 'remind')", [(0,)], "remind_dates",
        "and (not r.guarded or access.lets_in(r.household_id, m.id))",
        # The agreement carries it again: somebody of the Secours is named, but not she who holds the date.
        before="update referral set carried = '{(,)}' where id = %(guarded referral)s",
    ),
    # ------------------------------------------------------------ accounts
    "a password is not reset where one works elsewhere too": Try(
        "admin", "select access.account_is_ours(%(twice account)s)", FALSE, "account_is_ours",
        "and m.organisation_id <> access.organisation()", "and false",
    ),
    "an address of one's calendar ends with one's password": Try(
        "trusted", "select access.change_own_password('x', null)", [(0,)], "change_own_password",
        "select access.end_feeds(access.account())", "select",
        after="select count(*) from calendar_feed where membership_id = %(trusted)s and revoked_at is null",
    ),
    "or with the one a link replaces": Try(
        "nobody", "select access.use_invitation('reset', 'x', '')", [(0,)], "use_invitation",
        "perform access.end_feeds(a)", "null",
        before="insert into invitation (id, token_hash, purpose, network_id, organisation_id, account_id, email, name,"
        " roles, professional, demo, created_at, expires_at) select gen_random_uuid(), 'reset', 'reset', m.network_id,"
        " m.organisation_id, m.account_id, '', '', '{}', false, false, now(), now() + interval '1 day'"
        " from membership m where m.id = %(trusted)s",
        after="select count(*) from calendar_feed where membership_id = %(trusted)s and revoked_at is null",
    ),
    "another's memberships are not told": Try(
        "colleague", "select count(*) from access.memberships_of(%(holder account)s)", [(0,)], "memberships_of",
        "and (access.kind() = 'nobody' or account = access.account())",
    ),
    "an admin signs out her own colleagues": Try(
        "admin", "select access.close_sessions_of(%(trusted)s)", [(0,)], "close_sessions_of",
        "and m.organisation_id = access.organisation()",
    ),
    "a session of somebody suspended acts for nobody": Try(
        "nobody", "select membership_id from access.session_of('x', interval '1 hour')", [(None,)], "session_of",
        "and m.suspended_at is null",
        before="update membership set suspended_at = now() where id = %(trusted)s",
    ),
    "a session is not opened for another's membership": Try(
        "nobody",
        "select access.open_session(gen_random_uuid(), 'y', %(colleague account)s, %(holder)s, now(), '')", REFUSED,
        "open_session", "and m.account_id = open_session.account_id",
    ),
    # ------------------------------------------------------------ the journal
    "codes of files are told to the officer": Try(
        "admin", NAMED_IN_JOURNAL, REFUSED, "journal_files", "or not access.has_role('dpo')"
    ),
    "of their network": Try(
        "dpo elsewhere", NAMED_IN_JOURNAL, [(0,)], "journal_files", "h.network_id = access.network() and"
    ),
    # ------------------------------------------------------------ figures and machines
    "the network is not read before it is asked": Try(
        "coordinator", "select count(*) from access.impact_rows(0, 1)", REFUSED, "impact_rows",
        "if not exists", "if false and not exists",
    ),
    "a budget is computed again by the operator": Try(
        "dpo", "select access.budget_to_reproduce(gen_random_uuid())", REFUSED, "budget_to_reproduce",
        "not access.is_service('operator')", "false",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", TRIES)
def test_a_door_refuses_by_itself(place: Place, what: str) -> None:
    """And without its clause it would not: each of these can fail."""
    tried = TRIES[what]
    assert _asked(place, tried) == tried.told
    with place.admin.transaction(force_rollback=True):
        place.admin.execute(_without(place, tried).encode())
        weaker = _asked(place, tried)
        assert weaker != tried.told, "the clause changes nothing here"
        assert isinstance(weaker, list) or weaker == KEYS, "it would not even run"


def _asked(place: Place, tried: Try) -> str | Rows:
    """What she is told, or what stands after; undone."""
    try:
        with place.admin.transaction(force_rollback=True):
            for statement in filter(None, tried.before.split(";")):
                _say(place, statement)
            place.admin.execute("set local role coordination_app")
            act_as(place.admin, place.who[tried.who])
            told = _say(place, tried.call)
            if tried.after:
                place.admin.execute("reset role")
                told = _say(place, tried.after)
            return told
    except psycopg.Error as refused:
        return refused.sqlstate or type(refused).__name__


def _say(place: Place, statement: str) -> Rows:
    given = {name: value for name, value in place.what.items() if f"%({name})s" in statement}
    cursor = place.admin.execute(statement.encode(), given)
    return cursor.fetchall() if cursor.description else []


def _without(place: Place, tried: Try) -> str:
    """The door as it is defined, less its clause."""
    rows = place.admin.execute("select pg_get_functiondef(%s::regproc)", [f"access.{tried.door}"]).fetchall()
    spaced = re.escape(tried.clause).replace(r"\ ", r"\s+")
    weaker, found = re.subn(spaced, lambda _: tried.instead, str(rows[0][0]))
    assert found, "the door does not say so"
    return weaker
