"""What a person may send about a household file."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from coordination.households.pairing import UNITS, Side
from coordination.households.reach import BarReason, Way
from coordination.households.rules import (
    Activity,
    AddressKind,
    BirthDate,
    ClosingReason,
    EndReason,
    FamilySituation,
    Housing,
    Link,
    Origin,
    Place,
    parse_birth,
    read_code,
)
from coordination.kit.clock import today
from coordination.kit.forms import Form, blank_is_none, typed_day
from coordination.kit.text import phone_number, place_name

OLDEST_YEAR = 1900
SHORTEST_REASON = 15
WEIGHTS = [
    ("1", "Vit ici tout le temps (1 part)"),
    ("0.5", "Garde alternée (½ part)"),
    ("0.25", "Un quart du temps (¼ part)"),
    ("0.75", "Trois quarts du temps (¾ part)"),
]


def _birth(typed: str) -> str:
    parse_birth(typed, today())
    return typed


def _phone(typed: str) -> str:
    digits = [c for c in typed if c.isdigit()]
    if typed and (not 8 <= len(digits) <= 15 or any(c not in "0123456789 .+-/()" for c in typed)):
        raise ValueError("Ce numéro n’a pas la forme 06 12 34 56 78.")
    return phone_number(typed)


def _email(typed: str) -> str:
    local, at, host = typed.partition("@")
    if typed and (not at or not local or "." not in host or " " in typed):
        raise ValueError("Ce courriel n’a pas la forme nom@exemple.fr.")
    return typed


def read_day(typed: str) -> date | None:
    """A full date as typed in French; blank means none. Raises ValueError with a French sentence."""
    if not typed.strip():
        return None
    read = typed_day(typed)
    assert isinstance(read, date)
    if read.year < OLDEST_YEAR:
        raise ValueError("Cette date est trop ancienne : vérifiez l’année.")
    return read


def _day(typed: object) -> object:
    return read_day(typed) if isinstance(typed, str) else typed


def _past(typed: object) -> object:
    """A day that has come: what is told of a family did happen."""
    day = _day(typed)
    if not isinstance(day, date):
        raise ValueError("À remplir.")  # noqa: TRY004 - pydantic reads a ValueError
    if day > today():
        raise ValueError("Cette date est dans le futur : notez l’événement une fois qu’il a eu lieu.")
    return day


def _ticked(typed: object) -> object:
    """A box sends `oui`, or nothing."""
    return typed == "oui" if isinstance(typed, str) else typed


Ticked = Annotated[bool, BeforeValidator(_ticked)]
Words = Annotated[str, Field(max_length=120)]
Commune = Annotated[str, Field(min_length=1, max_length=120), AfterValidator(place_name)]
Birth = Annotated[str, Field(max_length=20), AfterValidator(_birth)]
Day = Annotated[date | None, BeforeValidator(_day)]
PastDay = Annotated[date, BeforeValidator(_past)]
ChosenWeight = Annotated[Decimal, Field(gt=0, le=1, max_digits=4, decimal_places=3)]


class PersonRow(Form):
    """One more person of a new file: her link is enough, her names may come later."""

    family_name: Words = ""
    given_name: Words = ""
    birth: Birth = ""
    link: Link

    @property
    def birth_date(self) -> BirthDate:
        return parse_birth(self.birth, today())


class NewFileForm(Form):
    """A file opens with a name, a composition and a commune alone; `confirm` after a duplicate was shown."""

    family_name: Annotated[str, Field(min_length=1, max_length=120)]
    given_name: Words = ""
    birth: Birth = ""
    commune: Commune
    people: list[PersonRow] = Field(default_factory=list, max_length=20)
    confirm: str = ""

    @property
    def birth_date(self) -> BirthDate:
        return parse_birth(self.birth, today())

    @model_validator(mode="after")
    def _one_reference(self) -> "NewFileForm":
        if any(row.link is Link.REFERENCE for row in self.people):
            raise ValueError("Il y a déjà une personne de référence : choisissez un autre lien pour les autres.")
        return self


class ProfileForm(Form):
    """Where and how the household lives, and how to reach it."""

    commune: Commune
    address_kind: AddressKind = AddressKind.FIXED
    address: Annotated[str, Field(max_length=300)] = ""
    phone: Annotated[str, Field(max_length=30), AfterValidator(_phone)] = ""
    email: Annotated[str, Field(max_length=200), AfterValidator(_email)] = ""
    family_situation: Annotated[FamilySituation | None, BeforeValidator(blank_is_none)] = None
    housing: Annotated[Housing | None, BeforeValidator(blank_is_none)] = None
    origin: Annotated[Origin | None, BeforeValidator(blank_is_none)] = None
    representative_name: Words = ""
    representative_link: Words = ""
    representative_phone: Annotated[str, Field(max_length=30), AfterValidator(_phone)] = ""
    version: int


class PersonForm(Form):
    """One person of the file, and her time in it."""

    family_name: Annotated[str, Field(min_length=1, max_length=120)]
    given_name: Words = ""
    birth: Birth = ""
    link: Link
    weight: ChosenWeight = Decimal(1)
    activity: Annotated[Activity | None, BeforeValidator(blank_is_none)] = None
    from_date: Day = None
    until_date: Day = None
    objected: Ticked = False
    version: int = 0

    @property
    def birth_date(self) -> BirthDate:
        return parse_birth(self.birth, today())

    @model_validator(mode="after")
    def _in_order(self) -> "PersonForm":
        if self.from_date and self.until_date and self.until_date < self.from_date:
            raise ValueError("La date de départ est avant la date d’arrivée.")
        return self


class LeaveForm(Form):
    """Somebody leaves; `on` is her last day. `successor`: the next person of reference, if she was it."""

    on: PastDay
    reason: EndReason
    successor: Annotated[UUID | None, BeforeValidator(blank_is_none)] = None
    version: int

    @field_validator("reason")
    @classmethod
    def _chosen(cls, reason: EndReason) -> EndReason:
        if (reason.value, reason.label) not in EndReason.chosen():
            raise ValueError("Choisissez une des réponses proposées.")
        return reason


class DeathForm(Form):
    """Somebody died."""

    on: PastDay
    successor: Annotated[UUID | None, BeforeValidator(blank_is_none)] = None
    version: int


class ReturnForm(Form):
    """Somebody comes back; `on` is her first day."""

    on: PastDay
    link: Link
    weight: ChosenWeight = Decimal(1)
    version: int


class SeparationRow(Form):
    """Where one person lives from the day of the separation, and her link in the new file."""

    person: UUID
    place: Place
    link: Annotated[Link | None, BeforeValidator(blank_is_none)] = None


class SeparationForm(Form):
    """One household becomes two from the day `on`; `successor`: who is the reference here, if she goes."""

    on: PastDay
    commune: Commune
    people: Annotated[list[SeparationRow], Field(min_length=1, max_length=40)]
    successor: Annotated[UUID | None, BeforeValidator(blank_is_none)] = None

    @model_validator(mode="after")
    def _two_households(self) -> "SeparationForm":
        if not self.living(Place.GOES) or not self.living(Place.STAYS):
            raise ValueError("Il faut au moins une personne qui reste et une personne qui part.")
        if [row.link for row in self.living(Place.GOES)].count(Link.REFERENCE) != 1:
            raise ValueError("Choisissez qui est la personne de référence du nouveau dossier, une seule.")
        if any(row.link is None for row in self.living(Place.GOES)):
            raise ValueError("Choisissez le lien de chaque personne qui part dans le nouveau dossier.")
        return self

    def living(self, place: Place) -> list[SeparationRow]:
        """The rows of those who stay, who go, or who live in both."""
        return [row for row in self.people if row.place is place]


class MoveForm(Form):
    """The household lives elsewhere from the day `on`."""

    on: PastDay
    commune: Commune
    address_kind: AddressKind
    address: Annotated[str, Field(max_length=300)] = ""
    version: int


class TransferForm(Form):
    """The partner that will hold the file; `confirm`: what is lost was read."""

    to: UUID
    confirm: Literal["oui"]


class CloseForm(Form):
    """Why a file is closed."""

    reason: ClosingReason


class ReopenForm(Form):
    """A closed file is opened again; `confirm` is what the button says."""

    confirm: Literal["rouvrir"]


class ProtectForm(Form):
    """Who else may open the file from now on; the fields are the memberships' ids. `confirm`: what stops was read."""

    named: Annotated[list[UUID], Field(max_length=50, default_factory=list)]
    confirm: Literal["oui"]


