"""What the forms of a page say in their address: for whom it was opened, and a mark that serves once (kit/once.py).

A session acts for one membership at a time. Whoever has several and changes in one tab would otherwise send, from the
other, a message or a note in the name of the wrong structure: a form whose page was opened for another membership than
the one that acts now is refused. Pages of whoever has one membership do not say whose they are.
"""

import re
from collections.abc import Mapping

from fastapi import Request

from coordination.kit.actor import Member
from coordination.kit.errors import ActsElsewhere

FIELD = "pour"
FREE = ("/session/structure", "/deconnexion", "/connexion")
SENT_BY = ('method="post" ', " form")  # a form's action, a button's formaction: what comes right before
ADDRESS = re.compile(r'action="(/[^"#?]*)(\?[^"#]*)?')


def bearing(html: str, marks: Mapping[str, str]) -> str:
    """The page, each of whose forms that are sent says these marks."""

    def marked(found: re.Match[str]) -> str:
        path, query = found.group(1), found.group(2) or ""
        if path in FREE or not any(found.string.startswith(how, found.start() - len(how)) for how in SENT_BY):
            return found.group(0)
        for name, value in marks.items():
            if f"{name}=" not in query:  # what is sent again says it already
                query += f"{'&amp;' if query else '?'}{name}={value}"
        return f'action="{path}{query}'

    return ADDRESS.sub(marked, html)


async def refuse_another_tab(request: Request) -> None:
    """Raises `ActsElsewhere` for a form whose page was opened for another membership than the one that acts now."""
    said, actor = request.query_params.get(FIELD), request.state.actor
    if said is not None and request.method == "POST" and isinstance(actor, Member) and said != str(actor.membership_id):
        raise ActsElsewhere
