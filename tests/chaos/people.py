"""People who work through the storm, and ask again until they are answered: by the API, with the same key; on a page,
with the form that was shown; by the link a service without an account was mailed."""

import random
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from html import unescape
from typing import Any
from uuid import uuid4

import httpx

from coordination.kit.clock import now
from coordination.outside.tokens import Link
from coordination.outside.tokens import read as read_token
from coordination.referrals.household import Explanation, Said
from coordination.referrals.rules import Outcome, Pause, Question, Refusal
from tests.api.make import API
from tests.cast import PASSWORD
from tests.conftest import TEST_KEY

BODIES: dict[str, dict[str, str]] = {
    "receive": {}, "accept": {}, "start": {}, "resume": {}, "answer": {}, "cancel": {}, "reopen": {}, "undo": {},
    "ask": {"question": Question.PAPERS.value}, "refuse": {"reason": Refusal.CAPACITY.value},
    "hold": {"pause": Pause.PLACE.value}, "close": {"outcome": Outcome.PARTIAL.value},
    "confirm": {"said": Said.NO.value}, "explain": {"reason": Explanation.IMPOSSIBLE.value},
    "redirect": {"reach_contact": "06 00 00 00 01"},
}  # fmt: skip
RARE = {"cancel": 0.1}
LINK = re.compile(r"/lien/(\S+)")
PRESSED = {"reason": Refusal.CAPACITY.value, "outcome": Outcome.PARTIAL.value}
PAGE = {"sec-fetch-site": "same-origin"}
PATIENCE = 120.0
UNANSWERED = (0, 401, 503)
"""Cut off, without a token any more, or told to come back: it is asked again."""


@dataclass
class Try:
    """One sending: when, and the status answered; 0 when none was."""

    since: float
    until: float
    status: int


@dataclass
class Asked:
    """One thing asked, once: its tries carry the same key."""

    who: str
    verb: str
    place: str
    version: int
    tries: list[Try] = field(default_factory=list)
    made: str = ""

    @property
    def event(self) -> str:
        """What it is called once it happened: here the household always says no."""
        return "dispute" if self.verb == "confirm" else self.verb

    @property
    def done(self) -> bool:
        return 200 <= self.tries[-1].status < 300


@dataclass
class Shared:
    """What all of them know: the referrals there are, what was asked, whether the storm is over."""

    url: str
    need_place: str
    partners: list[str]
    letters: list[tuple[str, Message]]
    referrals: list[str] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    pressed: list[Asked] = field(default_factory=list)
    """By a link: the answer is a page, and a second press finds the first one's."""
    noted: list[Asked] = field(default_factory=list)
    """Words written on a page."""
    read: list[Try] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


class Person:
    """One account, one client, her own dice."""

    def __init__(self, shared: Shared, email: str, sends: bool, seed: str) -> None:
        self.shared = shared
        self.email = email
        self.sends = sends
        self.draw = random.Random(seed)
        self.client = httpx.Client(base_url=shared.url + API, timeout=30)
        self.trouble = ""

    def work(self) -> None:
        """Until the storm is over; what she began is brought to its end."""
        try:
            while not self.shared.over.is_set():
                if self.sends and (len(self.shared.referrals) < 6 or self.draw.random() < 0.06):
                    self.send_one()
                else:
                    self.move_one()
        except BaseException as trouble:
            self.trouble = repr(trouble)
            raise
        finally:
            self.client.close()

    def send_one(self) -> None:
        need = self.ask("need", self.shared.need_place, {"domain": "logement", "summary": "Un toit"})
        if need.done:
            body = {**BODIES["redirect"], "organisation": self.draw.choice(self.shared.partners)}
            sent = self.ask("send", f"{self.shared.need_place}/{need.made}/referrals", body)
            if sent.done:
                self.shared.referrals.append(sent.made)

    def move_one(self) -> None:
        if not self.shared.referrals:
            return
        place = f"/referrals/{self.draw.choice(self.shared.referrals[-12:])}"
        seen = self.sent("GET", place)
        self.shared.read.append(seen[0])
        if seen[1] is None or seen[0].status != 200:
            return
        row = seen[1].json()
        offered = [verb for verb in (*row["moves"], *(["undo"] if row["takes_back"] else [])) if verb in BODIES]
        likely = [verb for verb in offered if self.draw.random() < RARE.get(verb, 1)]
        verb = self.draw.choice(likely if likely and self.draw.random() < 0.9 else list(BODIES))
        more = {"organisation": self.draw.choice(self.shared.partners)} if verb == "redirect" else {}
        done = self.ask(verb, f"{place}/{verb}", {**BODIES[verb], **more, "version": row["version"]}, row["version"])
        if more and done.done:
            self.take_up_children(row)

    def take_up_children(self, row: dict[str, Any]) -> None:
        """What a redirection sent is moved by everybody too."""
        seen = self.sent("GET", f"{self.shared.need_place}/{row['need']}")
        self.shared.read.append(seen[0])
        if seen[1] is not None and seen[0].status == 200:
            children = [one["id"] for one in seen[1].json()["referrals"] if one["parent"] == row["id"]]
            self.shared.referrals += [one for one in children if one not in self.shared.referrals]

    def ask(self, verb: str, path: str, body: Mapping[str, object], version: int = 0) -> Asked:
        """Sent until an answer says whether it was done. It is told to the others once it is."""
        asked = Asked(self.email, verb, path, version)
        key, began = str(uuid4()), time.monotonic()
        while not asked.tries or asked.tries[-1].status in UNANSWERED:
            assert time.monotonic() - began < PATIENCE, f"never answered: {asked}"
            if asked.tries:
                time.sleep(0.2)
            tried, answer = self.sent("POST", path, json=body, headers={"Idempotency-Key": key})
            asked.tries.append(tried)
            if answer is not None and asked.done:
                asked.made = answer.json()["id"]
        self.shared.asked.append(asked)
        return asked

    def sent(self, method: str, path: str, **more: object) -> tuple[Try, httpx.Response | None]:
        """One sending; whoever has no token any more asks for another one."""
        since, answer = time.monotonic(), None
        try:
            answer = self.client.request(method, path, **more)  # type: ignore[arg-type]
            if answer.status_code == 401:
                form = {"grant_type": "password", "username": self.email, "password": PASSWORD}
                given = self.client.post("/token", data=form)
                if given.status_code == 200:
                    self.client.headers["authorization"] = f"Bearer {given.json()['access_token']}"
        except httpx.TransportError:
            answer = None
        return Try(since, time.monotonic(), answer.status_code if answer is not None else 0), answer


