"""A request that names its language model: which may answer, and the whole way with a server."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.counterfactuals.explain import answer
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.proposers import resolve_model
from sensecf_core.counterfactuals.proposers.resolve_model import backend_of, check_model
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.language.models import hardware, registry
from sensecf_core.language.models.hardware import Hardware
from sensecf_core.language.models.registry import spec
from sensecf_core.language.remote import allow_list
from sensecf_core.paths import var
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.types import Callbacks
from tests.language.cases import save_tiny_model
from tests.language.scripted_server import Response, Server, all_requested, completion, edits, serving

KEY = "sk-very-secret-1234567890"


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_model._placements.clear()
    monkeypatch.setenv("TEST_SERVER_KEY", KEY)


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that is in the user's registry as ``served``, and may see the cohort ``small``."""
    with serving() as found:
        entry = f'[served]\nkind = "endpoint"\nsource = "{found.url}"\nkey = "TEST_SERVER_KEY"\n'
        var(registry.OWN_FILE).write_text(entry)
        var(allow_list.FILE).write_text('["127.0.0.1"]\ncohorts = ["small"]\n')
        yield found


def ask(participant: str, **options: Any) -> ExplainRequest:
    about = {"cohort": "small", "participant_id": participant, "method": "lm-zero-shot", "model": "served"}
    return ExplainRequest.model_validate({**about, **options})


def test_a_server_proposes_and_the_program_judges(
    fitted: FittedCohort, flagged: list[str], server: Server
) -> None:
    found = answer(fitted, ask(flagged[0], candidates=6))
    assert found.trace.proposed == found.trace.readable == 6
    assert [candidate.text for candidate in found.trace.candidates] == ["bmi=28.0; sugar=60"] * 6
    assert found.settings["model"] == "served"
    assert found.provenance["host"] == "127.0.0.1" and found.provenance["leaves_machine"] == "no"
    assert found.provenance["tokens_received"] == "60" and found.provenance["served_model"] == "scripted-1"
    assert found.prompt is not None and "Answer as JSON" in found.prompt
    assert "base_model" not in found.provenance["sha256"]


def test_a_server_gets_the_seed_of_the_request_and_progress_names_it(
    fitted: FittedCohort, flagged: list[str], server: Server
) -> None:
    messages: list[str] = []
    answer(
        fitted,
        ask(flagged[0], candidates=2, seed=3),
        Callbacks(progress=lambda done, message: messages.append(message)),
    )
    digest = hashlib.sha256(b"3:0").digest()
    assert server.bodies[0]["seed"] == int.from_bytes(digest[:4], "big") >> 1
    assert {"Asking 127.0.0.1", "127.0.0.1 writes its candidates"} < set(messages)


def test_what_a_server_says_is_judged_like_any_candidate(
    fitted: FittedCohort, flagged: list[str], server: Server
) -> None:
    lies = ["nonsense", edits(age=20), edits(bmi=500.0), edits(bmi=28.0, sugar=60, waist=90, sleep=8)]
    server.otherwise = lambda body: completion(*lies)
    trace = answer(fitted, ask(flagged[0], candidates=4)).trace
    assert (trace.proposed, trace.readable, trace.within_limits, trace.shown) == (4, 3, 0, 0)
    server.otherwise = lambda body: completion(edits(bmi=28.0), finish="length")
    assert answer(fitted, ask(flagged[0], candidates=1)).trace.readable == 0


def test_a_server_of_text_is_given_room_for_one_line(
    fitted: FittedCohort, flagged: list[str], server: Server
) -> None:
    own = var(registry.OWN_FILE)
    answer(fitted, ask(flagged[0], candidates=1))
    own.write_text(f'{own.read_text()}answers = "text"\n')
    answer(fitted, ask(flagged[0], candidates=1))
    rooms = [body["max_completion_tokens"] for body in server.bodies]
    assert rooms[1] == 64 < rooms[0] and "response_format" not in server.bodies[1]


def test_only_this_participant_is_in_what_is_sent(
    fitted: FittedCohort, flagged: list[str], server: Server
) -> None:
    answer(fitted, ask(flagged[0], candidates=1))
    messages = server.bodies[0]["messages"]
    assert [message["role"] for message in messages] == ["system", "user"]
    assert messages[1]["content"].count("Profile:") == 1
    assert flagged[0] not in str(server.bodies[0])


@pytest.mark.parametrize("method", ["lm-few-shot", "lm-guided"])
def test_a_server_is_never_shown_examples(
    fitted: FittedCohort, flagged: list[str], server: Server, method: str
) -> None:
    with pytest.raises(InputError, match=f"method lm-zero-shot instead of {method}"):
        answer(fitted, ask(flagged[0], method=method))
    assert server.bodies == []


