"""A line that holds a whole household: whose each column is, who stands on the line, nobody invented, nobody lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordination.households import finding
from coordination.households import queries as households
from coordination.households.rules import Link
from coordination.imports import service
from coordination.imports.columns import COUNTS, MOST_CHILDREN, choices, label_of, proposed, read_meaning
from coordination.imports.forms import SetAsideForm, examined
from coordination.imports.queries import batch_of, left_to_complete, line_of, rows_page, tally, to_correct
from coordination.imports.reading import read_list
from coordination.imports.rules import IMPORTED, RowState, read_childs_birth, read_link, to_complete
from coordination.imports.unfolding import Somebody, children_in, couple_in, people_of, without_when
from coordination.kit.clock import today
from coordination.kit.db import acting
from tests.cast import Cast
from tests.imports.make import deposited, found_in, imported, ods, sheet, xlsx

# ------------------------------------------------------------------ whose a column is


TITLES = [
    {"NOM": "family_name", "Prénom": "given_name", "Adresse": "address", "Conjoint": "partner.family_name",
     "Prénom conjoint": "partner.given_name", "DN conjoint": "partner.birth", "Enfant 1": "child1.full_name",
     "né le (enfant 2)": "child2.birth", "Prénom enfant 2": "child2.given_name"},
    {"Nom": "family_name", "Prénom": "given_name", "Date de naissance": "birth", "Nom ": "partner.family_name",
     "Prénom ": "partner.given_name", "Date de naissance ": "partner.birth", "Prénom  ": "child1.given_name",
     "Né le": "child1.birth", "Prénom   ": "child2.given_name", "Né le ": "child2.birth", "Tél": "phone"},
    {"Bénéficiaire": "full_name", "Conjoint(e)": "partner.full_name", "Enfant": "child1.full_name",
     "Âge": "child1.age", "Enfant ": "child2.full_name", "Âge ": "child2.age", "Nb pers.": "people",
     "Nbre d’enfants": "children"},
    {"Nom et prénom du demandeur": "full_name", "Ville": "commune", "Prénom du 1er enfant": "child1.given_name",
     "Date de naissance de l’enfant 1": "child1.birth", "2e enfant": "child2.full_name", "Sexe enfant 2": ""},
    {"Nom": "family_name", "Nom de l’épouse": "partner.full_name", "Tél. conjoint": "", "Enfant 13": ""},
]  # fmt: skip


@pytest.mark.parametrize("means", TITLES)
def test_columns_are_the_holders_the_spouses_or_a_childs_by_their_titles(means: dict[str, str]) -> None:
    assert proposed(list(means)) == list(means.values())


def test_children_are_counted_or_named_as_their_cells_say() -> None:
    assert proposed(["Nom", "Enfants"], [["OBERT", "3"], ["DUPONT", ""]]) == ["family_name", "children"]
    assert proposed(["Nom", "Enfants"], [["OBERT", "Léa"]]) == ["family_name", "kids"]


def test_a_row_above_the_titles_says_whom_they_are_about() -> None:
    rows = ["2026;", "Titulaire;;;Conjoint;;Enfant 1;;", "Nom;Prénom;Né le;Nom;Prénom;Prénom;Né le;Ville", "A;B;;;;;;C"]
    found = read_list("\n".join(rows).encode())
    assert found.titles[3:] == ["Conjoint nom", "Conjoint prénom", "Enfant 1 prénom", "Enfant 1 né le", "Ville"]
    assert proposed(found.titles)[3:] == [
        "partner.family_name", "partner.given_name", "child1.given_name", "child1.birth", "commune"
    ]  # fmt: skip


SOME = ["Nom", "Prénom", "Né le", "Conjoint", "Enfant", "Enfant 2", "Âge", "Ville", "Enfants", "x", ""]


@given(st.lists(st.sampled_from(SOME), max_size=20))
def test_whatever_the_titles_each_meaning_is_proposed_once_and_may_be_chosen(titles: list[str]) -> None:
    offered = {value for _, group in choices() for value, _ in group}
    named = [said for said in proposed(titles) if said]
    assert len(set(named)) == len(named)
    assert set(named) <= offered
    assert all(read_meaning(said) and label_of(said) for said in offered)


# ------------------------------------------------------------------ who stands on a line


def line(titles: str, cells: str) -> list[Somebody]:
    listing = read_list(f"{titles}\n{cells}\n".encode())
    (row,) = listing.rows
    return people_of(row[1], proposed(listing.titles, [row[1]]), "Carvin")


def told(people: list[Somebody]) -> list[tuple[int, str, str, str]]:
    names = ("family_name", "given_name", "birth")
    return [(one.rank, *(one.said.get(name, "") for name in names)) for one in people]  # type: ignore[misc]


WIDE = "Nom;Prénom;Né le;Conjoint;Enfant 1;Enfant 2;Enfants"


def test_a_line_gives_its_holder_a_spouse_and_children_each_with_what_it_says_of_them() -> None:
    people = line(WIDE, "DUPONT;Jean;1980;Marie MARTIN née le 3/2/1982;Léa (2015);Tom Dupont 7 ans;Zoé 05/2020, Max")
    assert told(people) == [
        (0, "DUPONT", "Jean", "1980"),
        (1, "MARTIN", "Marie", "3/2/1982"),
        (2, "", "Léa", "2015"),
        (3, "", "Tom", ""),
        (4, "", "Zoé", "05/2020"),
        (5, "", "Max", ""),
    ]
    assert [person.said["link"] for person in people[1:]] == ["partner"] + ["child"] * 4
    assert people[3].said["note"] == "7 ans"


def test_nobody_is_read_where_the_list_says_there_is_nobody() -> None:
    assert len(line(WIDE, "DUPONT;Jean;1980;néant;x;-;0")) == 1
    (alone,) = line(WIDE, "DUPONT;Jean;1980;;;;3 enfants")
    assert alone.said["children"] == "3"


def test_a_line_without_a_holder_is_led_by_the_spouse() -> None:
    assert told(line(WIDE, ";;;OBERT Marie 1990;Lou;;")) == [(0, "OBERT", "Marie", "1990"), (2, "", "Lou", "")]


def test_a_birth_name_is_no_name_of_the_file_but_is_kept_in_words() -> None:
    (person,) = line("Nom;Prénom;Âge", "Mme DUPONT Née MARTIN;Sophie;44")
    row, faults, _ = examined(person.said)
    assert row is not None
    assert (row.family_name, row.given_name, row.note, faults) == ("DUPONT", "Sophie", "née MARTIN, 44 ans", {})


@pytest.mark.parametrize(
    ("cell", "kids"),
    [
        ("Léa (2015), Tom (2018)", ["Léa (2015)", "Tom (2018)"]),
        ("Léa 12/03/2015 - Tom 2018", ["Léa 12/03/2015", "Tom 2018"]),
        ("Léa\nTom", ["Léa", "Tom"]),
        ("3 enfants : Léa, Tom et Zoé", ["Léa", "Tom", "Zoé"]),
        ("Léa, 2015, Tom, 7 ans", ["Léa 2015", "Tom 7 ans"]),
        ("Léa 2015 Tom 2018", ["Léa 2015", "Tom 2018"]),
        ("Anne-Lise/Tom", ["Anne-Lise", "Tom"]),
        ("néant", []),
    ],
)
def test_a_cell_that_lists_children_is_cut_between_them(cell: str, kids: list[str]) -> None:
    assert children_in(cell, {}) == kids


NAME = st.sampled_from(["Léa", "Tom", "Anne-Lise", "Zoé", "Étienne", "Maël"])
DATED = st.sampled_from(["", " 2015", " (2018)", " 12/03/2015", " né le 5/6/2019", " 7 ans", " (4 ans)", " 05/2020"])


MARK = st.sampled_from([", ", " ; ", "\n", " et ", " / "])


@given(st.lists(st.tuples(NAME, DATED), max_size=MOST_CHILDREN + 3), MARK)
def test_every_child_of_a_cell_is_read_once_or_the_line_is_told(kids: list[tuple[str, str]], mark: str) -> None:
    people = people_of(["DUPONT", mark.join(map("".join, kids))], ["family_name", "kids"], "Carvin")
    assert [person.said["given_name"] for person in people[1:]] == [name for name, _ in kids[:MOST_CHILDREN]]
    assert ("children" in people[0].faults) == (len(kids) > MOST_CHILDREN)
    for person, (_, dated) in zip(people[1:], kids, strict=False):
        assert person.said.get("birth") or person.said.get("note") or not dated


@given(st.lists(st.text(max_size=25), min_size=7, max_size=7))
def test_any_cells_give_people_or_sentences(cells: list[str]) -> None:
    people = people_of(cells, proposed(WIDE.split(";")), "Carvin")
    assert [person.rank for person in people] == sorted({person.rank for person in people})
    assert people[0].rank == 0
    for person in people:
        row, faults, said = examined(person.said, person.rank)
        assert (row is None) == bool(faults)
        assert all(isinstance(word, str) for word in said.values())


def test_when_is_told_from_who() -> None:
    assert without_when("Léa née le 12 mars 2015") == ("Léa", "12 mars 2015")
    assert without_when("Tom (7)") == ("Tom", "7 ans")
    assert without_when("Jean 3") == ("Jean 3", "")


# ------------------------------------------------------------------ a couple in one cell


@pytest.mark.parametrize(
    ("cell", "pair"),
    [
        ("M. et Mme DUPONT", (("DUPONT", ""), ("DUPONT", ""))),
        ("Mr/Mme DUPONT Jean", (("DUPONT", "Jean"), ("DUPONT", ""))),
        ("DUPONT Jean et Marie", (("DUPONT", "Jean"), ("DUPONT", "Marie"))),
        ("Jean & Marie DUPONT", (("DUPONT", "Jean"), ("DUPONT", "Marie"))),
        ("M. DUPONT et Mme MARTIN", (("DUPONT", ""), ("MARTIN", ""))),
        ("DUPONT Jean et MARTIN Marie", (("DUPONT", "Jean"), ("MARTIN", "Marie"))),
        ("DUPONT Jean", None),
        ("DUPONT et MARTIN", None),
        ("DUPONT et MARTIN Marie", None),
        ("NGUYEN Hoa / PHAM Van", None),
    ],
)
def test_two_people_of_one_cell_are_told_apart_when_it_is_certain(cell: str, pair: object) -> None:
    assert couple_in(cell) == pair


def test_a_couple_of_two_cells_keeps_what_was_read_and_what_is_not_certain_is_told() -> None:
    titles = "Foyer;Nom;Prénom;Lien"
    for cells, second in {
        ";DUPONT;Jean et Marie;": ("", "Marie"),
        ";M. et Mme DUPONT;Jean;": ("", ""),
        ";DUPONT / MARTIN;Jean / Marie;": ("MARTIN", "Marie"),
    }.items():
        holder, partner = line(titles, cells)
        assert (holder.said["family_name"], holder.said["given_name"]) == ("DUPONT", "Jean")
        assert (partner.said["family_name"], partner.said["given_name"]) == second
        assert holder.said["read"] == partner.said["read"] != ""
    # Two children on a line, two people of a household of several lines: nothing says that they are a couple.
    for cells in (";DUPONT;Léa et Tom;enfant", "12;DUPONT;Léa et Tom;"):
        (person,) = line(titles, cells)
        assert "Deux personnes" in examined(person.said)[1]["family_name"]


# ------------------------------------------------------------------ through the services

HOUSEHOLDS = """N°;NOM;Prénom;Né(e) le;Ville;Prénom conjoint;DN conjoint;Enfant 1;Né le;Enfant 2;Né le;Nb enfants
1;{name};Karim;12/05/1984;Carvin;Lila;03/1986;Inès;31/02/2015;Sami;2018;2
2;{name};Odile;;62220 CARVIN;;;;;;;4
3;M. et Mme {name};Paul et Rose;;;;;Jade;;;;1"""


def written(kind: str, name: str) -> bytes:
    rows = [row.split(";") for row in HOUSEHOLDS.format(name=name).split("\n")]
    if kind == "csv":
        return "\r\n".join(";".join(row) for row in rows).encode("cp1252")
    return xlsx({"Familles": sheet(rows)}) if kind == "xlsx" else ods(rows)


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_a_list_of_households_says_the_same_in_every_format(kind: str) -> None:
    assert read_list(written(kind, "Maes")).rows == read_list(written("csv", "Maes")).rows


def test_each_line_becomes_a_household_checked_person_by_person_and_taken_back_whole(cast: Cast) -> None:
    worker = cast.secours.people["intake"]
    batch_id = deposited(cast.engine, worker, written("csv", "Vercruysse"))
    with acting(cast.engine, worker) as session:
        batch = batch_of(session, batch_id)
        sums = tally(session, batch)
        assert (sums["faulty"], sums["people"], sums["files"], sums["couples"]) == (1, 7, 3, 2)
        (wrong,) = rows_page(session, batch, [RowState.FAULTY.value], 0)
        assert (wrong.name, wrong.who, list(wrong.row.faults)) == ("VERCRUYSSE Inès", "Enfant 1", ["birth"])
        assert "Enfant 1 : Cette date" in to_correct(session, batch)
        couple = rows_page(session, batch, [state.value for state in IMPORTED], 0, couples=True)
        assert [found.name for found in couple] == ["VERCRUYSSE Paul", "VERCRUYSSE Rose"]
        # Left out in bulk, a line goes whole; it comes back whole; a person alone may be left out of her household.
        assert service.set_aside(session, batch_id, SetAsideForm(which="faulty")) == 1
    with acting(cast.engine, worker) as session:
        batch = batch_of(session, batch_id)
        holder, spouse, *_ = line_of(session, batch, 2)
        assert (holder.state, spouse.state, tally(session, batch)["out"]) == ("out", "out", 4)
        service.set_row(session, batch_id, spouse.id, "back")
        assert tally(session, batch)["out"] == 0
        service.set_row(session, batch_id, spouse.id, "out")
        service.correct(session, batch_id, holder.id, {"family_name": "Vercruysse-Obin"})
        service.correct(session, batch_id, wrong.row.id, {"birth": "28/02/2015"})
        assert [found.name for found in rows_page(session, batch, ["good"], 0)][:2] == [
            "VERCRUYSSE-OBIN Karim", "VERCRUYSSE-OBIN Inès"
        ]  # fmt: skip
        service.run(session, batch_id)
    with acting(cast.engine, worker) as session:
        (file_id,) = {hit.household_id for hit in finding.search(session, "Vercruysse-Obin Inès")}
        assert [(one.name, one.link, str(one.birth)) for one in households.residents(session, file_id, today())] == [
            ("VERCRUYSSE-OBIN Karim", Link.REFERENCE, "12/05/1984"),
            ("VERCRUYSSE-OBIN Inès", Link.CHILD, "28/02/2015"),
            ("VERCRUYSSE-OBIN Sami", Link.CHILD, "2018"),
        ]
        service.undo(session, batch_id)
        assert finding.search(session, "Vercruysse") == []


def test_what_a_list_counts_without_naming_is_told_on_the_file_until_it_is_dealt_with(cast: Cast) -> None:
    worker = cast.secours.people["intake"]
    said = "Nom;Prénom;Enfant 1;Enfants;Nb pers\nLepoutre;Odile;Tom (7 ans);4;2\nLepoutre;Paul;;0;1\n"
    imported(cast.engine, worker, said)
    with acting(cast.engine, worker) as session:
        odile, paul = (finding.search(session, f"Lepoutre {name}")[0].household_id for name in ("Odile", "Paul"))
        links = [one.link for one in households.residents(session, odile, today())]
        assert left_to_complete(session, odile, links)[1] == ["4 enfants : 1 dans ce dossier", "Tom : 7 ans"]
        assert left_to_complete(session, odile, [*links, Link.CHILD])[1][0] == "4 enfants : 2 dans ce dossier"
        assert left_to_complete(session, paul, [Link.REFERENCE]) == (None, [])
    for stranger in (cast.epicerie.people["intake"], cast.elsewhere.people["intake"]):
        with acting(cast.engine, stranger) as session:
            assert left_to_complete(session, odile, links) == (None, [])
    with acting(cast.engine, worker) as session:
        service.settle(session, odile)
    with acting(cast.engine, worker) as session:
        assert left_to_complete(session, odile, links) == (None, [])


@given(st.lists(st.sampled_from(Link), min_size=1), st.dictionaries(st.sampled_from(COUNTS), st.integers(0, 20)))
def test_a_count_is_told_when_the_file_holds_another_number_of_people(
    links: list[Link], counts: dict[str, int]
) -> None:
    children = sum(link in (Link.CHILD, Link.SHARED_CHILD) for link in links)
    held = {"children": children, "adults": len(links) - children, "people": len(links)}
    assert len(to_complete(counts, links)) == sum(held[name] != said for name, said in counts.items())


@pytest.mark.parametrize("link", Link)
def test_a_link_is_read_again_from_its_label_and_from_what_is_stored_of_it(link: Link) -> None:
    assert (read_link(link.label), read_link(link.value)) == (link, link)


def test_a_child_in_shared_custody_is_not_lost_on_the_way_from_a_list(cast: Cast) -> None:
    worker = cast.secours.people["intake"]
    listed = (
        "Foyer;Nom;Prénom;Né le;Lien\n7;Delaunoy;Brice;02/03/1988;titulaire\n7;Delaunoy;Zita;5/6/2017;garde alternée\n"
    )
    batch_id = deposited(cast.engine, worker, listed.encode())
    with acting(cast.engine, worker) as session:
        _, child = rows_page(session, batch_of(session, batch_id), ["good"], 0)
        service.correct(session, batch_id, child.row.id, {"birth": "05/06/2018"})
        service.run(session, batch_id)
    with acting(cast.engine, worker) as session:
        (file_id,) = {hit.household_id for hit in finding.search(session, "Delaunoy Brice")}
        assert [(one.name, one.link) for one in households.residents(session, file_id, today())] == [
            ("DELAUNOY Brice", Link.REFERENCE), ("DELAUNOY Zita", Link.SHARED_CHILD)
        ]  # fmt: skip


def test_a_childs_year_in_two_figures_is_of_this_century() -> None:
    assert (read_childs_birth("5/6/21", 2026), read_childs_birth("6/21", 2026)) == ("5/6/2021", "6/2021")
    assert (read_childs_birth("5/6/95", 2026), read_childs_birth("2015", 2026)) == ("5/6/95", "2015")
    _, faults, said = examined({"given_name": "Tom", "link": "child", "birth": "5/6/21"}, rank=2)
    assert (faults, said["birth"]) == ({}, "05/06/2021")


def test_somebody_of_a_line_is_known_elsewhere_in_the_list_under_the_holders_name(cast: Cast) -> None:
    worker = cast.secours.people["intake"]
    said = "Nom;Prénom;Prénom conjoint;Enfant 1\nDelory;Jean;Marie;Zoé\nDELORY;Marie;;\nDelory;Ana;;zoé\n"
    found = found_in(cast.engine, worker, deposited(cast.engine, worker, said))
    assert [seen[2] for seen in found.values()] == [{}, {"row": 2}, {"row": 2}]