class LiftForm(Form):
    """The protection is lifted; `with_address`: the address may be shown to partners again."""

    with_address: Literal["oui", ""] = ""


class NamedForm(Form):
    """One worker."""

    member: UUID


class BarForm(Form):
    """The file is closed to somebody, for a reason."""

    to: UUID
    reason: BarReason


class AddressForm(Form):
    """Where a protected household lives."""

    address: Annotated[str, Field(max_length=300)] = ""
    version: int


class SafeContactForm(Form):
    """How the household may be reached without danger; what is not ticked is to be avoided."""

    ways: Annotated[list[Way], Field(max_length=4, default_factory=list)]
    words: Annotated[str, Field(max_length=500)] = ""
    version: int


class GlassForm(Form):
    """A protected file, by its code, and why it must be opened now."""

    code: Annotated[str, Field(min_length=1, max_length=20)]
    reason: Annotated[str, Field(max_length=1000)]

    @field_validator("code")
    @classmethod
    def _code(cls, typed: str) -> str:
        read = read_code(typed)
        if read is None:
            raise ValueError("Ce code n’existe pas : il a la forme 7K3M-2PX, vérifiez chaque caractère.")
        return read

    @field_validator("reason")
    @classmethod
    def _enough(cls, typed: str) -> str:
        if len(typed) < SHORTEST_REASON:
            raise ValueError("Dites en une phrase pourquoi il faut ouvrir ce dossier maintenant.")
        return typed


