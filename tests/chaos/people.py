"""People who work through the storm: each asks by the API, and asks again with the same key until she is answered."""

import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import uuid4

import httpx

from coordination.referrals.household import Explanation, Said
from coordination.referrals.rules import Outcome, Pause, Question, Refusal
from tests.api.make import API
from tests.cast import PASSWORD

BODIES: dict[str, dict[str, str]] = {
    "receive": {}, "accept": {}, "start": {}, "resume": {}, "answer": {}, "cancel": {}, "reopen": {}, "undo": {},
    "ask": {"question": Question.PAPERS.value}, "refuse": {"reason": Refusal.CAPACITY.value},
    "hold": {"pause": Pause.PLACE.value}, "close": {"outcome": Outcome.PARTIAL.value},
    "confirm": {"said": Said.NO.value}, "explain": {"reason": Explanation.IMPOSSIBLE.value},
}  # fmt: skip
RARE = {"cancel": 0.1}
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
    referrals: list[str] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
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
            body = {"organisation": self.draw.choice(self.shared.partners)}
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
        self.ask(verb, f"{place}/{verb}", {**BODIES[verb], "version": row["version"]}, row["version"])

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
