"""A reste à vivre in JSON for anybody: nothing is read of a file, nothing is stored, nothing is logged."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from coordination.budgets.bareme import Base, Every, Home, Per
from coordination.budgets.baremes import NoBareme
from coordination.budgets.case import MOST_LINES, MOST_PEOPLE, BadCase, read_case
from coordination.budgets.queries import house_baremes
from coordination.budgets.report import answered, report
from coordination.budgets.result import NoticeCode, Outcome, RefusalCode
from coordination.budgets.rules import LineKind, Origin, Period, Side, Standing, ZoneKind
from coordination.kit.actor import Nobody
from coordination.kit.clock import today
from coordination.kit.errors import TooMany
from coordination.kit.rest import PREFIX, Body, Invalid
from coordination.kit.restraint import WINDOW, allowed

router = APIRouter(prefix=PREFIX, tags=["reste à vivre"])
MOST_BAREMES = 30
MOST_ANSWERS = 600
"""By address without a token, in ten minutes: a service of the town may send its morning's files."""

Euros = Annotated[str, Field(description="Euros, un texte.", examples=["740.00"], pattern=r"^-?\d+(\.\d+)?$")]
Typed = Annotated[str, Field(min_length=1, max_length=40, description="Euros, un texte.", examples=["740.00"])]
Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", examples=["2026-11-21"])]
Words = Annotated[str, Field(max_length=80)]


class PersonAsked(Body):
    """Une personne du foyer : un âge ou une date de naissance (`1990-05-31`, `1990-05` ou `1990`), même partielle."""

    name: Words = Field("", description="Pour que les réponses la nomment ; rien n’est conservé.")
    age: Annotated[int, Field(ge=0, le=150)] | None = None
    birth_date: Annotated[str, Field(pattern=r"^[0-9]{4}(-[0-9]{2}){0,2}$")] | None = None
    adult: bool | None = Field(None, description="Quand l’âge exact n’est pas connu.")
    weight: Annotated[str, Field(max_length=10, examples=["0.5"])] = Field("1", description="Part de garde, de 0 à 2.")
    unborn: bool = Field(False, description="Enfant à naître.")


class LineAsked(Body):
    """Une ressource ou une charge."""

    kind: Annotated[str, Field(max_length=40, json_schema_extra={"enum": [kind.value for kind in LineKind]})]
    amount: Typed
    period: Period = Period.MONTHLY
    origin: Origin = Origin.DECLARED
    month: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}$")] | None = Field(None, description="Mois du montant.")
    label: Words = ""
    paid_to_landlord: bool = Field(False, description="Aide au logement versée au bailleur.")
    rent_is_net: bool = Field(True, description="Le loyer saisi est ce qui reste à payer, cette aide déduite.")


Lines = Annotated[list[LineAsked], Field(max_length=MOST_LINES)]


class Asked(Body):
    """Un foyer et son budget."""

    on: Day | None = Field(None, description="Jour du calcul ; aujourd’hui sinon.")
    people: Annotated[list[PersonAsked], Field(max_length=MOST_PEOPLE)]
    single_parent: bool | None = Field(None, description="Déduit des âges s’il n’est pas donné.")
    home: Home | None = Field(None, description="Sert à demander les lignes habituelles qui manquent.")
    resources: Lines = Field(default_factory=list)
    charges: Lines = Field(default_factory=list)
    baremes: Annotated[list[Words], Field(max_length=MOST_BAREMES)] | None = Field(
        None, description="Codes des barèmes ; tous ceux en vigueur ce jour-là sinon.", examples=[["ccas-carvin"]]
    )


class SourceSaid(BaseModel):
    """D’où viennent les valeurs."""

    title: str
    date: str | None
    link: str | None
    checked_on: str | None


class RefusalSaid(BaseModel):
    """Pourquoi rien n’a pu être calculé."""

    code: RefusalCode
    says: str
    about: str | None


class DistanceSaid(BaseModel):
    """L’écart à un seuil : négatif en dessous."""

    threshold: Euros
    inclusive: bool = Field(description="La valeur du seuil est encore de la zone du dessous.")
    distance: Euros
    says: str


