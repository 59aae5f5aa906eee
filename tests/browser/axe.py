"""What axe has to say of a screen, asked for no more than it has not judged yet.

Two kinds of rules. Those of structure (names, roles, landmarks, order…) judge a screen as a whole: they are asked of
every screen built otherwise than the ones before. Those of sight judge elements one by one by what is drawn, and cost
nine tenths of a look: they are asked of every element not yet seen in its place with these colours and this size.
"""

import json
import os
from hashlib import blake2b
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import CDPSession, Page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SIGHT = ["color-contrast", "target-size", "link-in-text-block"]
STRUCTURE = {
    "runOnly": {"type": "tag", "values": TAGS},
    "rules": {rule: {"enabled": False} for rule in SIGHT},
    "resultTypes": ["violations"],
}
# Before its rules axe fetches what they may need beforehand, style sheets and media: of these rules the one of what
# plays by itself alone needs any, and of media.
STRUCTURED = "rules => axe.run({...rules, preload: document.querySelector('audio, video') !== null})"
# How a screen is shown; what it is made of, each kind of element counted up to two; and the marks of all that is drawn:
# where it stands (its kind and those of all around it, what comes before), its colours and the one behind, its letters,
# whether it is small or covered.
LOOK = """() => {
    const hash = text => {
        let a = 0xdeadbeef, b = 0x41c6ce57;
        for (let i = 0; i < text.length; i++) {
            a = Math.imul(a ^ text.charCodeAt(i), 2654435761); b = Math.imul(b ^ text.charCodeAt(i), 1597334677);
        }
        a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
        b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
        return 4294967296 * (2097151 & b) + (a >>> 0);
    };
    const kind = e => e && [e.tagName, e.className.baseVal ?? e.className, e.getAttribute('role'), e.type,
        e.disabled, e.getAttribute('aria-current'), e.getAttribute('aria-disabled')].join('|');
    const places = new Map(), behind = new Map(), built = {};
    window.drawn = [];
    for (const e of document.querySelectorAll('*')) {
        const part = [e.tagName, e.className.baseVal ?? e.className, e.getAttribute('role'), e.type].join('|');
        built[part] = Math.min(2, (built[part] || 0) + 1);
    }
    for (const e of [document.documentElement, document.body, ...document.body.querySelectorAll('*')]) {
        const around = e.parentElement, style = getComputedStyle(e), box = e.getBoundingClientRect();
        const plain = style.backgroundImage === 'none' && /^rgba\\(.*, 0\\)$/.test(style.backgroundColor);
        places.set(e, hash((places.get(around) ?? '') + kind(e)));
        behind.set(e, plain ? behind.get(around) ?? '' : style.backgroundColor + style.backgroundImage);
        if (!e.checkVisibility()) continue;
        const over = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
        window.drawn.push([e, hash([places.get(e), kind(e.previousElementSibling), behind.get(e), style.color,
            style.opacity, style.fontSize, style.fontWeight, style.textDecorationLine, style.textShadow,
            [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()), box.width < 24, box.height < 24,
            over !== null && !over.contains(e) && !e.contains(over)].join('|'))]);
    }
    return JSON.stringify([matchMedia('(prefers-color-scheme: dark)').matches,
        Object.entries(built).sort(), [...new Set(window.drawn.map(([, mark]) => mark))]]) }"""
# Judged: the elements that bear a mark not known yet, two for each, those inside another left out.
JUDGE = """([fresh, sight]) => {
    const counts = new Map(JSON.parse(fresh).map(mark => [mark, 0])), strangers = [];
    for (const [e, mark] of window.drawn) {
        if (!counts.has(mark)) continue;
        counts.set(mark, counts.get(mark) + 1);
        if (counts.get(mark) <= 2 && !strangers.some(other => other.contains(e))) strangers.push(e);
    }
    return axe.run({include: strangers}, {runOnly: {type: 'rule', values: sight}, resultTypes: ['violations'],
        preload: false}) }"""


class Known:
    """What was found faultless, by any process of this run of the suite once they all write in one file."""

    def __init__(self) -> None:
        self.built: set[str] = set()
        self.seen: dict[str, set[int]] = {}
        self._file: int | None = None
        self._read = 0

    def keep_in(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)

    def learn(self) -> None:
        """What the other processes wrote since."""
        if self._file is not None:
            said = os.pread(self._file, os.fstat(self._file).st_size - self._read, self._read)
            whole = said[: said.rfind(b"\n") + 1]
            self._read += len(whole)
            for line in whole.splitlines():
                self._note(*json.loads(line))

    def tell(self, build: str, screen: str, marks: list[int]) -> None:
        self._note(build, screen, marks)
        if self._file is not None:
            os.write(self._file, json.dumps([build, screen, marks]).encode() + b"\n")

    def _note(self, build: str, screen: str, marks: list[int]) -> None:
        self.built.add(build)
        self.seen.setdefault(screen, set()).update(marks)


KNOWN = Known()
ASIDE: WeakKeyDictionary[Page, CDPSession] = WeakKeyDictionary()


def complaints_of_axe(page: Page) -> list[str]:
    """One line for each rule that is not kept. What was found faultless is not judged again in this run."""
    KNOWN.learn()
    width = page.viewport_size["width"] if page.viewport_size else 0
    dark, built, marks = json.loads(page.evaluate(LOOK))
    screen = f"{width} {dark}"
    build = blake2b(json.dumps([width, built]).encode(), digest_size=16).hexdigest()
    fresh = [mark for mark in marks if mark not in KNOWN.seen.get(screen, set())]
    if build in KNOWN.built and not fresh:
        return []
    _bring_axe(page)
    found: list[Any] = []
    if build not in KNOWN.built:
        found += page.evaluate(STRUCTURED, STRUCTURE)["violations"]
    if fresh:
        found += page.evaluate(JUDGE, [json.dumps(fresh), SIGHT])["violations"]
    if not found:
        KNOWN.tell(build, screen, fresh)
    return [f"{rule['id']}: {rule['nodes'][0]['html'][:150]}" for rule in found]


def _bring_axe(page: Page) -> None:
    """Evaluated as a whole script, which Chromium compiles once for the pages that follow one another."""
    if page not in ASIDE:
        ASIDE[page] = page.context.new_cdp_session(page)
    ASIDE[page].send("Runtime.evaluate", {"expression": Axe().axe_script})
