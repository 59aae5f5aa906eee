"""Protected files: open to named workers alone, hidden from everybody else, address apart; bars; the broken glass."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import ProgrammingError

from coordination.audit.models import JournalLine
from coordination.households import finding, life, protection, queries, service
from coordination.households.forms import AddressForm, MoveForm, PersonForm, ProfileForm, SafeContactForm
from coordination.households.queries import file_header
from coordination.households.reach import BarReason, Way
from coordination.households.rules import AddressKind, Link, parse_birth
from coordination.identity.permissions import Role
from coordination.kit.actor import Member
from coordination.kit.clock import today
from coordination.kit.db import ActorSession, acting
from coordination.kit.errors import NotAllowed, NotKnown, Stale
from coordination.referrals import queries as referrals
from tests.cast import PASSWORD, Cast, add_person
from tests.conftest import Base, Browser
from tests.households.make import open_household
from tests.referrals.make import refer
from tests.sharing.make import agree

RUE = "12 rue des Lilas"
WHY = "La gendarmerie demande un contact tout de suite"


@pytest.fixture(scope="module")
def colleague(cast: Cast) -> Member:
    """Another intake worker of the holder."""
    return add_person(cast.engine, cast.ccas, "collegue", [Role.INTAKE], professional=True)


@pytest.fixture
def file(cast: Cast) -> UUID:
    """A household the Secours knows, with an address and a phone."""
    holder = cast.ccas.people["intake"]
    made = open_household(cast.engine, holder, "Vanhove", "Inès", birth="03/05/1991")
    with acting(cast.engine, holder) as session:
        form = ProfileForm(commune="Carvin", address=RUE, phone="06 12 34 56 78", version=1)
        service.update_profile(session, made, form)
    agree(cast.engine, holder, made, [cast.secours])
    return made


def protect(cast: Cast, file: UUID, *named: Member) -> None:
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        protection.protect(session, file, [member.membership_id for member in named])


def sees(cast: Cast, member: Member, file: UUID) -> bool:
    """By its page, by its name, by its code and in the lists: always the same answer."""
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        code = file_header(session, file).code
    with acting(cast.engine, member) as session:
        by_name = {hit.household_id for hit in finding.search(session, "Vanhove Inès", most=50)}
        by_code = {hit.household_id for hit in finding.search(session, code)}
        by_phone = {hit.household_id for hit in finding.search(session, "06 12 34 56 78", most=50)}
        by_date = {hit.household_id for hit in finding.search(session, "03/05/1991", most=50)}
        listed = {row.id for held in (True, False) for row in queries.my_files(session, held=held, size=100)}
        try:
            shown = file_header(session, file).id == file
        except NotKnown:
            shown = False
        answers = {file in by_name, file in by_code, file in by_phone, file in by_date, file in listed, shown}
    assert len(answers) == 1
    return answers.pop()


def test_only_those_named_still_find_it(cast: Cast, colleague: Member, file: UUID) -> None:
    partner, other = cast.secours.people["intake"], cast.secours.people["volunteer"]
    everybody = [cast.ccas.people["intake"], colleague, partner, other]
    assert [sees(cast, member, file) for member in everybody] == [True, True, True, True]
    protect(cast, file, partner)
    assert [sees(cast, member, file) for member in everybody] == [True, False, True, False]


def test_the_lists_are_counted_as_they_are_shown(cast: Cast, colleague: Member, file: UUID) -> None:
    with acting(cast.engine, colleague) as session:
        before = queries.files_page(session, held=True)
    protect(cast, file)
    with acting(cast.engine, colleague) as session:
        after = queries.files_page(session, held=True)
        assert (after.held, after.shared) == (before.held - 1, before.shared)
        assert queries.count_files(session, held=True) == after.held


def test_its_address_leaves_the_profile_and_is_read_by_the_holders_named_workers_alone(cast: Cast, file: UUID) -> None:
    partner, holder = cast.secours.people["intake"], cast.ccas.people["intake"]
    protect(cast, file, partner)
    with acting(cast.engine, partner) as session:
        profile = queries.profile_of(session, file)
        assert profile is not None
        assert (profile.address, profile.phone) == ("", "06 12 34 56 78")
        assert protection.protected_address(session, file) is None
    with acting(cast.engine, holder) as session:
        assert file not in {hit.household_id for hit in finding.search(session, "rue des Lilas", most=50)}
        kept = protection.protected_address(session, file)
        assert kept is not None
        assert kept.address == RUE


def test_an_address_cannot_be_written_back_into_its_profile(cast: Cast, shared_base: Base, file: UUID) -> None:
    protect(cast, file)
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        form = ProfileForm(commune="Carvin", address="1 rue Neuve", version=3)
        with pytest.raises(service.AddressKeptApart):
            service.update_profile(session, file, form)
    assert shared_base.admin("select address from household_profile where household_id = %s", file) == [("",)]


def test_a_move_keeps_both_addresses_apart(cast: Cast, file: UUID) -> None:
    protect(cast, file)
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        form = MoveForm(on=today(), commune="Lens", address_kind=AddressKind.FIXED, address="5 place Jaurès", version=3)
        life.move(session, file, form)
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        profile, kept = queries.profile_of(session, file), protection.protected_address(session, file)
        assert profile is not None
        assert kept is not None
        assert (profile.commune, profile.address, kept.address) == ("Lens", "", "5 place Jaurès")
        assert [past.address for past in queries.past_addresses(session, file)] == [RUE]


def test_where_a_household_lived_since_it_is_no_longer_protected_is_kept_when_it_moves(cast: Cast, file: UUID) -> None:
    """Its address stayed apart when the protection was lifted: neither the past nor a protection to come goes by it."""
    protect(cast, file)
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        protection.lift(session, file, with_address=False)
        service.update_profile(session, file, ProfileForm(commune="Carvin", address="9 rue Neuve", version=3))
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        life.move(session, file, MoveForm(on=today(), commune="Lens", address_kind=AddressKind.FIXED, version=4))
    protect(cast, file)
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        kept = protection.protected_address(session, file)
        assert kept is not None
        assert kept.address == ""
        assert [past.address for past in queries.past_addresses(session, file)] == ["9 rue Neuve"]


def test_the_protected_address_is_not_overwritten_blindly(cast: Cast, file: UUID) -> None:
    protect(cast, file)
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        protection.set_address(session, file, AddressForm(address="7 rue Basse", version=1))
        with pytest.raises(Stale):
            protection.set_address(session, file, AddressForm(address="8 rue Haute", version=1))


@pytest.mark.parametrize("back", [True, False])
def test_lifted_it_opens_again_and_its_address_only_when_asked(
    cast: Cast, colleague: Member, file: UUID, back: bool
) -> None:
    protect(cast, file)
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        protection.lift(session, file, with_address=back)
    assert sees(cast, colleague, file)
    with acting(cast.engine, cast.secours.people["intake"]) as session:
        profile = queries.profile_of(session, file)
        assert profile is not None
        assert profile.address == (RUE if back else "")


def test_it_is_protected_once_and_lifted_once(cast: Cast, file: UUID) -> None:
    protect(cast, file)
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        with pytest.raises(protection.AlreadyProtected):
            protection.protect(session, file, [])
        protection.lift(session, file, with_address=True)
        with pytest.raises(protection.NotProtected):
            protection.lift(session, file, with_address=True)


def test_a_partner_does_not_protect_and_a_stranger_is_not_named(cast: Cast, file: UUID) -> None:
    with acting(cast.engine, cast.secours.people["intake"]) as session, pytest.raises(queries.NotHolder):
        protection.protect(session, file, [])
    with pytest.raises(protection.CannotBeNamed):
        protect(cast, file, cast.bonne_action.people["intake"])
    assert sees(cast, cast.secours.people["intake"], file)


def test_somebody_of_the_holder_always_stays_named(cast: Cast, colleague: Member, file: UUID) -> None:
    me = cast.ccas.people["intake"]
    protect(cast, file, cast.secours.people["intake"])
    with acting(cast.engine, me) as session, pytest.raises(protection.LastOne):
        protection.unname_worker(session, file, me.membership_id)
    with acting(cast.engine, me) as session:
        protection.name_worker(session, file, colleague.membership_id)
    with acting(cast.engine, me) as session:
        protection.unname_worker(session, file, me.membership_id)
    assert (sees_now(cast, colleague, file), sees_now(cast, me, file)) == (True, False)


def sees_now(cast: Cast, member: Member, file: UUID) -> bool:
    with acting(cast.engine, member) as session:
        try:
            return file_header(session, file).id == file
        except NotKnown:
            return False


def test_an_agreement_given_since_is_guarded_too(cast: Cast, file: UUID) -> None:
    protect(cast, file)
    agree(cast.engine, cast.ccas.people["intake"], file, [cast.epicerie])
    assert not sees_now(cast, cast.epicerie.people["intake"], file)


def test_it_is_not_handed_over_where_nobody_is_named(cast: Cast, file: UUID) -> None:
    protect(cast, file)
    with acting(cast.engine, cast.ccas.people["intake"]) as session, pytest.raises(life.NobodyThere):
        life.transfer(session, file, cast.secours.id)
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        protection.name_worker(session, file, cast.secours.people["intake"].membership_id)
        life.transfer(session, file, cast.secours.id)
    assert sees_now(cast, cast.secours.people["intake"], file)
    assert not sees_now(cast, cast.ccas.people["intake"], file)


# ------------------------------------------------------------------ referrals and the question asked of the network


def test_its_referrals_are_shown_to_those_named_alone(cast: Cast, colleague: Member, file: UUID) -> None:
    sent = refer(cast.engine, cast.ccas.people["intake"], file, cast.secours).id
    readers = [colleague, cast.ccas.people["coordinator"], cast.secours.people["intake"]]
    assert [shows_referral(cast, member, sent) for member in readers] == [True, True, True]
    protect(cast, file, cast.secours.people["intake"])
    assert [shows_referral(cast, member, sent) for member in readers] == [False, False, True]


def test_to_a_partner_where_nobody_is_named_it_is_handed_over_on_paper(cast: Cast, file: UUID) -> None:
    protect(cast, file)
    assert refer(cast.engine, cast.ccas.people["intake"], file, cast.secours).by_hand
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        protection.name_worker(session, file, cast.secours.people["intake"].membership_id)
    assert not refer(cast.engine, cast.ccas.people["intake"], file, cast.secours).by_hand


def shows_referral(cast: Cast, member: Member, referral: UUID) -> bool:
    with acting(cast.engine, member) as session:
        try:
            return referrals.show(session, referral).line.row.id == referral
        except NotKnown:
            return False


def test_the_network_is_silent_about_it_and_about_who_objected(cast: Cast, shared_base: Base) -> None:
    holder, asker = cast.ccas.people["intake"], cast.epicerie.people["intake"]
    shared_base.admin("delete from network_question")
    hidden = open_household(cast.engine, holder, "Silence", "Aude", birth="01/02/1980")
    shy = open_household(cast.engine, holder, "Discret", "Paul", birth="01/02/1981")
    open_household(cast.engine, holder, "Connu", "Léa", birth="01/02/1982")
    protect(cast, hidden)
    with acting(cast.engine, holder) as session:
        (paul,) = queries.residents(session, shy)
        form = PersonForm(
            family_name="Discret",
            given_name="Paul",
            birth="01/02/1981",
            link=Link.REFERENCE,
            objected=True,
            version=paul.person.version,
        )
        service.update_person(session, shy, paul.person.id, form)
    with acting(cast.engine, asker) as session:
        answers = [
            service.known_in_network(session, family, given, parse_birth(birth, today()))
            for family, given, birth in (
                ("Silence", "Aude", "01/02/1980"),
                ("Discret", "Paul", "01/02/1981"),
                ("Connu", "Léa", "01/02/1982"),
            )
        ]
    assert answers == [False, False, True]


# ------------------------------------------------------------------ bars


def test_a_file_closed_to_a_colleague_is_not_there_for_her_and_she_does_not_learn_why(
    cast: Cast, colleague: Member, file: UUID
) -> None:
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        protection.close_to(session, file, colleague.membership_id, BarReason.RELATIVE)
    assert not sees(cast, colleague, file)
    assert sees(cast, cast.secours.people["intake"], file)
    with acting(cast.engine, colleague) as session:
        assert protection.closed_to(session, file) == []
        assert service.known_in_network(session, "Vanhove", "Inès", parse_birth("03/05/1991", today())) is False
        with pytest.raises(NotKnown):
            protection.open_again_to(session, file, colleague.membership_id)
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        assert [reader.name for reader in protection.closed_to(session, file)] == ["Collegue"]
        protection.open_again_to(session, file, colleague.membership_id)
    assert sees(cast, colleague, file)


def test_a_file_closed_to_somebody_is_closed_to_her_in_the_other_organisation_she_acts_for(
    cast: Cast, file: UUID
) -> None:
    """She works at the CCAS and helps at the Secours: whom the file concerns does not change with the organisation."""
    holder, email = cast.ccas.people["intake"], "deux.structures@exemple.fr"
    here = add_person(cast.engine, cast.ccas, "deux", [Role.INTAKE], professional=True, email=email)
    there = add_person(cast.engine, cast.secours, "deux", [Role.INTAKE], professional=True, email=email)
    assert (here.account_id, sees(cast, there, file)) == (there.account_id, True)
    with acting(cast.engine, holder) as session:
        protection.close_to(session, file, here.membership_id, BarReason.RELATIVE)
    assert (sees(cast, here, file), sees(cast, there, file)) == (False, False)
    with acting(cast.engine, there) as session:
        assert service.known_in_network(session, "Vanhove", "Inès", parse_birth("03/05/1991", today())) is False
    protect(cast, file)
    with acting(cast.engine, holder) as session:
        code = file_header(session, file).code
        with pytest.raises(protection.CannotBeNamed):
            protection.name_worker(session, file, there.membership_id)
    with acting(cast.engine, there) as session, pytest.raises(protection.GlassHolds):
        protection.break_glass(session, code, WHY)
    with acting(cast.engine, holder) as session:
        protection.lift(session, file, with_address=True)
        protection.open_again_to(session, file, here.membership_id)
    assert (sees(cast, here, file), sees(cast, there, file)) == (True, True)


def test_a_volunteer_closes_a_file_to_herself_and_to_nobody_else(cast: Cast, file: UUID) -> None:
    volunteer = cast.secours.people["volunteer"]
    with acting(cast.engine, volunteer) as session, pytest.raises(NotAllowed):
        protection.close_to(session, file, cast.secours.people["intake"].membership_id, BarReason.OTHER)
    with acting(cast.engine, volunteer) as session:
        protection.close_to(session, file, volunteer.membership_id, BarReason.OWN)
    assert not sees_now(cast, volunteer, file)


def test_nobody_of_another_organisation_is_barred(cast: Cast, file: UUID) -> None:
    with acting(cast.engine, cast.ccas.people["intake"]) as session, pytest.raises(protection.LastOne):
        protection.close_to(session, file, cast.secours.people["intake"].membership_id, BarReason.OTHER)


def test_no_door_moves_an_agreement_of_a_file_for_whoever_it_is_closed_to(
    cast: Cast, colleague: Member, file: UUID
) -> None:
    """By their names, past every page: what she may not read she does not end, answer nor hand back."""
    holder, partner = cast.ccas.people["intake"], cast.secours.people["intake"]
    there = add_person(cast.engine, cast.secours, "la_bas", [Role.INTAKE], professional=False)
    agreement = agree(cast.engine, holder, file, [cast.epicerie])
    request = uuid4()
    with acting(cast.engine, holder) as session:
        code = file_header(session, file).code
    with acting(cast.engine, cast.bonne_action.people["intake"]) as session:
        session.door("access.request_access(:id, :code, array['identity'], 'support')", id=request, code=code)
    for member, closed in ((holder, colleague), (partner, there)):
        with acting(cast.engine, member) as session:
            protection.close_to(session, file, closed.membership_id, BarReason.RELATIVE)
    tried: list[tuple[Member, str, dict[str, UUID]]] = [
        (colleague, "access.revoke_agreement(:id)", {"id": agreement}),
        (colleague, "access.grant_agreement(:id)", {"id": agreement}),
        (colleague, "access.record_answer(:id, :id, 'agrees')", {"id": agreement}),
        (colleague, "access.answer_request(:id, null, 'no_agreement')", {"id": request}),
        (there, "access.give_up_share(:id)", {"id": file}),
    ]
    for member, door, given in tried:
        with ActorSession(cast.engine, member) as session, pytest.raises(ProgrammingError, match="she is kept"):
            session.door(door, **given)


# ------------------------------------------------------------------ the broken glass


@pytest.fixture
def code(cast: Cast, shared_base: Base, file: UUID) -> Iterator[str]:
    shared_base.admin("delete from network_question")
    shared_base.admin("delete from file_opening where ground = 'break_glass'")
    protect(cast, file)
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        yield file_header(session, file).code


def test_it_opens_for_two_hours_and_the_officer_reads_why_at_once(
    cast: Cast, shared_base: Base, colleague: Member, file: UUID, code: str
) -> None:
    with acting(cast.engine, colleague) as session:
        assert protection.already_open(session, code) is None
        assert protection.break_glass(session, code, WHY).id == file
    with acting(cast.engine, colleague) as session:
        assert protection.already_open(session, code) is not None  # asked again, it alarms nobody
    assert sees(cast, colleague, file)
    officer = cast.ccas.people["dpo"]
    with acting(cast.engine, officer) as session:
        (glass,) = protection.broken_glass(session, unseen=True)
        assert (glass.code, glass.who, glass.reason) == (code, "Collegue", WHY)
        protection.note_glass_seen(session, glass.id)
        session.flush()
        assert protection.broken_glass(session, unseen=True) == []
    shared_base.admin("update file_opening set until = now() - interval '1 second' where ground = 'break_glass'")
    assert not sees(cast, colleague, file)
    lines = shared_base.admin("select verb from journal where household_id = %s order by number", file)
    assert ("file.break_glass",) in lines


@pytest.mark.parametrize("who", ["another organisation", "not a professional", "barred"])
def test_it_holds_for(cast: Cast, colleague: Member, file: UUID, code: str, who: str) -> None:
    actor = {
        "another organisation": cast.elsewhere.people["intake"],
        "not a professional": cast.secours.people["intake"],
        "barred": colleague,
    }[who]
    if who == "barred":
        with acting(cast.engine, cast.ccas.people["intake"]) as session:
            protection.close_to(session, file, colleague.membership_id, BarReason.RELATIVE)
    with acting(cast.engine, actor) as session, pytest.raises((protection.GlassHolds, NotAllowed)):
        protection.break_glass(session, code, WHY)
    assert not sees_now(cast, actor, file)


def test_an_unprotected_or_unknown_code_is_answered_alike_and_counted(
    cast: Cast, shared_base: Base, colleague: Member, file: UUID
) -> None:
    shared_base.admin("delete from network_question")
    with acting(cast.engine, colleague) as session:
        for code in (file_header(session, file).code, "7K3M-2PX"):
            with pytest.raises(protection.GlassHolds):
                protection.break_glass(session, code, WHY)
    assert shared_base.admin("select count(*) from network_question where kind = 'glass'") == [(2,)]


def test_after_twenty_tries_the_right_code_too_is_refused_until_tomorrow(
    cast: Cast, colleague: Member, code: str
) -> None:
    with acting(cast.engine, colleague) as session:
        for _ in range(20):
            with pytest.raises(protection.GlassHolds):
                protection.break_glass(session, "7K3M-2PX", WHY)
        with pytest.raises(protection.GlassHolds):
            protection.break_glass(session, code, WHY)


def test_a_reason_is_never_written_in_the_journal(cast: Cast, shared_base: Base, colleague: Member, code: str) -> None:
    with acting(cast.engine, colleague) as session:
        protection.break_glass(session, code, WHY)
    assert shared_base.admin("select 1 from journal where journal::text like %s", "%gendarmerie%") == []
    assert {column.name for column in JournalLine.__table__.columns} & {"reason", "words"} == set()  # type: ignore[attr-defined]


# ------------------------------------------------------------------ pages


def open_as(browser: Callable[[], Browser], cast: Cast, organisation: str, key: str) -> Browser:
    return browser().sign_in(getattr(cast, organisation).emails[key], PASSWORD)


def test_the_address_is_on_no_page_of_the_file_and_the_rules_come_first(
    cast: Cast, browser: Callable[[], Browser], file: UUID
) -> None:
    holder = open_as(browser, cast, "ccas", "intake")
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        form = SafeContactForm(ways=[Way.CALL], words="Dire « la mairie »", version=0)
        protection.set_safe_contact(session, file, form)
    protect(cast, file, cast.secours.people["intake"])
    for path in ("", "/partage", "/composition", "/chronologie", "/suivi/contact", "/modifier"):
        said = holder.get(f"/foyers/{file}{path}")
        assert (said.status_code, RUE in said.text) == (200, False), path
    assert RUE in holder.get(f"/foyers/{file}/protection").text
    partner = open_as(browser, cast, "secours", "intake")
    shown = partner.get(f"/foyers/{file}").text
    assert "sans jamais laisser de message" in shown
    assert "la mairie" in shown
    assert "Ne pas envoyer de courrier" in partner.get(f"/foyers/{file}/suivi/contact").text
    assert RUE not in partner.get(f"/foyers/{file}/protection").text


def test_what_was_typed_is_kept_when_the_protection_is_refused(
    cast: Cast, browser: Callable[[], Browser], file: UUID
) -> None:
    holder = open_as(browser, cast, "ccas", "intake")
    partner = str(cast.secours.people["intake"].membership_id)
    said = holder.post(f"/foyers/{file}/protection", data={"named": [partner]})
    assert said.status_code == 422
    assert f'value="{partner}" checked' in said.text.replace("\n", " ")


def test_the_officer_finds_it_on_her_first_page(
    cast: Cast, browser: Callable[[], Browser], colleague: Member, code: str
) -> None:
    worker = open_as(browser, cast, "ccas", "collegue")
    said = worker.post("/urgence", data={"code": code.lower().replace("-", " "), "reason": "trop court"})
    assert (said.status_code, "trop court" in said.text) == (422, True)
    done = worker.post("/urgence", data={"code": code, "reason": WHY})
    assert done.status_code == 303
    assert worker.get(done.headers["location"]).status_code == 200
    officer = open_as(browser, cast, "ccas", "dpo")
    assert WHY.replace("’", "’") in officer.get("/").text
    assert WHY in officer.get("/ouvertures-urgentes").text
    assert colleague.name


def test_two_hours_are_two_hours(cast: Cast, shared_base: Base, colleague: Member, code: str) -> None:
    with acting(cast.engine, colleague) as session:
        protection.break_glass(session, code, WHY)
    ((lasts,),) = shared_base.admin("select until - opened_at from file_opening where ground = 'break_glass'")
    assert lasts == timedelta(hours=2)
