"""Adapters on disk: cards, what they fit, choice and deletion, and the merged model they make."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file

from sensecf_core import paths
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.counterfactuals.proposers import registry
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.language.local.loading import load_weights
from sensecf_core.language.local.model import LocalModel
from sensecf_core.language.models import adapter_choice, adapters
from sensecf_core.language.models.adapters import Card
from sensecf_core.language.prompts.fine_tuned import TUNED_SHA256
from sensecf_core.language.prompts.profile import PROFILE_SHA256
from sensecf_core.language.training import save_adapter
from sensecf_core.language.training.batches import TrainingExample
from sensecf_core.language.training.config import Point, Settings
from sensecf_core.language.training.trainer import Training

BASE = "b" * 64


def card(cohort: Cohort, name: str = "tiny", **changes: Any) -> dict[str, Any]:
    fields = {
        "name": name, "cohort": cohort.schema.name, "base": "tiny-model", "base_sha256": BASE,
        "schema_sha256": cohort.schema.sha256, "classifier_sha256": "c" * 64,
        "template_sha256": TUNED_SHA256, "pairs_sha256": "p" * 64, "temperature": 0.8, "pairs": {},
        "settings": {"rank": 4, "source": "shap"}, "training": {"tokens": 10},
        "rounds": [{"round": 0, "val": 0.5}], "provenance": {"commit": "abc"},
        "rates": [{"limits": "contrast", "desired": 0, "valid": 0.875, "seconds": 1.5}],
    }  # fmt: skip
    return {**fields, **changes}


@pytest.fixture
def trained(tiny_folder: Path, tmp_path: Path) -> Training:
    model = LocalModel.load(tiny_folder)
    examples = [TrainingExample(f"Risk {n}:\n", (f"bmi={n}",)) for n in range(10, 30)]
    settings = Settings(rank=4, learning_rate=0.02, batch_tokens=200, max_steps=5)
    training = Training(model.model, model.tokenizer, examples, settings, tmp_path / "work")
    training.run()
    return training


def save(trained: Training, cohort: Cohort, name: str = "tiny", **changes: Any) -> Card:
    folder = adapters.own_folder(cohort, name)
    return save_adapter.save(trained.peft, folder, card(cohort, name, **changes), [Point(5, 100, 1.0, 0.5)])


def test_a_saved_adapter_is_found_with_its_card(trained: Training, small_cohort: Cohort) -> None:
    saved = save(trained, small_cohort)
    (adapter,) = adapters.adapters(small_cohort)
    assert adapter.card == saved and adapter.own
    assert adapters.weights_sha256(adapter.folder) == saved.weights_sha256
    readme = (adapter.folder / adapters.README).read_text(encoding="utf-8")
    for text in ("base_model: ", "0.875", "not a medical device", BASE, saved.weights_sha256, "| 0 |"):
        assert text in readme
    assert json.loads((adapter.folder / adapters.CURVE).read_text())[0]["loss"] == 0.5
    assert not list(adapter.folder.parent.glob(".*"))


def test_merged_it_answers_like_the_trained_model_in_bfloat16(
    trained: Training, small_cohort: Cohort, tiny_folder: Path
) -> None:
    save(trained, small_cohort)
    (adapter,) = adapters.adapters(small_cohort)
    merged = LocalModel.load(tiny_folder, adapter=adapter.folder)
    plain = LocalModel.load(tiny_folder)
    tokens = torch.tensor([plain.prompt_tokens("Risk 12:\n")])
    with torch.inference_mode():
        expected = trained.peft.eval()(input_ids=tokens).logits
        with_adapter, without = (model.model(input_ids=tokens).logits for model in (merged, plain))
    assert (with_adapter - expected).abs().max() < 0.05 * (without - expected).abs().max()
    assert dict(merged.provenance())["adapter"] == adapter.card.weights_sha256
    assert "adapter" not in dict(plain.provenance())


@pytest.mark.parametrize(
    ("precision", "more"), [("float32", {}), ("bf16", {}), ("float32", {"use_rslora": True})]
)
def test_it_is_merged_with_the_numbers_of_peft(
    trained: Training,
    small_cohort: Cohort,
    tiny_folder: Path,
    precision: Literal["float32", "bf16"],
    more: dict[str, bool],
) -> None:
    save(trained, small_cohort)
    (adapter,) = adapters.adapters(small_cohort)
    config = adapter.folder / "adapter_config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | more))
    merged = LocalModel.load(tiny_folder, precision, adapter=adapter.folder).model
    base, _ = load_weights(tiny_folder, precision)
    expected = PeftModel.from_pretrained(base, str(adapter.folder)).merge_and_unload()
    assert all(
        torch.equal(one, other) for one, other in zip(merged.parameters(), expected.parameters(), strict=True)
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda name, weight: (f"other.{name}", weight), "not those of this model's layers"),
        (lambda name, weight: (name, weight * torch.nan), "no numbers"),
    ],
)
def test_weights_of_another_model_or_without_numbers_answer_nothing(
    trained: Training,
    small_cohort: Cohort,
    tiny_folder: Path,
    change: Callable[[str, torch.Tensor], tuple[str, torch.Tensor]],
    said: str,
) -> None:
    save(trained, small_cohort)
    (adapter,) = adapters.adapters(small_cohort)
    path = adapter.folder / adapters.WEIGHTS
    save_file(dict(change(*pair) for pair in load_file(path).items()), path)
    card = adapter.folder / adapters.CARD
    own = {"weights_sha256": adapters.weights_sha256(adapter.folder)}
    card.write_text(json.dumps(json.loads(card.read_text()) | own))
    with pytest.raises(NotReadyError, match=said):
        LocalModel.load(tiny_folder, adapter=adapter.folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema_sha256": "x"}, "another schema of small"),
        ({"base_sha256": "x"}, "other weights of tiny-model"),
        ({"template_sha256": "x"}, "an older prompt"),
    ],
)
def test_it_loads_only_for_what_it_was_made_for(
    trained: Training, small_cohort: Cohort, changes: dict[str, str], message: str
) -> None:
    save(trained, small_cohort, **changes)
    assert adapter_choice.chosen(small_cohort, BASE) is None
    with pytest.raises(NotReadyError, match=message) as raised:
        adapter_choice.require(small_cohort, BASE)
    assert "finetune --cohort small" in str(raised.value)


def test_without_any_adapter_the_command_is_named(small_cohort: Cohort) -> None:
    with pytest.raises(NotReadyError, match=r"No adapter .* finetune --cohort small"):
        adapter_choice.require(small_cohort, BASE)


def test_for_another_classifier_it_loads_with_a_warning(trained: Training, small_cohort: Cohort) -> None:
    saved = save(trained, small_cohort)
    assert adapter_choice.chosen(small_cohort, BASE) is not None
    assert adapters.other_classifier(saved, "c" * 64) is None
    assert "not known for this one" in (adapters.other_classifier(saved, "d" * 64) or "")


def test_an_adapter_can_be_chosen_and_deleted(trained: Training, small_cohort: Cohort) -> None:
    save(trained, small_cohort, "a")
    save(trained, small_cohort, "b")
    first = adapter_choice.chosen(small_cohort, BASE)
    assert first is not None and first.card.name == "a"
    adapter_choice.choose(small_cohort, adapters.by_name(small_cohort, "b"))
    second = adapter_choice.chosen(small_cohort, BASE)
    assert second is not None and second.card.name == "b"
    work = paths.var("fine-tuning", "small-b-0123456789")
    others = [paths.var("fine-tuning", f"small-{name}-0123456789") for name in ("a", "b-c", "b-0123456789")]
    for folder in (work, *others):
        folder.mkdir(parents=True)
    adapters.delete(second)
    assert all(other.is_dir() for other in others) and not work.exists()
    assert [adapter.card.name for adapter in adapters.adapters(small_cohort)] == ["a"]
    assert adapter_choice.chosen(small_cohort, BASE) is not None
    with pytest.raises(InputError, match="'z'; did you mean a"):
        adapters.by_name(small_cohort, "z")


PROFILE = {"settings": {"rank": 4, "source": "profile"}, "template_sha256": PROFILE_SHA256}
"""What the card of an adapter says that is told the person alone."""


def names(cohort: Cohort) -> tuple[str | None, str | None, str | None]:
    """The adapters that answer by default, told the person alone, and told more."""
    found = [adapter_choice.chosen(cohort, BASE, prompt) for prompt in (None, "profile", "guided")]
    default, profile, guided = (adapter.card.name if adapter else None for adapter in found)
    return default, profile, guided


def test_each_prompt_has_its_adapter_and_the_better_shown_answers_are_the_default(
    trained: Training, small_cohort: Cohort
) -> None:
    save(trained, small_cohort, "guided")
    assert names(small_cohort) == ("guided", None, "guided")
    with pytest.raises(NotReadyError, match="told the person alone; ask lm-guided"):
        adapter_choice.require(small_cohort, BASE, "profile")
    save(trained, small_cohort, "person", **PROFILE)
    assert names(small_cohort) == ("guided", "person", "guided"), "neither was measured"
    shown = {"part": "val", "people": 20, "seed": 0, "answered": 0.9, "classifier_sha256": "c" * 64}
    shown |= {"solid": 0.5, "gower": 0.04}
    folder = adapters.own_folder(small_cohort, "guided")
    shutil.rmtree(folder)
    save(trained, small_cohort, "guided", shown={"small": shown})
    for other, default in (
        ({"solid": 0.6, "gower": 0.09}, "person"),
        ({"solid": 0.5, "gower": 0.03}, "person"),
        ({"solid": 0.5, "gower": 0.05}, "guided"),
        ({"solid": 0.5, "gower": None}, "guided"),
        ({"solid": 0.6, "gower": 0.03, "classifier_sha256": "d" * 64}, "guided"),
    ):
        shutil.rmtree(adapters.own_folder(small_cohort, "person"))
        save(trained, small_cohort, "person", **PROFILE, shown={"small": {**shown, **other}})
        assert names(small_cohort) == (default, "person", "guided")
    adapter_choice.choose(small_cohort, adapters.by_name(small_cohort, "person"))
    assert names(small_cohort) == ("person", "person", "guided"), "a choice decides"
    save(trained, small_cohort, "other", **PROFILE)
    adapter_choice.choose(small_cohort, adapters.by_name(small_cohort, "other"))
    adapter_choice.choose(small_cohort, adapters.by_name(small_cohort, "guided"))
    assert names(small_cohort) == ("guided", "other", "guided"), "of each prompt the last choice is kept"
    (adapters.own_folder(small_cohort, "other") / adapters.CARD).write_text("{", encoding="utf-8")
    assert "card.json cannot be read" in (adapter_choice.problem(small_cohort) or ""), "it is told"


def test_where_nobody_is_told_the_person_alone_the_guided_method_answers(
    trained: Training, small_cohort: Cohort, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "base_sha256", lambda spec: BASE)
    monkeypatch.setattr(adapters, "for_every_cohort", lambda: ())
    assert registry.answering_method(small_cohort, "lm-fine-tuned") == "lm-fine-tuned", (
        "it says what is missing"
    )
    save(trained, small_cohort, "guided")
    assert registry.answering_method(small_cohort, "lm-fine-tuned") == "lm-guided"
    assert registry.answering_method(small_cohort, "random") == "random"
    assert registry.default_method(small_cohort) == "lm-guided"
    save(trained, small_cohort, "person", **PROFILE)
    assert registry.answering_method(small_cohort, "lm-fine-tuned") == "lm-fine-tuned"
    with pytest.raises(InputError, match="did you mean lm-fine-tuned"):
        registry.answering_method(small_cohort, "lm-fine-tune")


def test_a_damaged_card_is_skipped(trained: Training, small_cohort: Cohort) -> None:
    save(trained, small_cohort)
    path = adapters.own_folder(small_cohort, "tiny") / adapters.CARD
    path.write_text("{", encoding="utf-8")
    assert adapters.adapters(small_cohort) == ()


def test_a_committed_adapter_is_not_deleted(small_cohort: Cohort) -> None:
    committed = Card.model_validate({**card(small_cohort), "weights_sha256": "w"})
    with pytest.raises(InputError, match="came with the program"):
        adapters.delete(adapters.Adapter(Path("/nowhere"), committed, own=False))


def test_rates_on_the_model_card_have_intervals_and_the_command(
    trained: Training, small_cohort: Cohort
) -> None:
    valid = {"value": 0.91, "low": 0.85, "high": 0.96}
    rates = (
        {"part": "test", "limits": "contrast", "valid": valid, "command": "python -m sensecf_core trace"},
        {"part": "val", "limits": "contrast", "valid": 0.9},
    )
    folder = adapters.own_folder(small_cohort, "rated")
    save_adapter.save(trained.peft, folder, card(small_cohort, "rated", rates=rates), [])
    readme = (folder / adapters.README).read_text()
    assert "| test | contrast | 0.91 (0.85 to 0.96) |" in readme
    assert "Made by `python -m sensecf_core trace`." in readme and "| val | contrast | 0.9 |" in readme


def test_an_adapter_whose_prompt_needs_the_classifier_first_never_answers(
    trained: Training, small_cohort: Cohort
) -> None:
    save(trained, small_cohort, "probing", settings={"source": "probes"})
    assert adapter_choice.chosen(small_cohort, BASE) is None
    (adapter,) = adapters.adapters(small_cohort)
    assert "was trained for the ablation" in (adapters.unfit(adapter.card, small_cohort, BASE) or "")


def test_an_interrupted_write_is_not_taken_for_an_adapter(trained: Training, small_cohort: Cohort) -> None:
    save(trained, small_cohort)
    folder = adapters.own_folder(small_cohort, "tiny")
    folder.rename(folder.with_name(".tiny.part"))
    assert adapters.adapters(small_cohort) == ()


def test_a_damaged_adapter_for_every_cohort_is_told_and_stops_only_who_has_no_other(
    small_cohort: Cohort, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = adapters.folder_for_any("bad", publish=False)
    folder.mkdir(parents=True)
    (folder / adapters.CARD).write_text("{")
    assert any("bad" in said for said in adapters.broken(small_cohort))
    assert adapter_choice.problem(small_cohort) is not None
    monkeypatch.setattr(adapters, "adapters", lambda _: ("one of its own",))
    assert adapter_choice.problem(small_cohort) is None
