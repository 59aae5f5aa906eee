"""What happens to a family of the demonstration once its file is open: a birth, a departure, a separation; two of its
files made one, and a partner who asks to read it."""

from random import Random
from uuid import UUID

from coordination.demo.people import Family
from coordination.demo.stories import Lived
from coordination.demo.troupe import Troupe
from coordination.households import family as families
from coordination.households import merging, separation
from coordination.households import service as households
from coordination.households.forms import (
    LeaveForm,
    MergeForm,
    MergeRow,
    NewFileForm,
    PersonForm,
    SeparationForm,
    SeparationRow,
)
from coordination.households.queries import Resident, household_codes, profile_of, residents
from coordination.households.rules import EndReason, Link, Place
from coordination.identity.permissions import Role
from coordination.kit.actor import Member
from coordination.kit.db import ActorSession
from coordination.sharing import service as sharing
from coordination.sharing.forms import AccessForm
from coordination.sharing.rules import Purpose, SharedPart

SINCE = 1


class Life:
    """The life of one file, told by its holder yesterday."""

    def __init__(self, troupe: Troupe, rng: Random, holder: Member, file_id: UUID) -> None:
        self.troupe, self.rng, self.holder, self.file_id = troupe, rng, holder, file_id

    def happens(self, lived: Lived, family: Family) -> None:
        if lived is Lived.ASKED:
            self._asked()
            return
        with self.troupe.act(self.holder, SINCE, 15) as session:
            here = [r for r in residents(session, self.file_id) if r.stay.until_date is None]
            match lived:
                case Lived.BIRTH:
                    self._birth(session, family)
                case Lived.DEPARTURE:
                    self._departure(session, here)
                case Lived.SEPARATION:
                    self._separation(session, here, family)
                case _:
                    self._merged(session, here, family)

    def _birth(self, session: ActorSession, family: Family) -> None:
        born = self.troupe.day(SINCE)
        baby = PersonForm(
            family_name=family.reference.family_name,
            given_name="Alix",
            birth=f"{born:%d/%m/%Y}",
            link=Link.CHILD,
            from_date=born,
        )
        households.add_person(session, self.file_id, baby)

    def _departure(self, session: ActorSession, here: list[Resident]) -> None:
        """The last one told of, unless she is alone."""
        gone = here[-1]
        if gone.link is not Link.REFERENCE:
            form = LeaveForm(on=self.troupe.day(SINCE), reason=EndReason.STUDY_OR_WORK, version=gone.person.version)
            families.leave(session, self.file_id, gone.person.id, form)

    def _separation(self, session: ActorSession, here: list[Resident], family: Family) -> None:
        """The partner leads a second file; the children live in both."""
        rows = []
        for r in here:
            place = Place.BOTH if r.link is Link.CHILD else Place.GOES if r.link is Link.PARTNER else Place.STAYS
            link = Link.REFERENCE if place is Place.GOES else None
            rows.append(SeparationRow(person=r.person.id, place=place, link=link))
        form = SeparationForm(on=self.troupe.day(SINCE), commune=family.home.commune, people=rows)
        separation.separate(session, self.file_id, form, self.rng.randrange)

    def _merged(self, session: ActorSession, here: list[Resident], family: Family) -> None:
        """A second file had been opened with a name alone, on a busy morning."""
        known = family.reference
        form = NewFileForm(family_name=known.family_name, given_name=known.given_name, commune=family.home.commune)
        again = households.open_file(session, form, self.rng.randrange).id
        session.flush()
        (double,) = residents(session, again)
        mine, theirs = profile_of(session, self.file_id), profile_of(session, again)
        assert mine is not None
        assert theirs is not None
        reference = next(r for r in here if r.link is Link.REFERENCE)
        pair = MergeRow(person=double.person.id, same=reference.person.id)
        both = MergeForm(people=[pair], kept_version=mine.version, absorbed_version=theirs.version)
        merging.merge_files(session, self.file_id, again, both)

    def _asked(self) -> None:
        """A partner to which nothing was shared asks, with the code the person gave; nobody answered yet."""
        with self.troupe.act(self.holder, SINCE, 15) as session:
            code = household_codes(session, [self.file_id])[self.file_id]
        asker = self.troupe.partners["epicerie"].who(Role.INTAKE)
        with self.troupe.act(asker, SINCE, 16) as session:
            form = AccessForm(code=code, parts=[SharedPart.IDENTITY, SharedPart.NEEDS], purpose=Purpose.SUPPORT)
            sharing.request_access(session, form)