def test_the_key_is_in_nothing_that_is_kept(fitted: FittedCohort, flagged: list[str], server: Server) -> None:
    found = answer(fitted, ask(flagged[0], candidates=1))
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert KEY not in found.model_dump_json() and KEY not in repr(spec("served"))


def test_own_and_restricted_cohorts_are_refused_until_they_are_named(
    fitted: FittedCohort, flagged: list[str], server: Server, small_cohort: Cohort
) -> None:
    closed = small_cohort.schema.provenance.model_copy(update={"public": False})
    schema = small_cohort.schema.model_copy(update={"provenance": closed})
    for cohort in (replace(small_cohort, own=True), replace(small_cohort, schema=schema)):
        with pytest.raises(InputError, match="restricted cohort 'small'"):
            answer(replace(fitted, cohort=cohort), ask(flagged[0]))
    assert server.bodies == []
    var(allow_list.FILE).write_text('["127.0.0.1"]\nrestricted_cohorts = ["small"]\n')
    own = replace(fitted, cohort=replace(small_cohort, own=True))
    assert answer(own, ask(flagged[0], candidates=2)).trace.proposed == 2


def test_a_cancel_while_the_server_thinks(fitted: FittedCohort, flagged: list[str], server: Server) -> None:
    server.otherwise = lambda body: replace(all_requested(body), after=3.0)
    found = answer(fitted, ask(flagged[0]), Callbacks(cancelled=lambda: bool(server.bodies)))
    assert found.status == "cancelled" and found.seconds.total < 2


def test_time_up_while_the_server_thinks(fitted: FittedCohort, flagged: list[str], server: Server) -> None:
    server.otherwise = lambda body: replace(all_requested(body), after=3.0)
    found = answer(fitted, ask(flagged[0], max_seconds=0.5))
    assert found.status == "budget_spent" and "Stopped after 0.5 s" in found.reasons[0]


def test_a_server_that_refuses_is_an_error_not_an_empty_answer(
    fitted: FittedCohort, flagged: list[str], server: Server
) -> None:
    server.otherwise = lambda body: Response(404, {"error": {"message": "no such model"}})
    with pytest.raises(NotReadyError, match="no such model"):
        answer(fitted, ask(flagged[0]))


def test_another_local_model_answers(fitted: FittedCohort, flagged: list[str], tmp_path: Path) -> None:
    save_tiny_model(tmp_path / "tiny")
    found = answer(fitted, ask(flagged[0], model=str(tmp_path / "tiny"), candidates=4))
    assert found.trace.proposed == found.trace.readable == 4
    assert found.provenance["model"] == "tiny"
    named = spec(str(tmp_path / "tiny"))
    request = ask(flagged[0], model=named.name)
    assert backend_of(named, request, fitted.cohort) is backend_of(named, request, fitted.cohort)


def test_what_does_not_fit_or_is_not_asked_for_is_refused(
    fitted: FittedCohort, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hardware, "detect_hardware", lambda: Hardware(4.0, cpu_bf16=True))
    with pytest.raises(InputError, match=r"cannot hold llama-3\.1-8b-instruct\. Needs at least 8 GB"):
        check_model(ask("p0", model="llama-3.1-8b-instruct"), fitted.cohort)
    with pytest.raises(InputError, match="random asks no language model"):
        check_model(ask("p0", model="smollm2-135m", method="random"), fitted.cohort)
    with pytest.raises(InputError, match="did you mean"):
        check_model(ask("p0", model="smollm"), fitted.cohort)
    assert check_model(ask("p0", model=None), fitted.cohort) is None


@pytest.mark.parametrize(
    ("found", "precision", "device"),
    [
        (Hardware(40.0, cpu_bf16=True), "auto", None),
        (Hardware(10.0, cpu_bf16=True), "nf4", None),
        (Hardware(20.0, cpu_bf16=False), "bf16", None),
        (Hardware(40.0, True, "A100", 40.0, True), "auto", None),
        (Hardware(40.0, True, "T4", 15.0, False), "nf4", None),
        (Hardware(40.0, True, "GTX 1050", 3.0, False), "auto", "cpu"),
    ],
)
def test_a_model_is_loaded_as_it_fits(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, found: Hardware, precision: str, device: str | None
) -> None:
    monkeypatch.setattr(hardware, "detect_hardware", lambda: found)
    monkeypatch.setattr(registry, "require_folder", lambda spec: tmp_path)
    name = "llama-3.1-8b-instruct"
    placement = resolve_model._placement(name, spec(name).source)
    assert (placement.precision, placement.device) == (precision, device)
