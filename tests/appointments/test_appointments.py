"""Appointments on a referral: proposed, fixed, answered, kept or missed, read by both, ended with the agreement."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from uuid import UUID

import httpx
import pytest
from icalendar import Calendar, Event
from sqlalchemy.exc import ProgrammingError

from coordination.appointments import queries, service
from coordination.appointments.forms import PlaceForm
from coordination.appointments.models import Appointment
from coordination.appointments.rules import State
from coordination.casework.queries import last_contact
from coordination.identity.permissions import Role
from coordination.identity.rules import attempt_key, token_hash
from coordination.identity.service import suspend
from coordination.kit.actor import Member
from coordination.kit.clock import today
from coordination.kit.db import ActorSession, acting
from coordination.kit.errors import NotKnown
from coordination.kit.transitions import IllegalMove
from coordination.notices.service import tell_news
from coordination.referrals import following, moves
from coordination.referrals.models import Referral
from coordination.referrals.rules import Domain
from coordination.sharing.service import withdraw_agreement
from tests.api.make import API, Client, problem
from tests.appointments.make import a_date, a_place, take
from tests.cast import PASSWORD, Cast, add_person
from tests.conftest import TEST_KEY, Base, Browser
from tests.directory.make import outside
from tests.households.make import open_household
from tests.referrals.make import note_need, refer, send
from tests.sharing.make import agree


@pytest.fixture
def worker(cast: Cast) -> Member:
    return cast.ccas.people["intake"]


@pytest.fixture
def grocer(cast: Cast) -> Member:
    return cast.epicerie.people["volunteer"]


@pytest.fixture
def household(cast: Cast, worker: Member) -> UUID:
    return open_household(cast.engine, worker, "Nguyen", "Linh")


@pytest.fixture
def agreement(cast: Cast, worker: Member, household: UUID) -> UUID:
    return agree(cast.engine, worker, household, [cast.epicerie])


@pytest.fixture
def sent(cast: Cast, worker: Member, household: UUID, agreement: UUID) -> Referral:
    return refer(cast.engine, worker, household, cast.epicerie)


def text(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def seen(cast: Cast, member: Member, row: Appointment) -> queries.Meeting:
    with ActorSession(cast.engine, member) as session:
        return queries.show(session, row.id)


def test_the_host_proposes_the_sender_confirms_and_both_read_it(
    cast: Cast, worker: Member, grocer: Member, sent: Referral
) -> None:
    made = take(cast.engine, grocer, sent.id, a_date(5, words="Sonner à la grille", where="autre"))
    assert (made.state, made.held_by) == ("proposed", grocer.membership_id)
    with acting(cast.engine, worker) as session:
        waiting = queries.desk(session, today()).to_answer
        assert [m.row.id for m in waiting if m.row.referral_id == sent.id] == [made.id]
        service.confirm(session, made.id, made.version)
    for member in (worker, grocer):
        meeting = seen(cast, member, made)
        assert (meeting.state, meeting.holder, meeting.words) == (State.CONFIRMED, "Volunteer", "Sonner à la grille")
    with acting(cast.engine, cast.ccas.people["coordinator"]) as session:
        told = queries.history(session, sent.id)
        assert [one.title for one in told] == ["Rendez-vous proposé", "Rendez-vous confirmé"]
        assert [one.organisation for one in told] == ["Épicerie solidaire", "CCAS"]
    with pytest.raises(NotKnown):
        seen(cast, cast.bonne_action.people["intake"], made)


def test_what_was_written_of_the_place_stays_behind_the_share(
    cast: Cast, worker: Member, grocer: Member, household: UUID, agreement: UUID, sent: Referral
) -> None:
    made = take(cast.engine, grocer, sent.id, a_date(6, words="Chez sa sœur, rue Haute", where="autre", fixed="oui"))
    with acting(cast.engine, worker) as session:
        withdraw_agreement(session, household, agreement)
    lost = seen(cast, grocer, made)
    assert (lost.state, lost.words, lost.verbs) == (State.CANCELLED, "", [])
    assert "rue Haute" not in repr(lost)
    for deed in (service.cancel, service.keep):
        with pytest.raises(IllegalMove), acting(cast.engine, grocer) as session:
            deed(session, made.id, made.version)
    with pytest.raises(service.NoDate), acting(cast.engine, grocer) as session:
        service.take(session, sent.id, a_date(7))


def test_the_sender_asks_and_the_host_answers_with_another_date(
    cast: Cast, worker: Member, grocer: Member, sent: Referral
) -> None:
    made = take(cast.engine, worker, sent.id, a_date(4))
    assert made.held_by is None, "a partner names nobody among the host's people"
    with pytest.raises(IllegalMove, match="l’autre structure"), acting(cast.engine, worker) as session:
        service.confirm(session, made.id, made.version)
    with acting(cast.engine, grocer) as session:
        moved = service.move_date(session, made.id, made.version, a_date(8, "14 h"))
        assert (moved.state, moved.proposed_by, moved.held_by) == (
            "proposed",
            cast.epicerie.id,
            grocer.membership_id,
        )
    with pytest.raises(service.AlreadyMoved), acting(cast.engine, worker) as session:
        service.cancel(session, made.id, made.version)
    with acting(cast.engine, worker) as session:
        assert service.decline(session, made.id, moved.version).state == "declined"
    with pytest.raises(IllegalMove, match="déclinée"), acting(cast.engine, grocer) as session:
        service.cancel(session, made.id, moved.version + 1)


def test_a_kept_appointment_is_the_last_contact_of_the_file_and_a_missed_one_is_not(
    cast: Cast, worker: Member, grocer: Member, household: UUID, sent: Referral
) -> None:
    made = take(cast.engine, grocer, sent.id, a_date(-2, fixed="oui"))

    def contact(member: Member) -> object:
        with ActorSession(cast.engine, member) as session:
            return last_contact(session, household)

    with pytest.raises(IllegalMove, match="qui reçoit"), acting(cast.engine, worker) as session:
        service.keep(session, made.id, made.version)
    with acting(cast.engine, grocer) as session:
        due = [m.row.id for m in queries.desk(session, today()).to_record if m.row.referral_id == sent.id]
        assert due == [made.id]
        missed = service.miss(session, made.id, made.version, excused=True)
    assert seen(cast, worker, made).label == "La personne n’est pas venue, excusée"
    assert contact(worker) is None
    with acting(cast.engine, grocer) as session:
        kept = service.keep(session, made.id, missed.version)
        assert kept.excused is None
    with acting(cast.engine, worker) as session:
        assert [m.label for m in queries.recorded_of(session, household)] == ["La personne est venue"]
    assert contact(worker) == contact(cast.epicerie.people["intake"]) == today() - timedelta(days=2)
    assert contact(cast.bonne_action.people["intake"]) is None


def test_a_date_falls_when_the_referral_ends_and_none_is_taken_on_what_nobody_carries(
    cast: Cast, worker: Member, grocer: Member, household: UUID, sent: Referral
) -> None:
    made = take(cast.engine, grocer, sent.id, a_date(3, fixed="oui"))
    with pytest.raises(service.AlreadyTaken), acting(cast.engine, worker) as session:
        service.take(session, sent.id, a_date(3))
    with pytest.raises(service.BadDate, match="passée"), acting(cast.engine, worker) as session:
        service.take(session, sent.id, a_date(-3))
    with acting(cast.engine, worker) as session:
        moves.cancel(session, sent.id, sent.version)
    assert seen(cast, grocer, made).state is State.CANCELLED
    by_hand = refer(cast.engine, worker, household, cast.secours)
    assert by_hand.by_hand
    with pytest.raises(service.NoDate), acting(cast.engine, worker) as session:
        service.take(session, by_hand.id, a_date(3))
    with pytest.raises(NotKnown), acting(cast.engine, cast.elsewhere.people["intake"]) as session:
        service.take(session, sent.id, a_date(3))


def test_a_public_place_is_its_organisations_own(cast: Cast, worker: Member, grocer: Member, sent: Referral) -> None:
    keeper = cast.epicerie.people["intake"]
    with acting(cast.engine, keeper) as session:
        place = service.set_place(session, None, PlaceForm(name="Permanence", address="3 place Jaurès, Carvin"))
    with pytest.raises(NotKnown), acting(cast.engine, worker) as session:
        service.set_place(session, place.id, PlaceForm(name="Ailleurs", address="x", version=1))
    made = take(cast.engine, worker, sent.id, a_date(9, where=str(place.id), fixed="oui"))
    assert (made.place, seen(cast, grocer, made).address) == ("accueil", "3 place Jaurès, Carvin")
    with acting(cast.engine, keeper) as session:
        service.set_place(session, place.id, PlaceForm(name="Permanence", address="x", closed="oui", version=1))
    with pytest.raises(service.NoSuchPlace), acting(cast.engine, worker) as session:
        service.take(session, sent.id, a_date(10, where=str(place.id)))


def test_on_the_pages_a_doubt_is_shown_once_and_a_fault_keeps_what_was_typed(
    cast: Cast, worker: Member, sent: Referral, browser: Callable[[], Browser]
) -> None:
    host = browser().sign_in(cast.epicerie.emails["volunteer"], PASSWORD)
    address = f"/orientations/{sent.id}/rendez-vous"
    sunday = today() + timedelta(days=13 - today().weekday())
    typed = {"day": f"{sunday:%d/%m/%Y}", "hour": "10h", "minutes": "45", "where": "telephone", "words": "Appeler tôt"}
    wrong = host.post(address, data={**typed, "hour": "25 h"})
    assert wrong.status_code == 422
    assert "Appeler tôt" in wrong.text
    assert "Écrivez par exemple 14 h 30" in wrong.text
    past = host.post(address, data={**typed, "day": "21/11/2020", "seen": "jour_ferme"})
    assert (past.status_code, "est passée" in past.text) == (422, True)
    doubted = host.post(address, data=typed)
    assert doubted.status_code == 422
    assert "Épicerie solidaire n’accueille pas ce jour-là" in text(doubted.text)
    taken = host.post(address, data={**typed, "seen": "jour_ferme", "fixed": "oui"})
    assert (taken.status_code, taken.headers["location"]) == (303, f"/orientations/{sent.id}")
    again = host.post(address, data={**typed, "hour": "10 h 15", "seen": "jour_ferme"})
    assert "a déjà un rendez-vous" in text(again.text)
    day = host.get(f"/rendez-vous?jour={sunday.isoformat()}")
    assert "NGUYEN" in day.text.upper()
    assert "10 h à 10 h 45" in text(day.text)
    shown = browser().sign_in(cast.ccas.emails["intake"], PASSWORD).get(f"/orientations/{sent.id}")
    assert "Rendez-vous fixé" in text(shown.text)
    assert "Appeler tôt" in shown.text


def test_a_missed_one_leads_to_another_date(
    cast: Cast, grocer: Member, sent: Referral, browser: Callable[[], Browser]
) -> None:
    made = take(cast.engine, grocer, sent.id, a_date(-1, "9 h 15", minutes=60, fixed="oui"))
    host = browser().sign_in(cast.epicerie.emails["volunteer"], PASSWORD)
    assert "1 à noter" in text(host.get("/").text)
    absent = host.post(f"/rendez-vous/{made.id}/absent", data={"version": made.version, "excused": "non"})
    assert absent.headers["location"] == f"/orientations/{sent.id}/rendez-vous?apres={made.id}"
    form = host.get(absent.headers["location"]).text
    assert 'value="9 h 15"' in form
    stale = host.post(f"/rendez-vous/{made.id}/venu", data={"version": made.version})
    assert (stale.status_code, "déjà passé à" in text(stale.text)) == (409, True)
    refused = host.post(f"/rendez-vous/{made.id}/annuler", data={"version": made.version + 1})
    assert (refused.status_code, "Ce n’est plus possible" in text(refused.text)) == (409, True)
    assert host.post(f"/rendez-vous/{made.id}/absent", data={"version": "2"}).status_code == 422


def test_the_date_of_an_outside_service_is_noted_by_whoever_refers_to_it(
    cast: Cast, worker: Member, household: UUID, browser: Callable[[], Browser], shared_base: Base
) -> None:
    """Told by telephone: fixed at once, nobody's own diary, no news; and the sender says whether the person went."""
    there = outside(cast.engine, cast.ccas.people["coordinator"], name="Accueil de jour", open_days=["lundi"])
    agreed = agree(cast.engine, worker, household, [there])
    (row,) = send(cast.engine, worker, note_need(cast.engine, worker, household), [there])
    page, address = browser().sign_in(cast.ccas.emails["intake"], PASSWORD), f"/orientations/{row.id}/rendez-vous"
    form = text(page.get(address).text)
    assert "Notez la date que Accueil de jour vous a dite : rien ne lui est envoyé." in form
    assert "convenue avec la personne" not in form
    tuesday = today() + timedelta(days=15 - today().weekday())
    typed = {"day": f"{tuesday:%d/%m/%Y}", "hour": "10h", "where": "accueil"}
    assert "Accueil de jour n’accueille pas ce jour-là" in text(page.post(address, data=typed).text)
    assert page.post(address, data={**typed, "seen": "jour_ferme"}).status_code == 303
    assert "Rendez-vous noté le" in text(page.get(f"/orientations/{row.id}").text)
    past = take(cast.engine, worker, row.id, a_date(-1))
    with acting(cast.engine, worker) as session:
        met, coming = sorted(queries.of_referral(session, row.id), key=lambda m: m.row.starts_at)
        assert (coming.state, coming.holder, coming.place) == (State.CONFIRMED, "", "Accueil de jour")
        assert "give" not in coming.verbs
        desk = queries.desk(session, met.day)
        assert (met.row.id in {m.row.id for m in desk.to_record}, desk.today) == (True, [])
        service.keep(session, past.id, past.version)
        assert last_contact(session, household) == met.day
    with ActorSession(cast.engine, worker) as session:
        taken = session.get_one(Appointment, coming.row.id)
        taken.held_by = taken.moved_by = worker.membership_id
        with pytest.raises(ProgrammingError):  # nobody here receives for a service
            session.commit()
    tell_news(cast.engine)
    assert shared_base.admin("select 1 from notice where referral_id = %s and step like 'date%%'", row.id) == []
    for stranger in (cast.epicerie.people["intake"], cast.secours.people["intake"]):
        with acting(cast.engine, stranger) as session:
            assert session.get(Appointment, past.id) is None
    with acting(cast.engine, worker) as session:
        withdraw_agreement(session, household, agreed)
        assert queries.show(session, coming.row.id).state is State.CANCELLED


