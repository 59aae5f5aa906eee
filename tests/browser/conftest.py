"""A real server over a small demonstration, and a real Chromium; what people see is kept in .shots/ when asked."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page

from coordination.demo.accounts import PASSWORD
from tests import servers
from tests.browser.axe import KNOWN, complaints_of_axe
from tests.conftest import Base, application, demonstration_of, new_base, settings_for
from tests.serving import answering, free_port

SHOTS = os.environ.get("COORDINATION_SHOTS", "")


@dataclass
class Visitor:
    """One person in front of one browser; every page she meets is checked."""

    page: Page
    url: str
    javascript: bool
    complaints: list[str] = field(default_factory=list)
    seen: int = 0

    def open(self, path: str) -> "Visitor":
        self.page.goto(self.url + path)
        return self.look()

    def look(self) -> "Visitor":
        """What is on screen has nothing for axe to say, does not scroll sideways, and is photographed when asked."""
        self.seen += 1
        if self.javascript:
            assert complaints_of_axe(self.page) == [], self.page.url
        if SHOTS:
            self._photograph()
        width = self.page.viewport_size
        assert width is not None
        if self.javascript:
            assert self.page.evaluate("document.documentElement.scrollWidth") <= width["width"], self.page.url
        assert self.complaints == []
        return self

    def _photograph(self) -> None:
        name = re.sub(r"[0-9a-f-]{36}|\W+", "-", self.page.url.removeprefix(self.url)).strip("-") or "accueil"
        Path(SHOTS).mkdir(parents=True, exist_ok=True)
        for width in (1280, 360):
            self.page.set_viewport_size({"width": width, "height": 900})
            self.page.screenshot(path=f"{SHOTS}/{self.seen:02d}-{name[:60]}-{width}.png", full_page=True)
        self.page.set_viewport_size({"width": 1280, "height": 900})

    def press(self, name: str, *, exact: bool = True) -> "Visitor":
        """Presses a button (or follows a link) by its words, and looks at what comes."""
        return self.follow(self.named(name, exact=exact))

    def named(self, name: str, *, exact: bool = True) -> Locator:
        """A button or a link by its words; the parts that are folded are opened when it is in none that shows."""
        button = self.page.get_by_role("button", name=name, exact=exact)
        link = self.page.get_by_role("link", name=name, exact=exact)
        if not button.count() and not link.count():
            self.lay_open()
        return (button if button.count() else link).first

    def follow(self, pressed: Locator) -> "Visitor":
        """Presses something that leads to another page, and looks at what comes."""
        return self.reach(pressed).look()

    def reach(self, pressed: Locator) -> "Visitor":
        """The same without a look, where what comes may be a refusal, which the browser's console repeats."""
        # The next page must be there before anything else is asked: to go elsewhere at once would undo what was sent.
        with self.page.expect_navigation():
            pressed.click()
        return self

    def watch(self) -> "Visitor":
        """Keeps what goes wrong on screen."""
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda said: self.complaints.append(said.text) if _is_fault(said) else None)
        return self

    def sign_in(self, email: str) -> "Visitor":
        """Typed on screen once for each kind of browser in a process; the others come with the cookie it gives."""
        assert self.page.viewport_size is not None
        kind = (self.javascript, self.page.viewport_size["width"])
        if kind in TYPED:
            self._take_cookie(email).open("/")
        else:
            self.type_who_signs_in(email)
            TYPED.add(kind)
        assert self.page.get_by_role("heading", level=1).inner_text() == "Aujourd’hui"
        return self

    def type_who_signs_in(self, email: str) -> "Visitor":
        self.open("/connexion")
        self.page.get_by_label("Courriel").fill(email)
        self.page.get_by_label("Mot de passe", exact=True).fill(PASSWORD)
        return self.press("Se connecter")

    def _take_cookie(self, email: str) -> "Visitor":
        typed: dict[str, str | float | bool] = {"email": email, "password": PASSWORD}
        same = {"sec-fetch-site": "same-origin"}
        answer = self.page.context.request.post(f"{self.url}/connexion", form=typed, headers=same, max_redirects=0)
        assert answer.status == 303, answer.text()
        return self

    def sign_out(self) -> "Visitor":
        return self.unfold("details.account > summary").press("Se déconnecter")

    def unfold(self, fold: str, words: str = "") -> "Visitor":
        """Opens what is folded on this very page."""
        self.page.locator(fold).filter(has_text=words).first.click()
        return self

    def lay_open(self) -> "Visitor":
        """Opens every part of a file that is folded on a phone."""
        size = self.page.viewport_size
        while size and size["width"] < ROOMY and (fold := self.page.locator(FOLDED)).count():
            fold.first.click()
        return self

    def text(self) -> str:
        return self.page.locator("main").inner_text()


TYPED: set[tuple[bool, int]] = set()
"""The kinds of browser in which somebody typed a password in this process."""

FOLDED, ROOMY = "details[data-fold]:not([open]) > summary", 960

LEFT_MEANWHILE = ("htmx:afterRequest", "htmx:sendAbort")
"""What htmx says of a question left with its page before the answer; a broken one says sendError."""


def _is_fault(said: ConsoleMessage) -> bool:
    """What the console says, but that a form was refused (422 is an answer), or that a page was left."""
    return said.type == "error" and "status of 422" not in said.text and said.text not in LEFT_MEANWHILE


@contextmanager
def small_demonstration() -> Iterator[Base]:
    """A dozen households of the demonstration, case G1 among them."""
    cluster = servers.embedded_test_cluster()
    base = new_base(cluster, demonstration_of(cluster, 12))
    yield base
    base.close()


@pytest.fixture(scope="session", autouse=True)
def one_memory(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What one process found faultless, the others judge no more."""
    folder = tmp_path_factory.getbasetemp()
    KNOWN.keep_in((folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "faultless")


@pytest.fixture(scope="module")
def demonstration() -> Iterator[Base]:
    """What is served."""
    with small_demonstration() as base:
        yield base


@pytest.fixture(scope="module")
def served(demonstration: Base) -> Iterator[str]:
    """The address of the application over a small demonstration."""
    port = free_port()
    settings = settings_for(demonstration.app_url, f"http://127.0.0.1:{port}")
    with application(settings, demonstration.app_url) as app, answering(port, app) as address:
        yield address


RESTING: dict[tuple[bool, int, bool], list[BrowserContext]] = {}
"""Contexts that have served, by kind: to start the processes of a new one costs as much as to draw a page."""


@pytest.fixture
def visitors(chromium: Chromium, served: str) -> Iterator[Callable[..., Visitor]]:
    """Makes visitors, each with a browser context of her own, where nobody is signed in."""
    busy: list[tuple[tuple[bool, int, bool], BrowserContext]] = []

    def make(*, javascript: bool = True, width: int = 1280, dark: bool = False) -> Visitor:
        kind = (javascript, width, dark)
        context = RESTING[kind].pop() if RESTING.get(kind) else new_context(chromium, *kind)
        assert context.cookies() == []
        busy.append((kind, context))
        return Visitor(context.new_page(), served, javascript).watch()

    yield make
    for kind, context in busy:
        for page in context.pages:
            page.close()
        context.clear_cookies()
        RESTING.setdefault(kind, []).append(context)


def new_context(chromium: Chromium, javascript: bool, width: int, dark: bool) -> BrowserContext:
    """Without motion: a colour on its way to another is no colour to judge."""
    return chromium.new_context(
        java_script_enabled=javascript,
        locale="fr-FR",
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
