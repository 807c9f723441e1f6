from __future__ import annotations

import math
import re
import threading
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import torch

from sensecf_core.cohorts.schema import Schema
from sensecf_core.errors import NotReadyError
from sensecf_core.language import backend
from sensecf_core.language.backend import Constraint, first_line
from sensecf_core.language.local import model
from sensecf_core.language.local.decoding import Row
from sensecf_core.language.local.model import LocalModel
from sensecf_core.language.local.tree_attention import CHUNK, PackedRows
from sensecf_core.language.prompts.grammar import edits_grammar, longest_answer, read_edits
from sensecf_core.language.prompts.plain import Prompt, build, chat_text
from sensecf_core.language.prompts.sums_grammar import sums_grammar
from sensecf_core.queries.query import Query
from tests.language.cases import save_tiny_model


class Calls:
    """Counts forward passes and the tokens in them."""

    def __init__(self, model: LocalModel) -> None:
        self.lengths: list[int] = []
        self.hook = model.model.get_decoder().register_forward_pre_hook(self._note, with_kwargs=True)

    def _note(self, module: Any, args: Any, kwargs: Any) -> None:
        assert kwargs["input_ids"].shape[0] == 1
        self.lengths.append(kwargs["input_ids"].shape[1])


def test_every_answer_of_a_random_model_obeys_the_grammar(
    tiny_model: LocalModel, prompt: Prompt, constraint: Constraint, schema: Schema, query: Query
) -> None:
    samples = tiny_model.sample(prompt, n=40, constraint=constraint, temperature=3.0)
    assert len(samples.texts) == len(samples.tokens) == 40
    assert all(samples.complete) and samples.stopped is None
    open_values = {item.feature for item in query.movable}
    for text in samples.texts:
        edits = read_edits(schema, text)
        assert edits and len(edits) <= 3 and set(edits) <= open_values
    assert len(set(samples.texts)) > 20


def test_same_seed_same_texts_and_rows_do_not_depend_on_how_many(
    tiny_model: LocalModel, prompt: Prompt, constraint: Constraint
) -> None:
    def texts(n: int, seed: int) -> tuple[str, ...]:
        return tiny_model.sample(prompt, n=n, constraint=constraint, seed=seed).texts

    assert texts(8, 1) == texts(8, 1)
    assert texts(8, 1)[:3] == texts(3, 1)
    assert texts(8, 1) != texts(8, 2)