# ------------------------------------------------------------------ calendars


def subscribed(host: Browser) -> str:
    """The address shown once."""
    shown = host.post("/moi/agenda").text
    found = re.search(r'value="http://testserver(/agenda/[\w-]{43}\.ics)"', shown)
    assert found
    return found[1]


def said(event: Event, name: str) -> str:
    return str(event[name])


def events(answer: httpx.Response) -> dict[str, Event]:
    """The events of a feed, by UID."""
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    return {str(event["uid"]).partition("@")[0]: event for event in Calendar.from_ical(answer.content).events}


def test_a_feed_says_when_and_nothing_of_whom_and_stops_with_the_agreement(
    cast: Cast, worker: Member, household: UUID, agreement: UUID, sent: Referral, browser: Callable[[], Browser]
) -> None:
    keeper = add_person(cast.engine, cast.epicerie, "agenda", [Role.INTAKE], professional=True)
    place = a_place(cast.engine, keeper)
    made = take(cast.engine, keeper, sent.id, a_date(5, where=str(place), words="Chez Linh", fixed="oui"))
    host, reader = browser().sign_in(cast.epicerie.emails["agenda"], PASSWORD), browser()
    address = subscribed(host)
    first = reader.get(address)
    event = events(first)[str(made.id)]
    assert event.start == made.starts_at
    assert (said(event, "status"), said(event, "location")) == ("CONFIRMED", "Permanence, 3 place Jaurès, Carvin")
    assert said(event, "url") == f"http://testserver/orientations/{sent.id}"
    for secret in ("Nguyen", "Linh", sent.household_code, "logement", "Logement", str(household)):
        assert secret not in first.text
    assert reader.get(address, headers={"if-none-match": first.headers["etag"]}).status_code == 304
    with pytest.raises(ProgrammingError), acting(cast.engine, keeper) as session:
        session.door("access.calendar(:hash)", hash=token_hash(address.removeprefix("/agenda/").removesuffix(".ics")))
    with acting(cast.engine, keeper) as session:
        service.move_date(session, made.id, made.version, a_date(6, "11 h", fixed="oui"))
    later = reader.get(address, headers={"if-none-match": first.headers["etag"]})
    moved = events(later)[str(made.id)]
    assert int(said(moved, "sequence")) > int(said(event, "sequence"))
    assert moved.start - event.start == timedelta(days=1, hours=1)
    with acting(cast.engine, worker) as session:
        moves.cancel(session, sent.id, sent.version)
    gone = events(reader.get(address))[str(made.id)]
    assert said(gone, "status") == "CANCELLED"
    assert int(said(gone, "sequence")) > int(said(moved, "sequence"))
    with acting(cast.engine, worker) as session:
        withdraw_agreement(session, household, agreement)
    assert events(reader.get(address)) == {}
    with acting(cast.engine, cast.epicerie.people["admin"]) as session:
        suspend(session, keeper.membership_id)
    assert reader.get(address).status_code == 404


