"""The summary of a refused form: each fault is named after its field, as the page itself calls it.

The summary stands above the fields, whose macros alone know their labels: it is completed once the page is written.
"""

import re

SUMMARY = "data-error-summary"
FAULT = re.compile(r'<a href="#f-([^"]+)" data-unnamed>(.*?)</a>', re.DOTALL)
CHOICES = re.compile(r'<fieldset class="field choices.*?<legend[^>]*>(.*?)</legend>.*?\bname="([^"]+)"', re.DOTALL)
LABEL = re.compile(r'<label for="f-([^"]+)"[^>]*>(.*?)</label>', re.DOTALL)
ROW = re.compile(r'<fieldset class="person-row">\s*<legend[^>]*>(.*?)</legend>(.*?)</fieldset>', re.DOTALL)
FIELD = re.compile(r'\bid="f-([^"]+)"')
MARKS = re.compile(r'<span class="optional">.*?</span>|<[^>]*>', re.DOTALL)


def name_faults(html: str) -> str:
    """The page, with the label of its field before each sentence of the summary; a fault of no field is no link."""
    if SUMMARY not in html:
        return html
    names = {name: _plain(label) for name, label in LABEL.findall(html)}
    names |= {name: _plain(legend) for legend, name in reversed(CHOICES.findall(html))}
    rows = {name: _plain(legend) for legend, fields in ROW.findall(html) for name in FIELD.findall(fields)}

    def named(fault: re.Match[str]) -> str:
        name, sentence = fault.groups()
        if f'id="f-{name}"' not in html:
            return sentence
        called = ", ".join(filter(None, (rows.get(name), names.get(name))))
        if not called or (sentence.startswith(called) and len(called) > 2):  # « À » is not said by « À remplir. »
            return f'<a href="#f-{name}">{sentence}</a>'
        colon = " " if called.endswith("?") else "\u00a0: "
        return f'<a href="#f-{name}">{called}{colon}{sentence}</a>'

    return FAULT.sub(named, html)


def _plain(label: str) -> str:
    return " ".join(MARKS.sub(" ", label).split())
