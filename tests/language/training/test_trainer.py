"""LoRA fine-tuning on answer trees: the same loss as plain training, learning, checkpoints, early stop."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from sensecf_core.language.local.lora import adapter_weights, merged
from sensecf_core.language.local.model import LocalModel
from sensecf_core.language.training.batches import IGNORED, Batches, TrainingExample, Tree, collate, tree_of
from sensecf_core.language.training.config import Settings, TrainingProgress
from sensecf_core.language.training.losses import Likelihood, Preference
from sensecf_core.language.training.trainer import CHECKPOINT, Training, adapter_for

EXAMPLES = tuple(
    TrainingExample(f"Risk {risk}, wanted lower:\n", (f"bmi={risk}; sugar=5", f"bmi={risk}", "sleep=8"))
    for risk in range(10, 40)
)
SETTINGS = Settings(
    rank=4, learning_rate=0.02, batch_tokens=400, micro_tokens=150, max_steps=8, validations=2, seed=3
)


@pytest.fixture
def fresh(tiny_folder: Path) -> LocalModel:
    return LocalModel.load(tiny_folder)


@pytest.fixture
def exact(tiny_folder: Path) -> LocalModel:
    """The same in float32, also where the CPU computes in bfloat16."""
    return LocalModel.load(tiny_folder, "float32")


def train(model: LocalModel, out: Path, settings: Settings = SETTINGS) -> Training:
    return Training(model.model, model.tokenizer, EXAMPLES, settings, out)


def test_a_tree_costs_the_prompt_once_and_has_the_same_loss(exact: LocalModel) -> None:
    examples = EXAMPLES[:2]
    trees = [tree_of(exact.tokenizer, example) for example in examples]
    batch = collate([tree for tree in trees if tree], 0)
    with torch.inference_mode():
        together = float(Likelihood()(exact.model, batch))
        alone, tokens, plain = 0.0, 0, 0
        for example in examples:
            for answer in example.answers:
                targets = [*exact.tokenizer(answer, add_special_tokens=False).input_ids, 2]
                prompt = exact.prompt_tokens(example.prompt)
                logits = exact.model(input_ids=torch.tensor([prompt + targets])).logits[0]
                predicted = logits[len(prompt) - 1 : -1]
                alone += float(
                    torch.nn.functional.cross_entropy(predicted, torch.tensor(targets), reduction="sum")
                )
                tokens += len(targets)
                plain += len(prompt) + len(targets) - 1
    assert together == pytest.approx(alone, rel=1e-4)
    assert Likelihood().weight(batch) == tokens and batch.n_plain_tokens == plain
    assert batch.n_tokens < sum(
        len(exact.prompt_tokens(example.prompt)) * len(example.answers) for example in examples
    )


def test_an_example_of_less_weight_counts_less_in_the_mean(exact: LocalModel) -> None:
    heavy, light = (tree_of(exact.tokenizer, one) for one in (EXAMPLES[0], replace(EXAMPLES[1], weight=0.25)))
    assert heavy is not None and light is not None

    def loss(*trees: Tree) -> tuple[float, float]:
        batch = collate(trees, 0)
        with torch.inference_mode():
            return float(Likelihood()(exact.model, batch)), Likelihood().weight(batch)

    (one, its), (other, others) = loss(heavy), loss(replace(light, weight=1.0))
    assert loss(heavy, light) == pytest.approx((one + other / 4, its + others / 4), rel=1e-4)
    digests = {
        Batches(exact.tokenizer, examples, batch_tokens=400, micro_tokens=150, seed=0).digest
        for examples in (EXAMPLES[:2], (EXAMPLES[0], replace(EXAMPLES[1], weight=0.25)))
    }
    assert len(digests) == 2, "a checkpoint of other weights is not gone on from"


def test_only_answers_are_learned(fresh: LocalModel) -> None:
    tree = tree_of(fresh.tokenizer, EXAMPLES[0])
    assert tree is not None
    learned = [target for target in tree.targets if target != IGNORED]
    texts = fresh.tokenizer.decode(learned)
    assert texts.replace("<|im_end|>", "|") == "bmi=10; sugar=5|bmi=10|sleep=8|"
    assert tree_of(fresh.tokenizer, TrainingExample("prompt", ())) is None


def test_it_learns_and_leaves_the_base_alone(fresh: LocalModel, tmp_path: Path) -> None:
    before = {name: t.clone() for name, t in fresh.model.state_dict().items()}
    reported: list[TrainingProgress] = []
    training = train(fresh, tmp_path)
    result = training.run(reported.append)
    assert result.ended == "budget" and result.steps == 8 == len(reported)
    assert reported[-1].loss < reported[0].loss / 2
    assert result.tokens > 0 and reported[-1].tokens_per_second > 0 and reported[-1].done == 1
    names = {n.replace(".base_layer", ""): t for n, t in fresh.model.state_dict().items() if "lora" not in n}
    assert all(torch.equal(before[name], t) for name, t in names.items())
    modules = {name.split(".lora_")[0].split(".")[-1] for name in adapter_weights(training.peft)}
    assert modules == {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}


def test_a_killed_training_resumes_to_the_same_end(tiny_folder: Path, tmp_path: Path) -> None:
    whole = train(LocalModel.load(tiny_folder), tmp_path / "whole")
    whole.run()

    class KilledError(Exception): ...

    def kill(progress: TrainingProgress) -> None:
        if progress.step == 5:
            raise KilledError

    every_step = Settings(**{**SETTINGS.__dict__, "checkpoint_minutes": 0.0})
    first = train(LocalModel.load(tiny_folder), tmp_path / "cut", every_step)
    with pytest.raises(KilledError):
        first.run(kill)
    second = train(LocalModel.load(tiny_folder), tmp_path / "cut", every_step)
    assert second.resume()
    assert second.state.step == 4
    second.run()
    ended, expected = adapter_weights(second.peft), adapter_weights(whole.peft)
    assert ended.keys() == expected.keys()
    for name, weights in ended.items():
        torch.testing.assert_close(weights, expected[name], rtol=1e-4, atol=1e-5)


def test_a_checkpoint_of_other_examples_or_none_is_not_resumed(
    fresh: LocalModel, tiny_folder: Path, tmp_path: Path
) -> None:
    assert not train(fresh, tmp_path).resume()
    train(LocalModel.load(tiny_folder), tmp_path).save()
    other = LocalModel.load(tiny_folder)
    assert not Training(other.model, other.tokenizer, EXAMPLES[:5], SETTINGS, tmp_path).resume()
    more = Settings(**{**SETTINGS.__dict__, "max_steps": 20})
    assert train(LocalModel.load(tiny_folder), tmp_path, more).resume()


def test_it_stops_when_validation_does_not_improve_and_keeps_the_best(
    fresh: LocalModel, tmp_path: Path
) -> None:
    scores = iter([0.2, 0.6, 0.5, 0.4, 0.3, 0.9])
    validated: list[dict[str, torch.Tensor]] = []
    settings = Settings(**{**SETTINGS.__dict__, "max_steps": 40, "validations": 10, "patience": 3})
    training = train(fresh, tmp_path, settings)

    def validate(model: object) -> dict[str, float]:
        validated.append(adapter_weights(training.peft))
        return {"valid": next(scores)}

    result = training.run(validate=validate)
    assert result.ended == "no better validation" and result.best_score == 0.6
    assert [point.score for point in result.curve] == [0.2, 0.6, 0.5, 0.4, 0.3]
    assert all(point.loss is not None and math.isfinite(point.loss) for point in result.curve)
    best = adapter_weights(training.peft)
    assert all(torch.equal(best[name], weights) for name, weights in validated[1].items())


def test_cancel_writes_the_checkpoint(fresh: LocalModel, tmp_path: Path) -> None:
    calls = 0

    def cancelled() -> bool:
        nonlocal calls
        calls += 1
        return calls > 3

    result = train(fresh, tmp_path).run(cancelled=cancelled)
    assert (result.ended, result.steps) == ("cancelled", 3)
    assert (tmp_path / CHECKPOINT).is_file()


def test_nothing_to_learn_is_refused(fresh: LocalModel, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nothing to learn"):
        Training(fresh.model, fresh.tokenizer, [TrainingExample("prompt", ())], SETTINGS, tmp_path)


def test_an_adapter_has_the_configured_rank(fresh: LocalModel) -> None:
    peft = adapter_for(fresh.model, Settings(rank=2))
    ranks = {weights.shape[0] for name, weights in adapter_weights(peft).items() if "lora_A" in name}
    assert ranks == {2}


@pytest.mark.parametrize(("last", "at_the_end"), [(0.1, 0.001), (1.0, 0.01)])
def test_the_learning_rate_warms_up_and_falls_to_its_last_share(
    fresh: LocalModel, tmp_path: Path, last: float, at_the_end: float
) -> None:
    settings = replace(SETTINGS, learning_rate=0.01, warm_up=0.04, last_share=last)
    training = train(fresh, tmp_path, settings)
    assert training.learning_rate(0.02) == pytest.approx(0.005)  # half of the way up
    assert training.learning_rate(0.04) == pytest.approx(0.01)
    assert training.learning_rate(0.52) == pytest.approx((0.01 + at_the_end) / 2)  # half of the cosine
    assert training.learning_rate(1.0) == pytest.approx(at_the_end)


WITH_REJECTED = tuple(
    TrainingExample(example.prompt, example.answers[:1], (example.answers[2], "sleep=4"))
    for example in EXAMPLES
)


def batches(model: LocalModel, examples: tuple[TrainingExample, ...]) -> Batches:
    return Batches(model.tokenizer, examples, batch_tokens=400, micro_tokens=150, seed=0)


def test_preference_starts_at_even_odds(exact: LocalModel) -> None:
    """Against itself every log-ratio is 0, and minus log sigmoid of 0 is log 2 for every tree."""
    trees = batches(exact, WITH_REJECTED)
    objective = Preference.against(exact.model, trees, anchor=0.0)
    (batch,) = trees.parts([0])
    with torch.inference_mode():
        assert float(objective(exact.model, batch)) == pytest.approx(math.log(2), rel=1e-4)
    assert objective.weight(batch) == 1


def test_the_reference_is_each_answers_log_probability(exact: LocalModel) -> None:
    objective = Preference.against(exact.model, batches(exact, WITH_REJECTED))
    example = WITH_REJECTED[3]
    for branch, answer in enumerate((*example.answers, *example.rejected)):
        tree = tree_of(exact.tokenizer, TrainingExample(example.prompt, (answer,)))
        assert tree is not None
        with torch.inference_mode():
            alone = -float(Likelihood()(exact.model, collate([tree], 0)))
        assert float(objective.reference[3][branch]) == pytest.approx(alone, rel=1e-4)


def test_preference_training_moves_odds_from_rejected_to_accepted_answers(
    fresh: LocalModel, tmp_path: Path
) -> None:
    def odds(model: object) -> float:
        reference = Preference.against(model, batches(fresh, WITH_REJECTED)).reference
        return float(sum(branches[0] - branches[1:].mean() for branches in reference))

    before = odds(fresh.model)
    settings = Settings(**{**SETTINGS.__dict__, "preference": True, "learning_rate": 0.005})
    training = Training(fresh.model, fresh.tokenizer, WITH_REJECTED, settings, tmp_path)
    reported: list[TrainingProgress] = []
    training.run(reported.append)
    assert odds(training.peft.get_base_model()) > before + 1
    assert reported[-1].loss < reported[0].loss


def test_a_finished_training_that_is_resumed_does_nothing(tiny_folder: Path, tmp_path: Path) -> None:
    first = train(LocalModel.load(tiny_folder), tmp_path)
    ended = first.run(validate=lambda model: {"valid": 0.5})
    second = train(LocalModel.load(tiny_folder), tmp_path)
    assert second.resume()
    again = second.run(validate=lambda model: pytest.fail("validated again"))
    assert again == ended
    for name, weights in adapter_weights(second.peft).items():
        assert torch.equal(weights, adapter_weights(first.peft)[name])


def test_an_adapter_is_merged_for_the_context_and_leaves_no_trace(exact: LocalModel, tmp_path: Path) -> None:
    training = Training(exact.model, exact.tokenizer, EXAMPLES, SETTINGS, tmp_path)
    training.run()
    base = {name: weight.clone() for name, weight in training.peft.named_parameters()}
    tokens = torch.tensor([[5, 6, 7, 8]])
    with torch.inference_mode():
        beside = training.peft(input_ids=tokens).logits
    with merged(training.peft) as model, torch.inference_mode():
        assert torch.allclose(model(input_ids=tokens).logits, beside, atol=1e-4)
        changed = [name for name, w in training.peft.named_parameters() if not torch.equal(w, base[name])]
    assert changed and all("base_layer" in name for name in changed)
    assert all(torch.equal(w, base[name]) for name, w in training.peft.named_parameters())
