"""Draws every macro on one page and photographs it: `python -m tests.ui.specimen FOLDER`.

The page is served to a real browser from memory, under the same content security policy as the application,
so that what the look needs (no inline style, no inline script) is checked by drawing it.
"""

from __future__ import annotations

import mimetypes
import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace

from jinja2 import Environment, FileSystemLoader
from playwright.sync_api import Browser, Page, Route, sync_playwright

from coordination.kit import web

ROOT = Path(__file__).resolve().parents[2]
# Chromium draws the suggestions of its address bar as pages of their own in every window, seen or not: half of all the
# work of a short walk. This list takes the place of Playwright's, so what its list says is said again.
WITHOUT = (
    "WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup,AimEnabled,"
    "AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,"
    "LensOverlay,MediaRouter,PaintHolding,ThirdPartyStoragePartitioning,OptimizationHints,NetworkTimeServiceQuerying"
)
# Only root has to go without the sandbox; a process that only draws is one more to talk to, for a quarter of the work;
# the rest keeps Chromium from calling its maker.
FLAGS = [
    *(["--no-sandbox"] if os.geteuid() == 0 else []),
    "--in-process-gpu",
    "--disable-background-networking",
    "--disable-sync",
    f"--disable-features={WITHOUT}",
]
# The headless shell first: the same pages drawn by the same engine, without the windows nobody sees, for half the work.
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"))), None
)
ORIGIN = "http://specimen.test"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'"
)
SCREENS = {"telephone": (360, 780), "bureau": (1280, 900)}


@dataclass
class SpecimenForm:
    """The state of a form as the field macros read it."""

    typed: dict[str, list[str]] = field(default_factory=dict)
    errors: list[tuple[str, str]] = field(default_factory=list)

    def value(self, name: str) -> str:
        return (self.typed.get(name) or [""])[0]

    def values(self, name: str) -> list[str]:
        return self.typed.get(name, [])

    def error(self, name: str) -> str | None:
        return dict(self.errors).get(name)


@lru_cache
def environment() -> Environment:
    """The application's own Jinja environment, which also finds the specimens."""
    return web.environment().overlay(loader=FileSystemLoader([ROOT / "templates", ROOT / "tests" / "ui"]))


def _me() -> SimpleNamespace:
    member = SimpleNamespace
    return SimpleNamespace(
        name="Aïcha Benali",
        organisation_name="CCAS de Villeneuve-sur-Aubance",
        network_name="Réseau de Villeneuve",
        role_labels=["Accueil social", "Coordination"],
        memberships=[
            member(
                id="1", organisation_name="CCAS de Villeneuve-sur-Aubance", role_labels=["Accueil social"], current=True
            ),
            member(
                id="2",
                organisation_name="Secours Populaire, comité local",
                role_labels=["Bénévole"],
                current=False,
            ),
        ],
    )


def _nav() -> list[SimpleNamespace]:
    labels = ["Accueil", "Dossiers", "Orientations", "Distribution", "Conseil", "Ateliers", "Chiffres"]
    return [
        SimpleNamespace(
            href=f"/{n}", label=label, current=label == "Dossiers", count=12 if label == "Orientations" else None
        )
        for n, label in enumerate(labels)
    ]


def render(template: str, **context: object) -> str:
    """The HTML of one template with the context every page receives."""
    common: dict[str, object] = {
        "title": "Planche des éléments",
        "me": _me(),
        "nav": _nav(),
        "flash": [SimpleNamespace(tone="success", text="L’accord est enregistré.")],
        "demo": True,
        "form": SpecimenForm(
            typed={
                "nom": ["Diallo"],
                "loyer": ["1 234,50"],
                "role": ["b"],
                "parts": ["identite", "budget"],
                "oui": ["oui"],
            },
            errors=[("naissance", "Écrivez la date ainsi : 21/11/1984"), ("role", "Choisissez une réponse")],
        ),
        "blank": SpecimenForm(),
    }
    return environment().get_template(template).render(**(common | context))


def render_error(**context: object) -> str:
    return render(
        "errors/error.html",
        status=409,
        title="Cette orientation a déjà été prise en charge",
        sentence="Karim Haddad (Mission locale) l’a acceptée le 21 novembre 2026 à 14 h 05, avant votre réponse.",
        kept="Votre note n’a pas été enregistrée ; l’orientation est inchangée.",
        next_step="Rouvrez l’orientation pour voir où elle en est.",
        typed=(),
        elsewhere=None,
        here="",
        **context,
    )


def _serve(route: Route, html: str) -> None:
    path = re.sub(r"[?#].*", "", route.request.url.removeprefix(ORIGIN))
    if not path.startswith("/static/"):
        route.fulfill(body=html, content_type="text/html; charset=utf-8", headers={"Content-Security-Policy": POLICY})
        return
    found = dict(web.assets().values())[path]
    route.fulfill(body=found.read_bytes(), content_type=mimetypes.guess_type(found.name)[0] or "text/plain")


@contextmanager
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@contextmanager
def shown(chromium: Browser, html: str, screen: str, scheme: str) -> Iterator[tuple[Page, list[str]]]:
    """The page open on a screen of SCREENS, in the "light" or "dark" scheme, with the console's complaints."""
    width, height = SCREENS[screen]
    complaints: list[str] = []
    context = chromium.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        has_touch=screen == "telephone",
        is_mobile=screen == "telephone",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.route("**/*", lambda route: _serve(route, html))
    page.goto(ORIGIN + "/")
    yield page, complaints
    context.close()


def photograph(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pages = {
        "planche": render("specimen.html"),
        "travail": render("specimen_work.html"),
        "erreur": render_error(),
        "connexion": render("specimen_sign_in.html", me=None, nav=[], flash=[]),
    }
    with browser() as chromium:
        for name, html in pages.items():
            for screen in SCREENS:
                for scheme in ("light", "dark"):
                    with shown(chromium, html, screen, scheme) as (page, complaints):
                        page.screenshot(path=folder / f"{name}-{screen}-{scheme}.png", full_page=True)
                        page.screenshot(path=folder / f"{name}-{screen}-{scheme}-haut.png")
                        sys.stdout.write(f"{name} {screen} {scheme} {complaints}\n")
            with shown(chromium, html, "bureau", "light") as (page, _):
                if page.locator(".account").count():
                    page.locator(".account summary").click()
                page.screenshot(path=folder / f"{name}-menu.png")
                page.emulate_media(media="print")
                page.set_viewport_size({"width": 720, "height": 1020})
                page.screenshot(path=folder / f"{name}-papier.png", full_page=True)
            with shown(chromium, html, "telephone", "dark") as (page, _):
                if page.locator(".nav-folded").count():
                    page.locator(".nav-folded summary").click()
                page.screenshot(path=folder / f"{name}-menu-telephone.png")


if __name__ == "__main__":
    photograph(Path(sys.argv[1] if len(sys.argv) > 1 else ".shots"))
