"""The households of the demonstration: names, ages, links and homes combined at random. No such family exists."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from random import Random

from coordination.households.rules import Activity, AddressKind, FamilySituation, Housing, Link, Origin


def words(text: str) -> list[str]:
    """The words of a sentence: a list of names that stays readable."""
    return text.split()


FAMILY_NAMES = words(
    "Dernoncourt Delannoy Caron Hermant Wattiez Deffontaine Caudrelier Bouchart Flament Lesage Wacquez Dhaene Delcourt "
    "Pruvost Leclercq Bailleul Cordonnier Dewaele Duhem Fauquembergue Gosselin Hecquet Lefranc Mallet Noyelle Obert "
    "Planchon Quéva Ringot Sénéchal Tiberghien Vandamme Warembourg Kowalczyk Nowakowski Wisniewski Zielinski "
    "Pawlak Benali Haddad Mansouri Cherif Ouali Diallo Traoré Konaté Ferreira Moreira Rossi Lopez Hernu Bécart "
    "Debarge Crépin Évrard Lœuillet"
)
WOMEN = words(
    "Aurélie Émilie Stéphanie Céline Sandrine Virginie Laëtitia Jessica Mélanie Audrey Karima Samira Fatou Amélie "
    "Élodie Cindy Magali Sabrina Nathalie Ludivine Johanna Peggy Marine Kathleen Priscilla Wioletta Inès Aïcha"
)
MEN = words(
    "Jérôme Cédric Ludovic Grégory Mickaël Sébastien Anthony Kévin Rachid Mamadou Fabrice Frédéric Loïc Damien "
    "Jonathan Steeve Mehdi Franck Tomasz Bruno Jean-Marc David"
)
ELDER_WOMEN = words(
    "Jeannine Marie-Thérèse Huguette Ginette Monique Francine Odette Danièle Arlette Renée Nicole Zofia Yvette"
)
ELDER_MEN = words("Raymond Gérard Jean-Claude Michel Bernard Edmond Lucien Stanislas Marcel André Roger Serge")
CHILDREN = words(
    "Léo Emma Noah Jade Louna Gabin Lina Nolan Chloé Enzo Maëlys Ethan Manon Timéo Zoé Lucas Inaya Mathéo Lola Kylian "
    "Romane Tom Sacha Léna Axel Camille Yanis Éva Hugo Clara Adam Lilou Maxence Nina Rayan Faustine Augustin Margot"
)
STREETS = (
    "rue de l’Exemple",
    "rue du Modèle",
    "allée de la Fiction",
    "rue des Trois-Essais",
    "cité de l’Imaginaire",
    "place du Conte",
    "rue de la Fable",
    "impasse du Brouillon",
    "résidence du Spécimen",
    "avenue de la Démonstration",
)
COMMUNES = ("Carvin", "Carvin", "Carvin", "Carvin", "Carvin", "Libercourt", "Oignies", "Courrières", "Estevelles")
# Numbers the French regulator keeps out of service for films and books.
PHONES = ("06 39 98", "06 39 98", "06 39 98", "03 53 01")
FEMALE_SHARE = 0.8
PARTNER_AGE_GAP = 6


class Shape(StrEnum):
    """How a household is made."""

    ALONE = "alone"
    SINGLE_PARENT = "single_parent"
    SHARED_CUSTODY = "shared_custody"
    THREE_GENERATIONS = "three_generations"
    COUPLE = "couple"
    COUPLE_CHILDREN = "couple_children"
    LARGE = "large"
    MINOR_ALONE = "minor_alone"

    @property
    def couple(self) -> bool:
        return self in (Shape.COUPLE, Shape.COUPLE_CHILDREN, Shape.LARGE)

    @property
    def one_parent(self) -> bool:
        return self in (Shape.SINGLE_PARENT, Shape.SHARED_CUSTODY, Shape.THREE_GENERATIONS)


@dataclass(frozen=True)
class Card:
    """What a household lives by, and its shape."""

    activity: Activity
    shape: Shape


A, S = Activity, Shape
# Shares published for Carvin (2017): 30 % employees, 20 % unemployed with benefit, 15 % pensioners, 50 % one parent.
DECK = (
    *(Card(A.EMPLOYEE, shape) for shape in [S.SINGLE_PARENT] * 6 + [S.SHARED_CUSTODY] * 2 + [S.COUPLE_CHILDREN] * 3),
    Card(A.SELF_EMPLOYED, S.COUPLE_CHILDREN),
    Card(A.EMPLOYEE, S.ALONE),
    *(Card(A.UNEMPLOYED_PAID, shape) for shape in [S.SINGLE_PARENT] * 3 + [S.SHARED_CUSTODY, S.COUPLE_CHILDREN]),
    *(Card(A.UNEMPLOYED_PAID, shape) for shape in [S.ALONE, S.ALONE, S.COUPLE]),
    *(Card(A.PENSIONER, shape) for shape in [S.ALONE] * 4 + [S.COUPLE] * 2),
    *(Card(A.UNEMPLOYED, shape) for shape in [S.SINGLE_PARENT, S.SINGLE_PARENT, S.LARGE]),
    *(Card(A.AT_HOME, shape) for shape in [S.SINGLE_PARENT, S.SINGLE_PARENT, S.THREE_GENERATIONS, S.LARGE]),
    *(Card(A.NONE, shape) for shape in [S.SINGLE_PARENT, S.SINGLE_PARENT, S.MINOR_ALONE]),
    Card(A.DISABILITY, S.ALONE),
    Card(A.SICK_LEAVE, S.SINGLE_PARENT),
    Card(A.STUDENT, S.ALONE),
)


@dataclass(frozen=True)
class Human:
    """One person: `birth` as it would be typed, `age` as it truly is on the day of the loading."""

    family_name: str
    given_name: str
    birth: str
    age: int
    link: Link
    activity: Activity | None = None

    @property
    def weight(self) -> float:
        """For how much she counts in the household's composition."""
        return 0.5 if self.link is Link.SHARED_CHILD else 1


