"""The search forgives accents, spelling, order and alphabets, finds streets and telephones, only those one may see."""

from collections.abc import Iterator

import pytest

from coordination.households.finding import UNKNOWN, likely_duplicates, search
from coordination.households.forms import ProfileForm
from coordination.households.queries import household_codes
from coordination.households.service import update_profile
from coordination.kit.db import ActorSession, acting
from coordination.kit.text import fold, sound
from tests.cast import Cast
from tests.households.make import open_household
from tests.sharing.make import agree

PEOPLE = [
    ("Lefebvre", "Éloïse", "12/03/1984"),
    ("Ben Amar", "Youssef", "1990"),
    ("Dupont-Moretti", "Jean-Philippe", "05/1971"),
    ("Nguyen", "Thi Mai", ""),
    ("Kaczmarek", "Stéphanie", "30/07/1999"),
    ("D’Hondt", "Cécile", "01/01/1960"),
    ("Łukaszewicz", "Đặng", "03/04/1975"),
    ("Şahin", "Gülşen", "1968"),
    ("Щербакова", "Юлия", "17/02/1992"),
    ("السعدي", "محمد", ""),
]
HOMES = {
    "Lefebvre": ("12 bis rue Jean-Jaurès", "06 12 34 56 78"),
    "Nguyen": ("3 allée du Cœur-Volant", "+33 (0)7 98 76 54 32"),
    "Kaczmarek": ("14 rue Jean-Jaurès", "0033321000099"),
    "D’Hondt": ("8 avenue Émile-Zola, appt 4", ""),
}


@pytest.fixture(scope="module")
def filled(cast: Cast) -> Cast:
    worker = cast.ccas.people["intake"]
    for family, given, birth in PEOPLE:
        made = open_household(cast.engine, worker, family, given, birth=birth)
        if family in HOMES:
            address, phone = HOMES[family]
            form = ProfileForm(version=1, commune="Carvin", address=address)
            with acting(cast.engine, worker) as session:  # numbers as they were written before they were set by pairs
                update_profile(session, made, form.model_copy(update={"phone": phone}))
    for n in range(40):
        open_household(cast.engine, cast.ccas.people["intake"], f"Figurant{n}", "Alex")
    return cast


@pytest.fixture
def worker(filled: Cast) -> Iterator[ActorSession]:
    with ActorSession(filled.engine, filled.ccas.people["intake"]) as session:
        yield session


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("lefebvre eloise", "LEFEBVRE Éloïse"),
        ("Eloïse LEFEVRE", "LEFEBVRE Éloïse"),
        ("lefeb", "LEFEBVRE Éloïse"),
        ("benamar youssef", "BEN AMAR Youssef"),
        ("youcef ben-amar", "BEN AMAR Youssef"),
        ("jean philipe dupond moretti", "DUPONT-MORETTI Jean-Philippe"),
        ("moretti 1971", "DUPONT-MORETTI Jean-Philippe"),
        ("05/1971", "DUPONT-MORETTI Jean-Philippe"),
        ("n'guyen", "NGUYEN Thi Mai"),
        ("kazmarek stefanie", "KACZMAREK Stéphanie"),
        ("stéphanie 30/07/1999", "KACZMAREK Stéphanie"),
        ("dhondt cecile", "D’HONDT Cécile"),
        ("lukaszewicz dang", "ŁUKASZEWICZ Đặng"),
        ("sahin gulsen", "ŞAHIN Gülşen"),
        ("Yuliya Shcherbakova", "ЩЕРБАКОВА Юлия"),
        ("mohamed saadi", "السعدي محمد"),
        ("Mouhammad Al-Saadi", "السعدي محمد"),
        # A date mistyped, a name changed since.
        ("lefebvre eloise 12/03/1948", "LEFEBVRE Éloïse"),
        ("lefebvre eloise 03/12/1984", "LEFEBVRE Éloïse"),
        ("durand stéphanie 30/07/1999", "KACZMAREK Stéphanie"),
        ("benamar 14/06/1990", "BEN AMAR Youssef"),
    ],
)
def test_the_person_is_found_first(worker: ActorSession, typed: str, found: str) -> None:
    hits = search(worker, typed)
    assert hits, typed
    assert hits[0].name == found


@pytest.mark.parametrize(
    ("typed", "found", "why"),
    [
        ("06 12 34 56 78", "LEFEBVRE Éloïse", "téléphone : 06 12 34 56 78"),
        ("+33 (0)612345678", "LEFEBVRE Éloïse", "téléphone : 06 12 34 56 78"),
        ("0033 6.12.34.56.78", "LEFEBVRE Éloïse", "téléphone : 06 12 34 56 78"),
        ("5678", "LEFEBVRE Éloïse", "téléphone : 06 12 34 56 78"),
        ("06 12 3", "LEFEBVRE Éloïse", "téléphone : 06 12 34 56 78"),
        ("lefevre 5678", "LEFEBVRE Éloïse", "nom proche, téléphone : 06 12 34 56 78"),
        ("0798765432", "NGUYEN Thi Mai", "téléphone : +33 (0)7 98 76 54 32"),
        ("03 21 00 00 99", "KACZMAREK Stéphanie", "téléphone : 0033321000099"),
        ("12 bis rue jean jaures", "LEFEBVRE Éloïse", "adresse : 12 bis rue Jean-Jaurès"),
        ("12 jaurès", "LEFEBVRE Éloïse", "adresse : 12 bis rue Jean-Jaurès"),
        ("14 r jean jaur", "KACZMAREK Stéphanie", "adresse : 14 rue Jean-Jaurès"),
        ("allee coeur vol", "NGUYEN Thi Mai", "adresse : 3 allée du Cœur-Volant"),
        ("emile zola", "D’HONDT Cécile", "adresse : 8 avenue Émile-Zola, appt 4"),
        ("8 av. emille zolla", "D’HONDT Cécile", "adresse : 8 avenue Émile-Zola, appt 4"),
        ("kaczmarek jaurès", "KACZMAREK Stéphanie", "nom et adresse, 14 rue Jean-Jaurès"),
    ],
)
def test_a_telephone_or_a_street_finds_the_household_and_says_so(
    worker: ActorSession, typed: str, found: str, why: str
) -> None:
    first = search(worker, typed)[0]
    assert (first.name, first.why) == (found, why)


