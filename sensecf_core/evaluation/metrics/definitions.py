"""Every measure by name: what it means in words, which way is better, and where it comes from.

The words that tables, charts and hover texts show; the numbers are made in the modules beside this one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Better = Literal["higher", "lower"]


@dataclass(frozen=True)
class Measure:
    """One measure; ``definition`` is a sentence for readers, ``source`` where the definition is from."""

    label: str
    better: Better
    definition: str
    source: str = ""
    unit: str = ""

    @property
    def arrow(self) -> str:
        """Which way is better, as a sign for table heads."""
        return "↑" if self.better == "higher" else "↓"


_CARLA = "Pawelczyk et al. 2021 (CARLA), arXiv 2108.00783"
_DICE = "Mothilal et al. 2020 (DiCE), doi 10.1145/3351095.3372850"
_OVER_VALID = "Mean over the valid counterfactuals of a query: "

MEASURES: dict[str, Measure] = {
    "solid": Measure(
        "Solid answer",
        "higher",
        "Share of queries with a solid counterfactual within the limits, by this program's own grades; "
        "failures count.",
    ),
    "believed": Measure(
        "Held by new refits",
        "higher",
        "Share of queries with a counterfactual within the limits that nine of ten refits hold which took no "
        "part in making or grading it; where the risk is to be lowered, that they lower by 3 points of 100 "
        "or more on average. Failures count.",
    ),
    "unseen_validity": Measure(
        "Valid under new refits",
        "higher",
        _OVER_VALID + "share of ten refits that took no part in making or grading it and agree; where the "
        "risk is to be lowered, that see it move that way.",
        "Model shift in RoCELib",
    ),
    "unseen_reduction": Measure(
        "Risk moved by new refits",
        "higher",
        _OVER_VALID + "how far those refits see the risk move the desired way.",
        unit="points of 100",
    ),
    "coverage": Measure(
        "Coverage",
        "higher",
        "Share of queries with at least one counterfactual; failures count.",
        f"Success rate of {_CARLA}",
    ),
    "solved": Measure(
        "Solved", "higher", "Share of queries with at least one valid counterfactual; failures count."
    ),
    "validity": Measure(
        "Validity",
        "higher",
        "Share of the counterfactuals returned for a query that the classifier puts in the desired class; "
        "where the risk is to be lowered, that nine of ten of its refits lower.",
        "Wachter et al. 2018, arXiv 1711.00399",
    ),
    "coverage_validity": Measure(
        "Coverage × validity", "higher", "Validity where a query without a counterfactual counts as 0."
    ),
    "unique_validity": Measure(
        "Unique valid of requested",
        "higher",
        "Different valid counterfactuals over those asked for, failures as 0.",
        _DICE,
    ),
    "margin_validity": Measure(
        "Margin validity",
        "higher",
        "Share of the returned counterfactuals that the classifier puts in the desired class by 0.1 or more "
        "beyond its threshold.",
    ),
    "second_validity": Measure(
        "Validity, second judge",
        "higher",
        "Share of the returned counterfactuals in the desired class by the logistic regression, over the "
        "queries on whose factual it agrees with the classifier; where the risk is to be lowered, that it "
        "sees move that way.",
    ),
    "third_validity": Measure(
        "Forest agrees",
        "higher",
        "The same by a random forest, which neither made nor filtered a counterfactual.",
    ),
    "gower": Measure(
        "Gower distance",
        "lower",
        _OVER_VALID + "mean over the features of the change as a share of the training range, or 1 for "
        "another level.",
        "Gower 1971; Dandl et al. 2020 (MOC), arXiv 2004.11165",
    ),
    "mad_l1": Measure(
        "MAD-L1 distance",
        "lower",
        _OVER_VALID + "mean over the numeric features of the change in median absolute deviations.",
        "Wachter et al. 2018, arXiv 1711.00399",
    ),
    "features_changed": Measure(
        "Features changed",
        "lower",
        _OVER_VALID + "features that differ by a display step or more (L0).",
        _CARLA,
    ),
    "optimum_ratio": Measure(
        "Distance over the optimum",
        "lower",
        "Gower distance of the nearest valid counterfactual within the limits over the least that an exact "
        "search of the trees proves possible within them; 1 is best.",
    ),
    "share_unchanged": Measure(
        "Share unchanged",
        "higher",
        "1 − features changed / all features (“sparsity” of DiCE; others print the share changed).",
        _DICE,
    ),
    "in_domain": Measure(
        "In domain",
        "higher",
        "Share of the valid counterfactuals whose changed values all lie within the training 1st to 99th "
        "percentile or are levels seen there.",
    ),
    "in_range": Measure(
        "In training range", "higher", "The same with the training minimum and maximum as bounds."
    ),
    "lof_inlier": Measure(
        "Inlier (LOF)",
        "higher",
        "Share of the valid counterfactuals that the local outlier factor (20 neighbours) calls usual among "
        "training rows of the desired class.",
        "Breunig et al. 2000; Kanamori et al. 2020 (DACE), doi 10.24963/ijcai.2020/395",
    ),
    "isolation_inlier": Measure(
        "Inlier (isolation forest)",
        "higher",
        "The same by an isolation forest that calls 5 % of those training rows unusual, as a check.",
        "Liu et al. 2008",
    ),
    "nearest": Measure(
        "Nearest real row",
        "lower",
        _OVER_VALID + "Gower distance to the nearest training row of the desired class.",
        "Dandl et al. 2020 (MOC); Laugel et al. 2019, arXiv 1907.09294",
    ),
    "neighbours": Measure(
        "yNN",
        "higher",
        _OVER_VALID
        + "share of the five nearest training rows that the classifier puts in the desired class.",
        _CARLA,
    ),
    "actionable": Measure(
        "Actionability",
        "higher",
        "Share of the returned counterfactuals that break no limit and no rule.",
        _CARLA,
    ),
    "violations": Measure(
        "Violations", "lower", "Limits and rules broken, mean over the returned counterfactuals.", _CARLA
    ),
    "gower_diversity": Measure(
        "Diversity (Gower)", "higher", "Mean Gower distance between the valid counterfactuals of a query."
    ),
    "count_diversity": Measure(
        "Diversity (count)",
        "higher",
        "Share of features that differ between two valid counterfactuals of a query, mean over the pairs.",
        _DICE,
    ),
    "dpp_diversity": Measure(
        "Diversity (DPP)",
        "higher",
        "Determinant of 1 / (1 + Gower distance) over the valid counterfactuals of a query.",
        _DICE,
    ),
    "feature_entropy": Measure(
        "Feature coverage",
        "higher",
        "Entropy of which features a method changes; 0: always the same one.",
        unit="bits",
    ),
    "redundancy": Measure(
        "Redundancy",
        "lower",
        _OVER_VALID + "changes that can be undone singly without leaving the desired class.",
        _CARLA,
    ),
    "refit_validity": Measure(
        "Valid under refits",
        "higher",
        _OVER_VALID + "share of the bootstrap refits of the classifier that agree.",
        "Model shift in RoCELib",
    ),
    "noise_validity": Measure(
        "Valid under noise",
        "higher",
        _OVER_VALID + "share still in the desired class after one measurement error.",
        "Pawelczyk et al. 2022, arXiv 2203.06768",
    ),
    "stability": Measure(
        "Instability",
        "lower",
        "Gower distance between the counterfactuals of a row and of the same row with tiny noise, where both "
        "have some.",
        "Guidotti 2022, doi 10.1007/s10618-022-00831-6",
    ),
    "answered_twice": Measure(
        "Answered both times",
        "higher",
        "Share of queries with counterfactuals for the row and for the same row with tiny noise.",
    ),
    "seed_stability": Measure(
        "Instability, seeds",
        "lower",
        "Gower distance between the counterfactuals of two seeds, where both have some.",
    ),
    "answered_by_both_seeds": Measure(
        "Answered by both seeds", "higher", "Share of queries with counterfactuals by both seeds."
    ),
    "added": Measure(
        "Added to draws",
        "higher",
        "Share of a query's counterfactuals that are valid and within the limits, minus that of uniform "
        "draws with as many changes.",
    ),
    "seconds": Measure(
        "Time",
        "lower",
        "Median wall time from the question to the rows that are scored, once everything is loaded.",
        unit="s",
    ),
    "model_rows": Measure("Model rows", "lower", "Rows that the classifier was asked about for one answer."),
    "seconds_each": Measure(
        "Time per counterfactual", "lower", "Wall time over counterfactuals returned, all queries.", unit="s"
    ),
    "model_rows_each": Measure(
        "Model rows per counterfactual", "lower", "Model rows over counterfactuals returned, all queries."
    ),
}
