"""The estimated effect of each allowed change: the hints in a fine-tuned model's prompt.

They are read off the SHAP values of *training* rows, never by asking the classifier about a changed row of
this participant. If people who are otherwise similar and have the value ``v`` of a feature have the SHAP
value ``s_v`` for it, and this participant has ``s``, then moving to ``v`` has an effect of about ``s_v - s``
log-odds ("SHAP dependence", Lundberg et al. 2020, doi 10.1038/s42256-019-0138-9; the local average is a
Nadaraya-Watson estimate). For an additive classifier this is exact; interactions are ignored.

``probes`` are the same numbers asked of the classifier itself. Before a model has answered they would break
that rule, and exist for the ablation only; once it has answered, they are the hints of another attempt
(:mod:`sensecf_core.counterfactuals.proposers.fine_tuned`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import pandas as pd

from sensecf_core.classifiers.calibration import log_odds
from sensecf_core.classifiers.shap_values import shap_values
from sensecf_core.cohorts.encoding import Codes
from sensecf_core.cohorts.rules import violations
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.counterfactuals.search.beam_search import EditOptions
from sensecf_core.queries.query import FeatureEffect, PromptHints, Query
from sensecf_core.types import Floats

Source = Literal["shap", "probes", "none", "profile"]
"""What a prompt tells of changes. ``profile`` tells nothing, not even which there are."""

SIMILARITY_SCALE = 0.05
"""Gower distance at which a training row weighs 1/e of an identical one."""
KERNEL_WIDTH = 0.02
"""Standard deviation of the kernel over a number's value, as a share of its training range."""
MOST_FEATURES = 6
"""Features hinted at: those whose best value has the largest effect."""
MOST_CONTEXT = 3
"""Context features named in the prompt."""
FAR_SHARE, NEAR_SHARE = 0.95, 0.5
"""Two values are hinted at per feature: the nearest ones with at least these shares of its best effect."""


def estimate_effects(
    fitted: FittedCohort,
    queries: Sequence[Query],
    source: Source = "shap",
    margin: Callable[[Codes], Floats] | None = None,
) -> tuple[PromptHints, ...]:
    """Estimate the effect of each query's changes, the most helpful feature first.

    A feature has one or two values, the nearer first. With ``none`` they are its outermost values, in the
    schema's order, with an effect of 0. Features that do not help are left out (unless none does).
    ``probes`` take the log-odds of changed rows from ``margin`` (default: the classifier).
    """
    if source == "profile":
        return tuple(PromptHints(gap=0.0, effects=()) for _ in queries)
    if not queries:
        return ()
    keys = pd.MultiIndex.from_tuples([(query.participant_id, query.row_id) for query in queries])
    shap_of_queries = shap_values(fitted.classifier, fitted.cohort.rows.loc[keys]).values
    hints = []
    for query, shap in zip(queries, shap_of_queries, strict=True):
        space = SearchSpace.of(fitted.schema, query)
        options = _within_rules(fitted, space, EditOptions.of(fitted, space))
        if source == "none":
            effect = np.zeros(len(options.values))
        elif source == "probes":
            effect = _probed(space, options, margin or fitted.classifier.margin_of_codes)
        else:
            effect = _estimated(fitted, space, options, shap)
        found = (
            _outermost_values(space, options) if source == "none" else _best_values(space, options, effect)
        )
        line = log_odds(query.goal.line(fitted.classifier.threshold))
        gap = abs(line - log_odds(query.factual.probability))
        hints.append(PromptHints(gap=gap, effects=found, context=_context(fitted, query, shap)))
    return tuple(hints)


def _within_rules(fitted: FittedCohort, space: SearchSpace, options: EditOptions) -> EditOptions:
    """Leave out values that break a rule by themselves (unless all do): they would only mislead."""
    rows = np.repeat(space.factual[None], len(options.values), axis=0)
    rows[np.arange(len(rows)), options.positions] = options.values
    keeps = ~violations(fitted.schema, space.factual, rows).any(axis=1)
    return EditOptions(options.positions[keeps], options.values[keeps]) if keeps.any() else options


def _context(fitted: FittedCohort, query: Query, shap: Floats) -> tuple[str, ...]:
    """The context features that matter most to this prediction, strongest first."""
    features = fitted.schema.features
    order = np.argsort(-np.abs(shap), kind="stable")
    names = (features[position].name for position in order if features[position].role == "context")
    return tuple(name for name in names if query.factual.features[name] is not None)[:MOST_CONTEXT]


def _estimated(fitted: FittedCohort, space: SearchSpace, options: EditOptions, shap: Floats) -> Floats:
    """Effect of each option, shape (entries,), in log-odds of class 1."""
    similarity = np.exp(-fitted.distances.gower(space.factual, fitted.train_codes) / SIMILARITY_SCALE)
    effect = np.zeros(len(options.values))
    for entry, (position, value) in enumerate(zip(options.positions, options.values, strict=True)):
        column = fitted.train_codes[:, position]
        span = fitted.distances.ranges[position]
        if np.isnan(span):
            kernel = (column == value).astype(float)
        else:
            kernel = np.nan_to_num(np.exp(-0.5 * ((column - value) / (KERNEL_WIDTH * span)) ** 2))
        weights = similarity * kernel
        if weights.sum() > 0:
            expected = weights @ fitted.train_shap_values[:, position] / weights.sum()
            effect[entry] = expected - shap[position]
    return effect


def _probed(space: SearchSpace, options: EditOptions, margin: Callable[[Codes], Floats]) -> Floats:
    rows = np.repeat(space.factual[None], len(options.values) + 1, axis=0)
    rows[np.arange(len(options.values)), options.positions] = options.values
    margins = margin(rows)
    return np.asarray(margins[:-1] - margins[-1])


def _best_values(space: SearchSpace, options: EditOptions, effect: Floats) -> tuple[FeatureEffect, ...]:
    gain = effect if space.desired else -effect
    ranked: list[tuple[float, list[FeatureEffect]]] = []
    for position in space.values:
        entries = np.flatnonzero(options.positions == position)
        if not len(entries):
            continue
        entries = entries[
            np.argsort(np.abs(options.values[entries] - space.factual[position]), kind="stable")
        ]
        best = gain[entries].max()
        if best <= 0:
            picked = [int(entries[gain[entries].argmax()])]
        else:
            picked = [int(entries[gain[entries] >= share * best][0]) for share in (NEAR_SHARE, FAR_SHARE)]
        name = space.schema.features[position].name
        ranked.append(
            (
                float(best),
                [
                    FeatureEffect(
                        feature=name, value=float(options.values[entry]), log_odds=float(effect[entry])
                    )
                    for entry in dict.fromkeys(picked)
                ],
            )
        )
    ranked.sort(key=lambda ranking: -ranking[0])
    helping = [ranking for ranking in ranked if ranking[0] > 0] or ranked
    return tuple(effect for _, values in helping[:MOST_FEATURES] for effect in values)


def _outermost_values(space: SearchSpace, options: EditOptions) -> tuple[FeatureEffect, ...]:
    found = []
    for position in list(space.values)[: 2 * MOST_FEATURES]:
        values = options.values[options.positions == position]
        if not len(values):
            continue
        for value in dict.fromkeys((float(values[0]), float(values[-1]))):
            found.append(
                FeatureEffect(feature=space.schema.features[position].name, value=value, log_odds=0.0)
            )
    return tuple(found)
