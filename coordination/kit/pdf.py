"""Paper: accessible PDF (PDF/UA-1) from typst templates of ours; what people typed is data there, never markup."""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi.responses import Response

from coordination.kit.web import ROOT

if TYPE_CHECKING:
    import typst

TEMPLATES = ROOT / "templates" / "print"
LETTERS = Path(str(files("fontpkg_atkinson_hyperlegible"))) / "files"
# Every sign that the letters we carry can draw; PDF/UA-1 refuses a document with any other.
DRAWN = (
    "\n\u0020-\u007e\u00a0-\u00ac\u00ae-\u036f\u0370-\u0377\u037a-\u037f\u0384-\u038a\u038c\u038e-\u03a1\u03a3-\u04ff"
    "\u0621-\u063a\u0640-\u064a\u0660-\u0669\u060c\u061b\u061f\u1e00-\u1eff"
    "\u2010-\u2015\u2018-\u201e\u2020-\u2022\u2026\u202f\u2030\u2032\u2033\u2039\u203a\u20ac\u2190-\u2193\u2212\u25a1\u2610-\u2612"
)
UNDRAWN = re.compile(f"[^{DRAWN}]")
MISSING = "□"


def drawable(words: str) -> str:
    """The words as paper shows them: control signs go, every other sign that has no drawing becomes « □ »."""
    plain = unicodedata.normalize("NFC", words.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " "))
    shown = "".join(sign for sign in plain if sign == "\n" or unicodedata.category(sign) not in ("Cc", "Cf", "Mn"))
    return UNDRAWN.sub(MISSING, shown)


def pdf(template: str, data: Mapping[str, Any], at: datetime) -> bytes:
    """The document of a template of `templates/print`; the same data at the same moment give the same bytes."""
    import typst

    return typst.compile(
        str(TEMPLATES / template),
        root=str(TEMPLATES),
        font_paths=_letters(),
        ignore_system_fonts=True,
        format="pdf",
        pdf_standards="ua-1",
        sys_inputs={"data": json.dumps(_drawable(data))},
        timestamp=int(at.timestamp()),
    )


class Download(Response):
    """A document to keep, which no cache keeps; its name is a code, never somebody's."""

    media_type = "application/pdf"

    @classmethod
    def of(cls, content: bytes, name: str) -> "Download":
        headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
        return cls(content, headers=headers)


def _drawable(value: Any) -> Any:
    if isinstance(value, str):
        return drawable(value)
    if isinstance(value, Mapping):
        return {key: _drawable(each) for key, each in value.items()}
    if isinstance(value, Sequence):
        return [_drawable(each) for each in value]
    return value


@lru_cache
def _letters() -> "typst.Fonts":
    """The letters of this application and no others, read once: a document looks the same on every machine."""
    import typst

    return typst.Fonts(include_system_fonts=False, font_paths=[str(LETTERS)])
