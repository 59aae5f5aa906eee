"""The households behind the published budgets: the same figures, invented people."""

from dataclasses import dataclass, replace

from coordination.demo.figures import G1, G2, G3, G10, Budget
from coordination.demo.people import Card, Family, Home, Human, People, Shape
from coordination.demo.stories import WHOLE, Agreed, Draft, Sent, Story, Wanted, refused
from coordination.households.rules import Activity, AddressKind, FamilySituation, Housing, Link, Origin
from coordination.referrals.machine import State
from coordination.referrals.rules import Domain, Refusal


@dataclass(frozen=True)
class Planned:
    """A household to be: who, what happens to it, on which budget (empty when the story has none)."""

    story: Story
    family: Family
    budget: Budget = ()


def published(people: People) -> list[Planned]:
    """Five households. The first waits, with neither agreement, budget nor referral, for whoever tries the product."""
    return [
        Planned(Story(1), _mother(people, "Martel", "Gaëlle", (("Lucie", 9), ("Théo", 5)))),
        Planned(
            Story(
                14,
                agreed=(Agreed(("secours", "epicerie"), WHOLE),),
                budget=Draft.VALIDATED,
                wanted=(
                    Wanted(Domain.HOUSING, (refused("secours", 13, Refusal.CAPACITY),)),
                    Wanted(Domain.FOOD, (Sent("epicerie", 13, State.ACCEPTED),)),
                ),
            ),
            _mother(people, "Dufossé", "Ophélie", (("Rose", 11), ("Marius", 7))),
            G1,
        ),
        Planned(
            Story(
                8,
                agreed=(Agreed(("secours",), WHOLE),),
                budget=Draft.VALIDATED,
                wanted=(Wanted(Domain.BUDGET, (Sent("secours", 7),)),),
            ),
            _alone(people, "Blondiau", "Thierry", 47, Activity.UNEMPLOYED, Housing.PRIVATE),
            G2,
        ),
        Planned(
            Story(
                38,
                agreed=(Agreed(("epicerie", "action"), WHOLE),),
                budget=Draft.VALIDATED,
                wanted=(Wanted(Domain.FOOD, (Sent("epicerie", 30, State.ACCEPTED),)),),
            ),
            _alone(people, "Wallart", "Solange", 72, Activity.PENSIONER, Housing.SOCIAL),
            G3,
        ),
        Planned(Story(27, budget=Draft.VALIDATED), _couple(people), G10),
    ]


def _mother(people: People, family_name: str, given_name: str, children: tuple[tuple[str, int], ...]) -> Family:
    mother = replace(people.human(family_name, given_name, 34), activity=Activity.NONE)
    young = (replace(people.human(family_name, name, age), link=Link.CHILD) for name, age in children)
    home = _home(FamilySituation.SINGLE_PARENT, Housing.PRIVATE, "12 rue de l’Exemple")
    return Family((mother, *young), home, Card(Activity.NONE, Shape.SINGLE_PARENT))


def _alone(people: People, family_name: str, given_name: str, age: int, activity: Activity, housing: Housing) -> Family:
    person: Human = replace(people.human(family_name, given_name, age), activity=activity)
    situation = FamilySituation.WIDOWED if activity is Activity.PENSIONER else FamilySituation.SEPARATED
    return Family((person,), _home(situation, housing, "7 rue du Modèle"), Card(activity, Shape.ALONE))


def _couple(people: People) -> Family:
    mother = replace(people.human("Dubrulle", "Kelly", 31), activity=Activity.EMPLOYEE)
    father = replace(people.human("Dubrulle", "Jordan", 33), activity=Activity.UNEMPLOYED, link=Link.PARTNER)
    child = replace(people.human("Dubrulle", "Milo", 4), link=Link.CHILD)
    home = _home(FamilySituation.COUPLE_CHILDREN, Housing.SOCIAL, "3 allée de la Fiction")
    return Family((mother, father, child), home, Card(Activity.EMPLOYEE, Shape.COUPLE_CHILDREN))


def _home(situation: FamilySituation, housing: Housing, address: str) -> Home:
    return Home(
        commune="Carvin",
        address_kind=AddressKind.FIXED,
        address=address,
        phone="06 39 98 00 01",
        email="",
        situation=situation,
        housing=housing,
        origin=Origin.SPONTANEOUS,
    )
