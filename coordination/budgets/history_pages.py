"""The page of a household's reste à vivre over time: a drawing and its table for each barème."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coordination.budgets import queries
from coordination.households.queries import file_header
from coordination.identity.permissions import Permission
from coordination.kit.web import Walled, needs, page

router = APIRouter(prefix="/foyers/{household_id}/budget")


@router.get("/historique", dependencies=[needs(Permission.READ_BUDGETS)])
def history(request: Request, household_id: UUID, session: Walled) -> Response:
    """Every validated budget under every barème, the oldest first on the drawing, the newest first in the table."""
    queries.open_part(session, household_id)
    return page(
        request,
        "budgets/history.html",
        title="Historique du reste à vivre",
        file=file_header(session, household_id),
        series=queries.file_history(session, household_id),
    )
