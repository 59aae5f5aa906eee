"""Who can sign in to the demonstration: the partners, and one account per role."""

from dataclasses import dataclass

from coordination.identity.permissions import Role
from coordination.identity.rules import OrganisationKind

PASSWORD = "Demonstration-2026!"
NETWORK = "Carvin (démonstration)"
OTHER_NETWORK = "Réseau voisin (démonstration)"


@dataclass(frozen=True)
class DemoOrganisation:
    """A partner of a demonstration network; `slug` is the short name its barème calls it by."""

    key: str
    slug: str
    network: str
    name: str
    kind: OrganisationKind
    commune: str
    phone: str


@dataclass(frozen=True)
class DemoAccount:
    """A fictional person who signs in; `also` are further memberships (organisation key, roles, professional)."""

    email: str
    name: str
    organisation: str
    roles: tuple[Role, ...]
    professional: bool
    does: str
    also: tuple[tuple[str, tuple[Role, ...], bool], ...] = ()


ORGANISATIONS = (
    DemoOrganisation(
        "ccas", "ccas-carvin", NETWORK, "CCAS de Carvin", OrganisationKind.CCAS, "Carvin", "03 53 01 00 01"
    ),
    DemoOrganisation(
        "secours",
        "secours-populaire",
        NETWORK,
        "Secours populaire de Carvin",
        OrganisationKind.SECOURS_POPULAIRE,
        "Carvin",
        "03 53 01 00 02",
    ),
    DemoOrganisation(
        "action",
        "a-la-bonne-action",
        NETWORK,
        "À la Bonne Action",
        OrganisationKind.ASSOCIATION,
        "Carvin",
        "03 53 01 00 03",
    ),
    DemoOrganisation(
        "epicerie",
        "epicerie-solidaire",
        NETWORK,
        "Épicerie solidaire",
        OrganisationKind.EPICERIE,
        "Carvin",
        "03 53 01 00 04",
    ),
    DemoOrganisation(
        "voisin", "ccas-voisin", OTHER_NETWORK, "CCAS voisin", OrganisationKind.CCAS, "Ailleurs", "03 53 01 00 05"
    ),
)

ACCOUNTS = (
    DemoAccount(
        "accueil@ccas.demo.invalid",
        "Claire Lefebvre",
        "ccas",
        (Role.INTAKE,),
        True,
        "Accueil social au CCAS (et bénévole au Secours populaire)",
        also=(("secours", (Role.VOLUNTEER,), False),),
    ),
    DemoAccount(
        "coordination@ccas.demo.invalid",
        "Nadia Carpentier",
        "ccas",
        (Role.COORDINATOR,),
        True,
        "Coordination du réseau",
    ),
    DemoAccount(
        "referente@ccas.demo.invalid", "Sabine Caudron", "ccas", (Role.INTAKE,), True, "Travailleuse sociale du CCAS"
    ),
    DemoAccount("dpo@ccas.demo.invalid", "Hélène Vasseur", "ccas", (Role.DPO,), True, "Protection des données"),
    DemoAccount("admin@ccas.demo.invalid", "Marc Delattre", "ccas", (Role.ADMIN,), False, "Comptes du CCAS"),
    DemoAccount(
        "accueil@secours.demo.invalid",
        "Josiane Lemaire",
        "secours",
        (Role.INTAKE,),
        False,
        "Accueil au Secours populaire (bénévole)",
    ),
    DemoAccount(
        "benevole@secours.demo.invalid",
        "Yanis Morel",
        "secours",
        (Role.VOLUNTEER,),
        False,
        "Bénévole au Secours populaire",
    ),
    DemoAccount(
        "conseil@secours.demo.invalid",
        "Lucie Fontaine",
        "secours",
        (Role.COUNCIL,),
        False,
        "Membre du Conseil des Bénévoles",
    ),
    DemoAccount(
        "admin@secours.demo.invalid", "Paul Hennebelle", "secours", (Role.ADMIN,), False, "Comptes du Secours populaire"
    ),
    DemoAccount(
        "accueil@epicerie.demo.invalid",
        "Sarah Duquesne",
        "epicerie",
        (Role.INTAKE,),
        True,
        "Accueil à l’Épicerie solidaire (travailleuse sociale)",
    ),
    DemoAccount(
        "benevole@action.demo.invalid",
        "Monique Roussel",
        "action",
        (Role.VOLUNTEER,),
        False,
        "Bénévole à À la Bonne Action",
    ),
    DemoAccount(
        "accueil@voisin.demo.invalid", "Alain Courtois", "voisin", (Role.INTAKE,), True, "Accueil dans un autre réseau"
    ),
)


def shown() -> list[tuple[str, str]]:
    """`(what she does, e-mail)` of every account: said at sign-in and on the command line."""
    return [(f"{account.name} — {account.does}", account.email) for account in ACCOUNTS]
