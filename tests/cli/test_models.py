"""``models``, and ``explain --model`` with a server."""

from __future__ import annotations

from sensecf_core.language.models import registry
from sensecf_core.language.remote import allow_list
from sensecf_core.paths import var
from tests.cli.conftest import Command
from tests.language.scripted_server import serving


def test_the_list_says_what_fits_and_what_is_here(command: Command) -> None:
    entries = {entry["name"]: entry for entry in command("models", "--json").json["models"]}
    assert entries["smollm2-135m"]["fits"] and entries["smollm2-135m"]["here"]
    assert entries["gpt-4o"]["device"] == "server" and entries["gpt-4o"]["key"] == "OPENAI_API_KEY"
    text = command("models").out
    assert "smollm2-135m: SmolLM2-135M-Instruct (licence: Apache-2.0)\n  ready: Fits in" in text
    assert "gated" in text and "server: Runs on the server at https://api.openai.com/v1" in text


def test_a_server_answers_and_stderr_says_where_the_data_go(command: Command, person: str) -> None:
    with serving() as server:
        entry = f'[served]\nkind = "endpoint"\nsource = "{server.url}"\n'
        var(registry.OWN_FILE).write_text(entry)
        var(allow_list.FILE).write_text('["127.0.0.1"]\ncohorts = ["*"]\n')
        ended = command(
            "explain", "--cohort", "nhanes", "--participant", person, "--model", "served",
            "--method", "lm-zero-shot", "--candidates", "3", "--json",
        )  # fmt: skip
    assert ended.code in (0, 3)
    assert "served is a server on this machine" in ended.err
    (answer,) = ended.json["answers"]
    assert answer["trace"]["proposed"] == 3 and ended.json["provenance"]["model"] == "served"
