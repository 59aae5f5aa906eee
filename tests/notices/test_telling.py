"""Notices and mail: each thing is told once to the right people, without any name, and no mail is lost or doubled."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy.exc import ProgrammingError

from coordination.appointments import service as appointments
from coordination.households import protection
from coordination.households.reach import BarReason
from coordination.identity.permissions import Role
from coordination.kit.actor import Actor, Member, Nobody, Service
from coordination.kit.clock import frozen, now
from coordination.kit.db import ActorSession, acting
from coordination.notices import queries, service
from coordination.notices.rules import Step, When
from coordination.referrals import moves
from coordination.referrals import service as referrals
from coordination.referrals.rules import Dropped, Outcome, Refusal
from tests.appointments.make import a_date
from tests.cast import PASSWORD, Cast, add_person
from tests.conftest import Base, Browser
from tests.households.make import open_household
from tests.notices.post import Letterbox
from tests.referrals.make import refer
from tests.sharing.make import agree

URL = "https://coordination.exemple.fr"


@pytest.fixture
def letterbox() -> Iterator[Letterbox]:
    with Letterbox() as box:
        yield box


@pytest.fixture
def sent(cast: Cast, shared_base: Base) -> UUID:
    """A referral of the CCAS to the Secours, alone in its world."""
    alone = ("notice", "notice_preference", "appointment_event", "appointment")
    for table in (*alone, "referral_text", "referral_event", "referral"):
        shared_base.admin(f"delete from {table}")
    holder = cast.ccas.people["intake"]
    file = open_household(cast.engine, holder, "Vasseur", "Mona")
    agree(cast.engine, holder, file, [cast.secours])
    return refer(cast.engine, holder, file, cast.secours).id


def told(cast: Cast, member: Member) -> list[str]:
    with acting(cast.engine, member) as session:
        return [line.label for line in queries.mine(session)]


def age(base: Base, referral: UUID, days: int) -> None:
    moments = ", ".join(
        f"{name} = {name} - make_interval(days => {days})" for name in ("late_at", "risk_at", "sent_at")
    )
    base.admin(f"update referral set {moments} where id = %s", referral)


def test_whoever_answers_at_the_receivers_is_told_once(cast: Cast, sent: UUID) -> None:
    secours = cast.secours.people
    assert service.tell_news(cast.engine) == 3
    assert service.tell_news(cast.engine) == 0
    assert [told(cast, secours[role]) for role in ("intake", "volunteer", "coordinator")] == [[Step.SENT.label]] * 3
    others = [secours["admin"], cast.ccas.people["intake"], cast.epicerie.people["intake"]]
    assert [told(cast, member) for member in others] == [[], [], []]


def test_the_sender_is_told_what_became_of_it(cast: Cast, sent: UUID) -> None:
    with acting(cast.engine, cast.secours.people["intake"]) as session:
        moves.accept(session, sent, 1)
    service.tell_news(cast.engine)
    assert told(cast, cast.ccas.people["intake"]) == [Step.MOVED.label]


def test_the_sender_is_told_when_a_coordinator_acts_on_her_referral_and_not_of_what_she_does_herself(
    cast: Cast, sent: UUID
) -> None:
    sender, coordinator = cast.ccas.people["intake"], cast.secours.people["coordinator"]
    with acting(cast.engine, cast.secours.people["intake"]) as session:
        moves.refuse(session, sent, 1, Refusal.CAPACITY)
    with acting(cast.engine, coordinator) as session:
        moves.drop(session, sent, 2, Dropped.NOBODY)
    service.tell_news(cast.engine)
    known = told(cast, sender)
    assert sorted(known) == sorted([Step.MOVED.label, Step.STEPPED_IN.label])
    with acting(cast.engine, sender) as session:
        moves.reopen(session, sent, 3)
        moves.cancel(session, sent, 4)
    service.tell_news(cast.engine)
    assert told(cast, sender) == known
    assert told(cast, coordinator).count(Step.STEPPED_IN.label) == 0


def test_the_partner_is_told_when_a_coordinator_closes_what_she_was_doing(cast: Cast, sent: UUID) -> None:
    partner, sender = cast.secours.people["intake"], cast.ccas.people["intake"]
    with acting(cast.engine, partner) as session:
        moves.accept(session, sent, 1)
    service.tell_news(cast.engine)
    before = [told(cast, one).count(Step.MOVED.label) for one in (partner, sender)]
    with acting(cast.engine, cast.epicerie.people["coordinator"]) as session:
        moves.close(session, sent, 2, Outcome.GOT_HELP)
    service.tell_news(cast.engine)
    assert before == [0, 1]
    assert [told(cast, one).count(Step.MOVED.label) for one in (partner, sender)] == [1, 2]


def test_a_message_is_told_to_the_other_side_and_words_that_come_with_a_move_only_once(
    cast: Cast, shared_base: Base, letterbox: Letterbox, sent: UUID
) -> None:
    receiver, sender = cast.secours.people["intake"], cast.ccas.people["intake"]
    with acting(cast.engine, receiver) as session:
        moves.accept(session, sent, 1, "Nous prenons ce foyer.")
        referrals.write_note(session, sent, "Pour nous seuls")
    with frozen(now() + timedelta(minutes=1)), acting(cast.engine, receiver) as session:
        referrals.say(session, sent, "Madame Vasseur peut-elle venir mardi ?")
    service.tell_news(cast.engine, now() + timedelta(minutes=2))
    service.tell_news(cast.engine, now() + timedelta(minutes=3))
    assert sorted(told(cast, sender)) == sorted([Step.MOVED.label, Step.MESSAGE.label])
    assert Step.MESSAGE.label not in told(cast, receiver)
    with frozen(now() + timedelta(minutes=4)), acting(cast.engine, sender) as session:
        referrals.say(session, sent, "Oui.")
    service.tell_news(cast.engine, now() + timedelta(minutes=5))
    assert told(cast, receiver).count(Step.MESSAGE.label) == 1
    service.post(cast.engine, letterbox.mailer, URL, When.IMMEDIATE)
    assert "mardi" not in str([letter.as_string() for _, letter in letterbox.letters])


def test_a_date_is_told_to_the_other_side_and_the_day_before_to_whoever_receives(cast: Cast, sent: UUID) -> None:
    host, helper, sender = cast.secours.people["intake"], cast.secours.people["volunteer"], cast.ccas.people["intake"]
    with acting(cast.engine, host) as session:
        made = appointments.take(session, sent, a_date(4))
    service.tell_news(cast.engine)
    assert told(cast, sender) == [Step.DATE_ASKED.label]
    with acting(cast.engine, sender) as session:
        appointments.confirm(session, made.id, made.version)
    service.tell_news(cast.engine)
    assert Step.DATE.label in told(cast, host)
    eve = made.starts_at - timedelta(days=1)
    for moment in (eve - timedelta(days=1), eve - timedelta(hours=3), eve, eve + timedelta(hours=2)):
        service.tell_news(cast.engine, moment)
        assert told(cast, host).count(Step.TOMORROW.label) == (moment >= eve)
    assert Step.TOMORROW.label not in told(cast, helper) + told(cast, sender)


def test_silence_is_reminded_and_escalated_when_its_basket_changes(cast: Cast, shared_base: Base, sent: UUID) -> None:
    """On the opening days of whoever receives, as the baskets count them: no day of the calendar is counted."""
    receiver, sender = cast.secours.people["intake"], cast.ccas.people["intake"]
    coordinator = cast.ccas.people["coordinator"]
    service.tell_news(cast.engine)
    ((late, risk),) = shared_base.admin("select late_at - now(), risk_at - late_at from referral where id = %s", sent)
    assert isinstance(late, timedelta)
    assert isinstance(risk, timedelta)
    service.tell_news(cast.engine, now() + late - timedelta(hours=1))
    assert told(cast, receiver) == [Step.SENT.label]
    service.tell_news(cast.engine, now() + late + timedelta(hours=1))
    assert told(cast, receiver) == [Step.REMINDER.label, Step.SENT.label]
    assert (told(cast, sender), told(cast, coordinator)) == ([], [])
    age(shared_base, sent, (late + risk).days + 1)
    service.tell_news(cast.engine)
    service.tell_news(cast.engine)
    assert told(cast, receiver).count(Step.ABANDON.label) == 1
    assert (told(cast, sender), told(cast, coordinator)) == ([Step.ABANDON.label], [Step.ABANDON.label])


def test_of_a_protected_file_only_those_named_are_told(cast: Cast, shared_base: Base, sent: UUID) -> None:
    ((file,),) = shared_base.admin("select household_id from referral where id = %s", sent)
    assert isinstance(file, UUID)
    named = cast.secours.people["volunteer"]
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        protection.protect(session, file, [named.membership_id])
    service.tell_news(cast.engine)
    assert told(cast, named) == [Step.SENT.label]
    assert told(cast, cast.secours.people["intake"]) == []


def test_from_whoever_is_kept_from_the_file_since_her_colleagues_take_over_what_is_told(
    cast: Cast, shared_base: Base, sent: UUID
) -> None:
    """On either side: nobody would come to an appointment, nor hear of an answer, that was told to her alone."""
    ((file,),) = shared_base.admin("select household_id from referral where id = %s", sent)
    assert isinstance(file, UUID)
    host, helper, sender = cast.secours.people["intake"], cast.secours.people["volunteer"], cast.ccas.people["intake"]
    colleague = add_person(cast.engine, cast.ccas, "releve", [Role.INTAKE], professional=True)
    with acting(cast.engine, host) as session:
        made = appointments.take(session, sent, a_date(4, held_by=str(host.membership_id)))
    with acting(cast.engine, sender) as session:
        appointments.confirm(session, made.id, made.version)
    for member in (host, sender):
        with acting(cast.engine, member) as session:
            protection.close_to(session, file, member.membership_id, BarReason.RELATIVE)
    service.tell_news(cast.engine)
    service.tell_news(cast.engine, made.starts_at - timedelta(hours=20))
    assert told(cast, helper).count(Step.TOMORROW.label) == 1
    assert Step.DATE_ASKED.label in told(cast, colleague)
    assert (told(cast, host), told(cast, sender)) == ([], [])


def test_workers_side_by_side_tell_and_write_each_thing_once(
    cast: Cast, shared_base: Base, letterbox: Letterbox, sent: UUID
) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: service.tell_news(cast.engine), range(4))) == 3
        outcomes = list(pool.map(lambda _: service.post(cast.engine, letterbox.mailer, URL, When.IMMEDIATE), range(4)))
    assert sum(went for went, _ in outcomes) == len(letterbox.letters) == 3
    assert len({who for who, _ in letterbox.letters}) == 3
    assert shared_base.admin("select distinct mail_state from notice") == [("sent",)]


def test_a_mail_names_nobody_and_leads_to_the_notices(cast: Cast, letterbox: Letterbox, sent: UUID) -> None:
    service.tell_news(cast.engine)
    service.post(cast.engine, letterbox.mailer, URL, When.IMMEDIATE)
    (letter,) = letterbox.to(cast.secours.emails["intake"])
    words = letter.get_payload(decode=True)
    assert isinstance(words, bytes)
    said = words.decode()
    assert f"{URL}/avis" in said
    assert str(sent) not in said
    assert not any(word in said for word in ("Vasseur", "Mona", "Logement", "Intake", "loyer"))


def test_a_server_that_is_down_loses_nothing_and_the_admin_sees_it(
    cast: Cast, shared_base: Base, letterbox: Letterbox, sent: UUID
) -> None:
    letterbox.open = False
    service.tell_news(cast.engine)
    assert service.post(cast.engine, letterbox.mailer, URL, When.IMMEDIATE) == (0, 3)
    shared_base.admin("update notice set at = at - interval '1 hour', claimed_at = claimed_at - interval '1 hour'")
    with acting(cast.engine, cast.secours.people["admin"]) as session:
        assert queries.mail_waiting(session) == 3
    with acting(cast.engine, cast.ccas.people["admin"]) as session:
        assert queries.mail_waiting(session) == 0
    letterbox.open = True
    assert service.post(cast.engine, letterbox.mailer, URL, When.IMMEDIATE) == (3, 0)
    with acting(cast.engine, cast.secours.people["admin"]) as session:
        assert queries.mail_waiting(session) == 0


def test_what_a_killed_worker_took_up_goes_later_under_the_same_message_id(
    cast: Cast, shared_base: Base, letterbox: Letterbox, sent: UUID
) -> None:
    """It sent the mail and died before it could say so: sent again, the letter is the same letter."""
    service.tell_news(cast.engine)
    with service.working(cast.engine, cast.ccas.network_id) as session:
        rows = session.rows("select * from access.take_mail('immediate', interval '10 minutes', 10)")
    assert len(rows) == 3
    assert service.post(cast.engine, letterbox.mailer, URL, When.IMMEDIATE) == (0, 0)
    shared_base.admin("update notice set claimed_at = claimed_at - interval '11 minutes'")
    assert service.post(cast.engine, letterbox.mailer, URL, When.IMMEDIATE) == (3, 0)
    assert {letter["Message-ID"] for _, letter in letterbox.letters} == {f"<{r.mail_id}@exemple.fr>" for r in rows}


def test_what_goes_again_goes_whole(cast: Cast, shared_base: Base, sent: UUID) -> None:
    """However few are taken up at a time: a mail counts in people, not in what it tells them."""
    service.tell_news(cast.engine)
    age(shared_base, sent, 15)
    service.tell_news(cast.engine)

    def taken(most: int) -> list[tuple[UUID, str]]:
        with service.working(cast.engine, cast.ccas.network_id) as session:
            rows = session.rows("select * from access.take_mail('immediate', interval '10 minutes', :most)", most=most)
        return sorted((row.mail_id, row.step) for row in rows)

    first = taken(10)
    assert {Counter(mail for mail, _ in first)[mail] for mail, _ in first} == {2}
    shared_base.admin("update notice set claimed_at = claimed_at - interval '11 minutes'")
    again = [taken(1) for _ in range(4)]
    assert sorted(line for lines in again for line in lines) == first
    assert [len(lines) for lines in again] == [2, 2, 2, 0]


def test_a_daily_digest_gathers_and_none_is_none(
    cast: Cast, shared_base: Base, letterbox: Letterbox, sent: UUID
) -> None:
    for role, when in (("intake", When.DAILY), ("volunteer", When.NONE)):
        with acting(cast.engine, cast.secours.people[role]) as session:
            service.choose(session, when)
    service.tell_news(cast.engine)
    age(shared_base, sent, 15)
    service.tell_news(cast.engine)
    service.post(cast.engine, letterbox.mailer, URL, When.IMMEDIATE)
    assert {who for who, _ in letterbox.letters} == {cast.secours.emails["coordinator"]}
    service.post(cast.engine, letterbox.mailer, URL, When.DAILY)
    (digest,) = letterbox.to(cast.secours.emails["intake"])
    assert digest["Subject"] == "2 nouvelles de vos orientations"
    assert letterbox.to(cast.secours.emails["volunteer"]) == []


@pytest.mark.parametrize("actor", [Nobody(), Service("journal"), Service("operator")])
def test_the_workers_doors_answer_the_worker_alone(cast: Cast, actor: Actor) -> None:
    for door in (
        "access.networks_served()",
        "access.unanswered(now())",
        "access.moved_since(now())",
        "access.dates_moved_since(now())",
        "access.remind_dates(now(), now(), 'x')",
        "access.take_mail('immediate', interval '1 minute', 1)",
    ):
        with ActorSession(cast.engine, actor) as session, pytest.raises(ProgrammingError):
            session.rows(f"select * from {door}")


def test_a_broken_glass_is_told_to_the_officer_by_mail_too(
    cast: Cast, shared_base: Base, letterbox: Letterbox, sent: UUID
) -> None:
    shared_base.admin("delete from network_question")
    holder = cast.ccas.people["intake"]
    file = open_household(cast.engine, holder, "Hidden", "Jo")
    with acting(cast.engine, holder) as session:
        protection.protect(session, file, [])
        code = session.rows("select code from household where id = :id", id=file)[0].code
    with acting(cast.engine, holder) as session:
        protection.break_glass(session, code, "Une urgence à la sortie de l’école")
    service.post(cast.engine, letterbox.mailer, URL, When.IMMEDIATE)
    assert letterbox.to(cast.ccas.emails["dpo"])
    assert told(cast, cast.ccas.people["dpo"]) == [Step.GLASS.label]


def test_the_screens_of_a_member(cast: Cast, shared_base: Base, browser: Callable[[], Browser], sent: UUID) -> None:
    service.tell_news(cast.engine)
    client = browser().sign_in(cast.secours.emails["intake"], PASSWORD)
    assert "Un avis à lire" in client.get("/").text
    shown = client.get("/avis").text.replace("&#39;", "’")
    assert Step.SENT.label in shown
    ((code,),) = shared_base.admin("select household_code from referral where id = %s", sent)
    assert f"Logement, foyer {code}" in shown
    assert "Vasseur" not in shown
    (line,) = re.findall(r'href="(/avis/[0-9a-f-]{36})"', shown)
    stranger = browser().sign_in(cast.ccas.emails["intake"], PASSWORD)
    assert stranger.get(line).status_code == 404
    assert client.get(line).headers["location"] == f"/orientations/{sent}"
    assert "Un avis à lire" not in client.get("/").text
    assert client.post("/avis/lus").status_code == 303
    assert client.post("/avis/reglages", data={"mail": "daily"}).status_code == 303
    said = client.get("/avis/reglages").text
    assert 'value="daily" checked' in said.replace("\n", " ")
    assert client.post("/avis/reglages", data={"mail": "jamais"}).status_code == 422


def test_time_is_the_callers(cast: Cast, sent: UUID) -> None:
    """Told as of a day to come, the reminder is there; the clock of the machine is asked only by default."""
    service.tell_news(cast.engine, now() + timedelta(days=20))
    assert Step.REMINDER.label in told(cast, cast.secours.people["intake"])