class ShareSaid(BaseModel):
    """La participation du foyer, en pour cent."""

    from_: str = Field(alias="from")
    to: str


class LineSaid(BaseModel):
    """Ce qu’une ligne est devenue, par quelle règle."""

    id: str
    kind: LineKind
    side: Side
    label: str
    outcome: Outcome
    monthly: Euros
    counted: Euros
    says: str
    rule: str = Field(description="L’endroit du barème qui le dit.", examples=["lines.loyer.cap"])
    source: str


class NoticeSaid(BaseModel):
    """Ce qui semble à vérifier ; ne change jamais le résultat."""

    code: NoticeCode
    says: str
    lines: list[str]


class BaremeSaid(BaseModel):
    """La réponse d’un barème : ses chiffres, ou son refus."""

    id: str
    version: str
    title: str
    organisation: str
    standing: Standing
    source: SourceSaid
    digest: str
    per: Per
    every: Every
    base: Base
    days: str = Field(description="Jours d’un mois, exacts.", examples=["30", "365/12"])
    unit: str
    notes: list[str] = Field(description="Ce que la structure ajoute : contrepartie, réserve.")
    net_monthly: Euros | None
    per_person_per_day: Euros | None = Field(description="Par jour et par personne ou part, dix décimales au plus.")
    unit_count: str | None
    value: Euros | None = Field(description="Dans l’unité des seuils, dix décimales au plus.")
    value_exact: str | None = Field(description="La même, exacte, en fraction d’euros.", examples=["7201/900"])
    zone: ZoneKind | None
    zone_label: str | None
    threshold: Euros | None = Field(description="Le seuil le plus proche.")
    distance: Euros | None = Field(description="Valeur moins seuil le plus proche.")
    distance_says: str | None
    distances: list[DistanceSaid]
    warning: str | None = Field(description="Quand le chiffre arrondi tromperait.")
    user_share: ShareSaid | None
    purchase_budget: Euros | None
    terms: str | None
    lines: list[LineSaid]
    notices: list[NoticeSaid]
    refusal: RefusalSaid | None


class Answer(BaseModel):
    """Le reste à vivre avant tout barème, puis selon chacun. Une aide à la décision, jamais une décision."""

    on: str
    people: int
    single_parent: bool
    resources_monthly: Euros
    charges_monthly: Euros
    net_monthly: Euros
    per_person_per_day: Euros | None = Field(description="Formule usuelle : par personne, 30 jours.")
    refusal: RefusalSaid | None
    baremes: list[BaremeSaid]


class TooManyAnswers(TooMany):
    """Beaucoup de calculs ont été demandés depuis cette adresse : patientez dix minutes, ou demandez-les avec un jeton.
    Rien n’a été enregistré."""

    headers = {"Retry-After": str(int(WINDOW))}  # noqa: RUF012


@router.post("/reste-a-vivre", summary="Calculer un reste à vivre sans rien enregistrer")
def compute(request: Request, asked: Asked) -> Answer:
    """Sans jeton : rien n’est lu d’un dossier, rien n’est conservé. Ici les montants sont des textes, en euros.

    Les valeurs de démonstration ne répondent que là où elles servent, ou si on les demande par leur code.
    Sans jeton, une même adresse reçoit au plus 600 réponses en dix minutes (429 au-delà).
    """
    if isinstance(request.state.actor, Nobody) and not allowed(request, "reste à vivre", MOST_ANSWERS):
        raise TooManyAnswers
    data = asked.model_dump(mode="json", exclude_none=True, exclude={"baremes"})
    try:
        case = read_case(data, today())
        chosen = house_baremes().chosen(asked.baremes, case.on)
    except BadCase as bad:
        raise Invalid(bad.faults) from bad
    except NoBareme as unknown:
        raise Invalid([("baremes", str(unknown))]) from unknown
    playing = asked.baremes is not None or request.app.state.settings.demo
    answers = [answered(scheme, case) for scheme in chosen]
    kept = [each for each in answers if playing or each[0].standing is not Standing.DEMONSTRATION]
    return Answer.model_validate(report(case, kept))
