"""Counterfactual training rows as an imbalanced-learn sampler, for pipelines of one's own."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from imblearn.base import BaseSampler
from imblearn.over_sampling.base import BaseOverSampler
from imblearn.utils import check_target_type
from sklearn.utils import check_array, check_consistent_length, check_random_state
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from sensecf_core.augmentation.sampling.frame_rows import LABELS, METHODS, Labels, Report, make_rows
from sensecf_core.classifiers.training import one_thread
from sensecf_core.errors import InputError
from sensecf_core.types import Floats, Ints


class CounterfactualSampler(BaseSampler):  # type: ignore[misc]
    """Add counterfactuals of the rows of one class as rows of the other, for two classes.

    Boosted trees are fitted on the rows given, with their share of class 1 (the second class in sorted order)
    as the threshold. Rows of the other class are changed, in at most three features and within the range of
    the data, until the trees put them in the class that is wanted. Columns are read as
    :meth:`Cohort.from_frame <sensecf_core.cohorts.cohort.Cohort.from_frame>` drafts them: numbers, levels
    (text, categories) and booleans, all with gaps; columns named like age, sex or history never change. A
    column that cannot be a feature (dates, free text) is taken over from the row that was changed.

    **For whom it is of no use.** Where labels are plenty and the classes merely unequal, what seems lost is
    the decision threshold: class weights or a moved threshold give it back, and cost nothing. Where labels
    are few, the panel behind the soft labels, the mean of boosted trees, ridge regression and a forest, is
    mostly as good a classifier by itself as what is fitted with its help. Class labels that the trees gave
    (``hard``) made ranking worse nearly everywhere. The figures: docs/augmentation.md and
    ``results/augmentation``.

    **Soft labels.** The panel says a probability p of each made row. A pipeline hands on classes and no
    weights, so what is returned has the class that the panel thinks more likely. Many a row that was made for
    the rarer class then belongs to the other one (``report_`` says how many), and much of what the panel
    knows is lost. The soft labels themselves, which are what the experiment measures, are in
    :meth:`soft_rows`: each made row as class 1 with weight p and as class 0 with weight 1 - p.
    :class:`~sensecf_core.augmentation.sampling.augmented_classifier.AugmentedClassifier` fits a classifier on
    these, within pipelines and ``GridSearchCV`` too: prefer it.

    Parameters
    ----------
    method : how counterfactuals are made, a name in
        :data:`sensecf_core.augmentation.sampling.frame_rows.METHODS`: ``search`` finds minimal ones,
        ``random`` draws random edits.
    labels : of the made rows. ``panel``: of the panel, which did not train on the row's participant (5
        folds). ``hard``: the class that the trees reached. ``margin``: the same, 1 log-odds beyond the
        threshold.
    sampling_strategy : as of imbalanced-learn's over-samplers: how many rows each class should have. That is
        what is asked for; fewer may be made, at most four of each row of the other class.
    random_state : as everywhere in scikit-learn; the same number gives the same rows.
    participant : the column (of an array: its position) that says whose row it is; None: each row is a
        person. The panel's folds keep a participant's rows together, and made rows have the participant of
        the row that was changed. The column stays in what is returned, for the next step to drop.

    Attributes
    ----------
    sampling_strategy_ : dict, class → rows wanted in addition.
    sample_weight_ : (n,), of the rows returned: 1 for real ones and own labels of the trees, and how sure the
        panel is, abs(2 p - 1), for its labels.
    soft_label_ : (n,), p(class 1) of the rows returned: what the panel says where it was asked, else 0 or 1.
    synthetic_ : (n,), whether a row was made.
    factual_ : (n,), the position in ``X`` of the row that each was made of; of a real row its own. So
        ``groups[sampler.factual_]`` are the groups of what is returned.
    classes_ : the two classes, sorted.
    report_ : :class:`~sensecf_core.augmentation.sampling.frame_rows.Report`, by class: rows wanted, proposed,
        kept, and why the others were not.
    n_features_in_, feature_names_in_ : as everywhere in scikit-learn.

    Notes
    -----
    Real rows come first, as they were. It is no ``BaseOverSampler``, since that promises the numbers of
    ``sampling_strategy``. imbalanced-learn's estimator checks hold, all but those that try three classes,
    which are refused. The same checks with two classes hold too, except ``check_samplers_multiclass_ova``,
    which has no meaning there. Sparse matrices are refused, frames with sparse columns are taken.

    Raises
    ------
    InputError : other than two classes, fewer than four participants of a class, or columns that cannot be
        used.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame(rng.normal(0, 1, (90, 4)).round(2), columns=["waist", "steps", "sleep", "pulse"])
    >>> X["smokes"] = rng.random(90) < 0.4
    >>> y = (X["waist"] - X["steps"] + X["smokes"] + rng.normal(0, 1, 90) > 1.5).astype(int)
    >>> sampler = CounterfactualSampler(random_state=0)
    >>> X_more, y_more = sampler.fit_resample(X, y)
    >>> print(sampler.report_)
    Class 1: ...
    >>> X_more.dtypes.equals(X.dtypes), len(X_more) - len(X) == sampler.report_.kept
    (True, True)
    >>> rows, labels, weights = sampler.soft_rows()
    >>> X_more.iloc[rows].shape[0] == len(labels) == len(weights)
    True
    """

    _sampling_type = "over-sampling"
    _parameter_constraints = {
        **BaseOverSampler._parameter_constraints,
        "method": [StrOptions(set(METHODS))],
        "labels": [StrOptions(set(LABELS))],
        "participant": [str, Integral, None],
    }

    def __init__(
        self,
        *,
        method: str = "search",
        labels: Labels = "panel",
        sampling_strategy: Any = "auto",
        random_state: Any = None,
        participant: str | int | None = None,
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy)
        self.method = method
        self.labels = labels
        self.random_state = random_state
        self.participant = participant

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        return tags

    def _check_X_y(self, X: Any, y: Any) -> tuple[Any, Any, bool]:  # noqa: N802
        """Take frames as they are, everything else as an array; imbalanced-learn calls this first."""
        y, one_column_a_class = check_target_type(y, indicate_one_vs_all=True)
        if not isinstance(X, pd.DataFrame):
            X = check_array(X, dtype=None, ensure_all_finite=False)
        elif X.columns.has_duplicates:
            repeated = X.columns[X.columns.duplicated()][0]
            raise InputError(f"Two columns of X are called {repeated!r}; rename one.")
        check_consistent_length(X, y)
        validate_data(self, X=X, y=y, reset=True, skip_check_array=True)
        number = len(pd.unique(pd.Series(y)))
        if number != 2 or pd.isna(pd.Series(y)).any():
            raise InputError(
                f"The target must have two classes and no gaps, and it has {number} "
                f"class{'' if number == 1 else 'es'}; drop rows without a label, and split more classes."
            )
        return X, y, one_column_a_class

    def _fit_resample(self, X: Any, y: npt.NDArray[Any]) -> tuple[Any, npt.NDArray[Any]]:
        classes, outcome = np.unique(y, return_inverse=True)
        outcome = outcome.astype(np.int64)
        seed = int(check_random_state(self.random_state).randint(2**31))
        wanted = {label: int(self.sampling_strategy_.get(classes[label], 0)) for label in (0, 1)}
        frame = X if isinstance(X, pd.DataFrame) else pd.DataFrame(X).infer_objects()
        if self.participant is not None and self.participant not in frame.columns:
            raise InputError(f"X has no column {self.participant!r}, which `participant` names.")
        with one_thread():
            made = make_rows(
                frame,
                outcome,
                wanted,
                method=self.method,
                labels=self.labels,
                participant=self.participant,
                names=tuple(classes.tolist()),
                seed=seed,
            )
        n, label = len(y), (made.risk >= 0.5).astype(np.int64)
        self.classes_ = classes
        self.report_: Report = made.report
        self.factual_ = np.concatenate([np.arange(n), made.factual])
        self.synthetic_ = np.arange(len(self.factual_)) >= n
        self.soft_label_ = np.concatenate([outcome.astype(float), made.risk])
        self._stands_for = np.concatenate([np.ones(n), made.weight])
        self.sample_weight_ = np.abs(2 * self.soft_label_ - 1)
        y = np.concatenate([y, classes[label]])
        if isinstance(X, pd.DataFrame):
            # Sparse columns are plain here; imbalanced-learn gives every column its type back.
            return pd.concat([X.astype(made.frame.dtypes), made.frame], ignore_index=True), y
        return np.concatenate([X, made.frame.to_numpy(dtype=X.dtype)]), y

    def soft_rows(self) -> tuple[Ints, npt.NDArray[Any], Floats]:
        """What was returned last, with each soft label p as two rows: class 1 weighs p, class 0 the rest.

        Where fewer rows of a class were made than may be, each stands for more, at most 4, and weighs so many
        times as much.

        Returns
        -------
        Positions among the rows returned, their classes, and their weights, each (m,).

        Raises
        ------
        NotFittedError : before ``fit_resample``.
        """
        check_is_fitted(self, "soft_label_")
        rows = np.repeat(np.arange(len(self.soft_label_)), 2)
        label = np.tile([1, 0], len(self.soft_label_))
        risk = self.soft_label_[rows]
        weight = self._stands_for[rows] * np.where(label == 1, risk, 1 - risk)
        some = weight > 0
        return rows[some], self.classes_[label[some]], weight[some]
