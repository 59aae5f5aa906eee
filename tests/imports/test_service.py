"""Lists through the real services: checked row by row, imported whole or not at all, taken back while untouched."""

import time
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import ProgrammingError

from coordination.audit.service import note_reading, write_line
from coordination.households import finding
from coordination.households import queries as households
from coordination.households.forms import ProfileForm
from coordination.households.rules import Link
from coordination.households.service import update_profile
from coordination.identity.permissions import known_roles
from coordination.imports import service
from coordination.imports.forms import ColumnsForm, SetAsideForm
from coordination.imports.queries import batch_of, batches, preview, tally, to_correct
from coordination.imports.reading import read_list
from coordination.imports.rules import RowState
from coordination.kit.actor import Actor, Member, Nobody, Service, Station
from coordination.kit.clock import today
from coordination.kit.db import ActorSession, acting
from coordination.kit.errors import NotKnown
from tests.casework.make import meet, write
from tests.cast import Cast, add_person
from tests.conftest import Base
from tests.households.make import open_household
from tests.imports.make import FAULTY_LIST, deposited, found_in, imported
from tests.sharing.make import agree

# A household of two, whose person of reference comes second, and a household of one.
FAMILIES = (
    "Foyer;Nom;Prénom;Né le;Lien;Adresse;Tél;Ville\n"
    "1;{name};Tom;11/2015;fils;;;\n"
    "1;{name};Mireille;03/02/1984;demandeur;4 rue des Lilas;612345678;Libercourt\n"
    "2;{name};Karim;;;;;\n"
)


@pytest.fixture
def worker(cast: Cast) -> Member:
    return cast.secours.people["intake"]


def count(base: Base, table: str, where: str = "true") -> int:
    (row,) = base.admin(f"select count(*) from {table} where {where}")
    return int(str(row[0]))


def files_of(cast: Cast, worker: Member, name: str) -> list[UUID]:
    with acting(cast.engine, worker) as session:
        return list(dict.fromkeys(hit.household_id for hit in finding.search(session, name)))


# ------------------------------------------------------------------ what an import makes


def test_rows_of_one_number_make_one_household_led_by_its_person_of_reference(cast: Cast, worker: Member) -> None:
    batch_id = imported(cast.engine, worker, FAMILIES.format(name="Dubrulle"))
    with acting(cast.engine, worker) as session:
        batch = batch_of(session, batch_id)
        assert (batch.files, batch.people, batch.stage, batch.titles) == (2, 3, "done", [])
        assert preview(session, batch) == []
        (file_id,) = {hit.household_id for hit in finding.search(session, "Dubrulle Mireille")}
        first, second = households.residents(session, file_id, today())
        assert (first.name, first.link, str(first.birth)) == ("DUBRULLE Mireille", Link.REFERENCE, "03/02/1984")
        assert (second.name, second.link, str(second.birth)) == ("DUBRULLE Tom", Link.CHILD, "11/2015")
        profile = households.profile_of(session, file_id)
        assert profile is not None
        assert (profile.commune, profile.address, profile.phone) == ("Libercourt", "4 rue des Lilas", "06 12 34 56 78")


def test_nothing_of_an_import_is_shared_and_each_file_has_its_line(
    cast: Cast, worker: Member, shared_base: Base
) -> None:
    before = (
        count(shared_base, "journal", "verb = 'household.open'"),
        count(shared_base, "journal", "verb = 'import.run'"),
    )
    imported(cast.engine, worker, FAMILIES.format(name="Herbaux"))
    assert count(shared_base, "journal", "verb = 'household.open'") == before[0] + 2
    assert count(shared_base, "journal", "verb = 'import.run'") == before[1] + 1
    for file_id in files_of(cast, worker, "Herbaux"):
        assert count(shared_base, "share", f"household_id = '{file_id}' and ground <> 'holder'") == 0
        assert count(shared_base, "agreement", f"household_id = '{file_id}'") == 0


