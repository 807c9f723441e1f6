"""How good a classifier would be without a named group of features (``left_out`` in the schema)."""

from __future__ import annotations

from dataclasses import replace

from sensecf_core.classifiers.evaluation.cross_fitting import predict_both
from sensecf_core.classifiers.evaluation.metrics import Predictions
from sensecf_core.classifiers.training import fit, rows_of
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.schema import LeftOut, Schema


def without(cohort: Cohort, group: LeftOut) -> Cohort:
    """Return the cohort without a group of features, and without the rules that need one of them."""
    dropped = set(group.features)
    fields = cohort.schema.model_dump() | {
        "features": [
            feature.model_dump() for feature in cohort.schema.features if feature.name not in dropped
        ],
        "rules": [rule.model_dump() for rule in cohort.schema.rules if not dropped & set(rule.terms)],
        "couplings": [
            coupling.model_dump()
            for coupling in cohort.schema.couplings
            if not dropped & {coupling.feature, coupling.follows}
        ],
        "left_out": [],
    }
    schema = Schema.model_validate(fields)
    return replace(cohort, schema=schema, rows=cohort.rows[list(schema.names)])


def predict_without(cohort: Cohort, group: LeftOut, seed: int) -> Predictions:
    """Predict the ``test`` rows by a classifier that was trained, by the same recipe, without the group."""
    reduced = without(cohort, group)
    classifier = fit(reduced.schema, rows_of(reduced, "train"), rows_of(reduced, "val"), seed=seed, refits=0)
    main, _ = predict_both(classifier, rows_of(reduced, "test"))
    return main
