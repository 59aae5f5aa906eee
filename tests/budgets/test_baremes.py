"""The barèmes shipped in policies/, and the errors of those who write one."""

from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from coordination.budgets.bareme import BadBareme
from coordination.budgets.baremes import Baremes, NoBareme, load_baremes, read_scheme
from coordination.budgets.rules import LineKind, Standing, Zone, ZoneKind
from coordination.kit.parameters import BadParameters
from tests.budgets.make import BAREMES, CASES, TODAY, bareme, case_lines, computed, family, line

DEMO = ("ccas-carvin", "epicerie-solidaire", "secours-populaire", "a-la-bonne-action")
G1 = next(case for case in CASES["cases"] if case["id"] == "G1")


@pytest.fixture(scope="module")
def baremes() -> Baremes:
    return load_baremes(BAREMES)


def test_the_partners_disagree_on_the_mother_with_two_children(baremes: Baremes) -> None:
    answers = {
        rule.code: (result.shown, result.exact_shown, result.zone, result.user_share_label)
        for rule in baremes.of(DEMO, TODAY)
        for result in [computed(rule, family(3), *case_lines(G1))]
    }
    assert answers == {
        "ccas-carvin": ("8,00\u00a0€", "8,0011\u00a0€", ZoneKind.COUNCIL, "20 %"),
        "epicerie-solidaire": ("7,89\u00a0€", "7,8906\u00a0€", ZoneKind.ELIGIBLE, "20 %"),
        "secours-populaire": ("15,00\u00a0€", "15,0021\u00a0€", ZoneKind.COUNCIL, ""),
        # without a bill seen, energy counts 80 € instead of 100 €: 740.10 ÷ 3.5 parts
        "a-la-bonne-action": ("211,46\u00a0€", "211,4571\u00a0€", ZoneKind.ELIGIBLE, ""),
    }


def test_demonstration_values_are_marked_and_published_ones_bind_nobody(baremes: Baremes) -> None:
    for rule in baremes.all(TODAY):
        ours = rule.organisation is not None
        assert rule.standing is (Standing.DEMONSTRATION if ours else Standing.PUBLISHED)
        assert rule.source.title
        assert rule.source.checked_on
        assert ("démonstration" in rule.organisation_label) == ours
    assert Standing.PUBLISHED.label == "publié, non contractuel"
    assert Standing.DEMONSTRATION.label == "valeurs de démonstration"


@pytest.mark.parametrize(
    ("code", "on", "persons", "net", "zone"),
    [
        ("les-epis", TODAY, 1, "239,99", ZoneKind.ELIGIBLE),
        ("les-epis", TODAY, 1, "240", ZoneKind.COUNCIL),
        ("la-clairiere", TODAY, 1, "239,99", ZoneKind.ELIGIBLE),
        ("la-clairiere", TODAY, 2, "420", ZoneKind.NOT_ELIGIBLE),
        ("la-clairiere", TODAY, 2, "419,99", ZoneKind.ELIGIBLE),
        ("carrefour-solidarites-91", date(2013, 1, 1), 1, "210", ZoneKind.ELIGIBLE),
        ("carrefour-solidarites-91", date(2013, 1, 1), 1, "210,01", ZoneKind.NOT_ELIGIBLE),
        ("carrefour-solidarites-91", TODAY, 1, "269,99", ZoneKind.ELIGIBLE),
        ("carrefour-solidarites-91", TODAY, 1, "270", ZoneKind.NOT_ELIGIBLE),
        ("agorae", TODAY, 1, "37,19", ZoneKind.REDIRECT),
        ("agorae", TODAY, 1, "37,20", ZoneKind.ELIGIBLE),
        ("agorae", TODAY, 1, "232,50", ZoneKind.ELIGIBLE),
        ("agorae", TODAY, 1, "232,51", ZoneKind.NOT_ELIGIBLE),
    ],
)
def test_published_thresholds_answer_as_published(
    baremes: Baremes, code: str, on: date, *, persons: int, net: str, zone: ZoneKind
) -> None:
    people = family(persons) if on == TODAY else family(1)
    assert computed(baremes.current(code, on), people, line(LineKind.SALAIRE, net), on=on).zone is zone


def test_versions_are_found_by_day_and_by_name(baremes: Baremes) -> None:
    old = baremes.get("carrefour-solidarites-91", date(2012, 12, 1))
    assert baremes.current("carrefour-solidarites-91", date(2023, 12, 31)) == old
    assert baremes.current("carrefour-solidarites-91", date(2024, 1, 1)).digest != old.digest
    with pytest.raises(NoBareme, match=r"commence le 01/12/2012"):
        baremes.current("carrefour-solidarites-91", date(2012, 11, 30))
    with pytest.raises(NoBareme, match="n’existe pas"):
        baremes.current("inconnu", TODAY)
    with pytest.raises(NoBareme, match="02/12/2012"):
        baremes.get("carrefour-solidarites-91", date(2012, 12, 2))


