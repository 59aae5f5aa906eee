"""The public simulator's questions, in everyday words, and what to bring to a first appointment. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from coordination.budgets.result import NoticeCode, Result
from coordination.budgets.rules import LineKind, ZoneKind

K = LineKind
MOST_PEOPLE = 20


@dataclass(frozen=True)
class Question:
    """One amount asked, monthly; `kind` is what it counts as."""

    kind: LineKind
    label: str
    hint: str = ""

    @property
    def name(self) -> str:
        return self.kind.value


RESOURCES: tuple[Question, ...] = (
    Question(K.SALAIRE, "Salaires", "net, tous les salaires du foyer ensemble"),
    Question(K.PRIME_ACTIVITE, "Prime d’activité"),
    Question(K.RSA, "RSA"),
    Question(K.CHOMAGE, "Chômage"),
    Question(K.RETRAITE, "Retraites"),
    Question(K.ALLOCATIONS_FAMILIALES, "Allocations familiales", "et autres aides de la CAF pour les enfants"),
    Question(K.ASF, "Allocation de soutien familial"),
    Question(K.PENSION_ALIMENTAIRE_RECUE, "Pension alimentaire reçue"),
    Question(K.AAH, "Allocation adulte handicapé (AAH)"),
    Question(K.PENSION_INVALIDITE, "Pension d’invalidité ou indemnités journalières"),
    Question(K.AUTRE_RESSOURCE, "Autre argent reçu", "sans la prime de Noël ni l’allocation de rentrée scolaire"),
)
HOUSING_AID = Question(K.APL, "Aide au logement (APL ou allocation logement)")
CHARGES: tuple[Question, ...] = (
    Question(K.LOYER, "Loyer"),
    Question(K.CREDIT_IMMOBILIER, "Crédit de la maison"),
    Question(K.CHARGES_LOGEMENT, "Charges locatives ou de copropriété"),
    Question(K.ENERGIE, "Électricité, gaz, chauffage"),
    Question(K.EAU, "Eau"),
    Question(K.TELEPHONE, "Téléphone et internet"),
    Question(K.ASSURANCE_HABITATION, "Assurance du logement"),
    Question(K.MUTUELLE, "Mutuelle"),
    Question(K.TRANSPORT, "Transports, essence"),
)
OTHER_CHARGES: tuple[Question, ...] = (
    Question(K.ASSURANCE_AUTO, "Assurance de la voiture"),
    Question(K.CREDIT_CONSOMMATION, "Crédits et dettes à rembourser"),
    Question(K.PENSION_ALIMENTAIRE_VERSEE, "Pension alimentaire versée"),
    Question(K.GARDE_ENFANT, "Garde d’enfant"),
    Question(K.CANTINE, "Cantine et périscolaire"),
    Question(K.IMPOTS, "Impôts"),
    Question(K.AUTRE_CHARGE, "Autre dépense obligatoire"),
)
QUESTIONS: tuple[Question, ...] = (*RESOURCES, HOUSING_AID, *CHARGES, *OTHER_CHARGES)


class Aid(StrEnum):
    """Where the housing aid goes, and what was then typed as rent."""

    TO_ME = "moi"
    NET_RENT = "reste"
    WHOLE_RENT = "entier"

    @property
    def label(self) -> str:
        return {
            Aid.TO_ME: "Sur mon compte",
            Aid.NET_RENT: "Au propriétaire : le loyer écrit plus bas est ce qu’il me reste à payer",
            Aid.WHOLE_RENT: "Au propriétaire : le loyer écrit plus bas est le loyer entier",
        }[self]


@dataclass(frozen=True)
class Words:
    """What a zone means for the person, and what to do."""

    title: str
    tone: str
    advice: str


ANSWERS: dict[ZoneKind, Words] = {
    ZoneKind.ELIGIBLE: Words(
        "Vous pourriez y avoir droit", "success", "Prenez rendez-vous : votre situation y sera vérifiée."
    ),
    ZoneKind.COUNCIL: Words(
        "Votre demande serait examinée", "warning", "Prenez rendez-vous : la structure décide au cas par cas."
    ),
    ZoneKind.REDIRECT: Words(
        "Une aide plus adaptée vous serait proposée",
        "info",
        "Appelez sans attendre : dans votre situation, d’autres aides passent avant celle-ci.",
    ),
    ZoneKind.NOT_ELIGIBLE: Words(
        "Au-dessus du seuil, d’après ce calcul",
        "neutral",
        "Une dette, une facture imprévue ou un changement récent peuvent compter : en cas de difficulté, appelez.",
    ),
}
TO_CHECK = frozenset(
    {
        NoticeCode.RENT_TOO_LOW,
        NoticeCode.MAYBE_YEARLY,
        NoticeCode.AID_TWICE,
        NoticeCode.AID_WITHOUT_RENT,
        NoticeCode.EXCLUSIVE,
        NoticeCode.MISSING_RENT,
    }
)
"""What a person may have typed wrong; what only a worker would ask is left out."""


def to_check(results: Iterable[Result]) -> list[str]:
    """What to look at again, once each, whatever the barème that asks."""
    said = [notice.says for result in results for notice in result.notices if notice.code in TO_CHECK]
    return list(dict.fromkeys(said))


_CAF = frozenset({K.RSA, K.PRIME_ACTIVITE, K.ALLOCATIONS_FAMILIALES, K.ASF, K.AAH, K.APL})
_PAPERS: tuple[tuple[frozenset[LineKind], str], ...] = (
    (_CAF, "votre dernière attestation de paiement de la CAF ou de la MSA"),
    (frozenset({K.SALAIRE}), "vos trois dernières fiches de paie"),
    (frozenset({K.CHOMAGE}), "votre dernière attestation de France Travail"),
    (frozenset({K.RETRAITE}), "vos derniers relevés de retraite"),
    (frozenset({K.PENSION_INVALIDITE}), "vos derniers relevés de paiement de l’Assurance maladie"),
    (
        frozenset({K.PENSION_ALIMENTAIRE_RECUE, K.PENSION_ALIMENTAIRE_VERSEE}),
        "le jugement ou l’accord qui fixe la pension alimentaire",
    ),
    (frozenset({K.LOYER, K.CHARGES_LOGEMENT}), "votre dernière quittance de loyer ou avis d’échéance"),
    (frozenset({K.CREDIT_IMMOBILIER, K.CREDIT_CONSOMMATION}), "les échéanciers de vos crédits, ou le plan accepté"),
    (frozenset({K.ENERGIE, K.EAU, K.TELEPHONE}), "vos dernières factures d’énergie, d’eau et de téléphone"),
    (frozenset({K.ASSURANCE_HABITATION, K.ASSURANCE_AUTO, K.MUTUELLE}), "vos échéances d’assurance et de mutuelle"),
    (frozenset({K.IMPOTS}), "votre dernier avis d’impôt"),
)


def papers(kinds: Sequence[LineKind], *, children: bool) -> list[str]:
    """What to bring, from what was typed."""
    family = "une pièce d’identité de chaque adulte" + (" et le livret de famille" if children else "")
    return [family, *(paper for about, paper in _PAPERS if about & set(kinds))]