def test_who_takes_over_from_an_absent_colleague_receives_on_her_dates(
    cast: Cast, worker: Member, household: UUID, agreement: UUID, sent: Referral, browser: Callable[[], Browser]
) -> None:
    """Also on referrals she does not follow; what is past stays hers, and two dates at once are said."""
    away, takes = (
        add_person(cast.engine, cast.epicerie, name, [Role.VOLUNTEER], professional=False) for name in ("absente", "la")
    )
    other = refer(cast.engine, worker, household, cast.epicerie, Domain.JOB)
    with acting(cast.engine, takes) as session:
        following.give(session, sent.id, away.membership_id, None)
    past = take(cast.engine, away, sent.id, a_date(-2, fixed="oui"))
    dates = [take(cast.engine, away, row.id, a_date(days)) for row, days in ((sent, 11), (other, 12))]
    own = take(cast.engine, takes, other.id, a_date(12, "10 h 20", fixed="oui"))
    hers = browser().sign_in(cast.epicerie.emails["absente"], PASSWORD)
    theirs = browser().sign_in(cast.epicerie.emails["la"], PASSWORD)
    addresses = [subscribed(hers), subscribed(theirs)]
    page = theirs.get("/orientations/passer").text
    assert "Absente (1 orientation et 2 rendez-vous)" in page
    form = {"from_whom": str(away.membership_id), "to_whom": str(takes.membership_id)}
    assert theirs.post("/orientations/passer", data=form).status_code == 303
    said_so = text(theirs.get("/orientations/passer").text)
    assert "Passé à La : 1 orientation et 2 rendez-vous. À vérifier : 1 rendez-vous en même temps" in said_so
    feeds = [set(events(browser().get(address))) for address in addresses]
    assert feeds == [{str(past.id)}, {str(row.id) for row in (*dates, own)}]
    with acting(cast.engine, takes) as session:
        assert [m.row.version for m in queries.dates_held(session, takes.membership_id)] == [2, 2, 1]
    assert theirs.post("/orientations/passer", data=form).status_code == 409, "nothing left"


