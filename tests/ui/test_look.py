"""The look holds: nothing for axe to say, nothing wider than a small phone, nothing the security policy stops."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.ui import specimen

RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}}
PAGES = ("specimen.html", "specimen_work.html")

pytestmark = pytest.mark.skipif(specimen.CHROMIUM is None, reason="aucun navigateur sur cette machine")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with specimen.browser() as opened:
        yield opened


def _complaints_of_axe(page: Page) -> list[str]:
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{rule['id']}: {node['html'][:160]} — {node['failureSummary']}" for rule in found for node in rule["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", ["telephone", "bureau"])
@pytest.mark.parametrize("template", PAGES)
def test_axe_finds_nothing(chromium: Browser, template: str, screen: str, scheme: str) -> None:
    with specimen.shown(chromium, specimen.render(template), screen, scheme) as (page, complaints):
        assert _complaints_of_axe(page) == []
        assert complaints == [], "the security policy or a script complains"


@pytest.mark.parametrize("template", PAGES)
def test_nothing_scrolls_sideways_on_a_small_phone(chromium: Browser, template: str) -> None:
    with specimen.shown(chromium, specimen.render(template), "telephone", "light") as (page, _):
        page.set_viewport_size({"width": 320, "height": 640})
        assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("template", PAGES)
def test_touch_targets_are_large_enough_on_a_phone(chromium: Browser, template: str) -> None:
    """Buttons, fields and menus reach 44 px; links inside a sentence are left alone, as WCAG 2.5.8 allows."""
    with specimen.shown(chromium, specimen.render(template), "telephone", "light") as (page, _):
        small = page.evaluate(
            """() => [...document.querySelectorAll('.button, .input, summary.button, .nav a, .basket, .tabs a, .choice label, .big-choice')]
            .filter(e => e.checkVisibility() && !e.closest('.sr-only') && e.getBoundingClientRect().height < 43.5)
            .map(e => e.outerHTML.slice(0, 90))"""
        )
        assert small == []


def test_every_stop_of_the_keyboard_shows_a_focus(chromium: Browser) -> None:
    with specimen.shown(chromium, specimen.render("specimen.html"), "bureau", "light") as (page, _):
        page.evaluate("document.activeElement.blur()")
        unseen = []
        for _stop in range(60):
            page.keyboard.press("Tab")
            seen = page.evaluate(
                """() => { const e = document.activeElement, s = getComputedStyle(e);
                return e === document.body || (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2) ? '' : e.outerHTML.slice(0, 90) }"""
            )
            if seen:
                unseen.append(seen)
        assert unseen == []


def test_the_error_summary_takes_the_focus_and_leads_to_the_field(chromium: Browser) -> None:
    with specimen.shown(chromium, specimen.render("specimen.html"), "bureau", "light") as (page, _):
        assert page.title().startswith("Erreur : ")
        assert page.evaluate("document.activeElement.hasAttribute('data-error-summary')")
        page.get_by_role("link", name="Écrivez la date ainsi").click()
        assert page.evaluate("document.activeElement.id") == "f-naissance"


def test_what_a_person_types_is_never_markup() -> None:
    form = specimen.SpecimenForm(typed={"nom": ['"><script>alert(1)</script>']}, errors=[("nom", "<b>Non</b>")])
    html = specimen.render("specimen.html", form=form)
    assert "<script>alert" not in html
    assert "<b>Non" not in html