def test_a_list_with_a_row_to_correct_is_not_imported_until_it_is_left_out_or_corrected(
    cast: Cast, worker: Member, shared_base: Base
) -> None:
    said = "Nom;Prénom;Né le;Courriel\nVandorme;Lise;4/5/05;\nVandorme;Paul;1990;pas une adresse\nVandorme;Rose;1991;\n"
    batch_id = deposited(cast.engine, worker, said)
    found = found_in(cast.engine, worker, batch_id)
    assert [found[n][0] for n in (2, 3, 4)] == ["faulty", "faulty", "good"]
    assert "deux chiffres" in found[2][1]["birth"]
    assert "nom@exemple.fr" in found[3][1]["email"]
    before = count(shared_base, "household")
    with pytest.raises(service.RowsWait), acting(cast.engine, worker) as session:
        service.run(session, batch_id)
    assert count(shared_base, "household") == before
    with acting(cast.engine, worker) as session:
        rows = {row.number: row for row in preview(session, batch_of(session, batch_id))}
        typed = {**rows[2].said, "birth": "04/05/2005"}
        service.correct(session, batch_id, rows[2].id, typed)
        service.set_aside(session, batch_id, SetAsideForm(which="faulty"))
        assert tally(session, batch_of(session, batch_id))["files"] == 2
        service.run(session, batch_id)
    assert count(shared_base, "household") == before + 2
    with acting(cast.engine, worker) as session:
        assert {hit.name for hit in finding.search(session, "Vandorme")} == {"VANDORME Lise", "VANDORME Rose"}


