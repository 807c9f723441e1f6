"""What each allowed change is probably worth: told to a fine-tuned model beside the profile.

Read off the SHAP values of *training* rows, never by asking the classifier about a changed row of this
participant: if people who are otherwise alike and have the value ``v`` of a feature carry the SHAP value
``s_v`` for it, and this participant carries ``s``, then moving to ``v`` is worth about ``s_v - s``
log-odds ("SHAP dependence", Lundberg et al. 2020, doi 10.1038/s42256-019-0138-9; the local averaging is
a Nadaraya-Watson estimate). It is exact for an additive classifier and ignores interactions otherwise.

``probes`` are the same numbers asked of the classifier itself. Before a model has answered they would break
that rule, and exist for the ablation only; after it has, they tell it why to answer again
(:mod:`asking_again`).
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
from sensecf_core.counterfactuals.search.beam_search import Menu
from sensecf_core.queries.query import FeatureEffect, PromptHints, Query
from sensecf_core.types import Floats

Source = Literal["shap", "probes", "none"]

ALIKE = 0.05
"""Gower distance at which a training row counts for 1/e of an identical one."""
NEAR = 0.02
"""Standard deviation of the kernel over a number's value, as a share of its training range."""
MOST_FEATURES = 6
"""Features told about: those whose best value is worth most."""
MOST_CONTEXT = 3
"""Features told about that cannot move."""
ENOUGH, HALF = 0.95, 0.5
"""The far value told is the nearest worth this share of the best one; so is the near value."""


def estimate_effects(
    fitted: FittedCohort,
    queries: Sequence[Query],
    source: Source = "shap",
    margin: Callable[[Codes], Floats] | None = None,
) -> tuple[PromptHints, ...]:
    """Estimate the worth of each query's changes; the most useful feature first.

    Of each feature one or two values are told, the nearer first. ``none`` tells the outermost values in
    the schema's order, all worth 0. Features that help nothing are left out (unless nothing helps).
    ``margin`` is asked by ``probes`` for the log-odds of changed rows (default: the classifier).
    """
    if not queries:
        return ()
    keys = pd.MultiIndex.from_tuples([(query.participant_id, query.row_id) for query in queries])
    own = shap_values(fitted.classifier, fitted.cohort.rows.loc[keys]).values
    hints = []
    for query, shap in zip(queries, own, strict=True):
        space = SearchSpace.of(fitted.schema, query)
        menu = _keeping_rules(fitted, space, Menu.of(fitted, space))
        if source == "none":
            worth = np.zeros(len(menu.values))
        elif source == "probes":
            worth = _probed(space, menu, margin or fitted.classifier.margin_of_codes)
        else:
            worth = _estimated(fitted, space, menu, shap)
        found = _ends(space, menu) if source == "none" else _best(space, menu, worth)
        gap = abs(fitted.threshold_margin - log_odds(query.factual.probability))
        hints.append(PromptHints(gap=gap, effects=found, context=_context(fitted, query, shap)))
    return tuple(hints)


def _keeping_rules(fitted: FittedCohort, space: SearchSpace, menu: Menu) -> Menu:
    """Leave out values that break a rule by themselves (unless all do): they would only mislead."""
    rows = np.repeat(space.factual[None], len(menu.values), axis=0)
    rows[np.arange(len(rows)), menu.positions] = menu.values
    keeps = ~violations(fitted.schema, space.factual, rows).any(axis=1)
    return Menu(menu.positions[keeps], menu.values[keeps]) if keeps.any() else menu


def _context(fitted: FittedCohort, query: Query, shap: Floats) -> tuple[str, ...]:
    """The context features that matter most to this prediction, strongest first."""
    features = fitted.schema.features
    order = np.argsort(-np.abs(shap), kind="stable")
    names = (features[place].name for place in order if features[place].role == "context")
    return tuple(name for name in names if query.factual.features[name] is not None)[:MOST_CONTEXT]


def _estimated(fitted: FittedCohort, space: SearchSpace, menu: Menu, shap: Floats) -> Floats:
    """Worth of each menu entry, shape (entries,), in log-odds of class 1."""
    alike = np.exp(-fitted.distances.gower(space.factual, fitted.train_codes) / ALIKE)
    worth = np.zeros(len(menu.values))
    for entry, (position, value) in enumerate(zip(menu.positions, menu.values, strict=True)):
        column = fitted.train_codes[:, position]
        span = fitted.distances.ranges[position]
        if np.isnan(span):
            near = (column == value).astype(float)
        else:
            near = np.nan_to_num(np.exp(-0.5 * ((column - value) / (NEAR * span)) ** 2))
        weights = alike * near
        if weights.sum() > 0:
            seen = weights @ fitted.train_attributions[:, position] / weights.sum()
            worth[entry] = seen - shap[position]
    return worth


def _probed(space: SearchSpace, menu: Menu, margin: Callable[[Codes], Floats]) -> Floats:
    rows = np.repeat(space.factual[None], len(menu.values) + 1, axis=0)
    rows[np.arange(len(menu.values)), menu.positions] = menu.values
    margins = margin(rows)
    return np.asarray(margins[:-1] - margins[-1])


def _best(space: SearchSpace, menu: Menu, worth: Floats) -> tuple[FeatureEffect, ...]:
    gain = worth if space.desired else -worth
    offers: list[tuple[float, list[FeatureEffect]]] = []
    for position in space.values:
        entries = np.flatnonzero(menu.positions == position)
        if not len(entries):
            continue
        entries = entries[np.argsort(np.abs(menu.values[entries] - space.factual[position]), kind="stable")]
        best = gain[entries].max()
        if best <= 0:
            picked = [int(entries[gain[entries].argmax()])]
        else:
            picked = [int(entries[gain[entries] >= share * best][0]) for share in (HALF, ENOUGH)]
        name = space.schema.features[position].name
        offers.append(
            (
                float(best),
                [
                    FeatureEffect(feature=name, value=float(menu.values[entry]), log_odds=float(worth[entry]))
                    for entry in dict.fromkeys(picked)
                ],
            )
        )
    offers.sort(key=lambda offer: -offer[0])
    helping = [offer for offer in offers if offer[0] > 0] or offers
    return tuple(effect for _, found in helping[:MOST_FEATURES] for effect in found)


def _ends(space: SearchSpace, menu: Menu) -> tuple[FeatureEffect, ...]:
    found = []
    for position in list(space.values)[: 2 * MOST_FEATURES]:
        values = menu.values[menu.positions == position]
        if not len(values):
            continue
        for value in dict.fromkeys((float(values[0]), float(values[-1]))):
            found.append(
                FeatureEffect(feature=space.schema.features[position].name, value=value, log_odds=0.0)
            )
    return tuple(found)
