"""Makes household files for the tests, through the real act."""

from uuid import UUID

from sqlalchemy import Engine

from coordination.households.forms import NewFileForm, PersonRow
from coordination.households.service import open_file
from coordination.kit.actor import Member
from coordination.kit.db import acting


def open_household(
    engine: Engine,
    member: Member,
    family_name: str = "Martin",
    given_name: str = "Sophie",
    commune: str = "Carvin",
    birth: str = "",
    people: tuple[dict[str, str], ...] = (),
) -> UUID:
    """A file held by the member's organisation; `people` are rows of the form: family_name, given_name, birth, link."""
    form = NewFileForm(
        family_name=family_name,
        given_name=given_name,
        commune=commune,
        birth=birth,
        people=[PersonRow.model_validate(row) for row in people],
    )
    with acting(engine, member) as session:
        return open_file(session, form).id
