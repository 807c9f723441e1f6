"""What pages show to whoever is signed in: their name, and why something is not offered to their role."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from sensecf_core.access import people
from sensecf_core.access.people import Person
from sensecf_core.jobs import job_table
from sensecf_core.jobs.model_worker import KIND, ModelWorker
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.ui.common import signed_in as frame_sign_in
from sensecf_core.ui.comparison import status
from sensecf_core.ui.server import sign_in
from tests.app.conftest import OpenPage, World, page_text

ANNA, BEN = Person("anna@hospital.example", "clinician"), Person("ben@hospital.example", "clinician")
AUDITOR = Person("auditor@hospital.example", "viewer")
SignIn = Callable[[Person], None]


@pytest.fixture
def signed_in(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sign somebody in."""
    yield lambda person: monkeypatch.setattr(sign_in, "person", lambda: person)
    people.find_by(lambda: None)


def test_nothing_is_shown_before_somebody_signs_in(
    world: World, private_var: Path, open_page: OpenPage
) -> None:
    private_var.mkdir(exist_ok=True)
    (private_var / "access.toml").write_text('login = "oidc"\n')
    at = open_page("Interventions", cohort="small", participant=world.flagged)
    people.find_by(lambda: None)
    assert [error.value for error in at.error] == ["Sign in first."]
    assert not at.button and not at.selectbox and world.flagged not in page_text(at)


def test_a_viewer_is_told_what_is_not_offered(
    world: World, worker: ModelWorker, signed_in: SignIn, open_page: OpenPage
) -> None:
    signed_in(AUDITOR)
    at = open_page("Interventions", cohort="small", participant=world.flagged)
    assert at.button(key="generate").disabled
    assert "asking and deciding are for clinicians" in _text(at) and f"{AUDITOR.login}  \nViewer" in _text(at)


def test_the_job_of_another_is_shown_by_its_address_but_not_cancelled(
    world: World, worker: ModelWorker, signed_in: SignIn, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_table, "alive", lambda _: True)
    request = ExplainRequest(cohort="small", participant_id=world.flagged, method="random")
    asked = {"kind": KIND, "label": "x", "spec": request.model_dump_json(), "most_waiting": 9}
    job = job_table.add("model", "1:0.0:elsewhere", login=ANNA.login, **asked)
    address = {"cohort": "small", "participant": world.flagged, "job": job}
    for person, may in ((ANNA, True), (BEN, False)):
        signed_in(person)
        at = open_page("Interventions", **address)
        cancel = at.button(key=f"cancel_{job}")
        assert cancel.disabled is not may
        assert at.button(key="generate").disabled is False
    assert cancel.help is not None and f"Only {ANNA.login}" in cancel.help.replace("\u2060", "")


def test_a_clinician_trains_no_model_on_a_page(
    world: World, worker: ModelWorker, signed_in: SignIn, open_page: OpenPage
) -> None:
    signed_in(BEN)
    at = open_page("Models", cohort="small")
    assert "to train models and choose which one answers, you need to be an administrator" in page_text(at)
    assert not [button.key for button in at.button if "tune" in str(button.key)]


def test_cancel_all_is_not_offered_where_all_jobs_are_anothers(private_var: Path) -> None:
    asked = {"kind": KIND, "label": "x", "most_waiting": 9}
    jobs = [
        job_table.find(job_table.add("model", "1:0.0:gone", login=person.login, spec=str(person), **asked))
        for person in (ANNA, BEN)
    ]
    theirs, own = (status.MethodStatus("random", "queued", job) for job in jobs)
    with people.at_work(lambda: BEN):
        assert f"Only {ANNA.login}" in str(status._not_to_cancel([theirs]))
        assert status._not_to_cancel([theirs, own]) is None


def test_every_fragment_first_asks_whether_somebody_is_still_signed_in() -> None:
    first = {
        f"{path.stem}.{function.name}": ast.unparse(function.body[1 if ast.get_docstring(function) else 0])
        for path in Path(status.__file__).parents[1].rglob("*.py")
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef)
        and any("fragment" in ast.unparse(decorator) for decorator in function.decorator_list)
    }
    assert first and set(first.values()) == {"signed_in.still()"}, first


def test_a_fragment_gives_way_to_the_whole_page_once_a_login_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    monkeypatch.setattr(frame_sign_in.st, "rerun", lambda: drawn.append("all"))
    for person in (ANNA, AUDITOR):
        with people.at_work(lambda person=person: person):
            frame_sign_in.still()
    assert not drawn
    with people.at_work(lambda: Person(None, None)):
        frame_sign_in.still()
    assert drawn == ["all"]


def _text(at: AppTest) -> str:
    return page_text(at).replace("\u2060", "")  # keeps addresses from becoming links
