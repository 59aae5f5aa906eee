"""Asking for an estimate, its answer by the worker, and the need it becomes. The law itself: `test_estimator.py`."""

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from coordination.budgets.rules import LineKind
from coordination.households import service as households
from coordination.households.forms import ProfileForm
from coordination.households.rules import Housing
from coordination.kit.db import acting
from coordination.kit.errors import NotKnown
from coordination.notices.service import working
from coordination.referrals.queries import needs_of
from coordination.rights import queries, service
from coordination.rights.rules import Benefit
from tests.budgets.make import validated
from tests.cast import PASSWORD, Cast
from tests.conftest import Base, Browser
from tests.households.make import open_household
from tests.sharing.make import agree

ANSWERS = """#!/usr/bin/env python3
import json, sys
asked = json.load(sys.stdin)["households"]
answer = {"ppa": ["181.47", "211.04"], "css": ["1.00", "1.00"], "mva": ["104.77", "104.77"]}
json.dump({"package": "essai", "answers": [answer for _ in asked]}, sys.stdout)
"""


@pytest.fixture
def interpreter(tmp_path: Path) -> Path:
    """Answers the same to everybody: what is tried here is what is done with an answer."""
    script = tmp_path / "answers"
    script.write_text(ANSWERS)
    script.chmod(0o755)
    return script


@pytest.fixture
def budget(cast: Cast, shared_base: Base) -> tuple[UUID, UUID]:
    """A household whose housing is known, and its validated budget."""
    shared_base.admin("delete from rights_estimate")
    holder = cast.ccas.people["intake"]
    file = open_household(cast.engine, holder, "Baudry", "Lina", birth="03/05/1991")
    with acting(cast.engine, holder) as session:
        households.update_profile(session, file, ProfileForm(commune="Carvin", housing=Housing.SOCIAL, version=1))
    lines = {LineKind.SALAIRE: "900", LineKind.LOYER: "350"}
    return file, validated(cast.engine, holder, file, lines)


def ask(cast: Cast, budget: tuple[UUID, UUID]) -> None:
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        service.ask(session, *budget)


def test_what_is_asked_names_nobody(cast: Cast, shared_base: Base, budget: tuple[UUID, UUID]) -> None:
    ask(cast, budget)
    ((facts,),) = shared_base.admin("select facts::text from rights_estimate")
    assert isinstance(facts, str)
    assert not any(word in facts for word in ("Baudry", "Lina", "Carvin", str(budget[0])))


def test_the_worker_answers_in_a_batch_and_once(cast: Cast, budget: tuple[UUID, UUID], interpreter: Path) -> None:
    ask(cast, budget)
    ask(cast, budget)
    assert service.answer_waiting(cast.engine, interpreter) == 2
    assert service.answer_waiting(cast.engine, interpreter) == 0
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        shown = queries.latest(session, *budget)
        assert shown is not None
        assert {right.benefit: (right.low, right.high) for right in shown.rights}[Benefit.PPA] == (181_47, 211_04)


def test_an_estimator_that_fails_is_told_and_can_be_asked_again(
    cast: Cast, budget: tuple[UUID, UUID], interpreter: Path, tmp_path: Path
) -> None:
    ask(cast, budget)
    assert service.answer_waiting(cast.engine, tmp_path / "missing") == 1
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        shown = queries.latest(session, *budget)
        assert shown is not None
        assert (shown.waiting, shown.row.fault) == (False, "estimator_failed")
    ask(cast, budget)
    assert service.answer_waiting(cast.engine, interpreter) == 1


def test_a_killed_worker_leaves_the_question_to_another(
    cast: Cast, shared_base: Base, budget: tuple[UUID, UUID], interpreter: Path
) -> None:
    ask(cast, budget)
    with working(cast.engine, cast.ccas.network_id) as session:
        assert len(session.rows("select * from access.take_estimates(interval '15 minutes', 10)")) == 1
    assert service.answer_waiting(cast.engine, interpreter) == 0
    shared_base.admin("update rights_estimate set claimed_at = claimed_at - interval '16 minutes'")
    assert service.answer_waiting(cast.engine, interpreter) == 1


def test_a_missing_housing_is_named_and_nothing_is_asked(cast: Cast, shared_base: Base) -> None:
    shared_base.admin("delete from rights_estimate")
    holder = cast.ccas.people["intake"]
    file = open_household(cast.engine, holder, "Sans", "Logis", birth="03/05/1991")
    budget = validated(cast.engine, holder, file, {LineKind.SALAIRE: "900"})
    with acting(cast.engine, holder) as session, pytest.raises(service.CannotEstimate, match="logement"):
        service.ask(session, file, budget)
    assert shared_base.admin("select count(*) from rights_estimate") == [(0,)]


def test_a_partner_without_the_budget_reads_nothing_of_it(
    cast: Cast, budget: tuple[UUID, UUID], interpreter: Path
) -> None:
    ask(cast, budget)
    service.answer_waiting(cast.engine, interpreter)
    agree(cast.engine, cast.ccas.people["intake"], budget[0], [cast.secours])
    with acting(cast.engine, cast.secours.people["intake"]) as session:
        assert queries.latest(session, *budget) is None
        with pytest.raises(NotKnown):
            service.ask(session, *budget)


def test_one_click_makes_it_a_need_with_its_range_and_its_warning(
    cast: Cast, browser: Callable[[], Browser], budget: tuple[UUID, UUID], interpreter: Path
) -> None:
    file, assessment = budget
    here = f"/foyers/{file}/budget/{assessment}/droits"
    client = browser().sign_in(cast.ccas.emails["intake"], PASSWORD)
    assert "Estimer les droits" in client.get(here).text
    assert client.post(here).status_code == 303
    assert "Estimation en cours" in client.get(here).text
    service.answer_waiting(cast.engine, interpreter)
    said = client.get(here).text
    assert "Prime d’activité" in said.replace("&#39;", "’")
    assert "Ce que l’estimation suppose" in said
    assert client.post(here + "/besoin", data={"benefit": "rsa"}).status_code == 409
    assert client.post(here + "/besoin", data={"benefit": "ppa"}).status_code == 303
    with acting(cast.engine, cast.ccas.people["intake"]) as session:
        (view,) = needs_of(session, file)
        assert "entre 181 et 211 €" in view.row.summary
        assert "à vérifier auprès de la CAF" in view.row.summary