def test_all_or_nothing_when_the_last_file_cannot_be_written(
    cast: Cast, worker: Member, shared_base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_id = deposited(cast.engine, worker, FAMILIES.format(name="Bétrémieux"))
    before = {
        table: count(shared_base, table) for table in ("household", "person", "journal", "import_row", "imported_file")
    }
    monkeypatch.setattr(service, "write_line", broken(write_line, after=1))
    with pytest.raises(RuntimeError), acting(cast.engine, worker) as session:
        service.run(session, batch_id)
    assert {table: count(shared_base, table) for table in before} == before


def broken(deed: Callable[..., None], after: int) -> Callable[..., None]:
    calls = iter(range(after + 1))

    def tried(*given: object) -> None:
        if next(calls) >= after:
            raise RuntimeError("the light went out")
        deed(*given)

    return tried


def test_a_household_has_one_person_of_reference_and_a_crowd_is_a_wrong_column(cast: Cast, worker: Member) -> None:
    said = "Foyer;Nom;Prénom;Lien\n1;Loison;A;titulaire\n1;Loison;B;titulaire\n1;Loison;C;zut\n"
    said += "".join(f"9;Foule;P{chr(65 + n)};\n" for n in range(23))
    found = found_in(cast.engine, worker, deposited(cast.engine, worker, said))
    assert "ligne 2" in found[3][1]["link"]
    assert "Lien inconnu" in found[4][1]["link"]
    assert [number for number, (_, faults, _) in found.items() if "household" in faults] == [26, 27]


def test_columns_must_name_somebody_and_are_remembered_for_the_same_titles(cast: Cast, worker: Member) -> None:
    listing = read_list(b"Usager;Petit nom;Autre\nA;B;C\n")
    with acting(cast.engine, worker) as session:
        batch = service.deposit(session, listing, "Carvin")
        assert batch.columns == ["", "", ""]
        for wrong in (
            ["", "", ""],
            ["family_name", "family_name", ""],
            ["full_name", "given_name", ""],
            ["zut", "", ""],
        ):
            with pytest.raises(service.WrongColumns):
                service.choose_columns(session, batch.id, wrong, ColumnsForm())
        service.choose_columns(session, batch.id, ["family_name", "given_name", ""], ColumnsForm())
    with acting(cast.engine, worker) as session:
        again = service.deposit(session, read_list(b"USAGER;petit  nom;autre\nD;E;F\n"), "Carvin")
        assert again.columns == ["family_name", "given_name", ""]


def test_columns_chosen_again_have_every_row_checked_again(cast: Cast, worker: Member) -> None:
    batch_id = deposited(cast.engine, worker, FAULTY_LIST)
    assert {state for state, *_ in found_in(cast.engine, worker, batch_id).values()} == {"faulty"}
    with acting(cast.engine, worker) as session:
        service.choose_columns(session, batch_id, ["family_name", "given_name", ""], ColumnsForm(commune="Carvin"))
    with acting(cast.engine, worker) as session:
        assert service.check_some(session, batch_id).checked == 1
    assert list(found_in(cast.engine, worker, batch_id).values()) == [("good", {}, {})]


# ------------------------------------------------------------------ likenesses


def test_likely_duplicates_are_told_inside_the_list_and_inside_what_one_may_see_and_no_further(
    cast: Cast, worker: Member, shared_base: Base
) -> None:
    mine = open_household(cast.engine, worker, "Caudron", "Éloïse", birth="21/11/1990")
    open_household(cast.engine, cast.bonne_action.people["intake"], "Wattiez", "Amine", birth="01/02/1980")
    asked = count(shared_base, "network_question")
    said = (
        "Nom;Prénom;Né le\nCAUDRON;Eloise;1990\nCAUDRON;Eloise;1985\nWATTIEZ;Amine;01/02/1980\n"
        "Lesage;Ana;1970\nana;LESAGE;05/1970\nLesage;Ana;1971\n"
    )
    found = found_in(cast.engine, worker, deposited(cast.engine, worker, said))
    assert found[2] == ("doubtful", {}, {"files": [str(mine)]})
    assert [found[n][0] for n in (3, 4, 5, 7)] == ["good"] * 4
    assert found[6] == ("doubtful", {}, {"row": 5})
    assert count(shared_base, "network_question") == asked


# ------------------------------------------------------------------ whose rows, and for how long


def test_the_rows_are_their_authors_alone_and_the_import_her_organisations_once_done(
    cast: Cast, worker: Member
) -> None:
    colleague = add_person(cast.engine, cast.secours, "collègue", known_roles(worker.roles), professional=False)
    batch_id = deposited(cast.engine, worker, FAMILIES.format(name="Ringot"))
    for other in (colleague, cast.epicerie.people["intake"], cast.elsewhere.people["intake"]):
        with acting(cast.engine, other) as session:
            assert session.rows("select 1 from import_row") == []
            assert batch_id not in [batch.id for batch in batches(session)]
            with pytest.raises(NotKnown):
                service.run(session, batch_id)
    with acting(cast.engine, worker) as session:
        service.run(session, batch_id)
    with acting(cast.engine, colleague) as session:
        assert batch_id in [batch.id for batch in batches(session)]
        service.undo(session, batch_id)


def test_a_list_given_up_or_a_week_old_leaves_nothing(cast: Cast, worker: Member, shared_base: Base) -> None:
    given_up = deposited(cast.engine, worker, FAMILIES.format(name="Pruvost"))
    old = deposited(cast.engine, worker, FAMILIES.format(name="Pruvost"))
    young = deposited(cast.engine, worker, FAMILIES.format(name="Pruvost"))
    with acting(cast.engine, worker) as session:
        service.give_up(session, given_up)
    for batch_id, age in ((old, timedelta(days=7, minutes=1)), (young, timedelta(days=6))):
        shared_base.admin("update import_batch set created_at = now() - %s where id = %s", age, batch_id)
    with acting(cast.engine, cast.epicerie.people["intake"]) as session:  # whoever comes by
        service.deposit(session, read_list(b"Nom;V\na;b\n"), "")
    left = {row[0] for row in shared_base.admin("select distinct batch_id from import_row")}
    assert young in left
    assert not left & {given_up, old}
    assert count(shared_base, "import_batch", f"id in ('{given_up}', '{old}')") == 0


# ------------------------------------------------------------------ taking back


def test_an_untouched_import_is_taken_back_whole(cast: Cast, worker: Member, shared_base: Base) -> None:
    tables = ("household", "household_profile", "person", "stay", "share", "imported_file")
    before = {table: count(shared_base, table) for table in tables}
    batch_id = imported(cast.engine, worker, FAMILIES.format(name="Sénéchal"))
    undone = count(shared_base, "journal", "verb = 'household.undo_import'")
    with acting(cast.engine, worker) as session:
        service.undo(session, batch_id)
    assert {table: count(shared_base, table) for table in tables} == before
    assert count(shared_base, "journal", "verb = 'household.undo_import'") == undone + 2
    with acting(cast.engine, worker) as session:
        assert batch_of(session, batch_id).stage == "undone"
        with pytest.raises(service.NotHere):
            service.undo(session, batch_id)


def corrected(cast: Cast, worker: Member, file_id: UUID) -> None:
    """Where they live was typed: no row hangs from the file that did not before."""
    with acting(cast.engine, worker) as session:
        profile = households.profile_of(session, file_id)
        assert profile is not None
        update_profile(session, file_id, ProfileForm(commune="Lens", address="1 rue Neuve", version=profile.version))


NAMES = {
    "a note": "Lagache",
    "a contact": "Hembert",
    "a share": "Dussart",
    "a row nobody journalled": "Crombez",
    "a correction": "Delattre",
}
TOUCHES: dict[str, Callable[[Cast, Member, UUID], object]] = {
    "a note": lambda cast, worker, file_id: write(cast.engine, worker, file_id),
    "a contact": lambda cast, worker, file_id: meet(cast.engine, worker, file_id),
    "a share": lambda cast, worker, file_id: agree(cast.engine, worker, file_id, [cast.epicerie]),
    "a row nobody journalled": lambda cast, worker, file_id: None,
    "a correction": corrected,
}


@pytest.mark.parametrize("touch", TOUCHES)
def test_an_import_of_which_one_file_has_served_stays_whole_and_says_which(
    cast: Cast, worker: Member, shared_base: Base, touch: str
) -> None:
    name = NAMES[touch]
    batch_id = imported(cast.engine, worker, FAMILIES.format(name=name))
    file_id = files_of(cast, worker, f"{name} Karim")[0]
    TOUCHES[touch](cast, worker, file_id)
    if touch == "a row nobody journalled":
        shared_base.admin(
            "insert into past_address (id, network_id, household_id, commune, address_kind, address, until_date)"
            " select gen_random_uuid(), network_id, id, '', '', '', now() from household where id = %s", file_id
        )  # fmt: skip
    before = count(shared_base, "household"), count(shared_base, "journal")
    with acting(cast.engine, worker) as session:
        code = households.file_header(session, file_id).code
    with pytest.raises(service.StillUsed, match=f"1 dossier : {code}"), acting(cast.engine, worker) as session:
        service.undo(session, batch_id)
    assert (count(shared_base, "household"), count(shared_base, "journal")) == before


def test_the_door_that_takes_an_import_back_opens_to_its_organisation_and_once_it_is_done(
    cast: Cast, worker: Member, shared_base: Base
) -> None:
    done = imported(cast.engine, worker, FAMILIES.format(name="Lemoine"))
    prepared = deposited(cast.engine, worker, FAMILIES.format(name="Vasseur"))
    strangers: list[Actor] = [
        cast.secours.people["volunteer"],
        cast.secours.people["admin"],
        cast.ccas.people["intake"],
        cast.elsewhere.people["intake"],
        Nobody(),
        Service("operator", worker.network_id),
        Station(uuid4(), worker.network_id, worker.organisation_id),
    ]
    before = count(shared_base, "household"), count(shared_base, "import_batch")
    for actor, batch_id in [*((actor, done) for actor in strangers), (worker, prepared), (worker, uuid4())]:
        with ActorSession(cast.engine, actor) as session, pytest.raises(ProgrammingError) as refused:
            session.rows("select * from access.undo_import(:id)", id=batch_id)
        assert "InsufficientPrivilege" in str(refused.value)
    for actor in strangers[:2] + strangers[4:]:
        with ActorSession(cast.engine, actor) as session:
            assert session.door("access.forget_lists()") == 0
    assert (count(shared_base, "household"), count(shared_base, "import_batch")) == before


def test_a_file_merely_read_does_not_keep_an_import(cast: Cast, worker: Member) -> None:
    batch_id = imported(cast.engine, worker, FAMILIES.format(name="Lecture"))
    with acting(cast.engine, worker) as session:
        note_reading(session, "household.read", files_of(cast, worker, "Lecture")[0])
    with acting(cast.engine, worker) as session:
        assert service.undo(session, batch_id).id == batch_id


# ------------------------------------------------------------------ fifty thousand rows with every fault


def test_fifty_thousand_faulty_rows_are_checked_in_bounded_steps_and_handed_back_without_a_formula(
    cast: Cast, worker: Member
) -> None:
    kinds = [
        "=cmd|'/C calc'!A0;;31/02/1990;zut;@x",
        ";Ana;4/5/90;;+33",
        f"{'x' * 121};-1;2999;enfant;pas une adresse",
        "\ufffdA;B;1850;;",
    ]
    listing = read_list(("Nom;Prénom;Né le;Lien;Courriel\n" + "\n".join(kinds * 12_500)).encode())
    with acting(cast.engine, worker) as session:
        batch_id = service.deposit(session, listing, "").id
        service.choose_columns(
            session, batch_id, ["family_name", "given_name", "birth", "link", "email"], ColumnsForm(commune="")
        )
    costs = []
    for _ in range(6):
        began = time.perf_counter()
        with acting(cast.engine, worker) as session:
            checked = service.check_some(session, batch_id, seconds=0).checked
        costs.append(time.perf_counter() - began)
    assert checked == 6 * service.AT_ONCE  # never more than a handful when there is no time
    assert min(costs[3:]) < 5 * min(costs[:3])  # and the last handfuls cost no more than the first
    with acting(cast.engine, worker) as session:
        batch = batch_of(session, batch_id)
        assert tally(session, batch)[RowState.FAULTY.value] == checked
        lines = to_correct(session, batch).split("\r\n")
        assert len(lines) == checked + 2
        assert not [line for line in lines for cell in line.split(";") if cell.strip('"')[:1] in set("=+-@")]
        assert lines[1].startswith("\"'=cmd|")
        service.give_up(session, batch_id)


def test_a_list_nobody_knows_is_not_known(cast: Cast, worker: Member) -> None:
    with acting(cast.engine, worker) as session, pytest.raises(NotKnown):
        service.check_some(session, uuid4())
