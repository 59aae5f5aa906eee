"""The lines of a household's budget: what comes in, what goes out, how often, and how well it is known.

The amount above which a monthly figure looks wrong (`unusual_cents`) is a local habit, only ever used for a warning.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import Self


class Side(StrEnum):
    RESOURCE = "resource"
    CHARGE = "charge"

    @property
    def label(self) -> str:
        return "Ressource" if self is Side.RESOURCE else "Charge"


class LineKind(StrEnum):
    """A kind of resource or charge; terms of French social law keep their name.

    `sensitive`: the kind alone tells a fact of health; where that fact may not be seen, `public_kind` replaces it.
    `unusual_cents`: a monthly amount above which one asks whether it was yearly; None where nothing is unusual.
    """

    _value_: str
    label: str
    side: Side
    sensitive: bool
    unusual_cents: int | None

    def __new__(
        cls,
        value: str,
        label: str = "",
        side: Side = Side.RESOURCE,
        sensitive: bool = False,
        unusual_cents: int | None = None,
    ) -> Self:
        # the defaults only let `LineKind("rsa")` be written: each member below gives its own
        kind = str.__new__(cls, value)
        kind._value_ = value
        kind.label = label
        kind.side = side
        kind.sensitive = sensitive
        kind.unusual_cents = unusual_cents
        return kind

    SALAIRE = "salaire", "Salaire", Side.RESOURCE, False, 6_000_00
    REVENU_INDEPENDANT = "revenu_independant", "Revenu d’indépendant", Side.RESOURCE, False, 6_000_00
    CHOMAGE = "chomage", "Allocation chômage (ARE)", Side.RESOURCE, False, 6_000_00
    ASS = "ass", "Allocation de solidarité spécifique (ASS)", Side.RESOURCE, False, 2_000_00
    CEJ = "cej", "Contrat d’engagement jeune", Side.RESOURCE, False, 1_500_00
    RSA = "rsa", "RSA", Side.RESOURCE, False, 3_000_00
    PRIME_ACTIVITE = "prime_activite", "Prime d’activité", Side.RESOURCE, False, 2_000_00
    RETRAITE = "retraite", "Retraite", Side.RESOURCE, False, 6_000_00
    ASPA = "aspa", "Minimum vieillesse (ASPA)", Side.RESOURCE, False, 3_000_00
    PENSION_REVERSION = "pension_reversion", "Pension de réversion", Side.RESOURCE, False, 6_000_00
    IJ_MALADIE = "ij_maladie", "Indemnités journalières", Side.RESOURCE, True, 6_000_00
    PENSION_INVALIDITE = "pension_invalidite", "Pension d’invalidité", Side.RESOURCE, True, 4_000_00
    RENTE_ACCIDENT = "rente_accident", "Rente d’accident du travail", Side.RESOURCE, True, 4_000_00
    AAH = "aah", "Allocation aux adultes handicapés (AAH)", Side.RESOURCE, True, 3_000_00
    AAH_COMPLEMENT = "aah_complement", "Majoration ou complément de l’AAH", Side.RESOURCE, True, 1_000_00
    ASI = "asi", "Allocation supplémentaire d’invalidité (ASI)", Side.RESOURCE, True, 3_000_00
    PCH = "pch", "Prestation de compensation du handicap (PCH)", Side.RESOURCE, True
    AEEH = "aeeh", "Allocation d’éducation de l’enfant handicapé (AEEH)", Side.RESOURCE, True
    ALLOCATIONS_FAMILIALES = "allocations_familiales", "Allocations familiales", Side.RESOURCE, False, 2_000_00
    COMPLEMENT_FAMILIAL = "complement_familial", "Complément familial", Side.RESOURCE, False, 1_000_00
    ASF = "asf", "Allocation de soutien familial (ASF)", Side.RESOURCE, False, 2_000_00
    PAJE = "paje", "Prestation d’accueil du jeune enfant (PAJE)", Side.RESOURCE, False, 3_000_00
    PRIME_NAISSANCE = "prime_naissance", "Prime à la naissance", Side.RESOURCE, True
    ARS = "ars", "Allocation de rentrée scolaire", Side.RESOURCE, False, 200_00
    PRIME_NOEL = "prime_noel", "Prime de Noël", Side.RESOURCE, False, 100_00
    APL = "apl", "Aide personnalisée au logement (APL)", Side.RESOURCE, False, 1_000_00
    AL = "al", "Allocation de logement (ALF ou ALS)", Side.RESOURCE, False, 1_000_00
    PENSION_ALIMENTAIRE_RECUE = "pension_alimentaire_recue", "Pension alimentaire reçue", Side.RESOURCE, False, 3_000_00
    BOURSE = "bourse", "Bourse d’études", Side.RESOURCE, False, 1_500_00
    AIDE_FAMILIALE = "aide_familiale", "Aide de la famille ou de proches", Side.RESOURCE, False, 3_000_00
    AUTRE_RESSOURCE = "autre_ressource", "Autre ressource", Side.RESOURCE

    LOYER = "loyer", "Loyer", Side.CHARGE, False, 2_500_00
    CREDIT_IMMOBILIER = "credit_immobilier", "Crédit immobilier", Side.CHARGE, False, 3_000_00
    CHARGES_LOGEMENT = "charges_logement", "Charges locatives ou de copropriété", Side.CHARGE, False, 600_00
    ENERGIE = "energie", "Énergie (électricité, gaz, bois…)", Side.CHARGE, False, 500_00
    EAU = "eau", "Eau", Side.CHARGE, False, 150_00
    ASSURANCE_HABITATION = "assurance_habitation", "Assurance habitation", Side.CHARGE, False, 80_00
    TELEPHONE = "telephone", "Téléphone et internet", Side.CHARGE, False, 250_00
    MUTUELLE = "mutuelle", "Complémentaire santé (mutuelle)", Side.CHARGE, False, 400_00
    TRANSPORT = "transport", "Transport (carburant, abonnements)", Side.CHARGE, False, 600_00
    ASSURANCE_AUTO = "assurance_auto", "Assurance du véhicule", Side.CHARGE, False, 200_00
    IMPOTS = "impots", "Impôts sur le revenu", Side.CHARGE, False, 1_000_00
    TAXE_FONCIERE = "taxe_fonciere", "Taxe foncière", Side.CHARGE, False, 300_00
    PENSION_ALIMENTAIRE_VERSEE = (
        "pension_alimentaire_versee",
        "Pension alimentaire versée",
        Side.CHARGE,
        False,
        2_000_00,
    )
    GARDE_ENFANT = "garde_enfant", "Garde d’enfant", Side.CHARGE, False, 1_500_00
    CANTINE = "cantine", "Cantine et périscolaire", Side.CHARGE, False, 500_00
    SCOLARITE = "scolarite", "Frais de scolarité", Side.CHARGE, False, 800_00
    CREDIT_CONSOMMATION = "credit_consommation", "Crédits à la consommation", Side.CHARGE, False, 2_000_00
    PLAN_SURENDETTEMENT = "plan_surendettement", "Plan de surendettement", Side.CHARGE, False, 2_000_00
    DETTE = "dette", "Remboursement d’une dette ou d’un trop-perçu", Side.CHARGE, False, 2_000_00
    FRAIS_SANTE = "frais_sante", "Frais de santé non remboursés", Side.CHARGE, True
    AUTRE_CHARGE = "autre_charge", "Autre charge", Side.CHARGE

    @property
    def public_kind(self) -> "LineKind":
        """Itself, or the neutral kind of the same side when the kind tells a fact of health."""
        if not self.sensitive:
            return self
        return LineKind.AUTRE_RESSOURCE if self.side is Side.RESOURCE else LineKind.AUTRE_CHARGE

    @property
    def is_housing_aid(self) -> bool:
        return self in HOUSING_AIDS

    @property
    def is_family_benefit(self) -> bool:
        return self in FAMILY_BENEFITS


HOUSING_AIDS = frozenset({LineKind.APL, LineKind.AL})
HOUSING_COSTS = frozenset({LineKind.LOYER, LineKind.CREDIT_IMMOBILIER})
FAMILY_BENEFITS = frozenset(
    {LineKind.ALLOCATIONS_FAMILIALES, LineKind.COMPLEMENT_FAMILIAL, LineKind.ASF, LineKind.PAJE, LineKind.AEEH}
    | {LineKind.ARS, LineKind.PRIME_NAISSANCE}
)
RESOURCES = tuple(kind for kind in LineKind if kind.side is Side.RESOURCE)
CHARGES = tuple(kind for kind in LineKind if kind.side is Side.CHARGE)


class Period(StrEnum):
    """How often an amount comes; `months` is the exact length, a week being a fifty-second of a year."""

    WEEKLY = "weekly"
    MONTHLY = "monthly"
    BIMONTHLY = "bimonthly"
    QUARTERLY = "quarterly"
    HALF_YEARLY = "half_yearly"
    YEARLY = "yearly"

    @property
    def label(self) -> str:
        return _PERIODS[self][0]

    @property
    def phrase(self) -> str:
        """ "par mois", "par trimestre"… after an amount."""
        return _PERIODS[self][1]

    @property
    def months(self) -> Fraction:
        return _PERIODS[self][2]


_PERIODS = {
    Period.WEEKLY: ("Hebdomadaire", "par semaine", Fraction(12, 52)),
    Period.MONTHLY: ("Mensuelle", "par mois", Fraction(1)),
    Period.BIMONTHLY: ("Bimestrielle", "tous les deux mois", Fraction(2)),
    Period.QUARTERLY: ("Trimestrielle", "par trimestre", Fraction(3)),
    Period.HALF_YEARLY: ("Semestrielle", "par semestre", Fraction(6)),
    Period.YEARLY: ("Annuelle", "par an", Fraction(12)),
}


class Origin(StrEnum):
    """How an amount is known: on a document seen, on the person's word, or from a reference amount."""

    PROOF = "proof"
    DECLARED = "declared"
    FLAT_RATE = "flat_rate"

    @property
    def label(self) -> str:
        return {Origin.PROOF: "Justificatif", Origin.DECLARED: "Déclaré", Origin.FLAT_RATE: "Forfait"}[self]


@dataclass(frozen=True)
class Line:
    """One resource or charge of the household; `amount_cents` is for one period.

    `month`: any day of the month the amount was seen for. `paid_to_landlord` (housing aid only): the aid goes straight
    to the landlord or the lender. `rent_is_net` says what was then typed as rent: True, what remains to be paid once
    the aid is taken off; False, the whole rent. True by default: it is what the rent receipt asks, and cannot count
    the aid twice.
    """

    id: str
    kind: LineKind
    amount_cents: int
    period: Period = Period.MONTHLY
    origin: Origin = Origin.DECLARED
    month: date | None = None
    paid_to_landlord: bool = False
    label: str = ""
    rent_is_net: bool = True

    @cached_property
    def monthly_cents(self) -> Fraction:
        """Exact cents a month."""
        return Fraction(self.amount_cents) / self.period.months

    @property
    def name(self) -> str:
        return self.label or self.kind.label

    @property
    def aid_is_in_rent(self) -> bool:
        """The aid already lowers the rent that was typed."""
        return self.kind.is_housing_aid and self.paid_to_landlord and self.rent_is_net
