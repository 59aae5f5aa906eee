"""Sending and answering: the agreement decides what passes, the table who moves, the lock who was first."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID, uuid4

import pytest
from sqlmodel import col, select

from coordination.audit.models import JournalLine
from coordination.kit.actor import Member, Service
from coordination.kit.db import ActorSession, acting
from coordination.kit.engine import close_engine, make_engine
from coordination.kit.errors import NotAllowed, NotKnown
from coordination.kit.transitions import IllegalMove
from coordination.referrals import bulk, moves, moving, queries, service
from coordination.referrals import queue as queue_of
from coordination.referrals.machine import Side, State
from coordination.referrals.models import Need, Referral, ReferralEvent, ReferralText
from coordination.referrals.rules import Domain, Dropped, Many, NeedState, Outcome, Pause, Question, Refusal
from coordination.sharing.service import withdraw_agreement
from tests.cast import Cast, Organised
from tests.conftest import Base
from tests.households.make import open_household
from tests.referrals.make import note_need, refer, send
from tests.sharing.make import agree

Deed = Callable[[ActorSession], object]


@pytest.fixture
def worker(cast: Cast) -> Member:
    """The social worker of the CCAS, who holds the file."""
    return cast.ccas.people["intake"]


@pytest.fixture
def volunteer(cast: Cast) -> Member:
    """The volunteer of the grocery, who receives."""
    return cast.epicerie.people["volunteer"]


@pytest.fixture
def household(cast: Cast, worker: Member) -> UUID:
    """A file of the CCAS nobody shares yet."""
    return open_household(cast.engine, worker)


@pytest.fixture
def shared(cast: Cast, worker: Member, household: UUID) -> UUID:
    """The same file, whose identity and needs the grocery was trusted with."""
    agree(cast.engine, worker, household, [cast.epicerie])
    return household


def seen(cast: Cast, member: Member, referral_id: UUID) -> queries.ReferralView:
    with acting(cast.engine, member) as session:
        return queries.show(session, referral_id)


def in_queue(cast: Cast, member: Member, side: Side = Side.RECEIVER) -> set[UUID]:
    with acting(cast.engine, member) as session:
        counts = queue_of.count_baskets(session, side)
        pages = [queue_of.page_of(session, side, c.basket, size=1000) for c in counts]
        return {line.row.id for found in pages for line in found.lines}


def journal(base: Base, referral_id: UUID) -> list[tuple[object, ...]]:
    return base.admin("select verb, fields from journal where subject_id = %s order by number", str(referral_id))


def test_the_receiver_accepts_and_both_sides_read_it(
    cast: Cast, shared_base: Base, worker: Member, volunteer: Member, shared: UUID
) -> None:
    sent = refer(cast.engine, worker, shared, cast.epicerie, words="Peut venir le mardi.")
    assert (sent.state, sent.by_hand, sent.version) == ("sent", False, 1)
    assert sent.id in in_queue(cast, volunteer)
    with acting(cast.engine, volunteer) as session:
        moves.accept(session, sent.id, 1, "Rendez-vous mardi à 14 h.")
    for member in (worker, volunteer):
        view = seen(cast, member, sent.id)
        assert view.line.state is State.ACCEPTED
        assert [told.words for told in view.words] == ["Peut venir le mardi.", "Rendez-vous mardi à 14 h."]
        assert [move.verb for move in view.moves] == ["accept", "send"]
    lines = journal(shared_base, sent.id)
    assert [verb for verb, _ in lines] == ["referral.send", "referral.accept"]
    assert lines[1][1] == ["answered_at", "moved_by", "state", "version"]


def test_the_sender_cannot_accept_her_own(cast: Cast, worker: Member, shared: UUID) -> None:
    sent = refer(cast.engine, worker, shared, cast.epicerie)
    with (
        pytest.raises(IllegalMove, match="revient à la structure qui reçoit") as refused,
        acting(cast.engine, worker) as session,
    ):
        moves.accept(session, sent.id, 1)
    assert refused.value.status == 409
    assert seen(cast, worker, sent.id).line.state is State.SENT


def test_without_an_agreement_nothing_is_transmitted(
    cast: Cast, worker: Member, volunteer: Member, household: UUID
) -> None:
    before = in_queue(cast, volunteer)
    sent = refer(cast.engine, worker, household, cast.epicerie)
    assert (sent.state, sent.by_hand) == ("by_hand", True)
    assert in_queue(cast, volunteer) == before
    with pytest.raises(NotKnown):
        seen(cast, volunteer, sent.id)
    with pytest.raises(NotKnown), acting(cast.engine, volunteer) as session:
        moves.accept(session, sent.id, 1)
    with acting(cast.engine, worker) as session:
        moves.close(session, sent.id, 1, Outcome.GOT_HELP)
    assert seen(cast, worker, sent.id).line.state is State.CLOSED


@pytest.mark.parametrize("parts", [("identity",), ("identity", "budget")])
def test_identity_and_needs_are_both_asked_for(
    cast: Cast, worker: Member, household: UUID, parts: tuple[str, ...]
) -> None:
    agree(cast.engine, worker, household, [cast.epicerie], parts=parts)
    assert refer(cast.engine, worker, household, cast.epicerie).by_hand


@pytest.mark.parametrize("domain", [Domain.HEALTH, Domain.VIOLENCE])
def test_a_sensitive_need_passes_only_with_its_own_agreement_and_to_professionals(
    cast: Cast, worker: Member, volunteer: Member, shared: UUID, domain: Domain
) -> None:
    paper = refer(cast.engine, worker, shared, cast.epicerie, domain, words="À recevoir seule.")
    assert paper.by_hand
    agree(cast.engine, worker, shared, [cast.secours], parts=("identity", "needs", "sensitive"))
    sent = refer(cast.engine, worker, shared, cast.secours, domain, words="À recevoir seule.")
    assert (sent.by_hand, sent.public_domain) == (False, "autre")
    bound = cast.secours.people["intake"]
    professional = Member(**{**vars(bound), "professional": True})
    theirs, plain = seen(cast, professional, sent.id), seen(cast, cast.secours.people["volunteer"], sent.id)
    assert theirs.need is not None
    assert (theirs.line.domain, [told.words for told in theirs.words]) == (domain, ["À recevoir seule."])
    assert (plain.need, plain.words, plain.line.domain, plain.may_write) == (None, [], Domain.OTHER, False)


def test_the_row_keeps_codes_only(cast: Cast, shared_base: Base, worker: Member, shared: UUID) -> None:
    sent = refer(cast.engine, worker, shared, cast.epicerie, words="Le bailleur a écrit.")
    row = shared_base.admin("select referral::text from referral where id = %s", sent.id)[0][0]
    assert "bailleur" not in str(row)
    assert "loyer" not in str(row)


def test_an_agreement_withdrawn_stops_the_referral_for_both_at_once(
    cast: Cast, shared_base: Base, worker: Member, volunteer: Member, household: UUID
) -> None:
    agreement = agree(cast.engine, worker, household, [cast.epicerie])
    sent = refer(cast.engine, worker, household, cast.epicerie, words="Le bailleur a écrit.")
    with acting(cast.engine, worker) as session:
        withdraw_agreement(session, household, agreement)
    theirs, mine = seen(cast, volunteer, sent.id), seen(cast, worker, sent.id)
    coordinators = seen(cast, cast.bonne_action.people["coordinator"], sent.id)
    assert (theirs.need, theirs.words, theirs.line.name, theirs.parts) == (None, [], None, frozenset())
    for view in (theirs, mine, coordinators):
        assert (view.line.state, view.moves[0].verb, view.moves[0].organisation) == (
            State.REVOKED,
            "stop",
            queries.AUTOMATIC,
        )
    with pytest.raises(IllegalMove, match="l’accord a pris fin"), acting(cast.engine, volunteer) as session:
        moves.accept(session, sent.id, 1)
    with pytest.raises(moves.NotCovered), acting(cast.engine, worker) as session:
        moves.reopen(session, sent.id, 1)
    assert shared_base.admin("select state from referral where id = %s", sent.id) == [("sent",)], "not written yet"
    agree(cast.engine, worker, household, [cast.epicerie])
    assert seen(cast, volunteer, sent.id).line.state is State.SENT, "renewed before anything was written"


def test_the_worker_writes_down_what_nobody_decided_once(
    cast: Cast, shared_base: Base, worker: Member, household: UUID
) -> None:
    agreement = agree(cast.engine, worker, household, [cast.epicerie])
    stopped = refer(cast.engine, worker, household, cast.epicerie)
    agree(cast.engine, worker, household, [cast.secours])
    spent = refer(cast.engine, worker, household, cast.secours, Domain.FOOD)
    shared_base.admin("update referral set expires_at = now() - interval '1 minute' where id = %s", spent.id)
    with acting(cast.engine, worker) as session:
        withdraw_agreement(session, household, agreement)
    machine = Service("worker", cast.ccas.network_id)
    with acting(cast.engine, machine) as session:
        assert moving.settle_due(session) == 2
    with acting(cast.engine, machine) as session:
        assert moving.settle_due(session) == 0
        assert not session.exec(select(ReferralText)).all()
        assert not session.exec(select(Need)).all()
    with acting(cast.engine, Service("worker", cast.elsewhere.network_id)) as session:
        assert moving.settle_due(session) == 0
    assert [verb for verb, _ in journal(shared_base, stopped.id)] == ["referral.send", "referral.stop"]
    assert [verb for verb, _ in journal(shared_base, spent.id)] == ["referral.send", "referral.expire"]
    for row, state in ((stopped, State.REVOKED), (spent, State.EXPIRED)):
        view = seen(cast, worker, row.id)
        assert (view.line.state, view.line.row.state, view.line.row.version) == (state, state.value, 2)
        assert len(view.moves) == 2


def test_what_is_asked_is_answered_and_the_partner_s_time_begins_again(
    cast: Cast, shared_base: Base, worker: Member, volunteer: Member, shared: UUID
) -> None:
    sent = refer(cast.engine, worker, shared, cast.epicerie)
    shared_base.admin("update referral set late_at = late_at - interval '20 days' where id = %s", sent.id)
    with acting(cast.engine, volunteer) as session:
        moves.ask(session, sent.id, 1, Question.PAPERS)
    with acting(cast.engine, worker) as session:
        row = moves.answer(session, sent.id, 2, "La quittance est au dossier.")
        assert (row.state, row.late_at > sent.late_at) == ("received", True)
    with acting(cast.engine, volunteer) as session:
        moves.start(session, sent.id, moves.accept(session, sent.id, 3).version)
        moves.resume(session, sent.id, moves.hold(session, sent.id, 5, Pause.PLACE).version)
        moves.close(session, sent.id, 7, Outcome.NO_SHOW)
    with acting(cast.engine, worker) as session:
        row = moves.reopen(session, sent.id, 8)
        assert (row.state, row.outcome, row.answered_at, row.closed_at) == ("sent", None, None, None)
    told = ["reopen", "close", "resume", "hold", "start", "accept", "answer", "ask", "send"]
    assert [move.verb for move in seen(cast, volunteer, sent.id).moves] == told


def test_a_refusal_is_coded_and_another_reason_needs_words(
    cast: Cast, worker: Member, volunteer: Member, shared: UUID
) -> None:
    sent = refer(cast.engine, worker, shared, cast.epicerie)
    with pytest.raises(Exception, match="écrivez lequel"), acting(cast.engine, volunteer) as session:
        moves.refuse(session, sent.id, 1, Refusal.OTHER)
    with acting(cast.engine, volunteer) as session:
        moves.refuse(session, sent.id, 1, Refusal.OTHER, "Fermé en décembre.")
    view = seen(cast, worker, sent.id)
    assert (view.line.row.refusal, view.line.row.answered_at is not None) == ("autre", True)
    with acting(cast.engine, worker) as session:
        assert queries.needs_of(session, shared)[0].state is NeedState.AGAIN


def test_what_nobody_takes_is_dropped_by_its_sender_or_the_coordination_and_can_be_taken_up_again(
    cast: Cast, shared_base: Base, worker: Member, volunteer: Member, shared: UUID
) -> None:
    coordinator = cast.bonne_action.people["coordinator"]
    need = note_need(cast.engine, worker, shared)
    agree(cast.engine, worker, shared, [cast.secours])
    for one in send(cast.engine, worker, need, [cast.epicerie, cast.secours]):
        partner = volunteer if one.to_organisation_id == cast.epicerie.id else cast.secours.people["volunteer"]
        with acting(cast.engine, partner) as session:
            moves.refuse(session, one.id, 1, Refusal.CAPACITY)
        with pytest.raises(IllegalMove, match="revient à"), acting(cast.engine, partner) as session:
            moving.move(session, moving.taken(session, one.id, 2), "drop")
    with acting(cast.engine, worker) as session:
        first, second = queries.need_of(session, shared, need).referrals
        row = moves.drop(session, first.row.id, 2, Dropped.NOBODY, "Vu avec eux.")
        assert (row.state, row.refusal, row.closed_at is not None) == ("dropped", "capacite_atteinte", True)
    with acting(cast.engine, worker) as session:
        assert queries.needs_of(session, shared)[0].state is NeedState.AGAIN, "the other still waits for somebody"
    with acting(cast.engine, coordinator) as session:
        chosen = [bulk.Chosen(first.row.id, 3), bulk.Chosen(second.row.id, 2)]
        done = bulk.do_many(session, Many.DROP, chosen, Dropped.ELSEWHERE)
        assert ["classée sans suite" in line.refused for line in done] == [True, False]
    with acting(cast.engine, worker) as session:
        assert queries.needs_of(session, shared)[0].state is NeedState.DROPPED
        ours = queue_of.Filters(code=first.row.household_code)
        counts = queue_of.count_baskets(session, Side.SENDER, ours)
        assert {c.basket.key: c.count for c in counts if c.count} == {"terminees": 2}
        assert moves.undo(session, first.row.id, 3).state == "refused"
        assert moves.reopen(session, second.row.id, 3).state == "sent"
    assert [verb for verb, _ in journal(shared_base, first.row.id)][-2:] == ["referral.drop", "referral.undo"]


def test_a_move_taken_back_with_its_savepoint_is_read_as_before(
    cast: Cast, worker: Member, volunteer: Member, shared: UUID
) -> None:
    sent = refer(cast.engine, worker, shared, cast.epicerie)
    with acting(cast.engine, volunteer) as session:
        row = session.get(Referral, sent.id)
        assert row is not None
        with session.begin_nested() as savepoint:
            moves.accept(session, sent.id, 1)
            assert (row.state, row.version) == ("accepted", 2)
            savepoint.rollback()
        assert (row.state, row.version) == ("sent", 1)


def test_a_coordinator_closes_what_others_carry_but_answers_for_nobody(
    cast: Cast, worker: Member, volunteer: Member, shared: UUID
) -> None:
    coordinator = cast.bonne_action.people["coordinator"]
    sent = refer(cast.engine, worker, shared, cast.epicerie)
    with pytest.raises(IllegalMove), acting(cast.engine, coordinator) as session:
        moves.accept(session, sent.id, 1)
    with acting(cast.engine, volunteer) as session:
        moves.accept(session, sent.id, 1)
    view = seen(cast, coordinator, sent.id)
    assert (view.line.name, view.need, view.line.title) == (None, None, f"Foyer {sent.household_code}")
    with acting(cast.engine, coordinator) as session:
        moves.close(session, sent.id, 2, Outcome.PARTIAL)


def test_a_coordinator_who_sees_the_need_still_leaves_no_words(
    cast: Cast, worker: Member, volunteer: Member, shared: UUID
) -> None:
    agree(cast.engine, worker, shared, [cast.secours])
    coordinator = cast.secours.people["coordinator"]
    sent = refer(cast.engine, worker, shared, cast.epicerie)
    with acting(cast.engine, volunteer) as session:
        moves.accept(session, sent.id, 1)
    view = seen(cast, coordinator, sent.id)
    assert (view.need is not None, view.may_write) == (True, False)
    with pytest.raises(service.WordsNotKept), acting(cast.engine, coordinator) as session:
        moves.close(session, sent.id, 2, Outcome.PARTIAL, "Vu avec eux")
    with acting(cast.engine, coordinator) as session:
        moves.close(session, sent.id, 2, Outcome.PARTIAL)


def test_one_need_goes_to_several_partners_with_one_journal_line_each(
    cast: Cast, shared_base: Base, worker: Member, shared: UUID
) -> None:
    need = note_need(cast.engine, worker, shared)
    sent = send(cast.engine, worker, need, [cast.epicerie, cast.secours, cast.epicerie])
    assert [row.by_hand for row in sent] == [False, True]
    assert all(len(journal(shared_base, row.id)) == 1 for row in sent)
    with pytest.raises(service.AlreadyReferred, match="Épicerie solidaire"):
        send(cast.engine, worker, need, [cast.bonne_action, cast.epicerie])
    with acting(cast.engine, worker) as session:
        found = queries.need_of(session, shared, need)
        assert len(found.referrals) == 2, "what began before the refusal was undone"
        moves.cancel(session, sent[0].id, 1)
    assert len(send(cast.engine, worker, need, [cast.epicerie])) == 1


def test_oneself_a_stranger_and_another_network_are_no_partners(cast: Cast, worker: Member, shared: UUID) -> None:
    need = note_need(cast.engine, worker, shared)
    for target in (cast.ccas.id, cast.elsewhere.id, uuid4()):
        with pytest.raises(service.UnknownPartner), acting(cast.engine, worker) as session:
            service.send_referrals(session, need, [target])


@pytest.mark.parametrize("who", ["bonne_action", "elsewhere"])
def test_a_third_organisation_sees_nothing(cast: Cast, worker: Member, shared: UUID, who: str) -> None:
    stranger: Organised = getattr(cast, who)
    need = note_need(cast.engine, worker, shared)
    sent = send(cast.engine, worker, need, [cast.epicerie], "Un mot.")[0]
    member = stranger.people["intake"]
    with acting(cast.engine, member) as session:
        for table in (Need, Referral, ReferralText, ReferralEvent):
            assert session.exec(select(table)).all() == []
        assert queries.referrals_of(session, shared) == []
        assert sum(c.count for side in (Side.RECEIVER, Side.SENDER) for c in queue_of.count_baskets(session, side)) == 0
    deeds: list[tuple[type[Exception], Deed]] = [
        (NotKnown, lambda s: queries.show(s, sent.id)),
        (NotKnown, lambda s: moves.accept(s, sent.id, 1)),
        (NotKnown, lambda s: moves.cancel(s, sent.id, 1)),
        (NotKnown, lambda s: service.add_need(s, shared, Domain.FOOD, "Rien")),
        (NotKnown, lambda s: service.send_referral(s, need, cast.epicerie.id)),
    ]
    for refusal, deed in deeds:
        with pytest.raises(refusal), acting(cast.engine, member) as session:
            deed(session)


def test_a_file_shared_without_its_needs_takes_no_need(cast: Cast, worker: Member, household: UUID) -> None:
    agree(cast.engine, worker, household, [cast.epicerie], parts=("identity",))
    with pytest.raises(service.NotShared), acting(cast.engine, cast.epicerie.people["intake"]) as session:
        service.add_need(session, household, Domain.FOOD, "Un colis")


def test_a_partner_without_the_sensitive_part_notes_no_sensitive_need(cast: Cast, shared: UUID) -> None:
    with pytest.raises(service.SensitiveNotShared), acting(cast.engine, cast.epicerie.people["intake"]) as session:
        service.add_need(session, shared, Domain.HEALTH, "…")


def test_roles_open_the_doors(cast: Cast, worker: Member, volunteer: Member, shared: UUID) -> None:
    sent = refer(cast.engine, worker, shared, cast.epicerie)
    deeds: list[tuple[Member, Deed]] = [
        (volunteer, lambda s: service.add_need(s, shared, Domain.FOOD, "Un colis")),
        (volunteer, lambda s: service.send_referral(s, sent.need_id, cast.secours.id)),
        (cast.ccas.people["coordinator"], lambda s: moves.cancel(s, sent.id, 1)),
        (cast.epicerie.people["admin"], lambda s: moves.accept(s, sent.id, 1)),
        (cast.epicerie.people["dpo"], lambda s: moves.refuse(s, sent.id, 1, Refusal.CAPACITY)),
    ]
    for member, deed in deeds:
        with pytest.raises(NotAllowed), acting(cast.engine, member) as session:
            deed(session)


def test_the_second_to_answer_is_told_who_was_first_and_when(
    cast: Cast, worker: Member, volunteer: Member, shared: UUID
) -> None:
    sent = refer(cast.engine, worker, shared, cast.epicerie)
    with acting(cast.engine, volunteer) as session:
        moves.accept(session, sent.id, 1)
    told = r"déjà « acceptée » par Épicerie solidaire \(Volunteer\) le \d+(er)? \w+ 20\d\d à \d+ h \d\d\. Rien"
    for deed in (moves.accept, moves.cancel):
        with (
            pytest.raises(moving.AlreadyMoved, match=told),
            acting(cast.engine, cast.epicerie.people["intake"]) as session,
        ):
            deed(session, sent.id, 1)


def test_of_fifty_answers_given_at_once_exactly_one_counts(
    cast: Cast, shared_base: Base, worker: Member, shared: UUID
) -> None:
    sent = refer(cast.engine, worker, shared, cast.epicerie)
    together, crowd = Barrier(50), make_engine(shared_base.app_url, size=50, timeout=20)
    people = [cast.epicerie.people[role] for role in ("intake", "volunteer", "coordinator")]

    def answer(turn: int) -> str:
        with ActorSession(crowd, people[turn % 3]) as session:
            session.connection()
            together.wait(30)
            try:
                if turn % 2:
                    moves.accept(session, sent.id, 1)
                else:
                    moves.refuse(session, sent.id, 1, Refusal.CAPACITY)
            except moving.AlreadyMoved as late:
                session.rollback()
                return late.sentence
            session.commit()
            return ""

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(answer, range(50)))
    close_engine(crowd)
    assert answers.count("") == 1
    assert all("Épicerie solidaire" in sentence for sentence in answers if sentence)
    rows = shared_base.admin("select version, state from referral where id = %s", sent.id)
    assert rows[0][0] == 2
    assert len(shared_base.admin("select 1 from referral_event where referral_id = %s", sent.id)) == 2
    assert len(journal(shared_base, sent.id)) == 2


def test_two_people_sending_the_same_need_at_once_send_it_once(cast: Cast, worker: Member, shared: UUID) -> None:
    need = note_need(cast.engine, worker, shared)
    together = Barrier(4)

    def refer_once(_: int) -> bool:
        with ActorSession(cast.engine, worker) as session:
            session.connection()
            together.wait(20)
            try:
                service.send_referral(session, need, cast.epicerie.id)
            except service.AlreadyReferred:
                session.rollback()
                return False
            session.commit()
            return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(refer_once, range(4))) == [False, False, False, True]


def test_reading_a_referral_that_names_somebody_is_written_in_the_journal(
    cast: Cast, volunteer: Member, worker: Member, shared: UUID
) -> None:
    sent = refer(cast.engine, worker, shared, cast.epicerie)
    coordinator, dpo = cast.bonne_action.people["coordinator"], cast.ccas.people["dpo"]
    for member in (volunteer, coordinator):
        with acting(cast.engine, member) as session:
            service.note_read(session, queries.show(session, sent.id))
    with acting(cast.engine, dpo) as session:
        query = select(JournalLine).where(JournalLine.household_id == shared, col(JournalLine.verb) == service.READ)
        assert [line.actor_id for line in session.exec(query)] == [str(volunteer.membership_id)]
