"""Asking axe only what is new loses nothing: what was faultless is judged again once drawn otherwise."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.axe import complaints_of_axe
from tests.ui import specimen

pytestmark = pytest.mark.browser
SCREEN = """<!doctype html><html lang="fr"><head><title>Essai</title><meta name="viewport" content="width=device-width">
</head><body><main><h1>Titre</h1><p id="words">Des mots.</p><p>D’autres, <b>en gras</b>.</p>
<div><button id="one">Un</button><button id="two">Deux</button></div>
<label for="name">Nom</label><input id="name"></main></body></html>"""
STYLE = """#one, #two { height: 24px; width: 24px; padding: 0; font-size: 9px }
p { color: #333 } .pale { color: #aaa } .night { background: #444 } h1 { font-size: 30px; color: #8a8a8a }"""
DRESS = """style => { const sheet = new CSSStyleSheet(); sheet.replaceSync(style);
    document.adoptedStyleSheets = [sheet] }"""
# Each: the rule that must complain, of the words or of another element, and what befalls it.
HARM = {
    "its own colour": ("color-contrast", "#words", "e.style.color = '#bbb'"),
    "a class": ("color-contrast", "#words", "e.className = 'pale'"),
    "the colour behind": ("color-contrast", "main", "e.className = 'night'"),
    "the colour behind all": ("color-contrast", "body", "e.style.background = '#444'"),
    "smaller letters": ("color-contrast", "h1", "e.style.fontSize = '12px'"),
    "a smaller button": ("target-size", "#two", "e.style.width = '8px'"),
    "a covered button": ("target-size", "#two", "e.style.marginLeft = '-14px'"),
    "no label any more": ("label", "label", "e.remove()"),
}


@pytest.fixture(scope="module")
def known(chromium: Browser) -> Iterator[Page]:
    """A screen that axe found faultless."""
    with specimen.shown(chromium, SCREEN, "bureau", "light") as (page, _):
        page.evaluate(DRESS, STYLE)
        assert complaints_of_axe(page) == []
        yield page


@pytest.mark.parametrize("what", HARM)
def test_a_known_screen_is_judged_again_where_it_changed(known: Page, what: str) -> None:
    rule, selector, harm = HARM[what]
    whole = known.evaluate("document.body.innerHTML")
    known.evaluate("([selector, harm]) => Function('e', harm)(document.querySelector(selector))", [selector, harm])
    said = complaints_of_axe(known)
    known.evaluate("whole => { document.body.innerHTML = whole; document.body.removeAttribute('style') }", whole)
    assert [line for line in said if line.startswith(f"{rule}:")] != [], said
    assert complaints_of_axe(known) == []
