"""The barèmes of the partners, read from `policies/baremes/*.yaml`: one file per scheme, dated versions."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import yaml

from coordination.budgets.bareme import (
    BadBareme,
    Bareme,
    Base,
    Every,
    LandlordAid,
    Per,
    Scale,
    Standing,
    Terms,
    Treatment,
    Weights,
    Zone,
    ZoneKind,
    check_treatment,
    check_zones,
)
from coordination.budgets.lines import LineKind
from coordination.kit.parameters import (
    BadParameters,
    Dated,
    Entry,
    Problem,
    open_parameters,
    read_dated,
    read_source,
)


class NoBareme(LookupError):
    """Ce barème n’existe pas, ou pas encore à cette date."""


@dataclass(frozen=True)
class Baremes:
    """Every scheme of a folder, by its code."""

    schemes: Mapping[str, Dated[Bareme]]

    def current(self, code: str, on: date) -> Bareme:
        """The version in force that day. Raises `NoBareme`, in French."""
        scheme = self._scheme(code)
        found = scheme.at(on)
        if found is None:
            raise NoBareme(
                f"Le barème « {code} » n’existe pas au {on:%d/%m/%Y} : il commence le {scheme.first:%d/%m/%Y}."
            )
        return found

    def get(self, code: str, version: date) -> Bareme:
        """The version that starts exactly that day, to reproduce a frozen result. Raises `NoBareme`."""
        found = self._scheme(code).get(version)
        if found is None:
            raise NoBareme(f"Le barème « {code} » n’a pas de version du {version:%d/%m/%Y}.")
        return found

    def of(self, organisation_slugs: Iterable[str], on: date) -> tuple[Bareme, ...]:
        """The barèmes in force that day for these organisations, in the order given, then by code."""
        found: list[Bareme] = []
        for slug in dict.fromkeys(organisation_slugs):
            found.extend(bareme for bareme in self.all(on) if bareme.organisation == slug)
        return tuple(found)

    def all(self, on: date) -> tuple[Bareme, ...]:
        """Every barème in force that day, those of no organisation of ours included, by code."""
        found = (self.schemes[code].at(on) for code in sorted(self.schemes))
        return tuple(bareme for bareme in found if bareme is not None)

    def chosen(self, codes: Iterable[str] | None, on: date) -> list[Dated[Bareme]]:
        """The schemes named, or all those in force that day. Raises `NoBareme`, which names those that exist."""
        if codes is None:
            return [self.schemes[bareme.code] for bareme in self.all(on)]
        wanted = list(dict.fromkeys(codes))
        for code in wanted:
            if code not in self.schemes:
                known = ", ".join(sorted(self.schemes))
                raise NoBareme(f"Le barème « {code[:60]} » n’existe pas. Ceux de la maison : {known}.")
        return [self.schemes[code] for code in wanted]

    def _scheme(self, code: str) -> Dated[Bareme]:
        if code not in self.schemes:
            raise NoBareme(f"Le barème « {code[:60]} » n’existe pas.")
        return self.schemes[code]


@lru_cache(maxsize=8)
def load_baremes(folder: Path) -> Baremes:
    """The barèmes of a folder, read once. Raises `BadParameters` with every faulty file and line."""
    schemes: dict[str, Dated[Bareme]] = {}
    problems: list[Problem] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            schemes[path.stem] = read_scheme(path)
        except BadParameters as error:
            problems.extend(error.problems)
    if not schemes and not problems:
        problems.append(
            Problem(folder.name, 1, "aucun barème dans ce dossier.", "Ajoutez-y au moins un fichier .yaml.")
        )
    if problems:
        raise BadParameters(problems)
    return Baremes(MappingProxyType(schemes))


def read_scheme(path: Path) -> Dated[Bareme]:
    """One file: what does not change, then the versions. Raises `BadParameters`."""
    root = open_parameters(path)
    root.only("code", "title", "organisation", "organisation_label", "standing", "public", "versions")
    code = root.field("code", path.stem)
    if code.text() != path.stem:
        code.refuse(f"le code « {code.text()} » n’est pas le nom du fichier.", f"Écrivez « code: {path.stem} ».")
    title = root.field("title", "Aide alimentaire").text()
    label = root.field("organisation_label", "CCAS de Carvin").text()
    standing = root.field("standing", "adopted").choice(Standing)
    organisation = root.maybe("organisation")
    slug = organisation.text() if organisation else None
    answers_all = root.maybe("public")
    public = answers_all.flag() if answers_all else False

    def read(entry: Entry, version: date) -> Bareme:
        return replace(_read_version(entry, version, (code.text(), title, label, standing, slug)), public=public)

    return read_dated(root.field("versions"), read)


_FIELDS = ("from", "source", "days", "per", "every", "base", "weights", "unlisted", "lines", "landlord_aid")
_WEIGHTS = ("first", "other", "child", "unborn", "single_parent")
MOST_PEOPLE = 20
LONGEST_MONTHS = 120


def _read_version(entry: Entry, version: date, scheme: tuple[str, str, str, Standing, str | None]) -> Bareme:
    entry.only(*_FIELDS, "zones", "terms", "notes")
    code, title, label, standing, slug = scheme
    zones, single = _zones(entry.field("zones"))
    resources, charges = _unlisted(entry.field("unlisted"))
    lines, terms, notes = entry.maybe("lines"), entry.maybe("terms"), entry.maybe("notes")
    days = entry.field("days", "30")
    try:
        return Bareme(
            code=code,
            version=version,
            title=title,
            organisation_label=label,
            standing=standing,
            source=read_source(entry.field("source")),
            days=days.fraction(),
            zones=zones,
            zones_single=single,
            per=entry.field("per", "head").choice(Per),
            every=entry.field("every", "day").choice(Every),
            base=entry.field("base", "person").choice(Base),
            weights=_weights(entry.field("weights")),
            treatments=MappingProxyType(_treatments(lines)),
            unlisted_resources_count=resources,
            unlisted_charges_count=charges,
            landlord_aid=entry.field("landlord_aid", "not_twice").choice(LandlordAid),
            organisation=slug,
            terms=_terms(terms) if terms else Terms(),
            notes=tuple(note.text() for note in notes.items()) if notes else (),
            digest=_digest(code, entry.node),
        )
    except BadBareme as error:  # the zones were checked where they stand
        days.refuse(f"la valeur de « {days.name} » ne convient pas.", str(error))


def _weights(entry: Entry) -> Weights:
    entry.only(*_WEIGHTS, "child_under", "shared_custody")
    values = {name: _weight(entry.field(name, "1")) for name in _WEIGHTS}
    child_under = entry.field("child_under", "14").integer()
    if not 1 <= child_under <= 25:
        entry.field("child_under").refuse("cet âge n’est pas celui d’un enfant.", "Écrivez un âge entre 1 et 25.")
    custody = entry.maybe("shared_custody")
    if custody is not None and custody.fraction() > 1:
        custody.refuse("une garde partagée dépasse une personne.", "Écrivez par exemple 0.5 ou 1.")
    return Weights(child_under=child_under, shared_custody=custody.fraction() if custody else None, **values)


def _weight(entry: Entry) -> Fraction:
    weight = entry.fraction()
    if weight > 2:
        entry.refuse(f"« {entry.name} » dépasse deux personnes.", "Écrivez par exemple 1 ou 0.5.")
    return weight


def _unlisted(entry: Entry) -> tuple[bool, bool]:
    entry.only("resources_count", "charges_count")
    return entry.field("resources_count", "true").flag(), entry.field("charges_count", "true").flag()


def _zones(entry: Entry) -> tuple[tuple[Zone, ...], tuple[Zone, ...]]:
    """The zones for all, or for a family and for a person alone."""
    if not entry.is_section:
        return _zone_list(entry), ()
    entry.only("family", "single")
    return _zone_list(entry.field("family")), _zone_list(entry.field("single"))


def _zone_list(entry: Entry) -> tuple[Zone, ...]:
    zones: list[Zone] = []
    for item in entry.items():
        zones.append(_zone(item))
        try:
            # each prefix closed by an open zone must be sound: so the first wrong line is the one named
            check_zones((*zones, Zone(ZoneKind.NOT_ELIGIBLE)) if zones[-1].bound_cents is not None else tuple(zones))
        except BadBareme as error:
            item.refuse("les zones ne vont pas.", str(error))
    try:
        check_zones(tuple(zones))
    except BadBareme as error:
        entry.refuse("les zones ne vont pas.", str(error))
    return tuple(zones)


def _zone(entry: Entry) -> Zone:
    entry.only("zone", "below", "up_to", "user_share")
    kind = entry.field("zone", "eligible").choice(ZoneKind)
    below, up_to, share = entry.maybe("below"), entry.maybe("up_to"), entry.maybe("user_share")
    if below is not None and up_to is not None:
        up_to.refuse("une zone n’a qu’une limite.", "Gardez « below » (moins de) ou « up_to » (cette valeur ou moins).")
    bound = below or up_to
    cents = bound.cents() if bound else None
    return Zone(kind, cents, up_to is not None, _user_share(share) if share else None)


def _user_share(entry: Entry) -> tuple[Fraction, Fraction]:
    """A percentage, or the lowest and the highest."""
    entry.only("from", "to")
    low = entry.field("from", "10")
    high = entry.field("to", "20")
    shares = low.fraction() / 100, high.fraction() / 100
    if not shares[0] <= shares[1] <= 1:
        low.refuse(
            "cette participation n’est pas un pourcentage.", "Écrivez deux nombres de 0 à 100, le plus petit d’abord."
        )
    return shares


def _treatments(entry: Entry | None) -> dict[LineKind, Treatment]:
    if entry is None:
        return {}
    return {item.key_choice(LineKind): _treatment(item) for item in entry.pairs().values()}


def _treatment(entry: Entry) -> Treatment:
    entry.only("ignored", "share", "cap", "flat", "flat_unproved", "always", "because")
    scales = {name: _scale(found) for name in ("cap", "flat", "flat_unproved") if (found := entry.maybe(name))}
    ignored, share, because = entry.maybe("ignored"), entry.maybe("share"), entry.maybe("because")
    always = entry.maybe("always")
    part = share.fraction() if share else Fraction(1)
    made = Treatment(
        ignored=ignored.flag() if ignored else False,
        share=part,
        always=always.flag() if always else False,
        because=because.text() if because else "",
        **scales,
    )
    try:
        check_treatment(LineKind(entry.name), made)
    except BadBareme as error:
        entry.refuse(f"la règle de « {entry.name} » ne va pas.", str(error))
    return made


def _scale(entry: Entry) -> Scale:
    """One amount for all, or by number of people: `{1: 60.00, 2: 90.00, more: 20.00}`."""
    if not entry.is_section:
        return Scale((_positive(entry),))
    fields = dict(entry.pairs())
    more = fields.pop("more", None)
    for expected, (name, field) in enumerate(fields.items(), 1):
        if name != str(expected) or expected > MOST_PEOPLE:
            wanted = (
                f"Écrivez les nombres de personnes dans l’ordre, à partir de 1 ({MOST_PEOPLE} au plus), puis « more »."
            )
            field.refuse(f"« {name} » n’est pas le nombre de personnes attendu.", wanted)
    if not fields:
        entry.refuse(
            f"« {entry.name} » n’a aucun montant.", "Écrivez un montant, ou {1: 60.00, 2: 90.00, more: 20.00}."
        )
    return Scale(tuple(_positive(field) for field in fields.values()), _positive(more) if more else 0)


def _positive(entry: Entry) -> int:
    cents = entry.cents()
    if cents < 0:
        entry.refuse(f"« {entry.name} » est négatif.", "Écrivez un montant par mois, zéro ou plus.")
    return cents


def _terms(entry: Entry) -> Terms:
    entry.only("duration", "renewals", "waiting", "longest", "purchase_budget")
    duration, purchase = entry.maybe("duration"), entry.maybe("purchase_budget")
    whole = {name: _months(found) for name in ("renewals", "waiting", "longest") if (found := entry.maybe(name))}
    return Terms(
        duration=_duration(duration) if duration else None, purchase=_scale(purchase) if purchase else None, **whole
    )


def _duration(entry: Entry) -> tuple[int, int]:
    """Months: one number, or the lowest and the highest."""
    if not entry.is_section:
        return _months(entry), _months(entry)
    entry.only("from", "to")
    low, high = _months(entry.field("from", "3")), _months(entry.field("to", "6"))
    if low > high:
        entry.refuse("la durée la plus courte dépasse la plus longue.", "Écrivez le plus petit nombre d’abord.")
    return low, high


def _months(entry: Entry) -> int:
    number = entry.integer()
    if number > LONGEST_MONTHS:
        entry.refuse(f"« {entry.name} » dépasse {LONGEST_MONTHS}.", "Écrivez un nombre de mois, par exemple 6.")
    return number


def _digest(code: str, node: yaml.Node) -> str:
    """A fingerprint of the values of a version, whatever its comments and layout: a changed version shows."""

    def plain(value: yaml.Node) -> object:
        if isinstance(value, yaml.MappingNode):
            return {str(key.value): plain(item) for key, item in value.value}
        if isinstance(value, yaml.SequenceNode):
            return [plain(item) for item in value.value]
        return str(value.value)

    text = json.dumps([code, plain(node)], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
