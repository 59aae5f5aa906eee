"""Two tabs, two structures: a form says for whom its page was opened, and is refused when one acts for another since.

A session acts for one membership at a time. Whoever has several and changes in one tab would otherwise send, from the
other, a message or a note in the name of the wrong structure. Pages of whoever has one membership are left as they are.
"""

import re
from uuid import UUID

from fastapi import Request

from coordination.kit.actor import Member
from coordination.kit.errors import ActsElsewhere

FIELD = "pour"
FREE = ("/session/structure", "/deconnexion", "/connexion")
SENT_TO = re.compile(r'(<form\b[^>]*\bmethod="post" action="|\bformaction=")(/[^"#?]*)(\?[^"#]*)?')


def opened_for(html: str, membership_id: UUID) -> str:
    """The page, each of whose forms says for whom it was opened."""

    def marked(found: re.Match[str]) -> str:
        start, path, query = found.group(1), found.group(2), found.group(3) or ""
        if path in FREE or f"{FIELD}=" in query:  # what is sent again says it already
            return found.group(0)
        return f"{start}{path}{query}{'&amp;' if query else '?'}{FIELD}={membership_id}"

    return SENT_TO.sub(marked, html)


async def refuse_another_tab(request: Request) -> None:
    """Raises `ActsElsewhere` for a form whose page was opened for another membership than the one that acts now."""
    said, actor = request.query_params.get(FIELD), request.state.actor
    if said is not None and request.method == "POST" and isinstance(actor, Member) and said != str(actor.membership_id):
        raise ActsElsewhere
