"""Paper: whatever people typed is printed as they typed it, nothing of it is run, and the document stays accessible."""

import io
import re
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from coordination.kit.pdf import DRAWN, MISSING, TEMPLATES, drawable, pdf

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)
PERSON: dict[str, Any] = {
    "title": "Épicerie", "document": "Feuille", "kicker": "Aller voir", "code_label": "Code", "code": "7K3M-2PX",
    "from": "CCAS", "to": "Épicerie", "day": "22 novembre 2026", "foot": "À vous.", "place": [["Commune", "Carvin"]],
    "before": "Appelez.", "meeting": "", "qr": [], "address": "",
    "until": "", "why": "", "papers": ["Cette feuille."], "told": "Rien.", "rights": ["Oui."],
    "sender": [["Structure", "CCAS"]],
}  # fmt: skip
HOSTILE = [
    '#read("/etc/passwd")',
    '#import "@preview/cetz:0.3.0"',
    "*gras* _italique_ $x^2$ <cible> @renvoi `code` = titre",
    "#panic() #sys.inputs #eval(\"1+1\") \\ // fin /* */ ] } ) {{ x }}",
    '"}],"from":"autre',
    "</w:t><script>alert(1)</script>",
]  # fmt: skip


def printed(words: str) -> str:
    """What the paper says where these words were given, spaces and hyphenation aside."""
    return plain(PdfReader(io.BytesIO(pdf("person.typ", PERSON | {"told": words}, AT))))


def plain(reader: PdfReader) -> str:
    return re.sub(r"\s+", "", "".join(page.extract_text() for page in reader.pages))


def test_what_looks_like_markup_is_printed_as_it_was_typed() -> None:
    said = printed("\n".join(HOSTILE))
    assert [words for words in HOSTILE if re.sub(r"\s+", "", words) not in said] == []


def test_a_template_never_runs_nor_opens_anything() -> None:
    """Data reach a template through `json(bytes(sys.inputs…))` and by no other way."""
    sources = {path.name: path.read_text(encoding="utf-8") for path in TEMPLATES.glob("*.typ")}
    assert len(sources) > 2
    for name, source in sources.items():
        code = re.sub(r"//.*", "", source)
        assert not re.search(
            r"\b(eval|read|csv|yaml|toml|xml|cbor|plugin|image)\s*\((?!bytes\()|@preview|@local", code
        ), name
        assert re.findall(r'#import "([^"]+)"', code) in ([], ["house.typ"]), name


def test_paper_is_accessible_french_and_the_same_twice() -> None:
    made = pdf("person.typ", PERSON, AT)
    assert made == pdf("person.typ", PERSON, AT)
    reader = PdfReader(io.BytesIO(made))
    root: Any = reader.root_object
    assert root["/MarkInfo"]["/Marked"]
    assert str(root["/Lang"]).lower() in {"fr", "fr-fr"}
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata is not None
    assert reader.metadata.title == "Feuille"
    assert b"pdfuaid" in root["/Metadata"].get_data()
    tags = tags_of(root["/StructTreeRoot"])
    assert tags.count("/H1") == 1
    assert tags.count("/H2") == 5
    assert "/L" in tags
    assert len(reader.pages) == 1
    assert all(str(page.mediabox[2])[:3] == "595" for page in reader.pages), "A4"


def tags_of(node: Any) -> list[str]:
    found = [str(node["/S"])] if "/S" in node else []
    children = node.get("/K", [])
    for child in children if isinstance(children, list) else [children]:
        real = child.get_object() if hasattr(child, "get_object") else child
        if hasattr(real, "get"):
            found += tags_of(real)
    return found


def test_every_sign_we_say_we_draw_is_drawn() -> None:
    signs = [chr(code) for code in range(0x20, 0x3000) if re.fullmatch(f"[{DRAWN}]", chr(code))]
    assert len(signs) > 1500
    pdf("person.typ", PERSON | {"papers": [f"a{sign}b" for sign in signs]}, AT)


@settings(max_examples=8)
@given(st.text(max_size=60))
def test_any_text_makes_a_sheet(words: str) -> None:
    assert pdf("person.typ", PERSON | {"told": words, "title": words, "document": words}, AT).startswith(b"%PDF-")
    assert drawable(drawable(words)) == drawable(words)


def test_emoji_control_signs_and_long_texts_break_nothing() -> None:
    assert (
        drawable("Zoé\x00 \u202e\u200b😀 مرحبا 中 ﬁn\tici\r\nlà") == f"Zoé {MISSING} مرحبا {MISSING} {MISSING}n ici\nlà"
    )
    assert drawable("E\u0301lise") == "Élise"
    assert "fin" in printed("mot " * 2500 + "fin")
    assert len(printed("x" * 10_000)) > 9_000, "a word without a space is cut, not lost"
