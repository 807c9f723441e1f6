"""Counterfactual training rows of a data frame, in the frame's own columns, values and types.

What is fitted is what the experiment fits (:class:`~sensecf_core.augmentation.artefacts.Artefacts`), on all
rows of the frame.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from sensecf_core.augmentation.artefacts import MOST_WEIGHT, Artefacts
from sensecf_core.augmentation.rows.ask import Answered
from sensecf_core.augmentation.rows.counterfactual_rows import (
    MARGIN,
    ROWS_PER_FACTUAL,
    counterfactual_rows,
)
from sensecf_core.augmentation.rows.sources import METHODS as SOURCES
from sensecf_core.augmentation.scarcity import FEWEST, Counts
from sensecf_core.classifiers.design_matrix import to_matrix
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.encoding import Codes, to_codes
from sensecf_core.cohorts.fingerprint import frame_sha256
from sensecf_core.cohorts.frames.draft import draft_schema
from sensecf_core.counterfactuals.problem.search_space import differ
from sensecf_core.errors import InputError
from sensecf_core.types import Floats, Ints

Labels = Literal["panel", "hard", "margin"]
LABELS: tuple[Labels, ...] = get_args(Labels)

METHODS = {name: source for name, source in SOURCES.items() if not name.startswith("lm-")}
"""Sources of rows for frames: all without a language model, whose adapters belong to cohorts with a name."""


@dataclass(frozen=True)
class ClassReport:
    """What became of the rows that were wanted of one class.

    ``wanted`` rows were asked for, of which ``allowed`` may be made: :data:`ROWS_PER_FACTUAL` for each row of
    the other class. The method was asked ``asked`` times, did not answer ``unanswered`` of these questions,
    and proposed ``proposed`` rows to the others; ``kept`` of them were made into rows. In ``labelled`` of
    these the class is the more likely one; under the panel's labels they may be few. ``left_out`` counts by
    reason:

    - ``repeated``: proposals that were there already;
    - ``short``: proposals that the trees do not put in the class;
    - ``beyond``: proposals after there were enough, in all or of one row;
    - ``unlabelled``: rows whom no panel could label without having trained on their participant.

    So ``proposed`` is ``kept`` and everything left out together.
    """

    label: Any
    wanted: int
    allowed: int
    asked: int
    unanswered: int
    proposed: int
    kept: int
    labelled: int
    left_out: Mapping[str, int]

    def __str__(self) -> str:
        """Say in one sentence how many rows were made, and why fewer than were wanted."""
        text = f"Class {self.label}: {self.kept} of {self.wanted} wanted rows made"
        if self.labelled < self.kept:
            text += f", {self.labelled} of which the panel puts in it"
        repeated, short, unlabelled = (self.left_out[why] for why in ("repeated", "short", "unlabelled"))
        reasons = {
            f"{ROWS_PER_FACTUAL} at most of each row of the other class": self.wanted - self.allowed,
            f"asked {self.asked} times": self.asked,
            f"{self.unanswered} times without an answer": self.unanswered,
            f"{short} proposals did not reach the class": short,
            f"{repeated} were there already": repeated,
            f"{unlabelled} could not be labelled": unlabelled,
        }
        fewer = self.kept < self.wanted
        said = "; ".join(reason for reason, number in reasons.items() if fewer and number)
        return f"{text} ({said})." if said else f"{text}."


@dataclass(frozen=True)
class Report:
    """What a sampler did: a report for each class of which rows were wanted.

    ``held`` are columns that cannot be features (dates, free text, one level only): made rows have them from
    their factual, and no model saw them.
    """

    method: str
    labels: str
    classes: tuple[ClassReport, ...]
    held: tuple[Hashable, ...] = ()

    @property
    def kept(self) -> int:
        """The counterfactuals that were made into rows, of both classes."""
        return sum(one.kept for one in self.classes)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values."""
        return asdict(replace(self, held=tuple(str(column) for column in self.held)))

    def __str__(self) -> str:
        """Say it in sentences, one a line."""
        lines = [str(one) for one in self.classes] or ["No class wants rows."]
        if self.held:
            lines.append(f"Taken over from the factual as they are: {', '.join(map(str, self.held))}.")
        return "\n".join(lines)


@dataclass(frozen=True)
class FrameRows:
    """Rows made of a frame's rows.

    Attributes
    ----------
    frame : (n, columns), with the columns and types of the frame they were made for.
    factual : (n,), the position of the row that each was made of.
    risk : (n,), p(class 1): what the panel says where it was asked, else the class.
    weight : (n,), from 1 to :data:`MOST_WEIGHT`: above 1 where fewer rows of a class were made than may be.
    """

    frame: pd.DataFrame
    factual: Ints
    risk: Floats
    weight: Floats
    report: Report


@dataclass(frozen=True)
class _OfClass:
    codes: Codes
    factual: Ints
    risk: Floats
    weight: Floats
    report: ClassReport


