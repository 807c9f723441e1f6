"""The table of methods: whole, in its order, and a gap is noticed before a visitor sees it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sensecf_core import provenance
from sensecf_core.counterfactuals.fine_tuning.control_rates import CONTROLS
from sensecf_core.counterfactuals.proposers import registry
from sensecf_core.counterfactuals.proposers.resolve_model import REMOTE_METHOD
from sensecf_core.queries.methods import (
    METHODS,
    Method,
    Package,
    controls_of,
    listed_for_help,
    needs_adapter,
    of_prompt,
    tabulate,
)
from sensecf_core.ui.comparison.form import FIRST_CHOICE
from sensecf_core.ui.interventions.method_picker import ANY_MODEL, MODES

ROOT = Path(__file__).resolve().parents[2]
RANDOM, TREECF, FEW_SHOT = METHODS["random"], METHODS["treecf"], METHODS["lm-few-shot"]


def named(**is_true: bool) -> list[str]:
    """Methods of which all of these are true."""
    return [n for n, m in METHODS.items() if all(getattr(m, key) == value for key, value in is_true.items())]


def test_the_order_and_what_each_method_is() -> None:
    assert list(METHODS) == [
        *("lm-fine-tuned", "lm-guided", "lm-few-shot", "lm-zero-shot"),
        *("random", "nearest-pair", "effects", "search"),
        *("dice-random", "dice-genetic", "dice-kdtree"),
        *("nice-none", "nice-sparsity", "nice-proximity", "nice-plausibility"),
        *("cfnow-greedy", "cfnow-random-sequential", "treecf"),
    ]
    models = ["lm-fine-tuned", "lm-guided", "lm-few-shot", "lm-zero-shot"]
    assert named(asks_language_model=True) == models
    assert named(samples=True) == [*models, "random", "nearest-pair", "effects"]
    assert named(slow_when_infeasible=True) == [*models, "dice-genetic"]
    assert named(repeatable=False) == ["cfnow-greedy", "cfnow-random-sequential"]
    assert named(needs_adapter=True) == ["lm-fine-tuned", "lm-guided"]
    assert [METHODS[name].knows for name in models] == ["factual", "effects", "factual", "factual"]
    assert [m.name for m in METHODS.values() if m.family == "control"] == list(CONTROLS)
    assert [m.name for m in METHODS.values() if m.knows == "trees"] == ["treecf"]
    assert needs_adapter("lm-fine-tuned") and not needs_adapter("of-another-version")
    assert (of_prompt("profile"), of_prompt("guided")) == ("lm-fine-tuned", "lm-guided")


def test_a_model_is_held_against_the_controls_that_know_as_much() -> None:
    assert controls_of("lm-guided") == ("random", "nearest-pair", "effects")
    for told_no_more in ("lm-fine-tuned", "lm-few-shot", "lm-zero-shot"):
        assert controls_of(told_no_more) == ("random", "nearest-pair")
    for other in ("random", "effects", "treecf", "of-another-version"):
        assert controls_of(other) == ()


def test_help_names_ours_and_the_families_of_packages() -> None:
    ours = "lm-fine-tuned, lm-guided, lm-few-shot, lm-zero-shot, random, nearest-pair, effects, search"
    assert listed_for_help() == f"{ours}, or a baseline: dice-…, nice-…, cfnow-…, treecf"


def test_pages_read_the_table() -> None:
    models = ["lm-fine-tuned", "lm-guided", "lm-few-shot", "lm-zero-shot"]
    assert [mode.name for mode in MODES] == [*models, "random", "nearest-pair", "effects"]
    assert ANY_MODEL == ("lm-few-shot", "lm-zero-shot")
    assert REMOTE_METHOD == "lm-zero-shot"
    assert set(FIRST_CHOICE) <= set(METHODS)


def test_the_packages_are_those_that_are_installed_and_named_in_provenance() -> None:
    packages = {m.package for m in METHODS.values() if m.package is not None}
    pinned = "".join(path.read_text() for path in ROOT.glob("requirements*.txt")).lower()
    for package in packages:
        assert package.distribution in provenance.LIBRARIES
        assert f"{package.distribution.lower()}==" in pinned
    # A package's note says where it is published.
    assert all("doi:" in m.note or "package treecf" in m.note for m in METHODS.values() if m.package)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ([RANDOM, RANDOM], "random is in the table twice"),
        ([replace(RANDOM, note="")], "'random' has no note"),
        ([replace(RANDOM, title="")], "'random' has no title"),
        ([replace(RANDOM, short_title="")], "'random' has no short_title"),
        ([replace(FEW_SHOT, samples=False)], "asks a language model, so it samples"),
        ([replace(RANDOM, adapter="profile")], "asks no language model"),
        ([replace(TREECF, may_be_remote=True)], "asks no language model"),
        ([replace(RANDOM, knows="probabilities")], "asks about no changed row"),
        ([replace(TREECF, knows="factual")], "asks about no changed row"),
    ],
)
def test_a_row_with_a_gap_or_a_contradiction_is_refused(wrong: list[Method], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        tabulate(wrong)


def test_a_method_without_a_proposer_and_a_package_without_its_module_are_refused() -> None:
    registry.require_complete(registry.PROPOSERS, METHODS)
    with pytest.raises(ImportError, match=r"differ: new\.$"):
        registry.require_complete(registry.PROPOSERS, {**METHODS, "new": replace(RANDOM, name="new")})
    with pytest.raises(ImportError, match=r"differ: random\.$"):
        registry.require_complete(set(METHODS) - {"random"}, METHODS)
    stranger = replace(TREECF, package=Package("stranger", "stranger", "Stranger"))
    with pytest.raises(ImportError, match=r"treecf has no module .*baselines\.stranger"):
        registry.require_complete(METHODS, {**METHODS, "treecf": stranger})


def test_a_method_without_a_proposer_fails_at_import() -> None:
    code = (
        "from dataclasses import replace\n"
        "from sensecf_core.queries.methods import METHODS\n"
        "METHODS['new'] = replace(METHODS['random'], name='new')\n"
        "import sensecf_core.counterfactuals.proposers.registry"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "ImportError: Methods and proposers differ: new." in done.stderr
