"""A separation: two files, what each keeps, children in both, and no way from one address to the other."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from threading import Barrier
from time import sleep
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy.exc import ProgrammingError

from coordination.households import family, protection, queries, separation, service
from coordination.households.forms import DeathForm, PersonForm, ProfileForm, SeparationForm, SeparationRow
from coordination.households.queries import NotHolder, Resident
from coordination.households.reach import BarReason
from coordination.households.rules import Link, Place, parse_birth
from coordination.identity.permissions import Role
from coordination.kit.clock import today
from coordination.kit.db import ActorSession, acting
from coordination.kit.errors import NotKnown
from coordination.sharing.forms import AdultRow, AgreementForm
from coordination.sharing.queries import adults_of
from coordination.sharing.rules import Answer, Audience, GivenHow, Purpose, SharedPart
from coordination.sharing.service import record_agreement
from tests.cast import PASSWORD, Cast, add_person
from tests.conftest import Base, Browser
from tests.households.make import open_household
from tests.households.test_family import OPENED, household, people
from tests.sharing.make import agree

DAY = date(2025, 7, 1)


@pytest.fixture
def couple(cast: Cast) -> UUID:
    """Sophie, her partner, a child of theirs and another of hers."""
    file_id = household(cast, Link.PARTNER, Link.CHILD, Link.RELATIVE)
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        form = ProfileForm(commune="Carvin", address="12 rue Secrète", phone="06 12 34 56 78", version=1)
        service.update_profile(session, file_id, form)
    return file_id


def rows(here: list[Resident], **changed: tuple[Place, Link | None]) -> list[SeparationRow]:
    """The usual answer: the partner goes, the child lives in both, the others stay."""
    answers: dict[str, tuple[Place, Link | None]] = {
        "reference": (Place.STAYS, None),
        "partner": (Place.GOES, Link.REFERENCE),
        "child": (Place.BOTH, None),
        "relative": (Place.STAYS, None),
        **changed,
    }
    return [SeparationRow(person=r.person.id, place=answers[r.link][0], link=answers[r.link][1]) for r in here]


def separate(cast: Cast, file_id: UUID, on: date = DAY, **given: object) -> UUID:
    changed = given.pop("changed", {})
    assert isinstance(changed, dict)
    form = SeparationForm.model_validate(
        {"on": on, "commune": "Lens", "people": rows(people(cast, file_id), **changed), **given}
    )
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        return separation.separate(session, file_id, form).id


def told(cast: Cast, file_id: UUID, on: date) -> dict[str, tuple[Link, Decimal]]:
    return {r.person.given_name: (r.link, r.stay.weight) for r in people(cast, file_id, on)}


def test_what_happened_before_the_file_was_opened_can_be_told(cast: Cast) -> None:
    """Who is there at the opening lived there before: nobody has to correct four arrivals first."""
    worker, day = cast.ccas.people["intake"], today() - timedelta(days=30)
    since = today() - timedelta(days=10)
    births = {"partner": "1980", "child": "2015", "relative": f"{since:%d/%m/%Y}"}
    rest = tuple({"given_name": link, "link": link, "birth": born} for link, born in births.items())
    file_id = open_household(cast.engine, worker, "Debray", "Ana", people=rest)
    new = separate(cast, file_id, day)
    arrivals = {r.link.value: r.stay.from_date for r in people(cast, file_id, today())}
    assert arrivals["reference"] == day - timedelta(days=1)
    assert arrivals["relative"] == since, "nobody lives anywhere before she is born"
    assert set(told(cast, new, day)) == {"partner", "child"}
    with acting(cast.engine, worker) as session:
        gone = next(r.person for r in queries.residents(session, file_id, today()) if r.link is Link.REFERENCE)
        heir = next(r.person for r in queries.residents(session, file_id, today()) if r.link is Link.SHARED_CHILD)
        death = DeathForm(on=today() - timedelta(days=3), successor=heir.id, version=gone.version)
        assert family.die(session, file_id, gone.id, death).deceased_on == death.on


def test_a_child_who_lived_in_both_already_keeps_her_place(cast: Cast) -> None:
    rest = ({"given_name": "Luc", "link": "partner"}, {"given_name": "Mia", "link": "shared_child", "birth": "2018"})
    file_id = open_household(cast.engine, cast.ccas.people["intake"], "Dervaux", "Lou", people=rest)
    new = separate(cast, file_id, today(), changed={"shared_child": (Place.BOTH, None)})
    assert told(cast, new, today())["Mia"] == told(cast, file_id, today())["Mia"] == (Link.SHARED_CHILD, Decimal("0.5"))
    with ActorSession(cast.engine, cast.ccas.people["intake"]) as session:
        ended = [stay.end_reason for stay in queries.stays_of(session, file_id) if stay.until_date]
    assert ended == ["separation"], "her own stay goes on: no link changed"


def test_each_file_has_its_people_and_a_shared_child_counts_for_one_half_in_both(cast: Cast, couple: UUID) -> None:
    before = told(cast, couple, DAY - timedelta(days=1))
    new = separate(cast, couple)
    assert told(cast, couple, DAY) == {
        "Sophie": (Link.REFERENCE, Decimal(1)),
        "Enfant": (Link.SHARED_CHILD, Decimal("0.5")),
        "Autre membre de la famille": (Link.RELATIVE, Decimal(1)),
    }
    assert told(cast, new, DAY) == {
        "Conjoint·e": (Link.REFERENCE, Decimal(1)),
        "Enfant": (Link.SHARED_CHILD, Decimal("0.5")),
    }
    assert told(cast, couple, DAY - timedelta(days=1)) == before
    assert told(cast, new, DAY - timedelta(days=1)) == {}


def test_the_new_file_keeps_names_and_birth_dates_and_nothing_else(cast: Cast, couple: UUID, shared_base: Base) -> None:
    agree(cast.engine, cast.ccas.people["intake"], couple, [cast.secours], parts=("identity", "needs"))
    new = separate(cast, couple)
    with ActorSession(cast.engine, cast.ccas.people["intake"]) as session:
        profile = queries.profile_of(session, new)
        assert profile is not None
        assert (profile.commune, profile.address, profile.phone) == ("Lens", "", "")
        assert {share.ground for share in queries.shares_of(session, new)} == {"holder"}
    with ActorSession(cast.engine, cast.secours.people["intake"]) as session:
        assert queries.file_header(session, couple).id == couple
        with pytest.raises(NotKnown):
            queries.file_header(session, new)
    everything = " ".join(
        str(row)
        for table in ("household", "household_profile", "person", "stay", "person_activity", "share", "agreement")
        for row in shared_base.admin(f"select t::text from {table} t where t::text like %s", f"%{new}%")
    )
    assert str(new) in everything
    assert str(couple) not in everything
    assert "Secrète" not in everything


def test_the_two_rows_of_a_child_are_linked_where_no_role_reads(cast: Cast, couple: UUID, shared_base: Base) -> None:
    new = separate(cast, couple)
    linked = shared_base.admin(
        "select count(*) from person_link where %s in (household_id, other_household_id)"
        " and %s in (household_id, other_household_id)",
        couple, new,
    )  # fmt: skip
    assert linked == [(2,)]
    for role in cast.ccas.people.values():
        with ActorSession(cast.engine, role) as session, pytest.raises(ProgrammingError, match="denied"):
            session.rows("select * from person_link")


def test_whoever_is_kept_from_the_household_is_kept_from_each_part_of_it(cast: Cast, couple: UUID) -> None:
    """The wife leaves a protected file, of which a partner's worker (her husband's) is kept out by his colleagues."""
    me, others = cast.ccas.people["intake"], [cast.ccas.people["admin"], cast.ccas.people["volunteer"]]
    agree(cast.engine, me, couple, [cast.secours])
    kept_out = cast.secours.people["volunteer"]
    with acting(cast.engine, cast.secours.people["intake"]) as session:
        protection.close_to(session, couple, kept_out.membership_id, BarReason.RELATIVE)
    unguarded = household(cast)
    with acting(cast.engine, me) as session:
        protection.protect(session, couple, [cast.secours.people["intake"].membership_id])
    new = separate(cast, couple)
    agree(cast.engine, me, new, [cast.secours])
    for stranger in (*others, kept_out, cast.secours.people["intake"]):
        with ActorSession(cast.engine, stranger) as session, pytest.raises(NotKnown):
            queries.file_header(session, new)
    with acting(cast.engine, me) as session:
        assert queries.file_header(session, new).name
        protection.lift(session, new, with_address=False)
    with ActorSession(cast.engine, cast.secours.people["intake"]) as session:
        assert queries.file_header(session, new).name
    with ActorSession(cast.engine, kept_out) as session, pytest.raises(NotKnown):
        queries.file_header(session, new)
    for kept, parted in ((unguarded, new), (couple, unguarded)):
        with ActorSession(cast.engine, me) as session, pytest.raises(ProgrammingError, match="just opened"):
            session.door("access.guard_parted(:kept, :parted)", kept=kept, parted=parted)


def test_whoever_came_by_a_broken_glass_keeps_the_hours_that_are_left(
    cast: Cast, couple: UUID, shared_base: Base
) -> None:
    me, colleague = (
        cast.ccas.people["intake"],
        add_person(cast.engine, cast.ccas, "de garde", [Role.INTAKE], professional=True),
    )
    with acting(cast.engine, me) as session:
        protection.protect(session, couple, [])
        code = queries.file_header(session, couple).code
    with acting(cast.engine, colleague) as session:
        protection.break_glass(session, code, "Elle part ce soir, il faut un dossier")
    form = SeparationForm(on=DAY, commune="Lens", people=rows(people(cast, couple)))
    with acting(cast.engine, colleague) as session:
        new = separation.separate(session, couple, form).id
    hours = shared_base.admin(
        "select until from file_opening where household_id = %s and ground = 'break_glass'", couple
    )
    assert (
        shared_base.admin("select until from file_opening where household_id = %s and until is not null", new) == hours
    )
    with acting(cast.engine, colleague) as session:
        assert queries.file_header(session, new).id == new


def test_people_of_a_file_one_does_not_hold_are_never_linked(cast: Cast, couple: UUID) -> None:
    own = people(cast, household(cast))[0].person.id
    theirs = open_household(cast.engine, cast.secours.people["intake"])
    agree(cast.engine, cast.secours.people["intake"], theirs, [cast.ccas], parts=("identity",))
    with ActorSession(cast.engine, cast.secours.people["intake"]) as session:
        other = queries.residents(session, theirs)[0].person.id
    for one, two in ((own, other), (other, own), (own, own), (own, uuid4())):
        with (
            ActorSession(cast.engine, cast.ccas.people["intake"]) as session,
            pytest.raises(ProgrammingError) as refused,
        ):
            session.door("access.link_people(:one, :two)", one=one, two=two)
        assert isinstance(refused.value.orig, psycopg.errors.InsufficientPrivilege)


def test_when_the_reference_person_goes_another_is_named_here(cast: Cast, couple: UUID) -> None:
    changed = {"reference": (Place.GOES, Link.REFERENCE), "partner": (Place.STAYS, None)}
    with pytest.raises(family.WhoIsReference):
        separate(cast, couple, changed=changed)
    child = next(r.person.id for r in people(cast, couple) if r.link is Link.CHILD)
    with pytest.raises(family.WhoIsReference):
        separate(cast, couple, changed=changed, successor=child)
    partner = next(r.person.id for r in people(cast, couple) if r.link is Link.PARTNER)
    new = separate(cast, couple, changed=changed, successor=partner)
    assert told(cast, couple, DAY)["Conjoint·e"] == (Link.REFERENCE, Decimal(1))
    assert told(cast, couple, OPENED)["Conjoint·e"] == (Link.PARTNER, Decimal(1))
    assert told(cast, new, DAY)["Sophie"] == (Link.REFERENCE, Decimal(1))


def test_nobody_is_forgotten_and_nobody_goes_before_having_come(cast: Cast, couple: UUID) -> None:
    whole = rows(people(cast, couple))
    for wrong in (whole[:-1], [*whole, whole[-1]], [*whole[:-1], whole[-1].model_copy(update={"person": uuid4()})]):
        form = SeparationForm(on=DAY, commune="Lens", people=wrong)
        with (
            ActorSession(cast.engine, cast.ccas.people["intake"]) as session,
            pytest.raises(separation.NotThesePeople),
        ):
            separation.separate(session, couple, form)
    with pytest.raises(family.NotYetThere):
        separate(cast, couple, on=OPENED)
    assert len(people(cast, couple)) == 4


@pytest.mark.parametrize(
    "changed",
    [
        {"partner": (Place.STAYS, None)},
        {"partner": (Place.GOES, None)},
        {"partner": (Place.GOES, Link.PARTNER)},
        {"child": (Place.GOES, Link.REFERENCE)},
        {"reference": (Place.GOES, Link.OTHER), "relative": (Place.GOES, Link.OTHER)},
    ],
)
def test_two_households_have_each_somebody_and_one_reference(
    cast: Cast, couple: UUID, changed: dict[str, tuple[Place, Link | None]]
) -> None:
    with pytest.raises(ValueError, match=r"Il faut|Choisissez"):
        separate(cast, couple, changed=changed)


def test_only_the_holder_separates(cast: Cast, couple: UUID) -> None:
    agree(cast.engine, cast.ccas.people["intake"], couple, [cast.epicerie])
    form = SeparationForm(on=DAY, commune="Lens", people=rows(people(cast, couple)))
    with ActorSession(cast.engine, cast.epicerie.people["intake"]) as session, pytest.raises(NotHolder):
        separation.separate(session, couple, form)


def test_the_journal_names_both_files(cast: Cast, couple: UUID, shared_base: Base) -> None:
    new = separate(cast, couple)
    lines = shared_base.admin(
        "select household_id from journal where verb = 'household.separate' and household_id in (%s, %s)", couple, new
    )
    assert {row[0] for row in lines} == {couple, new}


def test_a_separation_through_its_screen(cast: Cast, couple: UUID, browser: Callable[[], Browser]) -> None:
    client = browser().sign_in(cast.ccas.emails["intake"], PASSWORD)
    place = f"/foyers/{couple}/separation"
    assert place in client.get(f"/foyers/{couple}").text
    assert "rien d’autre" in client.get(place).text
    typed = {"on": "01/07/2025", "commune": "Lens"}
    for n, row in enumerate(rows(people(cast, couple))):
        typed |= {
            f"people-{n}-person": str(row.person),
            f"people-{n}-place": row.place,
            f"people-{n}-link": row.link or "",
        }
    wrong = client.post(place, data={**typed, "people-1-link": ""})
    assert wrong.status_code == 422
    assert 'value="Lens"' in wrong.text
    early = client.post(place, data={**typed, "on": "01/01/2020"})
    assert (early.status_code, "pas encore dans le foyer" in early.text) == (409, True)
    answer = client.post(place, data=typed)
    assert answer.status_code == 303
    shown = client.get(answer.headers["location"]).text
    assert "MARTIN Conjoint·e" in shown
    assert "Secrète" not in shown
    assert str(couple) not in shown


def test_of_two_separations_at_the_same_instant_one_is_told(cast: Cast, couple: UUID, shared_base: Base) -> None:
    form = SeparationForm(on=DAY, commune="Lens", people=rows(people(cast, couple)))
    barrier = Barrier(3)

    def split(_: int) -> bool:
        with ActorSession(cast.engine, cast.ccas.people["intake"]) as session:
            session.rows("select 1")
            barrier.wait()
            try:
                separation.separate(session, couple, form)
                session.commit()
            except separation.NotThesePeople:
                return False
            return True

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(split, range(3))) == [False, False, True]
    assert len(people(cast, couple, DAY)) == 3


def test_whoever_objected_to_being_told_of_is_not_told_of_in_the_new_file_either(cast: Cast, couple: UUID) -> None:
    worker, asker = cast.ccas.people["intake"], cast.bonne_action.people["intake"]
    partner = next(r.person for r in people(cast, couple) if r.link is Link.PARTNER)
    with acting(cast.engine, worker) as session:
        form = PersonForm(family_name="Rebelle", given_name="Noé", birth="03/04/1981", link=Link.PARTNER, objected=True)
        form = form.model_copy(update={"version": partner.version})
        service.update_person(session, couple, partner.id, form)
    made = separate(cast, couple)
    assert {r.person.given_name: r.person.objected for r in people(cast, made)}["Noé"]
    with acting(cast.engine, asker) as session:
        assert service.known_in_network(session, "Rebelle", "Noé", parse_birth("03/04/1981", today())) is False


@pytest.mark.parametrize("stays_agrees", [False, True])
def test_a_file_is_not_left_open_on_the_word_of_the_one_who_went(
    cast: Cast, shared_base: Base, couple: UUID, stays_agrees: bool
) -> None:
    worker, reader = cast.ccas.people["intake"], cast.secours.people["intake"]
    agreed = (Link.PARTNER, Link.REFERENCE) if stays_agrees else (Link.PARTNER,)
    with acting(cast.engine, worker) as session:
        said = {r.person.id: Answer.AGREES for r in adults_of(session, couple) if r.link in agreed}
        agreement = word_of(session, cast, couple, said)
    separate(cast, couple)
    with acting(cast.engine, reader) as session:
        assert bool(queries.visible_parts(session, couple)) is stays_agrees
    written = shared_base.admin("select verb from journal where subject_id = %s order by number", str(agreement))
    assert [verb for (verb,) in written] == ["agreement.record"] + ["agreement.left"] * (not stays_agrees)


def test_nothing_is_granted_on_the_word_of_one_who_is_leaving_at_the_same_instant(cast: Cast, couple: UUID) -> None:
    """One worker records his agreement while another records that he left: whoever comes second sees the first."""
    worker, form = cast.ccas.people["intake"], SeparationForm(on=DAY, commune="Lens", people=rows(people(cast, couple)))

    def agrees() -> bool:
        try:
            with acting(cast.engine, worker) as session:
                only = {r.person.id: Answer.AGREES for r in adults_of(session, couple) if r.link is Link.PARTNER}
                word_of(session, cast, couple, only)
        except ProgrammingError:
            return False
        return True

    with ThreadPoolExecutor(1) as pool, acting(cast.engine, worker) as session:
        separation.separate(session, couple, form)
        said = pool.submit(agrees)
        sleep(0.5)
        session.commit()
    assert said.result() is False
    with acting(cast.engine, cast.secours.people["intake"]) as session:
        assert queries.visible_parts(session, couple) == set()


def word_of(session: ActorSession, cast: Cast, file_id: UUID, said: dict[UUID, Answer]) -> UUID:
    """An agreement towards the Secours, on the word of some of the adults: the others are absent."""
    form = AgreementForm(
        adults=[
            AdultRow(person=r.person.id, answer=said.get(r.person.id, Answer.ABSENT))
            for r in adults_of(session, file_id)
        ],
        recipients=[cast.secours.id],
        parts=[SharedPart.IDENTITY, SharedPart.NEEDS],
        audience=Audience.ALL,
        purpose=Purpose.SUPPORT,
        given_how=GivenHow.ORAL,
        valid_until=today() + timedelta(days=90),
    )
    return record_agreement(session, file_id, form).id
