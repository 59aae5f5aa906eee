"""Page of a coming of age: one screen, to stay in the household or to leave for a file of one's own."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coordination.households import majority, queries
from coordination.households.majority import LINKS, Lives, MajorityForm
from coordination.identity.permissions import Permission
from coordination.kit.clock import today
from coordination.kit.db import ActorSession
from coordination.kit.forms import FormState, read
from coordination.kit.web import Submitted, Walled, carry_out, go, needs, page

router = APIRouter(prefix="/foyers/{household_id}/personnes/{person_id}/majorite")
EDITS = [needs(Permission.EDIT_FILES)]


def _shown(
    request: Request,
    session: ActorSession,
    household_id: UUID,
    person_id: UUID,
    form: FormState | None = None,
    status: int = 200,
) -> Response:
    queries.refuse_non_holder(session, household_id)
    found = queries.person_of(session, household_id, person_id)
    form = form or FormState.of(
        {"lives": Lives.HERE, "on": f"{today():%d/%m/%Y}", "link": found.link, "version": found.person.version}
    )
    return page(
        request,
        "households/majority.html",
        title=f"Majorité — {found.name}",
        status=status,
        file=queries.file_header(session, household_id),
        found=found,
        form=form,
        lives=[
            (Lives.HERE.value, "Reste dans ce foyer", "Son propre accord de partage est à recueillir."),
            (Lives.OWN_FILE.value, "Part avec un dossier à son nom", "Votre structure tiendra aussi ce dossier."),
        ],
        links=LINKS,
    )


@router.get("", dependencies=EDITS)
def coming_of_age(request: Request, household_id: UUID, person_id: UUID, session: Walled) -> Response:
    """Where somebody who came of age lives now."""
    return _shown(request, session, household_id, person_id)


@router.post("", dependencies=EDITS)
def come_of_age(request: Request, household_id: UUID, person_id: UUID, data: Submitted, session: Walled) -> Response:
    """Writes it: here under her link, or in a file of her own."""

    def deed(asked: MajorityForm) -> Response:
        if asked.lives is Lives.OWN_FILE:
            made = majority.leave_for_own_file(session, household_id, person_id, asked)
            return go(request, f"/foyers/{made.id}", f"Dossier {made.code} créé. Il reste à recueillir ses accords.")
        majority.come_of_age(session, household_id, person_id, asked)
        return go(request, f"/foyers/{household_id}", "Majorité enregistrée. Il reste à recueillir son propre accord.")

    def again(form: FormState, status: int) -> Response:
        return _shown(request, session, household_id, person_id, form, status)

    return carry_out(
        session,
        read(MajorityForm, data),
        deed,
        again,
        lambda: queries.person_of(session, household_id, person_id).person.version,
    )