def test_an_address_is_renewed_revoked_counted_and_its_owner_told(
    cast: Cast, browser: Callable[[], Browser], shared_base: Base
) -> None:
    host, reader = browser().sign_in(cast.epicerie.emails["coordinator"], PASSWORD), browser()
    old = subscribed(host)
    assert "pas encore" in host.get("/moi/agenda").text
    assert reader.get(old).status_code == 200
    assert "pas encore" not in host.get("/moi/agenda").text
    new = subscribed(host)
    assert [reader.get(one).status_code for one in (old, new)] == [404, 200]
    token = new.removeprefix("/agenda/").removesuffix(".ics")
    assert shared_base.admin("select count(*) from calendar_feed where token_hash like %s", f"%{token}%") == [(0,)]
    key = attempt_key(TEST_KEY, "calendar", token_hash(token))
    read = "select gen_random_uuid(), %s, now() from generate_series(1, 60)"
    shared_base.admin(f"insert into sign_in_attempt (id, key_hash, at) {read}", key)
    spent = reader.get(new)
    assert (spent.status_code, spent.headers["retry-after"]) == (429, "3600")
    assert host.post("/moi/agenda/retirer").status_code == 303
    assert reader.get(new).status_code == 404
    told = shared_base.admin("select verb from journal where subject = 'calendar_feed' order by number desc limit 3")
    assert told == [("calendar.revoke",), ("calendar.make",), ("calendar.make",)]


