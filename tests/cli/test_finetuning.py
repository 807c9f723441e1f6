"""``pairs`` and ``finetune`` as commands, the latter with the real default model on a small own cohort."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from sensecf_core.classifiers import store
from sensecf_core.cli import main
from sensecf_core.cli.commands.explain import warn_if_unmeasured
from sensecf_core.cli.commands.fine_tuning import finetune
from sensecf_core.cohorts import builtin
from sensecf_core.counterfactuals.fine_tuning import validation
from sensecf_core.datasets import registry
from sensecf_core.language.models import adapter_choice, adapters
from sensecf_core.paths import ROOT
from sensecf_core.queries.request import ExplainRequest
from tests.app import made_adapter
from tests.cli.conftest import Command

OWN = ROOT / "tests/cohorts/own/example_own"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A private folder with the classifier of :func:`walking`."""
    var = tmp_path_factory.mktemp("trained") / "var"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SENSECF_VAR", str(var))
        patch.setenv("SENSECF_COHORTS", str(OWN))
        assert main(("train", "--cohort", own_name())) == 0
    return var


def own_name() -> str:
    return next(name for name in registry.available() if name not in builtin.NAMES)


@pytest.fixture
def walking(trained: Path, private_var: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a small cohort of one's own, its classifier trained."""
    monkeypatch.setenv("SENSECF_COHORTS", str(OWN))
    shutil.copytree(trained, private_var, dirs_exist_ok=True)
    return own_name()


def test_pairs_are_counted_by_group(command: Command, walking: str) -> None:
    ended = command("pairs", "--cohort", walking, "--json")
    assert ended.code == 0
    card = ended.json
    assert card["part"] == "train" and card["queries"] > 20 and card["answers"] > 0
    assert {group["limits"] for group in card["groups"]} == {"intervention", "contrast"}
    text = command("pairs", "--cohort", walking).out
    assert f"{card['answers']:,} answers to {card['queries']:,} queries" in text


@pytest.mark.model
def test_a_small_own_cohort_is_fine_tuned_and_answers(
    command: Command, walking: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # How one of several is chosen: tests/counterfactuals/fine_tuning/test_fine_tune.py.
    monkeypatch.setattr(validation, "TEMPERATURES", (1.0,))
    options = ["--tokens", "1200", "--rows", "4", "--validation", "1", "--json-progress"]
    ended = command("finetune", "--cohort", walking, *options)
    assert ended.code == 0, ended.err
    lines = [json.loads(line) for line in ended.out.splitlines()]
    fractions = [line["fraction"] for line in lines]
    assert fractions == sorted(fractions)
    assert any("loss" in line["message"] and "min left" in line["message"] for line in lines)
    (adapter,) = adapters.adapters(registry.load(walking))
    assert adapter.own and adapter.card.training["tokens"] >= 1200
    assert (adapter.folder / adapters.WEIGHTS).stat().st_size < 6e6
    answered = command("explain", "--cohort", walking, "--sample", "1", "--candidates", "4", "--json")
    assert answered.code in (0, 3), answered.err
    assert answered.json["method"] == "lm-guided"
    trace = answered.json["answers"][0]["trace"]
    assert trace["readable"] == trace["proposed"] == 4 * trace["askings"]


def test_a_training_goes_on_from_the_usual_adapter_of_its_prompt_unless_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = finetune.BEGINS_WITH["profile"]
    adapter = tmp_path / path
    adapter.mkdir(parents=True)
    (adapter / "adapter_config.json").write_text('{"r": 16}')
    (adapter / adapters.WEIGHTS).touch()
    monkeypatch.setattr(adapters, "BUILT_IN", tmp_path)
    usual, begins = finetune._usual, finetune._begins
    assert usual("heart", "profile", None) is None, "it has no card: nothing to begin with"
    shutil.copy(made_adapter.write(registry.load("heart")) / adapters.CARD, adapter / adapters.CARD)
    assert usual("heart", "profile", None) == usual("heart", "profile", "smollm2-135m") == path
    assert usual("heart", "shap", None) is None, "that of the other prompt is not there"
    assert usual("heart", "none", None) is None, "no prompt of a shipped adapter"
    assert usual("nhanes", "profile", None) is None, "its own training"
    assert usual("heart", "profile", "mistral-7b") is None, "another base model"
    assert usual(None, "profile", None) is None
    assert begins(path, None, None) == begins(path, None, 16) == (str(path), 16)  # no path of this machine
    assert adapters.start_folder(str(path)) == adapter
    assert begins(path, str(adapter), None) == (str(adapter), 16)
    assert begins(path, "mine", None) == ("mine", 8)  # which is refused later
    assert begins(path, "base", None) == (None, 8)
    assert begins(path, None, 8) == (None, 8), "another rank"
    assert begins(None, None, None) == (None, 8)


@pytest.mark.parametrize(("told", "prompt"), [("shap", "guided"), ("profile", "profile")])
def test_the_usual_adapters_came_with_the_program_for_their_prompt(told: str, prompt: str) -> None:
    folder = adapters.BUILT_IN / finetune.BEGINS_WITH[told]
    card = adapters.Card.model_validate_json((folder / adapters.CARD).read_bytes())
    assert adapters.prompt_of(card) == prompt and adapters.damage(folder) is None


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--rank", "64"], "--rank must be at most 32"),
        (["--minutes", "0"], "must be above 0"),
        (["--told", "shaps"], "'shaps'; did you mean shap"),
        (["--told", "probes"], "Unknown value of --told 'probes'"),
        (["--start", "models/adapters/heart/smollm2-135m-instruct", "--rank", "4"], "has rank 8, not 4"),
        (["--rounds", "5"], "--rounds must be at most 4"),
        (["--name", "a/b"], "The name 'a/b' cannot be used"),
        (["--base", "gpt-4o"], "runs on a server"),
    ],
)
def test_bad_options_are_refused_in_one_sentence(command: Command, options: list[str], expected: str) -> None:
    ended = command("finetune", "--cohort", "heart", *options)
    assert ended.code == 2
    assert expected in ended.err and len(ended.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            [],
            "at least 50 usable ones about options of training rows, to teach and to measure",
        ),
        (["--rounds", "1", "--resume"], "leave out --rounds, --resume"),
        (["--start", "base", "--synthetic", "5"], "leave out --synthetic, --start base"),
        (["--publish"], "stays in var/"),
    ],
)
def test_learning_from_decisions_is_refused(command: Command, options: list[str], expected: str) -> None:
    ended = command("finetune", "--cohort", "heart", "--from-decisions", *options)
    assert ended.code == 2
    assert expected in ended.err and len(ended.err.splitlines()) == 1
    assert not any(adapter.own for adapter in adapters.adapters(registry.load("heart")))


def test_what_is_trained_on_ones_own_rows_is_never_published(command: Command, walking: str) -> None:
    ended = command("finetune", "--cohort", walking, "--publish", "--tokens", "10")
    assert ended.code == 2
    assert "stays in var/" in ended.err


def test_an_adapter_measured_with_another_classifier_warns(
    walking: str, capsys: pytest.CaptureFixture[str]
) -> None:
    cohort = registry.load(walking)
    request = ExplainRequest(cohort=walking, participant_id="001", method="lm-guided")
    made_adapter.write(cohort)
    warn_if_unmeasured(cohort, request)
    assert "its hit rates are not known for this one" in capsys.readouterr().err
    made_adapter.write(cohort, "measured", classifier_sha256=store.load(cohort).sha256)
    adapter_choice.choose(cohort, adapters.by_name(cohort, "measured"))
    warn_if_unmeasured(cohort, request)
    assert capsys.readouterr().err == ""
