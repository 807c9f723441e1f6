"""Who may do what: the file that says it, and the one place that refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from sensecf_core.access import people, rights, settings
from sensecf_core.access.people import Person
from sensecf_core.access.settings import Role
from sensecf_core.errors import NotAllowedError, NotReadyError
from sensecf_core.jobs import compare_methods, dispatch, job_table
from sensecf_core.language.models import adapters
from sensecf_core.language.models.adapters import Adapter, Card
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.records import answers, audit, comparisons, decisions
from sensecf_core.records.comparisons import Member
from tests.records.made_answers import make_answer

ANNA = Person("anna@hospital.example", "clinician")
BEN = Person("ben@hospital.example", "clinician")
CHIEF = Person("chief@hospital.example", "admin")
AUDITOR = Person("auditor@hospital.example", "viewer")
STRANGER = Person(None, None)


@pytest.fixture(autouse=True)
def nobody_else() -> Iterator[None]:
    yield
    people.find_by(lambda: None)


def at_work(person: Person | None) -> None:
    people.find_by(lambda: person)


def write(var: Path, text: str) -> None:
    var.mkdir(exist_ok=True)
    (var / settings.FILE).write_text(text)


def test_without_the_file_nobody_signs_in_and_everything_is_allowed() -> None:
    assert settings.read() is None
    assert people.current() == Person(None, "admin")
    assert [rights.refusal(action) for action in get_args(rights.Action)] == [None] * 6


def test_the_file_says_who_has_which_role(private_var: Path) -> None:
    write(
        private_var,
        'login = "oidc"\nhours = 8\n[roles]\nadmin = ["Chief@Hospital.example"]\nviewer = ["a@b.c"]\n',
    )
    access = settings.read()
    assert access is not None and access.hours == 8
    assert access.role_of("chief@hospital.example ") == "admin"
    assert access.role_of("a@b.c") == "viewer"
    assert access.role_of("anybody@hospital.example") == "clinician"
    write(private_var, 'login = "oidc"\nothers = "nobody"  # a new size, so it is read anew\n')
    changed = settings.read()
    assert changed is not None and changed.role_of("anybody@hospital.example") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("login = 'ldap'", "login: Input should be 'oidc' or 'proxy'"),
        ("login = 'proxy'", "`proxies` must name the addresses of the proxy"),
        ("login = 'proxy'\nproxies = ['the proxy']", "proxies: 'the proxy' does not appear to be an IPv4"),
        ("login = 'oidc'\nrole = 'x'", "role: Extra inputs are not permitted"),
        ("login = 'oidc'\nhours = 0", "hours: Input should be greater than 0"),
        ("login = 'oidc'\n[roles]\nowner = ['a']", "roles.owner"),
        ("login = 'oidc'\n[roles]\nadmin = ['a@b']\nviewer = ['A@B']", "'a@b' has more than one role"),
        ("login =", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_used_lets_nobody_in(private_var: Path, text: str, said: str) -> None:
    write(private_var, text)
    with pytest.raises(NotReadyError) as refused:
        settings.read()
    assert said in str(refused.value) and str(private_var / settings.FILE) in str(refused.value)


@pytest.mark.parametrize(
    ("address", "believed"),
    [
        ("10.0.0.5", True),
        ("10.0.0.6", False),
        ("192.168.7.9", True),
        ("::ffff:10.0.0.5", True),
        ("", False),
    ],
)
def test_only_the_proxies_are_believed(private_var: Path, address: str, believed: bool) -> None:
    write(private_var, 'login = "proxy"\nproxies = ["10.0.0.5", "192.168.7.0/24"]\n')
    access = settings.read()
    assert access is not None and access.is_proxy(address) is believed


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (None, []),
        ("viewer", ["see", "export"]),
        ("clinician", ["see", "export", "ask", "decide"]),
        ("admin", ["see", "export", "ask", "decide", "models", "cohorts"]),
    ],
)
def test_what_each_role_may_do(role: Role | None, allowed: list[str]) -> None:
    at_work(Person("x", role))
    assert [action for action in get_args(rights.Action) if rights.refusal(action) is None] == allowed


def test_what_somebody_made_is_theirs_or_an_administrators() -> None:
    for person, may in ((ANNA, True), (BEN, False), (CHIEF, True), (AUDITOR, False), (STRANGER, False)):
        at_work(person)
        assert (rights.refusal_of("cancel", "Anna@hospital.example") is None) is may
    at_work(BEN)
    assert rights.refusal_of("cancel", None) is None  # from before anybody signed in
    with pytest.raises(NotAllowedError, match=r"Only anna@\S+, whose it is, or an administrator"):
        rights.require_own("undo", ANNA.login)


def test_a_viewer_who_was_a_clinician_undoes_nothing() -> None:
    at_work(Person(ANNA.login, "viewer"))
    assert rights.refusal_of("undo", ANNA.login) is not None


def test_an_answer_and_its_row_in_the_trail_have_the_login() -> None:
    at_work(ANNA)
    answers.save(make_answer(), by="somebody else")
    assert answers.owner("a1") == ANNA.login
    assert [row.who for row in audit.recent()] == [ANNA.login]
    with people.on_behalf_of(BEN.login):
        answers.save(make_answer("a2"))
    assert answers.owner("a2") == BEN.login


def test_a_decision_is_kept_under_the_login_and_undone_by_its_owner() -> None:
    answers.save(make_answer())
    assert decisions.keep("a1", 1, by="Dr Typed").login is None
    at_work(ANNA)
    kept = decisions.keep("a1", 1, by="Dr Typed")
    assert (kept.who, kept.login) == (ANNA.login, ANNA.login)
    for person in (BEN, AUDITOR, STRANGER):
        at_work(person)
        with pytest.raises(NotAllowedError):
            decisions.undo(kept.decision_id, by="x")
        with pytest.raises(NotAllowedError):
            decisions.undo_last(kept.cohort, kept.participant_id, by="x")
    at_work(AUDITOR)
    with pytest.raises(
        NotAllowedError, match=r"signed in as a viewer; to decide, you need to be a clinician"
    ):
        decisions.star(kept.cohort, kept.participant_id, by="x")
    at_work(CHIEF)
    assert decisions.undo(kept.decision_id, by="x").who == CHIEF.login
    assert audit.verify().ok
    assert [decision.login for decision in decisions.history()] == [None, ANNA.login, CHIEF.login]


def add_job(login: str | None, *, share: bool = False) -> str:
    asked: dict[str, Any] = {"kind": "augment", "label": "x", "spec": "[]", "most_waiting": 9}
    return job_table.add("process", "1:0.0:gone", login=login, share=share, **asked)


def state_of(job_id: str) -> str | None:
    found = job_table.find(job_id)
    return found and found.state


def test_only_who_asked_for_a_job_shares_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_table, "alive", lambda _: True)
    first = add_job(ANNA.login, share=True)
    assert add_job(ANNA.login, share=True) == first
    assert len({first, add_job(BEN.login, share=True), add_job(None, share=True)}) == 3


def test_cancel_all_leaves_the_jobs_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_table, "alive", lambda _: True)
    theirs, own = add_job(ANNA.login), add_job(BEN.login)
    request = ExplainRequest(cohort="small", participant_id="1", row_id="0")
    members = [Member(method="random", job_id=theirs), Member(method="dice-random", job_id=own)]
    at_work(BEN)
    compare_methods.cancel(comparisons.new(request, members))
    assert (state_of(theirs), state_of(own)) == ("queued", "cancelled")


def test_a_job_of_another_is_not_cancelled_by_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_table, "alive", lambda _: True)
    job_id = add_job(ANNA.login)
    for person in (BEN, AUDITOR, STRANGER):
        at_work(person)
        with pytest.raises(NotAllowedError):
            dispatch.cancel(job_id)
    found = job_table.find(job_id)
    assert found is not None and (found.state, found.login) == ("queued", ANNA.login)
    at_work(ANNA)
    dispatch.cancel(job_id)
    found = job_table.find(job_id)
    assert found is not None and found.state == "cancelled"


def card(owner: str | None) -> Card:
    fields: dict[str, Any] = {name: "0" for name in Card.model_fields if name.endswith("_sha256")}
    fields |= {name: {} for name in ("pairs", "settings", "training", "provenance")}
    fields |= {"name": "x", "cohort": "c", "base": "b", "temperature": 1, "rounds": (), "rates": ()}
    return Card.model_validate(fields | {"owner": owner})


def test_only_an_administrator_deletes_an_adapter(private_var: Path) -> None:
    folder = private_var / "adapters" / "c" / "x"
    folder.mkdir(parents=True)
    (private_var / "fine-tuning").mkdir()
    adapter = Adapter(folder, card(ANNA.login), own=True)
    for person in (ANNA, Person(ANNA.login, "viewer"), BEN, AUDITOR, STRANGER):  # Anna was an administrator
        at_work(person)
        with pytest.raises(NotAllowedError):
            adapters.delete(adapter)
    assert folder.exists()
    at_work(CHIEF)
    adapters.delete(adapter)
    assert not folder.exists()
