"""Accounts: who may invite, help or stop whom; links that serve once; what each act writes."""

import threading
from uuid import uuid4

import pytest
from sqlmodel import select

from coordination.audit.models import JournalLine
from coordination.identity import operator as operators
from coordination.identity import queries, service
from coordination.identity.models import Membership, Organisation
from coordination.identity.permissions import NETWORK_WIDE, Role
from coordination.identity.rules import LastAdmin, SpentLink, WorksElsewhere, token_hash
from coordination.kit.actor import Member, Nobody
from coordination.kit.clock import now
from coordination.kit.db import ActorSession, acting
from coordination.kit.errors import NotAllowed, NotKnown, NotNow, Problem, Stale
from coordination.notices.models import Notice
from coordination.notices.queries import subject_of
from tests.cast import OPERATOR, PASSWORD, Cast
from tests.conftest import Base
from tests.identity.make import OTHER_PASSWORD, invited, reset_link, somebody, tried, used


def fresh_email() -> str:
    return f"{uuid4().hex[:10]}@exemple.fr"


def lines(base: Base, verb: str) -> list[tuple[object, ...]]:
    return base.admin("select subject_id, fields, actor_id from journal where verb = %s order by at", verb)


# ------------------------------------------------------------------ signing in


def test_the_right_password_opens_a_session_and_the_wrong_one_does_not(cast: Cast) -> None:
    email = cast.ccas.emails["intake"]
    assert tried(cast.engine, email, PASSWORD).token
    assert tried(cast.engine, email.upper(), PASSWORD).token
    assert tried(cast.engine, email, "faux") == service.SignIn()


