"""The one literal table of roles: which doors a role opens, and which parts of a file it may ever read."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Permission(StrEnum):
    """A door: each page and each act asks for one."""

    SEARCH_FILES = "search_files"
    READ_FILES = "read_files"
    OPEN_FILES = "open_files"
    EDIT_FILES = "edit_files"
    RECORD_AGREEMENTS = "record_agreements"
    READ_BUDGETS = "read_budgets"
    WRITE_BUDGETS = "write_budgets"
    WRITE_CASEWORK = "write_casework"
    WRITE_NEEDS = "write_needs"
    SEND_REFERRALS = "send_referrals"
    READ_REFERRALS = "read_referrals"
    ANSWER_REFERRALS = "answer_referrals"
    REDIRECT_REFERRALS = "redirect_referrals"
    SET_RECEPTION = "set_reception"
    COORDINATE_REFERRALS = "coordinate_referrals"
    KEEP_DIRECTORY = "keep_directory"
    SIMULATE_IMPACT = "simulate_impact"
    READ_FIGURES = "read_figures"
    READ_JOURNAL = "read_journal"
    MANAGE_ACCOUNTS = "manage_accounts"

    @property
    def label(self) -> str:
        return {
            "search_files": "Chercher un foyer",
            "read_files": "Ouvrir le dossier d’un foyer",
            "open_files": "Créer un dossier",
            "edit_files": "Modifier un dossier de sa structure",
            "record_agreements": "Enregistrer ou retirer un accord de partage",
            "read_budgets": "Lire les budgets et le reste à vivre",
            "write_budgets": "Saisir et valider un budget",
            "write_casework": "Écrire le suivi d’un foyer : notes, contacts, tâches, référent",
            "write_needs": "Noter un besoin",
            "send_referrals": "Envoyer une orientation",
            "read_referrals": "Lire la file des orientations",
            "answer_referrals": "Répondre à une orientation",
            "redirect_referrals": "Réorienter un besoin refusé ou resté sans suite",
            "set_reception": "Dire quand sa structure reçoit et quand elle est complète",
            "coordinate_referrals": "Suivre toutes les orientations du réseau",
            "keep_directory": "Tenir la liste des services extérieurs",
            "simulate_impact": "Voir qui un barème laisse dehors, en nombres arrondis",
            "read_figures": "Lire les chiffres de suivi des orientations",
            "read_journal": "Lire et vérifier le journal",
            "manage_accounts": "Inviter, suspendre et dépanner les comptes de sa structure",
        }[self.value]


class Part(StrEnum):
    """A part of a file: what can be shared separately is stored separately."""

    IDENTITY = "identity"
    BUDGET = "budget"
    NEEDS = "needs"
    AID = "aid"
    NOTES = "notes"
    SENSITIVE = "sensitive"

    @property
    def label(self) -> str:
        return {
            "identity": "Identité, adresse et composition",
            "budget": "Budget et reste à vivre",
            "needs": "Besoins et orientations",
            "aid": "Aides et passages",
            "notes": "Notes professionnelles",
            "sensitive": "Faits touchant à la santé ou aux violences",
        }[self.value]


class Role(StrEnum):
    """What a person is in her organisation; she may hold several. `NETWORK_WIDE` ones count for the whole network."""

    INTAKE = "intake"
    VOLUNTEER = "volunteer"
    COUNCIL = "council"
    COORDINATOR = "coordinator"
    DPO = "dpo"
    ADMIN = "admin"

    @property
    def label(self) -> str:
        return {
            "intake": "Accueil social",
            "volunteer": "Bénévole",
            "council": "Membre du Conseil",
            "coordinator": "Coordination",
            "dpo": "Délégué à la protection des données",
            "admin": "Administration des comptes",
        }[self.value]

    @property
    def about(self) -> str:
        """One line for whoever hands the role over."""
        return {
            "intake": "Reçoit les personnes : dossiers, accords de partage, budgets, besoins et orientations.",
            "volunteer": "Retrouve un foyer et répond aux orientations reçues ; ne voit ni budget détaillé, ni note.",
            "council": "Participe aux séances du Conseil, sur des fiches sans nom ; voit qui un barème laisse dehors.",
            "coordinator": "Suit toutes les orientations du réseau ; ne voit les noms que là où ils sont partagés.",
            "dpo": "Lit et vérifie le journal du réseau ; n’ouvre aucun dossier.",
            "admin": "Invite, suspend et dépanne les comptes de la structure ; n’ouvre aucun dossier.",
        }[self.value]


NETWORK_WIDE = frozenset({Role.COORDINATOR, Role.DPO})
"""Given, like the others, by the admin of an organisation: a line of the journal says so apart."""


@dataclass(frozen=True)
class Opens:
    """What one role opens."""

    permissions: frozenset[Permission]
    parts: frozenset[Part]


P = Permission
ROLES: dict[Role, Opens] = {
    Role.INTAKE: Opens(
        frozenset(
            {
                P.SEARCH_FILES,
                P.READ_FILES,
                P.OPEN_FILES,
                P.EDIT_FILES,
                P.RECORD_AGREEMENTS,
                P.READ_BUDGETS,
                P.WRITE_BUDGETS,
                P.WRITE_CASEWORK,
                P.WRITE_NEEDS,
                P.SEND_REFERRALS,
                P.READ_REFERRALS,
                P.ANSWER_REFERRALS,
                P.REDIRECT_REFERRALS,
                P.SET_RECEPTION,
                P.READ_FIGURES,
            }
        ),
        frozenset(Part),
    ),
    Role.VOLUNTEER: Opens(
        frozenset({P.SEARCH_FILES, P.READ_FILES, P.READ_REFERRALS, P.ANSWER_REFERRALS}),
        frozenset({Part.IDENTITY, Part.NEEDS, Part.AID}),
    ),
    Role.COUNCIL: Opens(frozenset({P.SIMULATE_IMPACT}), frozenset()),
    Role.COORDINATOR: Opens(
        frozenset(
            {
                P.SEARCH_FILES,
                P.READ_FILES,
                P.READ_REFERRALS,
                P.ANSWER_REFERRALS,
                P.REDIRECT_REFERRALS,
                P.SET_RECEPTION,
                P.COORDINATE_REFERRALS,
                P.KEEP_DIRECTORY,
                P.SIMULATE_IMPACT,
                P.READ_FIGURES,
            }
        ),
        frozenset({Part.IDENTITY, Part.NEEDS}),
    ),
    Role.DPO: Opens(frozenset({P.READ_JOURNAL}), frozenset()),
    Role.ADMIN: Opens(frozenset({P.SET_RECEPTION, P.MANAGE_ACCOUNTS, P.KEEP_DIRECTORY, P.READ_FIGURES}), frozenset()),
}


def known_roles(names: Iterable[str]) -> list[Role]:
    """The roles behind stored names, in table order; a name that no longer exists opens nothing."""
    names = set(names)
    return [role for role in Role if role.value in names]


def permissions_of(names: Iterable[str]) -> frozenset[str]:
    """Every door these roles open."""
    return frozenset(p.value for role in known_roles(names) for p in ROLES[role].permissions)


def parts_of(names: Iterable[str]) -> frozenset[str]:
    """Every part of a file these roles may ever read."""
    return frozenset(part.value for role in known_roles(names) for part in ROLES[role].parts)
