"""An address as a QR code: markup to set in a page (no style, no script), or the bytes of a picture for a PDF."""

import io

import segno
from markupsafe import Markup

# A quarter of the code may be folded, stained or badly copied and it is still read.
ERROR_CORRECTION = "q"


def qr_svg(address: str, label: str) -> Markup:
    """A `<svg>` to set in a page: black on white in the dark too, and `label` for those who listen."""
    made = segno.make_qr(address, error=ERROR_CORRECTION)
    return Markup(made.svg_inline(scale=4, light="#fff", svgclass="qr", title=label, omitsize=True))  # noqa: S704


def qr_png(address: str) -> bytes:
    """The same as a PNG, eight points for each module."""
    written = io.BytesIO()
    segno.make_qr(address, error=ERROR_CORRECTION).save(written, kind="png", scale=8)
    return written.getvalue()
