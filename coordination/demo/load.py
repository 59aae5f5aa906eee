"""Loads the demonstration, whole or not at all: one transaction, a fixed seed, the real services and doors."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from random import Random

from sqlalchemy import Connection
from sqlalchemy.exc import ProgrammingError

from coordination.demo.accounts import NETWORK, OTHER_NETWORK
from coordination.demo.acts import Player
from coordination.demo.dates import meet
from coordination.demo.directory import open_services, share_out
from coordination.demo.figures import Figures
from coordination.demo.people import People
from coordination.demo.published import Planned, published
from coordination.demo.stories import NEIGHBOURS, STORIES, Story
from coordination.demo.troupe import OPERATOR, Troupe, deed
from coordination.identity.queries import find_network
from coordination.identity.rules import slug
from coordination.kit.actor import Service
from coordination.kit.engine import close_engine, make_engine
from coordination.kit.errors import NotNow
from coordination.referrals import moving

SEED = 20161114  # the day the partners of Carvin signed their charter
NEIGHBOUR_HOUSEHOLDS = 12
LONGEST_JITTER = 3
LOCK = "coordination demonstration"

Progress = Callable[[int, int], None]


class NameTaken(NotNow):
    """Un réseau réel porte déjà le nom d’un réseau de démonstration : rien n’a été chargé."""


class NotReady(NotNow):
    """Cette base n’est pas à jour : lancez d’abord « coordination upgrade ». Rien n’a été chargé."""


def loaded(url: str) -> bool:
    """Whether the demonstration is there, whole: it comes in one transaction, so its network says it all."""
    engine = make_engine(url, size=1)
    try:
        with engine.begin() as connection:
            return _present(connection)
    finally:
        close_engine(engine)


def load(url: str, *, households: int = 150, progress: Progress | None = None) -> None:
    """Loads both networks; does nothing when they are there. `progress(done, total)` hears of each household.

    One transaction: killed on the way, it leaves nothing behind. A second loader waits for the first, then does
    nothing. Raises `NameTaken` when a real network has one of their names.
    """
    engine = make_engine(url, size=1)
    try:
        with engine.begin() as connection:
            with deed(connection, OPERATOR) as session:
                session.door("pg_advisory_xact_lock(hashtextextended(:key, 0))", key=LOCK)
            if not _present(connection):
                _play_all(connection, households, progress)
    finally:
        close_engine(engine)


def _present(connection: Connection) -> bool:
    try:
        with deed(connection, OPERATOR) as session:
            found = [find_network(session, slug(name)) for name in (NETWORK, OTHER_NETWORK)]
    except ProgrammingError as missing:
        raise NotReady from missing
    if any(network is not None and not network.demo for network in found):
        raise NameTaken
    return all(found)


def _play_all(connection: Connection, households: int, progress: Progress | None) -> None:
    """Both networks. The oldest files are played first, so that lists show the newest ones first."""
    troupe = Troupe(connection)
    total, done = households + NEIGHBOUR_HOUSEHOLDS, 0
    for name, stories, number in ((NETWORK, STORIES, households), (OTHER_NETWORK, NEIGHBOURS, NEIGHBOUR_HOUSEHOLDS)):
        troupe.gather(name)
        if name == NETWORK:
            open_services(troupe)
        planned = enumerate(_plan(name, stories, number, troupe.today))
        for rank, each in sorted(planned, key=lambda one: (-one[1].story.days, -one[0])):
            Player(troupe, Random(f"{SEED} {name} {rank}")).play(each)
            done += 1
            if progress is not None:
                progress(done, total)
        if name == NETWORK:
            share_out(troupe)
            meet(troupe)
        with deed(connection, Service("worker", troupe.network_id)) as session:
            moving.settle_due(session)


def _plan(name: str, stories: tuple[Story, ...], number: int, today: date) -> list[Planned]:
    """The published households, then the stories round and round, each on other people and nearly other days.

    What is drawn for a household depends on its rank alone: a smaller demonstration is a part of a larger one.
    """
    rng = Random(f"{SEED} {name}")
    people, figures = People(rng, today), Figures(rng)
    plan = published(People(Random(SEED), today))[:number] if name == NETWORK else []
    for rank in range(number - len(plan)):
        story = stories[rank % len(stories)]
        if rank >= len(stories):
            story = _shifted(story, rng.randrange(LONGEST_JITTER + 1))
        family = people.family(people.card(couple=story.couple, shape=story.shape))
        plan.append(Planned(story, family, figures.budget(family) if story.budget is not None else ()))
    return plan


def _shifted(story: Story, days: int) -> Story:
    """The same story, some days earlier."""
    wanted = tuple(
        replace(one, sent=tuple(replace(sent, days=sent.days + days) for sent in one.sent)) for one in story.wanted
    )
    return replace(story, days=story.days + days, wanted=wanted)