def test_a_street_lists_its_households_and_a_number_typed_wrong_none_else(worker: ActorSession) -> None:
    assert {hit.name for hit in search(worker, "rue jean jaurès")} == {"LEFEBVRE Éloïse", "KACZMAREK Stéphanie"}
    assert search(worker, "0612345679") == []
    assert search(worker, "678") == []
    assert search(worker, "06 12 34 56 78 90") == []


def test_it_is_said_when_the_date_is_another_one(worker: ActorSession) -> None:
    (hit,) = search(worker, "lefebvre eloise 20/10/1971")
    assert (hit.name, hit.why) == ("LEFEBVRE Éloïse", "même nom, autre date de naissance")


def test_a_year_alone_is_also_the_end_of_a_telephone(worker: ActorSession) -> None:
    file = search(worker, "d'hondt")[0].household_id
    update_profile(worker, file, ProfileForm(version=2, commune="Carvin", phone="07 00 00 19 90"))
    assert {hit.name for hit in search(worker, "1990")} == {"BEN AMAR Youssef", "D’HONDT Cécile"}
    worker.rollback()


def test_as_one_types_the_person_stays_on_the_list(worker: ActorSession) -> None:
    for length in range(3, len("kaczmarek stephanie") + 1):
        typed = "kaczmarek stephanie"[:length]
        assert "KACZMAREK Stéphanie" in {hit.name for hit in search(worker, typed)}, typed


def test_an_address_or_a_number_that_left_the_file_is_no_longer_found(filled: Cast) -> None:
    with ActorSession(filled.engine, filled.ccas.people["intake"]) as session:
        (hit,) = search(session, "8 avenue emile zola")
        update_profile(session, hit.household_id, ProfileForm(version=2, commune="Carvin", address="2 place Verte"))
        assert search(session, "8 avenue emile zola") == []
        assert [found.household_id for found in search(session, "place verte")] == [hit.household_id]


def test_another_birth_year_finds_nobody(worker: ActorSession) -> None:
    assert search(worker, "lefebvre 1985") == []


def test_a_code_finds_its_household(worker: ActorSession) -> None:
    hit = search(worker, "lefebvre")[0]
    code = household_codes(worker, [hit.household_id])[hit.household_id]
    assert [h.household_id for h in search(worker, code.replace("-", "").lower())] == [hit.household_id]


def test_a_stranger_finds_nobody(filled: Cast) -> None:
    for organised in (filled.secours, filled.bonne_action, filled.elsewhere):
        with ActorSession(filled.engine, organised.people["intake"]) as session:
            assert all(search(session, f"{family} {given}") == [] for family, given, _ in PEOPLE)
            for address, phone in HOMES.values():
                assert search(session, address) == []
                assert search(session, phone) == []
                assert search(session, phone[-5:]) == []


def test_a_partner_finds_by_street_and_telephone_what_was_shared_with_it_and_nothing_else(filled: Cast) -> None:
    """Until the agreement is withdrawn; and never another file's."""
    ccas, partner = filled.ccas.people["intake"], filled.secours.people["intake"]
    made = open_household(filled.engine, ccas, "Partagé", "Alix")
    with acting(filled.engine, ccas) as session:
        home = ProfileForm(
            version=1,
            commune="Carvin",
            address="77 rue des Partages",
            phone="0600000077",
            representative_phone="0600000088",
        )
        update_profile(session, made, home)

    def found() -> list[list[str]]:
        asked = ("rue des partages", "0600000077", "0088", "partage rue des partages", "jean jaures", "5678")
        with ActorSession(filled.engine, partner) as session:
            return [[hit.name for hit in search(session, typed)] for typed in asked]

    nothing: list[list[str]] = [[]] * 6
    assert found() == nothing
    agreement = agree(filled.engine, ccas, made, [filled.secours], parts=("identity",))
    assert found() == [["PARTAGÉ Alix"]] * 4 + [[], []]
    with acting(filled.engine, ccas) as session:
        session.door("access.revoke_agreement(:id)", id=agreement)
    assert found() == nothing


@pytest.mark.parametrize("typed", ["", " ", "'", "%", "a", "\\", "--", "31/02/1990", "1899", "ñ", "李", "x" * 120])
def test_anything_typed_gives_an_answer(worker: ActorSession, typed: str) -> None:
    assert isinstance(search(worker, typed), list)


def test_names_that_sound_alike_share_a_key() -> None:
    for one, other in [
        ("dupond", "dupont"),
        ("philippe", "filipe"),
        ("martineau", "martino"),
        ("lefebvre", "lefebvre"),
    ]:
        assert sound(one) == sound(other)
    assert fold("Éloïse DE-LA Cœur") == "eloise de la coeur"


def test_no_word_that_is_typed_reaches_the_log_of_postgresql(worker: ActorSession) -> None:
    """Of a hundred signs that each stand for a sentence, it made an error that quoted the question."""
    typed = "Canari " + "\ufdfa" * 110
    assert {hit.why for hit in search(worker, typed)} <= {"un des noms"}
    assert likely_duplicates(worker, typed, typed, UNKNOWN) == []