def test_the_file_of_one_appointment_is_the_same_event(
    cast: Cast, grocer: Member, sent: Referral, browser: Callable[[], Browser]
) -> None:
    made = take(cast.engine, grocer, sent.id, a_date(5, "16 h 45"))
    host = browser().sign_in(cast.epicerie.emails["volunteer"], PASSWORD)
    alone = events(host.get(f"/rendez-vous/{made.id}/rendez-vous.ics"))[str(made.id)]
    assert said(alone, "status") == "TENTATIVE"
    assert alone.to_ical() == events(browser().get(subscribed(host)))[str(made.id)].to_ical()


def test_the_api_takes_answers_and_notes_a_date(cast: Cast, sent: Referral, browser: Callable[[], Browser]) -> None:
    app = browser().app
    host, sender = (Client(app).sign_in(o.emails["intake"]) for o in (cast.epicerie, cast.ccas))
    sunday = today() + timedelta(days=13 - today().weekday())
    asked = {"day": sunday.isoformat(), "hour": "9:15", "minutes": 20, "place": "telephone"}
    home = f"/referrals/{sent.id}/appointments"
    wrong = host.post(API + home, json={**asked, "minutes": 7, "hour": "tôt", "place": "autre"})
    assert [e["field"] for e in problem(wrong)["errors"]] == ["hour", "minutes", "words"]
    made = host.ok("POST", home, json=asked)
    assert (made["state"], made["doubts"], made["minutes"]) == ("proposed", ["jour_ferme"], 20)
    (waiting,) = [
        one for one in sender.ok("GET", "/appointments?basket=a-confirmer") if one["referral"] == str(sent.id)
    ]
    assert waiting["moves"][0] == "confirm"
    confirmed = sender.ok("POST", f"/appointments/{made['id']}/confirm", json={"version": made["version"]})
    assert (confirmed["state"], sender.ok("GET", home)) == ("confirmed", [confirmed])
    early = host.post(f"{API}/appointments/{made['id']}/keep", json={"version": confirmed["version"]})
    assert "pas encore eu lieu" in problem(early)["detail"]
    moved = {**asked, "hour": "10 h", "fixed": True, "version": confirmed["version"]}
    later = host.ok("POST", f"/appointments/{made['id']}/other-date", json=moved)
    assert (later["id"], later["state"]) == (made["id"], "confirmed")
    assert [m["id"] for m in host.ok("GET", f"/appointments?day={sunday}") if m["referral"] == str(sent.id)] == [
        made["id"]
    ]
    assert problem(host.post(f"{API}/appointments/{made['id']}/cancel", json={"version": 1}))["status"] == 409