class MergeRow(Form):
    """One person of the file that is merged: who she is in the kept one (nobody: she joins it), whose name stays."""

    person: UUID
    same: Annotated[UUID | None, BeforeValidator(blank_is_none)] = None
    name: Side = Side.KEPT
    link: Annotated[Link | None, BeforeValidator(blank_is_none)] = None


class MergeForm(Form):
    """Two files become one: which side each part of the profile is taken from, who is the same person.

    `kept_version`, `absorbed_version`: the profiles as they were read. `closing`: what the screen said will close to
    partners, read when `sure` is ticked.
    """

    commune: Side = Side.KEPT
    address: Side = Side.KEPT
    phone: Side = Side.KEPT
    email: Side = Side.KEPT
    family_situation: Side = Side.KEPT
    housing: Side = Side.KEPT
    origin: Side = Side.KEPT
    representative: Side = Side.KEPT
    people: Annotated[list[MergeRow], Field(max_length=60)] = Field(default_factory=list)
    kept_version: int
    absorbed_version: int
    closing: str = ""
    sure: str = ""

    @model_validator(mode="after")
    def _each_once(self) -> "MergeForm":
        same = [row.same for row in self.people if row.same is not None]
        if len(same) != len(set(same)):
            raise ValueError("Deux personnes ne peuvent pas être la même : vérifiez les correspondances.")
        if any(row.link is Link.REFERENCE for row in self.people):
            raise ValueError("Le dossier gardé a déjà sa personne de référence : choisissez un autre lien.")
        return self

    @property
    def taken(self) -> list[str]:
        """The parts of the profile taken from the file that is merged."""
        return [name for name, _, _ in UNITS if getattr(self, name) is Side.ABSORBED]


class MergeWithForm(Form):
    """The code of the other file."""

    code: Annotated[str, Field(min_length=1, max_length=20)]


class UndoMergeForm(Form):
    """A merge is undone; `confirm`: what opens again was read."""

    confirm: Literal["defaire"]


class SearchForm(Form):
    """What was typed in the search box: names in any order, a birth date, or a household's code."""

    q: Annotated[str, Field(max_length=120)] = ""
