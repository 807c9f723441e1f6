"""What a run shows, worked by hand: pairing over repeats, recovery, Holm, the best control, risks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sensecf_core.augmentation.arms import BY_NAME
from sensecf_core.augmentation.measures import MEASURES
from sensecf_core.augmentation.risks import instability, reliability
from sensecf_core.augmentation.run_task import packed, unpacked
from sensecf_core.augmentation.summary import NON_INFERIOR, cells, table
from sensecf_core.cohorts.cohort import Cohort
from tests.augmentation.planted import cohort

COUNTS = {
    "train": {"zeros": 60, "ones": 40},
    "val": {"zeros": 20, "ones": 10},
    "removed": {"zeros": 540, "ones": 360},
}


def record(arm: str, repeat: int, auroc: float, removed: float = 0.9, **found: Any) -> dict[str, Any]:
    measures = dict.fromkeys(MEASURES, 0.5) | {"auroc": auroc}
    return {
        "scenario": "C",
        "removed": removed,
        "repeat": repeat,
        "arm": arm,
        "counts": COUNTS,
        "students": {"trees": measures},
        **found,
    }


def cell(records: list[dict[str, Any]], at: int = 0) -> dict[str, Any]:
    arms = [BY_NAME[name] for name in dict.fromkeys(one["arm"] for one in records)]
    found = cells(cohort("linear", 100), 0, records, arms)
    return found[at]


SCARCE, FULL = (0.60, 0.62, 0.58, 0.60), (0.70, 0.71, 0.69, 0.70)


def always(removed: float = 0.9) -> list[dict[str, Any]]:
    return [record("scarce", r, value, removed) for r, value in enumerate(SCARCE)] + [
        record("full", r, value, removed) for r, value in enumerate(FULL)
    ]


def test_gains_losses_recovery_and_labels_worth() -> None:
    found = cell([*always(), *(record("weights", r, value + 0.05) for r, value in enumerate(SCARCE))])
    trees = found["students"]["trees"]
    assert trees["losses"]["auroc"]["mean"] == pytest.approx(0.1)  # .10 .09 .11 .10
    assert trees["losses"]["auroc"]["lost"]
    weights = trees["arms"]["weights"]
    assert weights["gains"]["auroc"]["mean"] == pytest.approx(0.05)
    assert weights["recovery"]["auroc"] == pytest.approx(0.5)
    # The curve goes from 100 labels at .60 to 1,000 at .70; .65 lies half way in the logarithm: at 316.
    assert trees["curve"] == [(100, pytest.approx(0.6)), (1000, pytest.approx(0.7))]
    assert weights["labels_worth"] == pytest.approx(100 * 10**0.5 - 100)
    assert not trees["losses"]["brier"]["lost"] and weights["recovery"]["brier"] is None


def test_an_arm_of_fewer_repeats_is_paired_over_those_it_has() -> None:
    found = cell([*always(), record("lm-transfer-panel", 0, 0.64), record("lm-transfer-panel", 2, 0.60)])
    one = found["students"]["trees"]["arms"]["lm-transfer-panel"]
    assert one["repeats"] == 2
    assert one["gains"]["auroc"]["mean"] == pytest.approx((0.04 + 0.02) / 2)
    assert one["recovery"]["auroc"] == pytest.approx(0.06 / 0.21)  # losses .10 and .11 of these repeats
    frame = table([*always(), record("lm-transfer-panel", 0, 0.64)])
    assert len(frame) == 9 and set(frame["student"]) == {"trees"}


def test_a_language_model_is_held_against_the_best_control_with_the_same_labels() -> None:
    lm = [0.66, 0.67, 0.65, 0.66]
    arms = {
        "lm-transfer-panel": lm,
        "smotenc-panel": [0.65, 0.66, 0.64, 0.65],
        "search-panel": [0.63, 0.64, 0.62, 0.63],
        "search-hard": [0.90, 0.90, 0.90, 0.90],  # other labels
        "panel": [0.90, 0.90, 0.90, 0.90],  # another student
        "pool-panel": [0.90, 0.90, 0.90, 0.90],  # other information
    }
    records = [record(arm, r, value) for arm, values in arms.items() for r, value in enumerate(values)]
    against = cell([*always(), *records])["students"]["trees"]["against"]
    assert set(against) == {"lm-transfer-panel"}
    assert against["lm-transfer-panel"]["control"] == "smotenc-panel"
    assert against["lm-transfer-panel"]["difference"]["mean"] == pytest.approx(0.01)
    assert against["lm-transfer-panel"]["non_inferior"]
    worse = [record("weights", r, value + 2 * NON_INFERIOR) for r, value in enumerate(lm)]
    again = cell([*always(), *records, *worse])["students"]["trees"]["against"]["lm-transfer-panel"]
    assert again["control"] == "weights" and not again["non_inferior"]


def test_p_values_are_adjusted_over_the_cells_with_a_loss() -> None:
    rng = np.random.default_rng(0)
    records = []
    for removed, gain in ((0.9, 0.05), (0.95, 0.02), (0.5, 0.05)):
        for r in range(4):
            full = FULL[r] if removed != 0.5 else SCARCE[r] + 0.001
            records += [record("scarce", r, SCARCE[r], removed), record("full", r, full, removed)]
            records.append(record("weights", r, SCARCE[r] + gain + 0.01 * rng.standard_normal(), removed))
    arms = [cell(records, at)["students"]["trees"]["arms"]["weights"] for at in range(3)]
    first, second, third = arms
    low, high = sorted([first["p"], second["p"]])
    assert sorted([first["holm"], second["holm"]]) == pytest.approx([2 * low, max(2 * low, high)])
    assert third["holm"] is None  # nothing is lost there


def test_a_persons_risk_is_unstable_as_far_as_it_differs_between_repeats() -> None:
    rows = np.array([1, 2, 1, 2, 3])
    # Person 1: .2 and .4, a standard deviation of .1414; person 2 the same twice; 3 was tested once.
    found = instability(rows, np.array([0.2, 0.5, 0.4, 0.5, 0.9]))
    assert found == pytest.approx((0.02**0.5 + 0) / 2)
    assert instability(np.array([1, 2]), np.array([0.1, 0.2])) is None


def test_reliability_in_ten_bins_of_equal_size() -> None:
    risks = np.linspace(0, 1, 40)
    found = reliability(risks, (risks > 0.5).astype(int))
    assert [one["n"] for one in found] == [4] * 10
    assert [one["share"] for one in found] == [0] * 5 + [1] * 5
    assert found[0]["risk"] == pytest.approx(risks[:4].mean())


def test_risks_are_kept_in_sixteen_bits() -> None:
    risks = np.array([0.0, 0.123456, 1.0])
    assert unpacked(packed(risks)) == pytest.approx(risks, abs=1e-5)


def test_subgroups_of_the_tested_people(monkeypatch: pytest.MonkeyPatch) -> None:
    from sensecf_core.augmentation import risks as module
    from sensecf_core.datasets import registry

    heart: Cohort = registry.load("heart")
    from sensecf_core.cohorts.split import split

    tested = np.flatnonzero(split(heart.target, 0).eq("test").to_numpy())
    target = heart.target.to_numpy()[tested]
    perfect = record("scarce", 0, 1.0, risks=packed(target.astype(float)))
    monkeypatch.setattr(module, "FEWEST", 1)
    found = module.about_risks(heart, 0, [perfect])["subgroups"]["scarce"]
    men = heart.subgroups["sex"].to_numpy()[tested] == "male"
    assert found["Sex: male"] == {"n": int(men.sum()), "auroc": 1.0, "calibration": 0.0}
    monkeypatch.setattr(module, "FEWEST", 1000)
    few = module.about_risks(heart, 0, [perfect])["subgroups"]["scarce"]
    assert few["Sex: male"]["auroc"] is None and few["Sex: male"]["n"] == men.sum()