@dataclass(frozen=True)
class Home:
    """Where and how the household lives, and how to reach it."""

    commune: str
    address_kind: AddressKind
    address: str
    phone: str
    email: str
    situation: FamilySituation
    housing: Housing
    origin: Origin


@dataclass(frozen=True)
class Family:
    """A whole household; the first of its people is the reference person."""

    people: tuple[Human, ...]
    home: Home
    card: Card

    @property
    def reference(self) -> Human:
        return self.people[0]

    @property
    def children(self) -> int:
        return sum(p.link in (Link.CHILD, Link.SHARED_CHILD) for p in self.people)

    @property
    def heads(self) -> float:
        return sum(p.weight for p in self.people)


class People:
    """Draws families one after the other, the same for the same seed; no full name comes twice."""

    def __init__(self, rng: Random, today: date) -> None:
        self.rng = rng
        self.today = today
        self._names: set[tuple[str, str]] = set()
        self._hand: list[Card] = []
        self._homes = 0

    def card(self, *, couple: bool = False, shape: Shape | None = None) -> Card:
        """The next card of the deck (of a couple, of a shape, when one is asked); the deck is dealt again when out."""
        for _ in range(2):
            for place, card in enumerate(self._hand):
                if (card.shape is shape) if shape else (card.shape.couple or not couple):
                    return self._hand.pop(place)
            self._hand += self.rng.sample(DECK, len(DECK))
        raise LookupError(shape)

    def family(self, card: Card) -> Family:
        """A household behind a card."""
        reference = self._reference(card)
        people = [reference, *self._partner(card, reference), *self._children(card, reference)]
        if card.shape is Shape.THREE_GENERATIONS:
            grandmother = self.human(reference.family_name, self.rng.choice(ELDER_WOMEN), reference.age + 26)
            people.append(replace(grandmother, link=Link.PARENT, activity=Activity.PENSIONER))
        return Family(tuple(people), self._home(card, reference), card)

    def _reference(self, card: Card) -> Human:
        low, high = _ages(card)
        age = self.rng.randint(low, high)
        woman = self.rng.random() < FEMALE_SHARE
        names = (ELDER_MEN, MEN, ELDER_WOMEN, WOMEN)[2 * woman + (age < 60)]
        family_name, given_name = self._new_name(names)
        return replace(self.human(family_name, given_name, age, blur=True), activity=card.activity)

    def _new_name(self, given_names: list[str]) -> tuple[str, str]:
        while True:
            name = self.rng.choice(FAMILY_NAMES), self.rng.choice(given_names)
            if name not in self._names:
                self._names.add(name)
                return name

    def human(self, family_name: str, given_name: str, age: int, *, blur: bool = False) -> Human:
        """Somebody of that age today; `blur`: now and then only the month or the year of the birth is known."""
        born = self.today - timedelta(days=int(age * 365.25) + self.rng.randrange(2, 360))
        typed = f"{born:%d/%m/%Y}"
        if blur and age > 20:
            typed = self.rng.choices([typed, f"{born:%m/%Y}", f"{born:%Y}"], [85, 8, 7])[0]
        return Human(family_name, given_name, typed, age, Link.REFERENCE)

    def _partner(self, card: Card, reference: Human) -> Iterator[Human]:
        if not card.shape.couple:
            return
        age = max(19, reference.age - self.rng.randrange(PARTNER_AGE_GAP))
        names = ELDER_MEN + ELDER_WOMEN if age >= 60 else MEN + WOMEN
        given = self.rng.choice([n for n in names if n != reference.given_name])
        activity = self.rng.choice([Activity.UNEMPLOYED, Activity.AT_HOME, Activity.EMPLOYEE])
        if age >= 62:
            activity = Activity.PENSIONER
        family_name = reference.family_name if self.rng.random() < 0.7 else self.rng.choice(FAMILY_NAMES)
        yield replace(self.human(family_name, given, age), link=Link.PARTNER, activity=activity)

    def _children(self, card: Card, reference: Human) -> Iterator[Human]:
        number = {
            Shape.SINGLE_PARENT: self.rng.choice([1, 1, 2, 2, 3]),
            Shape.SHARED_CUSTODY: self.rng.choice([1, 2]),
            Shape.THREE_GENERATIONS: 2,
            Shape.COUPLE_CHILDREN: self.rng.choice([1, 2, 3]),
            Shape.LARGE: self.rng.choice([4, 5, 6]),
        }.get(card.shape, 0)
        youngest, eldest = max(1, reference.age - 44), min(17, reference.age - 19)
        given_names = self.rng.sample(CHILDREN, number)
        for given in given_names:
            child = self.human(reference.family_name, given, self.rng.randint(youngest, eldest))
            shared = card.shape is Shape.SHARED_CUSTODY
            yield replace(child, link=Link.SHARED_CHILD if shared else Link.CHILD)

    def _home(self, card: Card, reference: Human) -> Home:
        draw = self.rng
        self._homes += 1
        kind = {7: AddressKind.DOMICILIATION, 11: AddressKind.NONE}.get(self._homes % 17, AddressKind.FIXED)
        housing = draw.choices(list(Housing), [50, 26, 6, 8, 2, 4, 0, 1])[0]
        if kind is not AddressKind.FIXED:
            housing = draw.choice([Housing.HOSTED, Housing.EMERGENCY, Housing.NONE])
        if card.shape is Shape.MINOR_ALONE:
            kind, housing = AddressKind.DOMICILIATION, Housing.HOSTED
        address = f"{draw.randint(1, 98)} {draw.choice(STREETS)}" if kind is AddressKind.FIXED else ""
        if kind is AddressKind.DOMICILIATION:
            address = "CCAS de Carvin, domiciliation (démonstration)"
        phone = f"{draw.choice(PHONES)} {draw.randrange(100):02d} {draw.randrange(100):02d}"
        plain = _ascii(f"{reference.given_name}.{reference.family_name}")
        return Home(
            commune=draw.choice(COMMUNES),
            address_kind=kind,
            address=address,
            phone=phone if draw.random() < 0.9 else "",
            email=f"{plain}@exemple.invalid" if draw.random() < 0.4 else "",
            situation=self._situation(card),
            housing=housing,
            origin=draw.choices(list(Origin), [45, 30, 8, 12, 5])[0],
        )

    def _situation(self, card: Card) -> FamilySituation:
        if card.shape.one_parent:
            return FamilySituation.SINGLE_PARENT
        if card.shape in (Shape.COUPLE_CHILDREN, Shape.LARGE):
            return FamilySituation.COUPLE_CHILDREN
        if card.shape is Shape.COUPLE:
            return self.rng.choice([FamilySituation.MARRIED, FamilySituation.PACS, FamilySituation.COHABITING])
        if card.activity is Activity.PENSIONER:
            return self.rng.choice([FamilySituation.WIDOWED, FamilySituation.DIVORCED, FamilySituation.SINGLE])
        return self.rng.choice([FamilySituation.SINGLE, FamilySituation.SEPARATED, FamilySituation.DIVORCED])


def _ages(card: Card) -> tuple[int, int]:
    """The youngest and the eldest the reference person may be."""
    if card.shape is Shape.MINOR_ALONE:
        return 16, 17
    if card.activity is Activity.PENSIONER:
        return 64, 84
    if card.activity is Activity.STUDENT:
        return 19, 25
    return (32, 55) if card.shape is Shape.LARGE else (24, 57)


def _ascii(name: str) -> str:
    """A name as it goes in an e-mail address."""
    folded = name.casefold().translate(str.maketrans("éèêëïîàâçôöù’", "eeeeiiaacoou-"))
    return folded.replace("œ", "oe").replace(" ", "-")
