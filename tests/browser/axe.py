"""What axe has to say of a screen, asked for no more than it has not judged yet.

Two kinds of rules. Those of structure (names, roles, landmarks, order…) judge a screen as a whole: they are asked of
every screen built otherwise than the ones before. Those of sight judge elements one by one by what is drawn, and cost
nine tenths of a look: they are asked of every element not yet seen in its place with these colours and this size.
"""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SIGHT = ["color-contrast", "target-size", "link-in-text-block"]
STRUCTURE = {
    "runOnly": {"type": "tag", "values": TAGS},
    "rules": {rule: {"enabled": False} for rule in SIGHT},
    "resultTypes": ["violations"],
}
# What a screen is made of, each kind of element counted up to two.
BUILD = """() => { const seen = {};
    for (const e of document.querySelectorAll('*')) {
        const kind = [e.tagName, e.className.baseVal ?? e.className, e.getAttribute('role'), e.type].join('|');
        seen[kind] = Math.min(2, (seen[kind] || 0) + 1);
    }
    return JSON.stringify(Object.entries(seen).sort()) }"""
# The marks of what is drawn and was not known: where it stands (its kind and those of all around it, what comes
# before), its colours and the one behind, its letters, whether it is small or covered. Kept in `strangers`: the
# elements that bear these marks, two for each, those inside another left out.
LOOK = """known => {
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
    const before = new Set(known), marks = {}, places = new Map(), behind = new Map(), inside = new Set();
    window.strangers = [];
    for (const e of [document.documentElement, document.body, ...document.body.querySelectorAll('*')]) {
        const around = e.parentElement, style = getComputedStyle(e), box = e.getBoundingClientRect();
        const plain = style.backgroundImage === 'none' && /^rgba\\(.*, 0\\)$/.test(style.backgroundColor);
        places.set(e, hash((places.get(around) ?? '') + kind(e)));
        behind.set(e, plain ? behind.get(around) ?? '' : style.backgroundColor + style.backgroundImage);
        if (inside.has(around)) inside.add(e);
        if (!e.checkVisibility()) continue;
        const over = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
        const mark = hash([places.get(e), kind(e.previousElementSibling), behind.get(e), style.color, style.opacity,
            style.fontSize, style.fontWeight, style.textDecorationLine, style.textShadow,
            [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()), box.width < 24, box.height < 24,
            over !== null && !over.contains(e) && !e.contains(over)].join('|'));
        if (before.has(mark)) continue;
        marks[mark] = (marks[mark] || 0) + 1;
        if (marks[mark] > 2 || inside.has(e)) continue;
        window.strangers.push(e);
        inside.add(e);
    }
    return Object.keys(marks).map(Number) }"""
JUDGE = """sight => axe.run({include: window.strangers},
    {runOnly: {type: 'rule', values: sight}, resultTypes: ['violations']})"""

BUILT: set[tuple[int, str]] = set()
SEEN: dict[tuple[int, str], set[int]] = {}


def complaints_of_axe(page: Page) -> list[str]:
    """One line for each rule that is not kept. What was found faultless is not judged again in this process."""
    width = page.viewport_size["width"] if page.viewport_size else 0
    scheme = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'")
    build = (width, page.evaluate(BUILD))
    seen = SEEN.setdefault((width, scheme), set())
    marks = page.evaluate(LOOK, list(seen))
    if build in BUILT and not marks:
        return []
    axe = Axe()
    page.evaluate(axe.axe_script)
    found: list[Any] = []
    if build not in BUILT:
        found += page.evaluate("rules => axe.run(rules)", STRUCTURE)["violations"]
    if marks:
        found += page.evaluate(JUDGE, SIGHT)["violations"]
    if not found:
        BUILT.add(build)
        seen.update(marks)
    return [f"{rule['id']}: {rule['nodes'][0]['html'][:150]}" for rule in found]
