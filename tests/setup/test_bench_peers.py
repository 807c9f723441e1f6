"""`make bench-peers` without llama.cpp: who is asked when, what is compared, what is said of a failure."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import torch

from sensecf_core.language.local.model import LocalModel
from tests.language.cases import save_tiny_model
from tools.peers import bench, greedy_agreement
from tools.peers.bench import Comparison, lines_of, rows_of, take_turns
from tools.peers.llama_cpp_peer import LlamaCpp, PeerError
from tools.peers.token_speed import FullLength, Timing, prompt_of, timed

PEER = """
import json, sys
print(json.dumps({"llama_cpp": "tiny"}), flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    if asked.get("timed") == "fall over":
        sys.exit(3)
    if "timed" in asked:
        new = asked["rows"] * asked["new_tokens"]
        said = dict(prompt_tokens=10, prefill_seconds=0.1, new_tokens=new, decode_seconds=0.5, computed=new)
    else:
        said = {"prompt": [1, 2], "greedy": [5, 6, 9], "given": [5, 6, 7]}
        if asked["follow"] == "unknown":
            said = {"error": "RuntimeError: llama_decode failed with 1"}
    print(json.dumps(said), flush=True)
"""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> LocalModel:
    folder = tmp_path_factory.mktemp("tiny-model")
    save_tiny_model(folder)
    return LocalModel.load(folder)


def timing(speed: float) -> Timing:
    return Timing(
        prompt_tokens=100, prefill_seconds=1 / speed, new_tokens=10, decode_seconds=1 / speed, computed=10
    )


def test_every_answer_is_as_long_as_the_next(tiny: LocalModel) -> None:
    model = FullLength.of(tiny)
    text = prompt_of(model, 100)
    assert abs(len(model.prompt_tokens(text)) - 100) < len(model.prompt_tokens(prompt_of(model, 1)))
    found = timed(model, text, 6, 20)
    assert found.new_tokens == 120 and 20 <= found.computed <= 120
    assert found.prompt_tokens == len(model.prompt_tokens(text))
    assert {len(row.tokens) for row in model.rows} == {20}
    assert model.model is tiny.model and tiny.end_tokens


def test_sides_take_turns_and_the_first_call_is_not_counted() -> None:
    asked: list[tuple[str, int]] = []

    def side(name: str) -> bench.Side:
        def answers(text: str, rows: int, new_tokens: int) -> Timing:
            asked.append((name, rows))
            return timing(1.0)

        return answers

    comparison = Comparison(sides={name: side(name) for name in ("ours", "a", "b")})
    timings = take_turns(comparison, "text", (1, 16), 8, repeats=2)
    assert [name for name, rows in asked if rows == 16] == [
        "b",
        "ours",
        "a",
        "ours",
        "a",
        "b",
        "a",
        "b",
        "ours",
    ]
    assert all(len(repeats) == 2 for found in timings.values() for repeats in found.values())


def test_ratios_are_of_medians() -> None:
    timings = {
        "ours": {1: [timing(s) for s in (1, 4, 40)], 16: [timing(6.0)] * 3},
        "llama.cpp Q4_1": {1: [timing(2.0)] * 3, 16: [timing(s) for s in (1, 3, 9)]},
    }
    prefill, one, many = rows_of(timings)
    assert prefill["median"] == pytest.approx({"ours": 400, "llama.cpp Q4_1": 200})
    assert one["ours_to"] == many["ours_to"] == pytest.approx({"llama.cpp Q4_1": 2.0})
    assert many["what"] == "decode, 16 at once"
    lines = lines_of([prefill, one, many], {"llama.cpp bf16": "no room"})
    assert "ours : Q4_1" in lines[0] and lines[1].split()[-3:] == ["400.0", "200.0", "2.00"]
    assert lines[-1] == "llama.cpp bf16: not measured: no room"


def test_a_peer_answers_in_lines_and_its_end_is_told() -> None:
    with LlamaCpp([sys.executable, "-c", PEER]) as peer:
        assert peer.about == {"llama_cpp": "tiny"}
        assert peer.timed("text", 16, 32).decode == 1024
        comparison = Comparison(sides={"ours": lambda *_: timing(1.0), "peer": peer.timed})
        assert list(take_turns(comparison, "fall over", (1,), 4, 1)) == ["ours"]
        assert comparison.left_out == {"peer": "llama.cpp ended with exit code 3"}
    with LlamaCpp([sys.executable, "-c", PEER]) as peer, pytest.raises(PeerError, match="failed with 1"):
        peer.follow("unknown", [1])
    with pytest.raises(PeerError, match="exit code"):
        LlamaCpp([sys.executable, "-c", "raise SystemExit(1)"])


def test_agreement_counts_answers_and_next_tokens(tiny: LocalModel) -> None:
    with LlamaCpp([sys.executable, "-c", PEER]) as peer:
        found = greedy_agreement.agreement(peer.follow, [("a", [1, 2], [5, 6, 7]), ("b", [1, 3], [5, 6, 9])])
    assert found == {
        "prompts": 2,
        "same_prompts": 1,
        "same_answers": 1,
        "before_first_difference": [2, 3],
        "tokens": 6,
        "same_next_token": 5,
    }
    text, prompt, answer = greedy_agreement.answers_of(tiny)[0]
    assert prompt == tiny.prompt_tokens(text) and 1 <= len(answer) <= greedy_agreement.TOKENS


def test_a_side_that_cannot_be_had_is_reported(
    tiny: LocalModel, tmp_path: Path, private_var: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Path) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(bench, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(bench.LocalModel, "load", lambda: tiny)
    monkeypatch.setattr(bench.default_model, "fetch_gguf", lambda: tmp_path)
    monkeypatch.setattr(bench, "write_bf16", fails)
    monkeypatch.setattr(bench, "command", lambda *_, **__: [sys.executable, "-c", PEER])
    monkeypatch.setattr(bench, "agreement", lambda *_: {})
    monkeypatch.setattr(bench, "in_words", str)
    out = tmp_path / "out.json"
    threads = str(torch.get_num_threads())
    short = ["--repeats", "1", "--prompt-tokens", "50", "--threads", threads]
    assert bench.main([*short, "--out", str(out)]) == 1
    report = json.loads(out.read_text(encoding="utf-8"))
    assert "No space left" in report["left_out"][bench.BF16]
    assert [row["what"] for row in report["rows"]] == ["prefill", "decode, 1 at once", "decode, 16 at once"]
    assert set(report["rows"][0]["ours_to"]) == {bench.Q4_1}
    assert report["threads"] == int(threads) and report["commit"] and report["versions"]["torch"]
    assert [path.name[:6] for path in (private_var / "bench").iterdir()] == ["peers-"]


def test_without_llama_cpp_the_command_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "PYTHON", tmp_path / "none")
    assert bench.main([]) == 2
    assert "make bench-peers" in capsys.readouterr().err