def test_an_organisation_has_its_own_baremes_only(baremes: Baremes) -> None:
    assert [rule.code for rule in baremes.of(["secours-populaire", "ccas-carvin"], TODAY)] == [
        "secours-populaire",
        "ccas-carvin",
    ]
    assert baremes.of(["ailleurs"], TODAY) == ()
    assert baremes.of(DEMO, date(2000, 1, 1)) == ()
    assert load_baremes(BAREMES) is baremes


GOOD = (BAREMES / "ccas-carvin.yaml").read_text(encoding="utf-8")


MISTAKES = [
    ("code: ccas-carvin", "code: autre", "Écrivez « code: ccas-carvin »"),
    ("days: 30", "days: 12", "entre 28 et 31 jours"),
    ("days: 30", "day: 30", "Écrivez « days »"),
    ("every: day", "every: jour", "day, month"),
    ("per: head", "per: haed", "Écrivez « head »"),
    ("other: 1", "other: -1", "Écrivez par exemple 30, 0.5"),
    ("other: 1", "other: 9", "dépasse deux personnes"),
    ("child_under: 18", "child_under: 80", "entre 1 et 25"),
    ("prime_noel:", "prime_noell:", "Écrivez « prime_noel »"),
    ("cap: 60.00", "cap: soixante", "chiffres seulement"),
    ("cap: 60.00", "cap: -60", "zéro ou plus"),
    ("cap: 60.00", "share: 3/2", "une part entre 0 et 1"),
    ("ignored: true", "flat: 60", "un forfait ne vaut que pour une charge"),
    ("below: 8.00", "below: 11.00", "se recouvrent"),
    ("below: 8.00", "below: 10.00", "se recouvrent"),
    ("below: 10.00", "up_to: 8.00\n        below: 8.00", "une zone n’a qu’une limite"),
    ("      - zone: not_eligible\n", "", "sans limite à la fin"),
    ("        below: 8.00\n", "", "seule la dernière"),
    ("{from: 10, to: 10}", "{from: 20, to: 10}", "le plus petit d’abord"),
    ("{from: 10, to: 10}", "{from: 10, to: 110}", "de 0 à 100"),
    ("resources_count: true", "resources_count: oui", "Écrivez true"),
    ("from: 2026-01-01", "from: 1er janvier", "2026-01-31"),
    ("    landlord_aid: not_twice\n", "", "« landlord_aid » manque"),
    ("standing: demonstration", "standing: demo", "adopted"),
]


@pytest.mark.parametrize(("before", "after", "says"), MISTAKES)
def test_a_mistake_is_told_with_its_file_its_line_and_what_to_write(
    tmp_path: Path, before: str, after: str, says: str
) -> None:
    path = tmp_path / "ccas-carvin.yaml"
    path.write_text(GOOD.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(BadParameters) as error:
        read_scheme(path)
    (problem,) = error.value.problems
    assert problem.file.endswith("/ccas-carvin.yaml")
    assert says in str(problem)
    if after:
        here = GOOD[: GOOD.index(before)].count("\n") + 1
        assert abs(problem.line - here) <= 2, f"line {problem.line}, mistake at {here}"


def test_every_faulty_file_is_told_at_once(tmp_path: Path) -> None:
    for code in ("un", "deux"):
        (tmp_path / f"{code}.yaml").write_text("code: trois\n", encoding="utf-8")
    with pytest.raises(BadParameters) as error:
        load_baremes(tmp_path)
    assert len(error.value.problems) == 2


def test_an_empty_folder_is_an_error_not_a_silence(tmp_path: Path) -> None:
    with pytest.raises(BadParameters, match="aucun barème"):
        load_baremes(tmp_path)


def test_a_changed_version_no_longer_has_its_fingerprint(tmp_path: Path, baremes: Baremes) -> None:
    path = tmp_path / "ccas-carvin.yaml"
    path.write_text(GOOD.replace("# ", "# autre commentaire : "), encoding="utf-8")
    kept = read_scheme(path).at(TODAY)
    path.write_text(GOOD.replace("8.00", "8.10"), encoding="utf-8")
    changed = read_scheme(path).at(TODAY)
    assert kept is not None
    assert changed is not None
    assert kept.digest == baremes.current("ccas-carvin", TODAY).digest != changed.digest


@pytest.mark.parametrize(
    "zones",
    [
        (),
        (Zone(ZoneKind.ELIGIBLE, 800),),
        (Zone(ZoneKind.ELIGIBLE), Zone(ZoneKind.NOT_ELIGIBLE)),
        (Zone(ZoneKind.ELIGIBLE, 800, inclusive=True), Zone(ZoneKind.COUNCIL, 800), Zone(ZoneKind.NOT_ELIGIBLE)),
    ],
)
def test_no_bareme_can_be_built_with_missing_or_overlapping_zones(zones: tuple[Zone, ...]) -> None:
    with pytest.raises(BadBareme):
        bareme(zones=zones)


def test_no_bareme_can_be_built_with_an_impossible_month() -> None:
    with pytest.raises(BadBareme, match="28 et 31"):
        bareme(days=Fraction(3))