def test_an_unknown_account_is_refused_alike_and_a_hash_is_verified_for_it_too(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[str] = []
    verify = service._verify

    def watched(password: str, known_hash: str) -> bool:
        verified.append(known_hash)
        return verify(password, known_hash)

    monkeypatch.setattr(service, "_verify", watched)
    assert tried(cast.engine, "personne@exemple.fr", "faux") == tried(cast.engine, cast.ccas.emails["dpo"], "faux")
    assert len(verified) == 2
    parameters = [h.rsplit("$", 2)[0] for h in verified]
    assert parameters[0] == parameters[1]


def test_passwords_that_argon_refuses_are_simply_wrong(cast: Cast) -> None:
    assert tried(cast.engine, cast.ccas.emails["dpo"], "a\x00b") == service.SignIn()
    assert tried(cast.engine, cast.ccas.emails["dpo"], "a" * 5000) == service.SignIn()


def test_only_hashes_of_tokens_and_passwords_are_stored(cast: Cast, shared_base: Base) -> None:
    token = tried(cast.engine, cast.ccas.emails["intake"], PASSWORD).token
    assert token is not None
    stored = shared_base.admin("select token_hash from browser_session")
    assert (token_hash(token),) in stored
    assert (token,) not in stored
    (kept,) = shared_base.admin("select password_hash from credential limit 1")[0]
    assert str(kept).startswith("$argon2id$")


def test_a_demonstration_account_signs_in_in_demonstration_mode_only(cast: Cast) -> None:
    email, token = fresh_email(), uuid4().hex
    with acting(cast.engine, OPERATOR) as session:
        organisation = session.get_one(Organisation, cast.ccas.id)
        operators.invite_first(
            session, organisation, token=token, demo=True, email=email, name="D", roles=[Role.DPO], professional=False
        )
    used(cast.engine, token)
    assert tried(cast.engine, email, PASSWORD, demo_mode=True).token
    assert tried(cast.engine, email, PASSWORD, demo_mode=False) == service.SignIn()


# ------------------------------------------------------------------ invitations


def test_an_invitation_serves_once_and_makes_what_it_says(cast: Cast, shared_base: Base) -> None:
    email = fresh_email()
    token = invited(cast.engine, cast.ccas.people["admin"], email, roles=(Role.INTAKE, Role.DPO), professional=True)
    used(cast.engine, token, name="Camille Roux")
    with pytest.raises(SpentLink):
        used(cast.engine, token)
    member = tried(cast.engine, email, PASSWORD).member
    assert member is not None
    assert member.organisation_id == cast.ccas.id
    assert member.roles == {"intake", "dpo"}
    assert member.professional
    assert member.name == "Camille Roux"
    assert lines(shared_base, "account.join")[-1][0] == str(member.membership_id)


@pytest.mark.parametrize(
    "change", ["expires_at = now() - interval '1 second'", "revoked_at = now()", "used_at = now()"]
)
def test_a_late_cancelled_or_used_link_opens_nothing(cast: Cast, shared_base: Base, change: str) -> None:
    token = invited(cast.engine, cast.ccas.people["admin"], fresh_email())
    shared_base.admin(f"update invitation set {change} where token_hash = %s", token_hash(token))
    with pytest.raises(SpentLink):
        used(cast.engine, token)


def test_an_existing_account_joins_and_keeps_its_password(cast: Cast) -> None:
    person = somebody(cast.engine, cast.ccas)
    email = cast.ccas.emails[str(person.membership_id)]
    token = invited(cast.engine, cast.secours.people["admin"], email, roles=(Role.VOLUNTEER,))
    assert used(cast.engine, token, password=None) == person.account_id
    assert tried(cast.engine, email, PASSWORD).token
    with ActorSession(cast.engine, person) as session:
        mine = session.rows("select * from access.memberships_of(:a)", a=person.account_id)
    assert {m.organisation_id for m in mine} == {cast.ccas.id, cast.secours.id}


def test_nobody_is_invited_twice_into_the_same_organisation(cast: Cast) -> None:
    with pytest.raises(NotNow, match="déjà un compte"):
        invited(cast.engine, cast.ccas.people["admin"], cast.ccas.emails["intake"].upper())


def test_a_new_link_for_the_same_person_kills_the_older_one(cast: Cast) -> None:
    email = fresh_email()
    older = invited(cast.engine, cast.ccas.people["admin"], email)
    newer = invited(cast.engine, cast.ccas.people["admin"], email)
    with pytest.raises(SpentLink):
        used(cast.engine, older)
    used(cast.engine, newer)


def test_a_link_without_a_password_makes_no_account(cast: Cast) -> None:
    token = invited(cast.engine, cast.ccas.people["admin"], fresh_email())
    with pytest.raises(SpentLink):
        used(cast.engine, token, password=None)


def test_a_password_chosen_for_an_account_made_meanwhile_by_somebody_else_joins_nothing(cast: Cast) -> None:
    """Two links to one address, opened before either was used: whoever comes second proves that the account is hers."""
    email = fresh_email()
    first, second = (invited(cast.engine, one.people["admin"], email) for one in (cast.epicerie, cast.ccas))
    account = used(cast.engine, first)
    with pytest.raises(SpentLink):
        used(cast.engine, second, OTHER_PASSWORD)
    assert used(cast.engine, second, None) == account


def test_a_cancelled_link_cannot_be_cancelled_again(cast: Cast) -> None:
    email = fresh_email()
    invited(cast.engine, cast.ccas.people["admin"], email)
    with acting(cast.engine, cast.ccas.people["admin"]) as session:
        link = next(i for i in queries.pending_invitations(session, cast.ccas.id, now()) if i.email == email)
        service.revoke_link(session, link)
    with ActorSession(cast.engine, cast.ccas.people["admin"]) as session:
        found = queries.invitation(session, cast.ccas.id, link.id)
        assert found is not None
        with pytest.raises(NotNow):
            service.revoke_link(session, found)


# ------------------------------------------------------------------ new passwords


def test_a_reset_link_changes_the_password_once_and_signs_out_everywhere(cast: Cast, shared_base: Base) -> None:
    person = somebody(cast.engine, cast.ccas)
    email = cast.ccas.emails[str(person.membership_id)]
    before = tried(cast.engine, email, PASSWORD)
    token = reset_link(cast.engine, cast.ccas.people["admin"], person.membership_id)
    used(cast.engine, token, password=OTHER_PASSWORD)
    assert not tried(cast.engine, email, PASSWORD).token
    assert tried(cast.engine, email, OTHER_PASSWORD).token
    assert queries.signed_in(cast.engine, token_hash(before.token or "")) is None
    with pytest.raises(SpentLink):
        used(cast.engine, token, password=PASSWORD)
    assert lines(shared_base, "account.password_reset")[-1][0] == str(person.account_id)


def test_whoever_also_works_elsewhere_is_not_reset_from_here(cast: Cast) -> None:
    """Otherwise an admin could open, under somebody's name, the files of another organisation."""
    person = somebody(cast.engine, cast.ccas)
    email = cast.ccas.emails[str(person.membership_id)]
    somebody(cast.engine, cast.elsewhere, email=email)
    with pytest.raises(WorksElsewhere):
        reset_link(cast.engine, cast.ccas.people["admin"], person.membership_id)


def test_a_reset_link_dies_when_the_person_joins_another_organisation_meanwhile(cast: Cast) -> None:
    person = somebody(cast.engine, cast.ccas)
    token = reset_link(cast.engine, cast.ccas.people["admin"], person.membership_id)
    somebody(cast.engine, cast.elsewhere, email=cast.ccas.emails[str(person.membership_id)])
    with pytest.raises(SpentLink):
        used(cast.engine, token, password=OTHER_PASSWORD)


def test_a_suspended_colleague_is_not_given_a_new_password(cast: Cast) -> None:
    person = somebody(cast.engine, cast.ccas)
    with acting(cast.engine, cast.ccas.people["admin"]) as session:
        service.suspend(session, person.membership_id)
    with pytest.raises(NotNow, match="suspendu"):
        reset_link(cast.engine, cast.ccas.people["admin"], person.membership_id)


# ------------------------------------------------------------------ rights, suspension


def test_rights_change_and_a_stale_page_changes_nothing(cast: Cast) -> None:
    person = somebody(cast.engine, cast.ccas)
    admin = cast.ccas.people["admin"]
    with acting(cast.engine, admin) as session:
        service.change_roles(session, person.membership_id, roles=[Role.DPO], professional=True, version=1)
    with pytest.raises(Stale), acting(cast.engine, admin) as session:
        service.change_roles(session, person.membership_id, roles=[Role.INTAKE], professional=False, version=1)
    with ActorSession(cast.engine, admin) as session:
        found = session.get_one(Membership, person.membership_id)
        assert (found.roles, found.professional, found.version) == (["dpo"], True, 2)


def test_whoever_widens_her_own_rights_is_seen(cast: Cast) -> None:
    """The officers of the network and the other admins of the organisation are told: not when rights are given to
    somebody else, nor when one's own shrink."""
    admin, other = (somebody(cast.engine, cast.secours, Role.ADMIN) for _ in range(2))
    stranger, officer = cast.ccas.people["admin"], somebody(cast.engine, cast.ccas, Role.DPO)
    colleague, everybody = somebody(cast.engine, cast.secours), (admin, other, stranger, officer)

    def changed(whose: Member, version: int, *roles: Role, professional: bool = False) -> list[int]:
        before = [told(cast, member) for member in everybody]
        with acting(cast.engine, admin) as session:
            service.change_roles(
                session, whose.membership_id, roles=list(roles), professional=professional, version=version
            )
        return [told(cast, member) - n for member, n in zip(everybody, before, strict=True)]

    assert changed(colleague, 1, Role.INTAKE, Role.COORDINATOR, professional=True) == [0, 0, 0, 0]
    assert changed(admin, 1, Role.ADMIN, Role.INTAKE) == [0, 1, 0, 1]
    assert changed(admin, 2, Role.ADMIN, Role.INTAKE, professional=True) == [0, 1, 0, 1]
    assert changed(admin, 3, Role.ADMIN) == [0, 0, 0, 0]
    for member, page in ((other, "/comptes"), (officer, "/journal")):
        with ActorSession(cast.engine, member) as session:
            notice = session.exec(select(Notice).where(Notice.membership_id == member.membership_id)).first()
            assert notice is not None
            assert subject_of(session, notice) == page


def told(cast: Cast, member: Member, step: str = "own_rights") -> int:
    """How many times she was told that somebody widened her own rights."""
    with ActorSession(cast.engine, member) as session:
        mine = "select from notice where membership_id = :me and step = :step and mail_state = 'pending'"
        return len(session.rows(mine, me=member.membership_id, step=step))


@pytest.mark.parametrize("role", sorted(NETWORK_WIDE))
def test_whoever_is_given_a_role_of_the_whole_network_is_seen(cast: Cast, role: Role) -> None:
    """By a colleague or by a link to an unknown account: the officers are told each time, and not of other roles."""
    admin, other = (somebody(cast.engine, cast.secours, Role.ADMIN) for _ in range(2))
    stranger, officer = cast.ccas.people["admin"], somebody(cast.engine, cast.ccas, Role.DPO)
    colleague, everybody = somebody(cast.engine, cast.secours), (admin, other, stranger, officer)
    before = [told(cast, member, "network_role") for member in everybody]

    def anew() -> list[int]:
        found = [told(cast, member, "network_role") - n for member, n in zip(everybody, before, strict=True)]
        before[:] = [told(cast, member, "network_role") for member in everybody]
        return found

    def give(version: int, *roles: Role) -> list[int]:
        with acting(cast.engine, admin) as session:
            service.change_roles(
                session, colleague.membership_id, roles=list(roles), professional=False, version=version
            )
        return anew()

    assert give(1, Role.VOLUNTEER) == [0, 0, 0, 0]
    assert give(2, Role.VOLUNTEER, role) == [0, 1, 0, 1]
    assert give(3, role) == [0, 0, 0, 0]
    token = invited(cast.engine, admin, fresh_email(), roles=(Role.VOLUNTEER, role))
    assert anew() == [0, 0, 0, 0]
    used(cast.engine, token)
    assert anew() == [1, 1, 0, 1]
    used(cast.engine, invited(cast.engine, admin, fresh_email()))
    assert anew() == [0, 0, 0, 0]


def test_the_last_admin_is_kept(cast: Cast) -> None:
    admin = cast.epicerie.people["admin"]
    with pytest.raises(LastAdmin), acting(cast.engine, admin) as session:
        service.suspend(session, admin.membership_id)
    with pytest.raises(LastAdmin), acting(cast.engine, admin) as session:
        service.change_roles(session, admin.membership_id, roles=[Role.DPO], professional=False, version=1)


def test_two_admins_who_suspend_each_other_in_the_same_instant_leave_one(cast: Cast) -> None:
    one = cast.bonne_action.people["admin"]
    two = somebody(cast.engine, cast.bonne_action, Role.ADMIN)
    begun, came = threading.Barrier(2), []

    def stop(actor: Member, target: Member) -> None:
        try:
            with acting(cast.engine, actor) as session:
                begun.wait(20)
                service.suspend(session, target.membership_id)
            came.append("done")
        except Problem as refused:
            came.append(type(refused).__name__)

    threads = [threading.Thread(target=stop, args=pair) for pair in ((one, two), (two, one))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(came) == ["LastAdmin", "done"]


def test_a_suspended_colleague_is_closed_out_and_may_be_restored(cast: Cast) -> None:
    person = somebody(cast.engine, cast.ccas)
    email = cast.ccas.emails[str(person.membership_id)]
    token = tried(cast.engine, email, PASSWORD).token or ""
    admin = cast.ccas.people["admin"]
    with acting(cast.engine, admin) as session:
        service.suspend(session, person.membership_id)
    assert queries.signed_in(cast.engine, token_hash(token)) is None
    assert tried(cast.engine, email, PASSWORD) == service.SignIn(suspended=True)
    with pytest.raises(NotNow), acting(cast.engine, admin) as session:
        service.suspend(session, person.membership_id)
    with acting(cast.engine, admin) as session:
        service.restore(session, person.membership_id)
    with pytest.raises(NotNow), acting(cast.engine, admin) as session:
        service.restore(session, person.membership_id)
    assert tried(cast.engine, email, PASSWORD).token


@pytest.mark.parametrize("ended", ["suspended", "no longer admin"])
def test_the_links_an_admin_handed_over_end_with_her_right_to_make_them(
    cast: Cast, shared_base: Base, ended: str
) -> None:
    """Otherwise she who is shown out comes back by an invitation of hers, or under a colleague's name."""
    leaving, colleague = somebody(cast.engine, cast.ccas, Role.ADMIN), somebody(cast.engine, cast.ccas)
    email = fresh_email()
    invitation = invited(cast.engine, leaving, email, roles=(Role.INTAKE, Role.ADMIN))
    reset = reset_link(cast.engine, leaving, colleague.membership_id)
    with acting(cast.engine, cast.ccas.people["admin"]) as session:
        if ended == "suspended":
            service.suspend(session, leaving.membership_id)
        else:
            service.change_roles(session, leaving.membership_id, roles=[Role.DPO], professional=False, version=1)
        assert email not in {link.email for link in queries.pending_invitations(session, cast.ccas.id, now())}
    # And should one have been made in the same instant, the wall knows.
    shared_base.admin("update invitation set revoked_at = null where created_by = %s", leaving.membership_id)
    for link in (invitation, reset):
        with pytest.raises(SpentLink):
            used(cast.engine, link)
        with ActorSession(cast.engine, Nobody()) as session:
            assert session.rows("select * from access.invitation_of(:hash)", hash=token_hash(link)) == []
    shared_base.admin("update invitation set revoked_at = now() where created_by = %s", leaving.membership_id)


@pytest.mark.parametrize("other", ["secours", "elsewhere"])
def test_an_admin_cannot_touch_another_organisations_accounts(cast: Cast, other: str) -> None:
    target = getattr(cast, other).people["intake"].membership_id
    admin = cast.ccas.people["admin"]
    for deed in (
        lambda s: service.suspend(s, target),
        lambda s: service.restore(s, target),
        lambda s: service.change_roles(s, target, roles=[Role.DPO], professional=False, version=1),
        lambda s: service.offer_reset(s, target, "jeton"),
    ):
        with pytest.raises(NotKnown), acting(cast.engine, admin) as session:
            deed(session)
    with ActorSession(cast.engine, admin) as session:
        assert queries.colleague(session, cast.ccas.id, target) is None


@pytest.mark.parametrize("role", [r.value for r in Role if r is not Role.ADMIN])
def test_other_roles_do_not_run_accounts(cast: Cast, role: str) -> None:
    person = cast.ccas.people[role]
    with pytest.raises(NotAllowed), acting(cast.engine, person) as session:
        service.suspend(session, cast.ccas.people["intake"].membership_id)
    with pytest.raises(NotAllowed):
        invited(cast.engine, person, fresh_email())


def test_one_switches_to_ones_own_memberships_only(cast: Cast) -> None:
    person = somebody(cast.engine, cast.ccas)
    email = cast.ccas.emails[str(person.membership_id)]
    second = somebody(cast.engine, cast.secours, Role.VOLUNTEER, email=email)
    signed = tried(cast.engine, email, PASSWORD)
    assert signed.member is not None
    with pytest.raises(NotKnown), acting(cast.engine, signed.member) as session:
        service.switch_membership(session, cast.ccas.people["admin"].membership_id)
    with acting(cast.engine, signed.member) as session:
        service.switch_membership(session, second.membership_id)
    now_acting = queries.signed_in(cast.engine, token_hash(signed.token or ""))
    assert now_acting is not None
    assert isinstance(now_acting.actor, Member)
    assert (now_acting.actor.organisation_id, now_acting.actor.professional) == (cast.secours.id, False)


# ------------------------------------------------------------------ what is written


def test_each_act_writes_one_line_with_names_of_fields_only(cast: Cast, shared_base: Base) -> None:
    admin = cast.ccas.people["admin"]
    email = fresh_email()
    person = somebody(cast.engine, cast.ccas)
    invited(cast.engine, admin, email, roles=(Role.COUNCIL,))
    with acting(cast.engine, admin) as session:
        service.change_roles(session, person.membership_id, roles=[Role.DPO], professional=True, version=1)
    with acting(cast.engine, admin) as session:
        service.suspend(session, person.membership_id)
    subject, fields, actor = lines(shared_base, "account.roles")[-1]
    assert (subject, fields) == (str(person.membership_id), ["professional", "roles", "version"])
    assert actor == str(admin.membership_id)
    assert lines(shared_base, "account.suspend")[-1][1] == ["suspended_at", "version"]
    assert "email" in list(lines(shared_base, "account.invite")[-1][1])  # type: ignore[call-overload]
    whole = str(shared_base.admin("select verb, subject, subject_id, fields from journal"))
    assert email not in whole
    assert "council" not in whole


def test_a_role_that_counts_for_the_whole_network_is_a_line_of_its_own(cast: Cast, shared_base: Base) -> None:
    admin, person = cast.ccas.people["admin"], somebody(cast.engine, cast.ccas)
    before = len(lines(shared_base, "account.network_role"))
    with acting(cast.engine, admin) as session:
        service.change_roles(session, person.membership_id, roles=[Role.COORDINATOR], professional=True, version=1)
    with acting(cast.engine, admin) as session:
        roles = [Role.COORDINATOR, Role.INTAKE]
        service.change_roles(session, person.membership_id, roles=roles, professional=True, version=2)
    invited(cast.engine, admin, fresh_email(), roles=(Role.DPO,))
    invited(cast.engine, admin, fresh_email(), roles=(Role.INTAKE, Role.ADMIN, Role.COUNCIL))
    told = lines(shared_base, "account.network_role")[before:]
    assert [(subject == str(person.membership_id), actor) for subject, _, actor in told] == [
        (True, str(admin.membership_id)),
        (False, str(admin.membership_id)),
    ]


def test_a_refused_act_writes_nothing(cast: Cast, shared_base: Base) -> None:
    before = shared_base.admin("select count(*) from journal")
    with pytest.raises(LastAdmin), acting(cast.engine, cast.epicerie.people["admin"]) as session:
        service.suspend(session, cast.epicerie.people["admin"].membership_id)
    with pytest.raises(NotAllowed):
        invited(cast.engine, cast.ccas.people["intake"], fresh_email())
    assert shared_base.admin("select count(*) from journal") == before


def test_every_verb_of_the_journal_has_french_words() -> None:
    from coordination.audit.service import ACTS

    assert {"session.open", "account.invite", "account.join"} <= set(ACTS)
    assert all(act.label and act.label[0].isupper() for act in ACTS.values())
    assert JournalLine.__tablename__ == "journal"
