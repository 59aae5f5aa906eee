"""The rows of a generated base: networks and their workers, then household by household, the same for the same seed.

Nobody of it exists: names are drawn from lists or made of syllables, telephones are those kept for fiction.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from uuid import UUID

from coordination.demo import people as fiction
from coordination.generate.budgets import Budget, budgets
from coordination.households.matching import keys_of
from coordination.households.rules import CODE_ALPHABET, CODE_LENGTH, household_code
from coordination.identity.permissions import Role
from coordination.identity.rules import folded_email
from coordination.kit.clock import PARIS
from coordination.kit.text import fold
from coordination.referrals.rules import Outcome, Refusal
from coordination.sharing.rules import NOTICE_VERSION

NETWORKS = 50
PARTS = ("identity", "budget", "needs", "aid", "notes", "sensitive")
GIVEN = ("identity", "needs", "budget")
DOMAINS = ("alimentation", "logement", "budget", "droits", "emploi", "mobilite", "energie", "numerique")
ORGANISATIONS = (
    ("CCAS", "ccas-carvin", "ccas", 55),
    ("Secours populaire", "secours-populaire", "secours_populaire", 25),
    ("Épicerie solidaire", "epicerie-solidaire", "epicerie", 12),
    ("À la Bonne Action", "a-la-bonne-action", "association", 8),
)
"""Name, short name, kind, and share of the files in a hundred."""
ROLES = (Role.INTAKE, Role.COORDINATOR)
"""Whoever coordinates also receives people."""
DELAYS = (9, 21, 42)
STATES = ("sent", "accepted", "refused", "closed", "dropped")
WEIGHTS = (0.013, 0.007, 0.01, 0.65, 0.32)
"""Of referrals: two in a hundred open, one refused that somebody has still to look at, the others ended."""
SENT_AGAIN = 0.5
"""Of what is refused and not yet settled."""
SHARED = 0.4
REFERRED = (2, 3)
"""Needs referred of a household that shares its file: as many referrals as households, in the end."""
IN_NEED = 0.5
"""Of those that share nothing."""
WITH_BUDGET = 0.2
YEARS = 4
SYLLABLES = "bar bel cha dan del dur fau gau jou la le len mar mo ner pe ri rou san sel ta tin va vi zo ber wa ver que"
ENDS = "din elle ière et ot ard eau ault ski czak ez er ois art quin elin au on"
STREETS = "Pasteur Jean-Jaurès Gambetta de-la-Gare des-Lilas Victor-Hugo du-Moulin Zola de-l’Église des-Mineurs"

Row = Sequence[object]
Rows = dict[str, list[Row]]


@dataclass(frozen=True)
class Worker:
    """Somebody who acts for an organisation."""

    membership: UUID
    account: UUID
    email: str


@dataclass(frozen=True)
class Organisation:
    """One organisation of a network, and its people by role."""

    id: UUID
    name: str
    workers: dict[str, Worker]


@dataclass(frozen=True)
class Network:
    """One network and its organisations, in the order of `ORGANISATIONS`."""

    id: UUID
    number: int
    organisations: list[Organisation]


@dataclass
class Plan:
    """What is drawn: how many households, in which networks, until which day."""

    households: int
    networks: int
    today: date
    seed: int = 1
    names: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.names = family_names(Random(self.seed))

    def chunk(self, number: int) -> Random:
        """The draws of one chunk of households, whatever was drawn before."""
        return Random(self.seed * 1_000_003 + number)


def family_names(draw: Random, many: int = 6000) -> list[str]:
    """Real-looking names, the first ones the most frequent."""
    starts, ends = SYLLABLES.split(), ENDS.split()
    made = {(draw.choice(starts) + draw.choice(starts) + draw.choice(ends)).capitalize() for _ in range(many)}
    return [*fiction.FAMILY_NAMES, *sorted(made)]


def identifier(draw: Random) -> UUID:
    return UUID(int=draw.getrandbits(128), version=4)


# ------------------------------------------------------------------ networks


def networks(plan: Plan) -> list[Network]:
    """The networks, their organisations and workers."""
    draw = Random(plan.seed)
    return [
        Network(
            identifier(draw),
            number,
            [
                Organisation(
                    identifier(draw),
                    name,
                    {
                        role.value: Worker(
                            identifier(draw), identifier(draw), f"{role.value}.{slug}.{number}@exemple.invalid"
                        )
                        for role in ROLES
                    },
                )
                for name, slug, _, _ in ORGANISATIONS
            ],
        )
        for number in range(1, plan.networks + 1)
    ]


def network_rows(made: Sequence[Network], password_hash: str, now: datetime) -> Rows:
    """Every network is one of demonstration, and so are its accounts."""
    rows: Rows = {name: [] for name in ("network", "organisation", "account", "credential", "membership")}
    for network in made:
        title = f"Réseau engendré {network.number} (démonstration)"
        rows["network"].append((network.id, f"reseau-engendre-{network.number}", title, True, "", now))
        for organisation, (name, slug, kind, _) in zip(network.organisations, ORGANISATIONS, strict=True):
            rows["organisation"].append((organisation.id, network.id, slug, name, kind, "Carvin", "", "", now))
            for role, worker in organisation.workers.items():
                label = f"{role} {name}"
                rows["account"].append((worker.account, worker.email, folded_email(worker.email), label, True, now))
                rows["credential"].append((worker.account, password_hash, now))
                rows["membership"].append(
                    (
                        worker.membership,
                        network.id,
                        organisation.id,
                        worker.account,
                        label,
                        "{" + ("intake" if role == Role.INTAKE else f"{role},intake") + "}",
                        kind == "ccas",
                        False,
                        now,
                        None,
                        1,
                    )
                )
    return rows


# ------------------------------------------------------------------ households

HOUSEHOLD_TABLES = (
    *("household", "household_profile", "share", "person", "stay", "agreement", "agreement_part", "agreement_person"),
    *("need", "referral", "referral_event", "assessment", "budget_line", "assessment_result"),
)
COLUMNS = {
    "network": "id slug name demo contact created_at",
    "organisation": "id network_id slug name kind commune phone email created_at",
    "account": "id email email_folded name demo created_at",
    "credential": "account_id password_hash changed_at",
    "membership": "id network_id organisation_id account_id name roles professional decider started_at suspended_at"
    " version",
    "household": "id network_id code holder_organisation_id opened_at opened_by closed_at closing_reason",
    "household_profile": "household_id network_id commune address_kind address phone email family_situation housing"
    " origin representative_name representative_link representative_phone updated_at updated_by version",
    "share": "id network_id household_id organisation_id holder_organisation_id scope audience ground agreement_id"
    " valid_from valid_until revoked_at",
    "person": "id network_id household_id family_name given_name birth_date birth_precision deceased_on name_folded"
    " name_keys version",
    "stay": "id network_id household_id person_id link weight from_date until_date end_reason",
    "agreement": "id network_id household_id organisation_id purpose given_how representative notice_version valid_from"
    " valid_until recorded_at recorded_by withdrawn_at withdrawn_by",
    "agreement_part": "agreement_id organisation_id part network_id household_id audience",
    "agreement_person": "agreement_id person_id network_id household_id answer answered_at",
    "need": "id network_id household_id organisation_id domain sensitive summary opened_at opened_by",
    "referral": "id network_id household_id household_code need_id from_organisation_id to_organisation_id"
    " public_domain by_hand state refusal outcome sent_at sent_by answered_at closed_at moved_by version"
    " late_at risk_at expires_at carried",
    "referral_event": "id network_id referral_id at verb state reason organisation_id membership_id version",
    "assessment": "id network_id household_id organisation_id status reference_date composition created_at created_by"
    " validated_at validated_by superseded_by version",
    "budget_line": "id network_id household_id assessment_id position side kind amount_cents period origin month"
    " paid_to_landlord label",
    "assessment_result": "id network_id household_id assessment_id bareme_code bareme_version result",
}
"""The columns of each table, in the order of its rows."""


def code_of(index: int) -> str:
    """A code that no other household has: the index, scattered over every code there is."""
    base = len(CODE_ALPHABET)
    scattered = index * 348_678_431 % base**CODE_LENGTH
    return household_code(scattered // base**place % base for place in range(CODE_LENGTH))


def household_rows(plan: Plan, made: Sequence[Network], first: int, last: int) -> Rows:
    """The rows of the households numbered from `first` to before `last`."""
    draw = plan.chunk(first)
    rows: Rows = {name: [] for name in HOUSEHOLD_TABLES}
    for index in range(first, last):
        Household(plan, made[index % len(made)], index, draw, rows).write()
    return rows


class Household:
    """One household, drawn and written table by table."""

    def __init__(self, plan: Plan, network: Network, index: int, draw: Random, rows: Rows) -> None:
        self.plan, self.network, self.index, self.draw, self.rows = plan, network, index, draw, rows
        self.id = identifier(draw)
        shares = [organisation[3] for organisation in ORGANISATIONS]
        self.holder = draw.choices(network.organisations, shares)[0]
        self.worker = self.holder.workers["intake"]
        self.day = plan.today - timedelta(days=1 + draw.randrange(YEARS * 365))
        self.at = datetime.combine(self.day, time(9), PARIS) + timedelta(seconds=draw.randrange(8 * 3600))
        self.code = code_of(index)
        self.people: list[UUID] = []
        self.carried = "{}"
        """The days on which its agreement carries what is sent, as the triggers would have it."""

    def write(self) -> None:
        self.file()
        self.family()
        partner = self.agreement() if self.draw.random() < SHARED else None
        if partner is not None:
            for domain in self.draw.sample(DOMAINS, self.draw.choice(REFERRED)):
                self.referral(self.need(domain), domain, partner)
        elif self.draw.random() < IN_NEED:
            self.need(self.draw.choice(DOMAINS))
        if self.draw.random() < WITH_BUDGET:
            known = budgets(self.plan.today)
            self.budget(known[min(len(self.people), len(known)) - 1])

    def file(self) -> None:
        net, holder, draw = self.network.id, self.holder.id, self.draw
        self.rows["household"].append((self.id, net, self.code, holder, self.at, self.worker.membership, None, ""))
        street = draw.choice(STREETS.split()).replace("-", " ")
        phone = f"06 39 98 {draw.randrange(100):02d} {draw.randrange(100):02d}"
        profile = (self.id, net, "Carvin", "fixe", f"{draw.randrange(1, 200)} rue {street}", phone)
        author = self.worker.membership
        self.rows["household_profile"].append(
            (*profile, "", "parent_isole", "parc_social", "spontanee", "", "", "", self.at, author, 1)
        )
        for part in PARTS:
            self._share(holder, part, "all", "holder", None, None)

    def _share(
        self, to: UUID, part: str, audience: str, ground: str, agreement: UUID | None, until: date | None
    ) -> None:
        since = self.day
        self.rows["share"].append(
            (
                identifier(self.draw),
                self.network.id,
                self.id,
                to,
                self.holder.id,
                part,
                audience,
                ground,
                agreement,
                since,
                until,
                None,
            )
        )

    def family(self) -> None:
        draw = self.draw
        # The list is drawn from as names are met: a few are everywhere, most are rare.
        family = self.plan.names[int(len(self.plan.names) * draw.random() ** 3)]
        links = [
            "reference",
            *(["partner"] if draw.random() < 0.35 else []),
            *["child"] * draw.choice((0, 0, 1, 1, 2, 3)),
        ]
        for link in links:
            age = draw.randrange(0, 18) if link == "child" else draw.randrange(19, 85)
            born = self.plan.today - timedelta(days=age * 365 + draw.randrange(365))
            given = draw.choice(
                fiction.CHILDREN if link == "child" else fiction.WOMEN if draw.random() < 0.7 else fiction.MEN
            )
            person = identifier(draw)
            self.people.append(person)
            folded, keys = named(self.network.id, family, given)
            self.rows["person"].append(
                (person, self.network.id, self.id, family, given, born, "day", None, folded, keys, 1)
            )
            self.rows["stay"].append(
                (identifier(draw), self.network.id, self.id, person, link, "1", max(self.day, born), None, "")
            )

    def agreement(self) -> Organisation:
        """An agreement of the reference person towards one partner, alive on the day it is generated."""
        draw, net = self.draw, self.network.id
        partner = draw.choice([o for o in self.network.organisations if o is not self.holder])
        agreement, until = identifier(draw), self.plan.today + timedelta(days=draw.randrange(1, 360))
        self.rows["agreement"].append(
            (
                *(agreement, net, self.id, self.holder.id, "support", "oral", "", NOTICE_VERSION),
                *(self.day, until, self.at, self.worker.membership, None, None),
            )
        )
        self.rows["agreement_person"].append((agreement, self.people[0], net, self.id, "agrees", None))
        self.carried = f"{{[{self.day},{until}]}}"
        for part in GIVEN:
            self.rows["agreement_part"].append((agreement, partner.id, part, net, self.id, "all"))
            self._share(partner.id, part, "all", "agreement", agreement, until)
        return partner

    def need(self, domain: str) -> UUID:
        need, words = identifier(self.draw), "Besoin engendré pour mesurer."
        me = self.worker.membership
        self.rows["need"].append((need, self.network.id, self.id, self.holder.id, domain, False, words, self.at, me))
        return need

    def referral(self, need: UUID, domain: str, partner: Organisation) -> None:
        draw, net, me = self.draw, self.network.id, self.worker.membership
        referral, [state] = identifier(draw), draw.choices(STATES, WEIGHTS)
        ended = state in ("closed", "dropped")
        sent = self.at if ended else self._lately()
        answered = None if state == "sent" else sent + timedelta(days=2)
        closed = sent + timedelta(days=20) if ended else None
        refusal = Refusal.CAPACITY.value if state in ("refused", "dropped") else None
        outcome = Outcome.GOT_HELP.value if state == "closed" else None
        self.rows["referral"].append(
            (
                *(referral, net, self.id, self.code, need, self.holder.id, partner.id, domain, False, state),
                *(refusal, outcome, sent, me, answered, closed, partner.workers["intake"].membership, 1),
                *(sent + timedelta(days=days) for days in DELAYS),
                self.carried,
            )
        )
        self.rows["referral_event"].append(
            (identifier(draw), net, referral, sent, "send", state, None, self.holder.id, me, 1)
        )
        if state == "refused" and draw.random() < SENT_AGAIN:
            self.referral(need, domain, partner)

    def _lately(self) -> datetime:
        day = self.plan.today - timedelta(days=1 + self.draw.randrange(30))
        return datetime.combine(day, time(10), PARIS) + timedelta(seconds=self.draw.randrange(3600 * 6))

    def budget(self, budget: Budget) -> None:
        """A validated budget with the frozen answer of the first barème."""
        draw, net, me = self.draw, self.network.id, self.worker.membership
        assessment = identifier(draw)
        lines = [identifier(draw) for _ in budget.lines]
        composition = budget.composition(self.people)
        self.rows["assessment"].append(
            (
                *(assessment, net, self.id, self.holder.id, "validated", self.day, composition),
                *(self.at, me, self.at, me, None, 2),
            )
        )
        for place, (line, (side, kind, cents)) in enumerate(zip(lines, budget.lines, strict=True)):
            self.rows["budget_line"].append(
                (line, net, self.id, assessment, place, side, kind, cents, "monthly", "declared", None, False, "")
            )
        self.rows["assessment_result"].append(
            (identifier(draw), net, self.id, assessment, budget.bareme, budget.version, budget.result(lines))
        )


def named(network_id: UUID, family: str, given: str) -> tuple[str, str]:
    """What the search keeps of a name."""
    folded = fold(f"{family} {given}")
    return folded, keys_of(network_id, folded)


def chunks(households: int, size: int) -> Iterator[tuple[int, int]]:
    """The households, so many at a time."""
    for first in range(0, households, size):
        yield first, min(first + size, households)