def make_rows(
    frame: pd.DataFrame,
    outcome: Ints,
    wanted: Mapping[int, int],
    *,
    method: str,
    labels: Labels,
    participant: Hashable | None,
    names: tuple[Any, Any],
    seed: int,
) -> FrameRows:
    """Make counterfactuals of each class in ``wanted`` (class → rows) from rows of the other class.

    Parameters
    ----------
    frame : features, and perhaps a column of participants.
    outcome : (n,), 0 or 1.
    participant : the column that says whose row it is; None: each row is a person.
    names : what the report calls class 0 and class 1.

    Raises
    ------
    InputError : columns that cannot be used, or too few participants of a class.
    """
    frame = _dense(frame).reset_index(drop=True)
    counts = Counts(wanted.get(0, 0), wanted.get(1, 0))
    if not counts.zeros + counts.ones:
        nothing = np.empty(0, dtype=np.int64)
        return FrameRows(frame[:0], nothing, np.empty(0), np.empty(0), Report(method, labels, ()))
    held = _held(frame, participant)
    cohort = _as_cohort(frame.drop(columns=list(held)), outcome, participant)
    _check_enough(cohort, names)
    artefacts = Artefacts(cohort, counts, seed)
    made = [_of_class(artefacts, label, method, labels, names) for label in (0, 1) if counts.of_class(label)]
    factual = np.concatenate([one.factual for one in made])
    return FrameRows(
        frame=_written(frame, cohort, np.vstack([one.codes for one in made]), factual),
        factual=factual,
        risk=np.concatenate([one.risk for one in made]),
        weight=np.concatenate([one.weight for one in made]),
        report=Report(method, labels, tuple(one.report for one in made), held),
    )


def _dense(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with plain columns in place of sparse ones."""
    return frame.astype(
        {name: dtype.subtype for name, dtype in frame.dtypes.items() if isinstance(dtype, pd.SparseDtype)}
    )


def _held(frame: pd.DataFrame, participant: Hashable | None) -> tuple[Hashable, ...]:
    """Columns that no schema can describe, other than numbers (of which the schema's error says more)."""
    held = []
    for column in frame.columns:
        numbers = pd.api.types.is_numeric_dtype(frame[column].dtype) and frame[column].notna().any()
        if column == participant or numbers:
            continue
        try:
            draft_schema(frame, {"column": column}, name="frame", target="target", desired=0)
        except InputError:
            held.append(column)
    return tuple(held)


def _as_cohort(frame: pd.DataFrame, outcome: Ints, participant: Hashable | None) -> Cohort:
    """The frame as a cohort of which every row is a training row."""
    target = "target"
    while target in frame.columns:
        target += "_"
    cohort = Cohort.from_frame(frame.assign(**{target: outcome}), target=target, participant=participant)
    parts = cohort.parts.mask(cohort.parts.ne("train"), "train")
    return replace(cohort, parts=parts, split_sha256=frame_sha256(parts.to_frame()))


def _check_enough(cohort: Cohort, names: tuple[Any, Any]) -> None:
    people = cohort.rows.index.get_level_values(0)
    for label, name in enumerate(names):
        number = people[cohort.target.eq(label).to_numpy()].nunique()
        if number < FEWEST["train"]:
            raise InputError(
                f"The class {name} has {number} participants, and {FEWEST['train']} are needed to fit and to "
                "label in folds; give more rows of it."
            )


def _of_class(
    artefacts: Artefacts, label: int, method: str, labels: Labels, names: tuple[Any, Any]
) -> _OfClass:
    rows, number = artefacts.training_rows, artefacts.wanted(label)
    positions = np.arange(len(rows.target)).astype(str).astype(object)
    source, margin = METHODS[method], MARGIN if labels == "margin" else 0.0
    answers: list[Answered] = []

    def counted(*asked: Any) -> list[Answered]:
        found = source.propose(*asked)
        answers.extend(found)
        return found

    made = counterfactual_rows(
        artefacts.fitted,
        replace(rows, people=positions),  # so that each row is owned by the very row that it was made of
        label,
        number,
        source=replace(source, propose=counted),
        margin=margin,
        rng=artefacts.rng(method, label),
    )
    factual = made.owners.astype(np.int64)
    risk = made.labels
    if labels == "panel" and len(factual):
        risk = artefacts.panel.label(to_matrix(rows.schema, made.codes), rows.people[factual])
    kept = ~np.isnan(risk)
    proposed = np.vstack([np.empty((0, rows.codes.shape[1])), *(answer.rows for answer in answers)])
    different = np.unique(proposed, axis=0)
    reached = artefacts.fitted.reaches(
        artefacts.fitted.classifier.probability_of_codes(different), label, margin
    )
    short = int((~reached).sum()) if source.margin == "sieved" else 0
    report = ClassReport(
        label=names[label],
        wanted=artefacts.removed.of_class(label),
        allowed=number,
        asked=len(answers),
        unanswered=sum(not len(answer.rows) for answer in answers),
        proposed=len(proposed),
        kept=int(kept.sum()),
        labelled=int((risk[kept] >= 0.5).sum() if label else (risk[kept] < 0.5).sum()),
        left_out={
            "repeated": len(proposed) - len(different),
            "short": short,
            "beyond": len(different) - short - len(factual),
            "unlabelled": int((~kept).sum()),
        },
    )
    weight = np.full(int(kept.sum()), min(MOST_WEIGHT, number / max(1, len(factual))))
    return _OfClass(made.codes[kept], factual[kept], risk[kept], weight, report)


def _written(frame: pd.DataFrame, cohort: Cohort, codes: Codes, factual: Ints) -> pd.DataFrame:
    """The rows at ``factual`` with the changed values of ``codes`` written into them."""
    assert cohort.layout is not None
    schema = cohort.schema
    half_step = np.array([0.5 * 10.0**-feature.decimals for feature in schema.features])
    changed = differ(codes, to_codes(schema, cohort.rows)[factual], half_step)
    written = frame.iloc[factual].reset_index(drop=True)
    for name, column in cohort.layout.columns.items():
        position = schema.positions[name]
        rows = np.flatnonzero(changed[:, position])
        if len(rows):
            new = column.decode(codes[rows, position])
            written[column.name] = written[column.name].copy()
            written.iloc[rows, written.columns.get_loc(column.name)] = new.to_numpy()
    return written
