"""The client against a real OpenAI-compatible server: ``transformers serve`` with the default model."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from sensecf_core.cohorts.schema import Schema
from sensecf_core.errors import NotReadyError
from sensecf_core.language.backend import Constraint
from sensecf_core.language.models import default_model
from sensecf_core.language.models.registry import ModelSpec, spec
from sensecf_core.language.prompts.plain import Prompt
from sensecf_core.language.remote.allow_list import Host
from sensecf_core.language.remote.model import RemoteModel
from sensecf_core.queries.query import Query

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that was started for these tests."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("transformers")
    command = [str(program), "serve", str(default_model.require()), "--device", "cpu", "--dtype", "float32"]
    log = tmp_path_factory.mktemp("serve") / "log"
    # One thread: two that spin for each other starve beside whatever else runs.
    calm = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    with log.open("wb") as output:
        server = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)], env=calm, stdout=output, stderr=output
        )
    try:
        _wait_for(f"http://127.0.0.1:{port}/health", server, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        try:
            server.wait(2)
        except subprocess.TimeoutExpired:  # it would first end what was cancelled
            server.kill()
            server.wait()


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 180
    while time.monotonic() < until and server.poll() is None:
        try:
            if httpx2.get(url, trust_env=False).status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.2)
    raise AssertionError(f"transformers serve did not start: {log.read_text()[-2000:]}")


def model_at(address: str, **fields: Any) -> RemoteModel:
    entry = spec("transformers-serve").model_dump()
    return RemoteModel(
        ModelSpec.model_validate({**entry, "source": address, **fields}),
        Host("127.0.0.1", leaves_machine=False, cohort="small"),
    )


def test_it_answers_with_texts_and_counts(address: str, prompt: Prompt) -> None:
    samples = model_at(address).sample(prompt, n=3, max_new_tokens=12, temperature=1.5)
    assert len(samples.texts) == len(samples.tokens) == 3
    assert all("\n" not in text for text in samples.texts)
    assert len(set(samples.texts)) > 1, "the server did not sample"
    assert samples.prompt_tokens > 100 and samples.tokens_sent == 3 * samples.prompt_tokens
    assert samples.tokens_received == sum(samples.tokens) <= 36
    assert all(
        complete or tokens == 12 for complete, tokens in zip(samples.complete, samples.tokens, strict=True)
    )
    assert samples.served_model.startswith(str(default_model.default_folder())) and samples.form == "text"


def test_a_schema_that_it_ignores_does_no_harm(
    address: str, prompt: Prompt, schema: Schema, query: Query
) -> None:
    constraint = Constraint(schema, query.movable, 3)
    samples = model_at(address, answers="json").sample(prompt, n=2, constraint=constraint, max_new_tokens=8)
    assert samples.form == "json" and len(samples.texts) == 2


def test_a_plain_prompt_goes_to_completions(address: str, prompt: Prompt) -> None:
    plain = model_at(address, prompt="plain", extra={})
    samples = plain.sample(prompt, n=1, max_new_tokens=8)
    assert len(samples.texts) == 1 and samples.prompt_tokens > 100


def test_another_model_than_it_serves_is_an_error_in_its_own_words(address: str, prompt: Prompt) -> None:
    with pytest.raises(NotReadyError, match=r"refused the question \(HTTP 400\): Server is pinned to"):
        model_at(address, model="some/other").sample(prompt, n=1)


def test_a_cancel_does_not_wait_for_it(address: str, prompt: Prompt) -> None:
    begun = time.monotonic()
    options = {"n": 4, "max_new_tokens": 400, "cancelled": lambda: time.monotonic() - begun > 0.5}
    samples = model_at(address).sample(prompt, **options)
    assert samples.stopped == "cancelled" and len(samples.texts) < 4
    assert time.monotonic() - begun < 3