def test_a_models_answers_differ_more_than_with_independent_numbers(
    tiny_model: LocalModel, prompt: Prompt, constraint: Constraint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def different() -> int:
        return sum(
            len(set(tiny_model.sample(
                prompt, n=16, constraint=constraint, seed=seed, temperature=1.0
            ).texts))
            for seed in range(4)
        )  # fmt: skip

    def anew(row: Row, code: float, share: float) -> None:
        row.generator = row.generator or row.new_generator()
        row.code = float(torch.rand(1, generator=row.generator, dtype=torch.float64))

    spread = different()
    monkeypatch.setattr(Row, "advance", anew)
    assert spread > different()


def test_the_prompt_is_read_once_and_forced_tokens_share_a_pass(
    tiny_model: LocalModel, prompt: Prompt, constraint: Constraint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "MOST_ROWS", 8)
    tiny_model.prefixes.clear()
    calls = Calls(tiny_model)
    samples = tiny_model.sample(prompt, n=20, constraint=constraint)
    calls.hook.remove()
    assert sum(calls.lengths) <= samples.prompt_tokens + sum(samples.tokens)
    assert len(calls.lengths) < samples.prompt_tokens / 100 + 3 * max(samples.tokens)
    lengths = sorted(samples.tokens)
    assert sum(calls.lengths) > samples.prompt_tokens + lengths[0]


def test_packed_rows_get_the_logits_they_would_get_alone(tiny_model: LocalModel) -> None:
    check_packed_logits(tiny_model, [5, 6, 7, 8, 9], {0: [[10], [11, 12], []], 1: [[20, 21], [22], [23]]})


def test_rows_with_the_same_tokens_are_read_once(tiny_model: LocalModel) -> None:
    same = {
        0: [[10], [11, 12], [13]],
        1: [[10], [11, 12], [14]],
        2: [[10], [15], [13]],
        3: [[16], [15], [13]],
    }
    calls = Calls(tiny_model)
    check_packed_logits(tiny_model, [5, 6, 7, 8, 9], same)
    calls.hook.remove()
    packed = [length for length in calls.lengths if length <= 4][:3]
    assert packed == [2, 4, 4]


def check_packed_logits(model: LocalModel, prompt: list[int], rows: dict[int, list[list[int]]]) -> None:
    packed = PackedRows(model.model, model.states)
    *_, first = packed.read_prompt(prompt)
    assert first is not None
    compare(model, first.of()[0], prompt)
    reported: dict[int, list[int]] = {row: [] for row in rows}
    for step in range(3):
        new = {row: steps[step] for row, steps in rows.items() if steps[step]}
        scores = packed.read(new)
        for position, row in enumerate(new):
            reported[row] += new[row]
            compare(model, scores.of()[position], prompt + reported[row])
            columns = torch.tensor([3, 7, 11])
            torch.testing.assert_close(
                scores.of(columns)[position], scores.of()[position, columns], rtol=1e-4, atol=1e-4
            )


@torch.inference_mode()
def compare(model: LocalModel, logits: torch.Tensor, tokens: list[int]) -> None:
    alone = model.model(input_ids=torch.tensor([tokens]), use_cache=False).logits[0, -1]
    torch.testing.assert_close(logits, alone.float(), rtol=1e-3, atol=1e-3)


def test_the_fixed_part_is_read_once_and_changes_no_answer(
    tiny_model: LocalModel, prompt: Prompt, constraint: Constraint, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_model.prefixes.clear()
    fresh = tiny_model.sample(prompt, n=6, constraint=constraint, seed=3)
    (fixed,) = tiny_model.prefixes
    assert 0 < len(fixed) < fresh.prompt_tokens
    read: list[int] = []
    forward = PackedRows._forward
    monkeypatch.setattr(
        PackedRows,
        "_forward",
        lambda self, tokens, *rest: read.append(tokens.shape[1]) or forward(self, tokens, *rest),
    )
    again = tiny_model.sample(prompt, n=6, constraint=constraint, seed=3)
    assert again.texts == fresh.texts
    rest = fresh.prompt_tokens - len(fixed)
    assert sum(read[: math.ceil(rest / CHUNK)]) == rest


def test_cancel_takes_effect_at_once_and_keeps_the_rows_begun(
    tiny_model: LocalModel, prompt: Prompt, constraint: Constraint
) -> None:
    calls = 0
    tiny_model.prefixes.clear()
    tiny_model.sample(prompt, n=1, max_new_tokens=1)
    (fixed,) = tiny_model.prefixes
    chunks = 1 + math.ceil((len(tiny_model.prompt_tokens(prompt)) - len(fixed)) / CHUNK)

    def cancelled() -> bool:
        nonlocal calls
        calls += 1
        return calls > chunks + 4

    samples = tiny_model.sample(prompt, n=4, constraint=constraint, cancelled=cancelled)
    assert samples.stopped == "cancelled"
    assert len(samples.texts) == 4 and not all(samples.complete)
    assert calls == chunks + 5


def test_cancel_before_anything_and_during_the_prompt(tiny_model: LocalModel, prompt: Prompt) -> None:
    samples = tiny_model.sample(prompt, n=4, cancelled=lambda: True)
    assert (samples.texts, samples.stopped) == ((), "cancelled")
    flag = threading.Event()
    calls = Calls(tiny_model)
    tiny_model.model.get_decoder().register_forward_hook(lambda *_: flag.set())
    samples = tiny_model.sample("x" * 1000, n=4, cancelled=flag.is_set)
    calls.hook.remove()
    assert samples.stopped == "cancelled" and samples.texts == ()
    assert len(calls.lengths) == 1 and calls.lengths[0] <= 192


def test_deadline(
    tiny_model: LocalModel, prompt: Prompt, constraint: Constraint, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = count()
    monkeypatch.setattr(backend.time, "monotonic", lambda: float(next(ticks)))
    tiny_model.prefixes.clear()
    passes = len(tiny_model.prompt_tokens(prompt)) // CHUNK + 4
    samples = tiny_model.sample(prompt, n=4, constraint=constraint, deadline=passes)
    assert samples.stopped == "deadline"
    assert samples.texts and not all(samples.complete)
    assert tiny_model.sample(prompt, n=4, deadline=0.0).stopped == "deadline"


def test_without_grammar_an_answer_ends_in_its_line_or_at_the_most_tokens(
    tiny_model: LocalModel, prompt: Prompt
) -> None:
    samples = tiny_model.sample(prompt, n=16, max_new_tokens=20)
    assert all("\n" not in text for text in samples.texts)
    assert max(samples.tokens) <= 20
    for tokens, complete in zip(samples.tokens, samples.complete, strict=True):
        assert complete or tokens == 20


def test_progress_rises_to_the_end(tiny_model: LocalModel, prompt: Prompt, constraint: Constraint) -> None:
    reported: list[tuple[int, int]] = []
    tiny_model.sample(prompt, n=5, constraint=constraint, progress=lambda *at: reported.append(at))
    assert [done for done, _ in reported] == sorted(done for done, _ in reported)
    most = len(longest_answer(constraint.schema, constraint.movable, 3).encode()) + 1
    assert reported[-1][0] == reported[-1][1] == 5 * most


def test_temperature_zero_makes_all_rows_alike(
    tiny_model: LocalModel, prompt: Prompt, constraint: Constraint
) -> None:
    assert len(set(tiny_model.sample(prompt, n=4, constraint=constraint, temperature=0).texts)) == 1


def test_invalid_grammar_is_refused(tiny_model: LocalModel, prompt: Prompt) -> None:
    with pytest.raises(ValueError, match="grammar"):
        tiny_model.decode(prompt, n=1, grammar="start: nowhere", max_new_tokens=1)


@pytest.mark.parametrize("architecture", ["MistralForCausalLM", "Gemma2ForCausalLM", "GPT2LMHeadModel"])
def test_other_architectures(
    tmp_path: Path, architecture: str, schema: Schema, query: Query, constraint: Constraint
) -> None:
    import transformers

    save_tiny_model(tmp_path)
    small = {
        "vocab_size": 259, "hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 2,
        "num_attention_heads": 6, "num_key_value_heads": 2, "head_dim": 8, "eos_token_id": 2, "n_embd": 48,
        "n_layer": 2, "n_head": 6, "n_positions": 2048, "bos_token_id": 1, "pad_token_id": 0,
    }  # fmt: skip
    model_class = getattr(transformers, architecture)
    defaults = model_class.config_class()
    config = model_class.config_class(
        **{key: value for key, value in small.items() if hasattr(defaults, key)}
    )
    torch.manual_seed(0)
    model_class(config).save_pretrained(tmp_path)
    model = LocalModel.load(tmp_path)
    check_packed_logits(model, [5, 6, 7, 8, 9], {0: [[10], [11, 12], []], 1: [[20, 21], [22], [23]]})
    samples = model.sample(build(schema, query, ()), n=4, constraint=constraint)
    assert all(read_edits(schema, text) for text in samples.texts)


def test_shared_model_is_loaded_once_by_many_threads(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "_shared", {})
    models: list[LocalModel] = []
    threads = [
        threading.Thread(target=lambda: models.append(model.shared_model(tiny_folder))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(models) == 4 and len({id(model) for model in models}) == 1


def test_missing_default_model_names_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENSECF_BASE_MODELS", str(tmp_path))
    monkeypatch.setattr(model, "_shared", {})
    with pytest.raises(NotReadyError, match="make setup"):
        model.shared_model()


def test_a_constraint_becomes_a_grammar_and_room_for_its_longest_answer(
    tiny_model: LocalModel, prompt: Prompt, constraint: Constraint
) -> None:
    grammar = sums_grammar(constraint.schema, constraint.movable, 3, ("sugar",), {"sugar": {"60": 4}})
    counted = Constraint(constraint.schema, constraint.movable, 3, ("sugar",), {"sugar": {"60": 4}})
    most = len(longest_answer(constraint.schema, constraint.movable, 3, with_sums=True).encode()) + 1
    samples = tiny_model.sample(prompt, n=8, constraint=counted, seed=5)
    assert samples.texts == tiny_model.decode(prompt, n=8, grammar=grammar, seed=5, max_new_tokens=most).texts
    assert all(samples.complete) and (samples.form, samples.stopped) == ("text", None)
    assert samples.prompt == chat_text(tiny_model.tokenizer, prompt)
    assert max(tiny_model.sample(prompt, n=8).tokens) <= model.FREE_TEXT_TOKENS


def test_what_is_left_of_a_gap_is_worked_out_and_not_sampled(
    tiny_model: LocalModel, prompt: Prompt, constraint: Constraint
) -> None:
    counting = replace(constraint, gap=40)
    samples = tiny_model.sample(prompt, n=30, constraint=counting, temperature=3.0)
    assert all(samples.complete) and len(set(samples.texts)) > 15
    untrue = 0
    for text in samples.texts:
        left = 40
        for brought, said in re.findall(r"([+-]\d+)=(-?\d+)(?:;|$)", text):
            left = max(-99, min(99, left + int(brought)))
            # Once nothing is left, a model that knows nothing may write one digit more.
            untrue += int(said) != left and not (left <= 0 and said.startswith(str(left)))
            left = int(said)
        assert left <= 0 or text.count(";") == 2 or constraint.movable[-1].feature in text.split("; ")[-1]
    assert not untrue
    named = tiny_model.sample(
        prompt, n=8, constraint=replace(counting, names_first=True, max_changes=1), temperature=3.0
    )
    assert all(named.complete) and all(re.match(r"\w+: \w+=", text) for text in named.texts)
    most = len(longest_answer(constraint.schema, constraint.movable, 3, with_sums=True).encode()) + 1
    asked = {"n": 30, "temperature": 3.0, "max_new_tokens": most}
    grammar = edits_grammar(constraint.schema, constraint.movable, 3, counts_down=True)
    alone = tiny_model.decode(prompt, grammar=grammar, **asked)
    assert any(
        int(brought) + 40 != int(said)
        for text in alone.texts
        for brought, said in re.findall(r"^[^;]*?([+-]\d+)=(-?\d+)", text)
    ), "the grammar alone lets it count wrongly"


def test_first_line() -> None:
    assert first_line("\n a=1; b=2 \nbecause") == "a=1; b=2 "
    assert first_line("  ") == ""
