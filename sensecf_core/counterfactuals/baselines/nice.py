"""NICE (Brughmans et al. 2023, doi 10.1007/s10618-023-00930-y) by the package NICEx: one answer a query.

It goes from the row towards its nearest unlike neighbour: a training row of the desired class that the
classifier gets right. It supports no limits. The features that may not move are therefore not among its
columns, and its neighbours are moved to the nearest value that may be suggested. The number of changes and
rules across features are not supported.
"""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakKeyDictionary

import numpy as np

from sensecf_core.classifiers.protocol import ClassifierLike
from sensecf_core.cohorts.encoding import Codes
from sensecf_core.counterfactuals.baselines.black_box import BlackBox
from sensecf_core.counterfactuals.baselines.movable_table import BaselineResult, is_number
from sensecf_core.counterfactuals.problem.density import NumericSpace
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.types import Floats

HIDDEN_SHARE = 0.5
"""Width of the auto-encoder's hidden layer, as a share of its inputs."""


def search(black_box: BlackBox, *, kind: str, k: int, seed: int) -> BaselineResult:
    """Ask NICE for its one counterfactual; ``kind`` is none, sparsity, proximity or plausibility.

    Nothing in it is random, and it gives one whatever ``k`` is.
    """
    from nice import NICE

    table = black_box.table
    desired = table.space.desired
    explainer = NICE(
        black_box.both,
        table.allowed(table.pool),  # NICE writes into what it is given: all of it is copies
        [column for column, feature in enumerate(table.features) if not is_number(feature)],
        y_train=table.targets,
        optimization=kind,
        justified_cf=True,
        auto_encoder=_reconstruction_error(black_box) if kind == "plausibility" else None,
    )
    neighbours = explainer.data.candidates_mask & (explainer.data.X_train_class == desired)
    if not neighbours.any():
        return table.none()
    row = explainer.explain(table.factual[None], target_class=[desired])
    return BaselineResult(np.asarray(row, dtype=np.float64))


def _reconstruction_error(black_box: BlackBox) -> Callable[[Codes], Floats]:
    """How badly the auto-encoder rebuilds rows of the table (n, columns): mean squared error, shape (n,)."""
    space, encoder = _auto_encoder(black_box.fitted)

    def error(rows: Codes) -> Floats:
        black_box.check()
        encoded = space.transform(black_box.table.whole(np.asarray(rows, dtype=np.float64)))
        reconstructed: Floats = encoder(encoded)
        return np.asarray(((reconstructed - encoded) ** 2).mean(axis=1), dtype=np.float64)

    return error


AutoEncoder = tuple[NumericSpace, Callable[[Floats], Floats]]
_auto_encoders: WeakKeyDictionary[ClassifierLike, AutoEncoder] = WeakKeyDictionary()


def _auto_encoder(fitted: FittedCohort) -> AutoEncoder:
    """Fit the auto-encoder that NICE leaves to its user, on the training rows of both classes; once a cohort.

    A perceptron with one hidden layer that learns to give back its input, as in NICE's paper, here on the
    space of the density check.
    """
    known = _auto_encoders.get(fitted.classifier)
    if known is None:
        from sklearn.neural_network import MLPRegressor

        space = NumericSpace.fit(fitted.schema, fitted.train_codes)
        encoded = space.transform(fitted.train_codes)
        hidden = max(round(HIDDEN_SHARE * encoded.shape[1]), 2)
        network = MLPRegressor(hidden_layer_sizes=(hidden,), max_iter=60, random_state=0).fit(
            encoded, encoded
        )
        known = space, lambda rows: np.asarray(network.predict(rows)).reshape(rows.shape)
        _auto_encoders[fitted.classifier] = known
    return known