def link_in(letter: Message) -> str:
    """The address of the link a letter carries, as a path."""
    found = LINK.search(letter.get_content())  # type: ignore[attr-defined]
    assert found is not None, "a mail without a link"
    return str(found[0])


def behind(path: str) -> Link:
    """What a link of ours names."""
    known = read_token(TEST_KEY, path.rpartition("/")[2], now())
    assert known is not None, "a link that is not ours"
    return known.link


class Visitor:
    """Whoever asks for pages, and sends a form until it is answered."""

    def __init__(self, shared: Shared, seed: str) -> None:
        self.shared = shared
        self.draw = random.Random(seed)
        self.client = httpx.Client(base_url=shared.url, timeout=30, headers=PAGE)
        self.trouble = ""

    def work(self) -> None:
        try:
            while not self.shared.over.is_set():
                self.turn()
                time.sleep(self.draw.uniform(0.05, 0.4))
        except BaseException as trouble:
            self.trouble = repr(trouble)
            raise
        finally:
            self.client.close()

    def turn(self) -> None:
        """One thing seen, and perhaps done."""
        raise NotImplementedError

    def sent(self, method: str, path: str, data: Mapping[str, str] | None = None) -> tuple[Try, httpx.Response | None]:
        since, answer = time.monotonic(), None
        try:
            answer = self.client.request(method, path, data=data)
        except httpx.TransportError:
            answer = None
        return Try(since, time.monotonic(), answer.status_code if answer is not None else 0), answer

    def insist(self, asked: Asked, path: str, data: Mapping[str, str]) -> None:
        """The very same form, until an answer says what became of it."""
        began = time.monotonic()
        while not asked.tries or asked.tries[-1].status in UNANSWERED:
            assert time.monotonic() - began < PATIENCE, f"never answered: {asked}"
            if asked.tries:
                time.sleep(0.2)
                self.come_back(asked.tries[-1])
            asked.tries.append(self.sent("POST", path, data)[0])

    def come_back(self, last: Try) -> None:
        """What a refusal calls for before the form is sent again."""


class Service(Visitor):
    """A service without an account: it opens the links it was mailed, and answers what their pages offer."""

    def __init__(self, shared: Shared, email: str, seed: str) -> None:
        super().__init__(shared, seed)
        self.email = email

    def turn(self) -> None:
        mine = [letter for who, letter in self.shared.letters if who == self.email]
        if not mine:
            return
        path = link_in(self.draw.choice(mine[-6:]))
        tried, page = self.sent("GET", path)
        self.shared.read.append(tried)
        offered = re.findall(r'name="answer" value="(\w+)"', page.text) if page is not None else []
        if offered:
            asked = Asked("lien", self.draw.choice(offered), path, 0, made=str(behind(path).referral_id))
            self.insist(asked, path, {"answer": asked.verb, **PRESSED})
            self.shared.pressed.append(asked)


class Writer(Visitor):
    """Somebody who writes notes on a page, and sends the same form again when the line is cut."""

    def __init__(self, shared: Shared, email: str, file: str, seed: str) -> None:
        super().__init__(shared, seed)
        self.email, self.path, self.written = email, f"/foyers/{file}/suivi/note", 0

    def turn(self) -> None:
        tried, page = self.sent("GET", self.path)
        self.shared.read.append(tried)
        form = re.search(rf'action="({self.path}\?une=[^"]+)"', page.text) if page is not None else None
        if form is None:
            self.come_back(tried)
            return
        self.written += 1
        asked = Asked(self.email, "note", f"Note {self.written} de la tempête.", 0)
        self.insist(asked, unescape(form[1]), {"words": asked.place})
        self.shared.noted.append(asked)

    def come_back(self, last: Try) -> None:
        """She signs in again."""
        if last.status in (303, 401):
            self.sent("POST", "/connexion", {"email": self.email, "password": PASSWORD})
