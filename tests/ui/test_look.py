"""The look holds: nothing for axe to say, nothing wider than a small phone, nothing the security policy stops."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.ui import specimen

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RULES = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}
TOUCHED = ".button, .input, .nav a, .basket, .tabs a, .choice label, .big-choice"
SMALL = """touched => [...document.querySelectorAll(touched)]
    .filter(e => e.checkVisibility() && !e.closest('.sr-only') && e.getBoundingClientRect().height < 43.5)
    .map(e => e.outerHTML.slice(0, 90))"""
UNSEEN = """() => { const e = document.activeElement, s = getComputedStyle(e);
    const seen = e === document.body || (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2);
    return seen ? '' : e.outerHTML.slice(0, 90) }"""
PAGES = ("specimen.html", "specimen_work.html", "specimen_sign_in.html")

pytestmark = pytest.mark.browser


def _complaints_of_axe(page: Page) -> list[str]:
    found = Axe().run(page, options=RULES).response["violations"]
    return [
        f"{rule['id']}: {node['html'][:160]} — {node['failureSummary']}" for rule in found for node in rule["nodes"]
    ]


@pytest.mark.parametrize(("screen", "scheme"), [("telephone", "light"), ("bureau", "dark")])
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
        small = page.evaluate(SMALL, TOUCHED)
        assert small == []


def test_every_stop_of_the_keyboard_shows_a_focus(chromium: Browser) -> None:
    with specimen.shown(chromium, specimen.render("specimen.html"), "bureau", "light") as (page, _):
        page.evaluate("document.activeElement.blur()")
        unseen = []
        for _stop in range(60):
            page.keyboard.press("Tab")
            seen = page.evaluate(UNSEEN)
            if seen:
                unseen.append(seen)
        assert unseen == []


def test_the_error_summary_takes_the_focus_and_leads_to_the_field(chromium: Browser) -> None:
    with specimen.shown(chromium, specimen.render("specimen.html"), "bureau", "light") as (page, _):
        assert page.title().startswith("Erreur : ")
        assert page.evaluate("document.activeElement.hasAttribute('data-error-summary')")
        page.get_by_role("link", name="Écrivez la date ainsi").click()
        assert page.evaluate("document.activeElement.id") == "f-naissance"


def test_arrows_walk_the_rows_of_a_queue_and_escape_closes_the_menu(chromium: Browser) -> None:
    with specimen.shown(chromium, specimen.render("specimen_work.html"), "bureau", "light") as (page, _):
        page.get_by_role("link", name="Diallo-Martin").focus()
        page.keyboard.press("ArrowDown")
        assert page.evaluate("document.activeElement.textContent") == "Foyer 8K2-QX"
        menu = page.locator(".account")
        menu.locator("summary").press("Enter")
        assert menu.get_by_role("button", name="Se déconnecter").is_visible()
        page.keyboard.press("Escape")
        assert menu.get_attribute("open") is None


def test_a_form_pressed_twice_is_sent_once(chromium: Browser) -> None:
    with specimen.shown(chromium, specimen.render("specimen.html"), "bureau", "light") as (page, _):
        sent = page.evaluate(
            """() => { let sent = 0;
            window.addEventListener('submit', e => { if (!e.defaultPrevented) { sent += 1; e.preventDefault(); } });
            const form = document.querySelector('form.form');
            form.requestSubmit(); form.requestSubmit();
            return sent }"""
        )
        assert sent == 1


def test_the_menu_of_a_phone_opens_without_javascript(chromium: Browser) -> None:
    html = specimen.render("specimen.html").replace("<script", "<template").replace("</script", "</template")
    with specimen.shown(chromium, html, "telephone", "light") as (page, _):
        assert not page.get_by_role("link", name="Orientations").is_visible()
        page.locator(".nav-folded summary").click()
        assert page.get_by_role("link", name="Orientations").is_visible()


@pytest.mark.parametrize("signed_in", [True, False])
def test_an_error_page_says_what_happened_what_is_kept_and_what_to_do(chromium: Browser, signed_in: bool) -> None:
    context: dict[str, object] = {} if signed_in else {"me": None, "nav": [], "flash": []}
    html = specimen.render_error(**context)
    with specimen.shown(chromium, html, "telephone", "light") as (page, complaints):
        assert _complaints_of_axe(page) == []
        assert complaints == []
        assert page.get_by_role("heading", name="Ce qui est conservé").is_visible()
        assert page.get_by_role("heading", name="Que faire maintenant").is_visible()


def test_what_a_person_types_is_never_markup() -> None:
    form = specimen.SpecimenForm(typed={"nom": ['"><script>alert(1)</script>']}, errors=[("nom", "<b>Non</b>")])
    html = specimen.render("specimen.html", form=form)
    assert "<script>alert" not in html
    assert "<b>Non" not in html
