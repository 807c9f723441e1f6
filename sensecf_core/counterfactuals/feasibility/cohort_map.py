"""The feasibility map of a cohort: what is feasible for every row under every profile of limits.

It orders and filters people on pages and says the first word there; it never enters a prompt, and what
measures methods does not read it. It holds for one content of data, schema, split and classifier, and is left
out where that changed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

import pandas as pd

from sensecf_core import __version__, provenance
from sensecf_core.classifiers import store
from sensecf_core.cohorts import builtin
from sensecf_core.cohorts.cohort import INDEX_NAMES, Cohort
from sensecf_core.cohorts.schema import Profile
from sensecf_core.counterfactuals.checks.sentences import points
from sensecf_core.counterfactuals.feasibility.assess import assess
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort, load_fitted
from sensecf_core.counterfactuals.problem.make_queries import make_queries
from sensecf_core.counterfactuals.result import content_hashes
from sensecf_core.errors import NotReadyError
from sensecf_core.paths import CHECKOUT, var
from sensecf_core.processes import parallel_map
from sensecf_core.queries.limits import Limits
from sensecf_core.types import Json, Progress, RowKey

FILE = "feasibility.parquet"
MAX_CHANGES = 3
"""Most changes of one counterfactual: the default of every request."""
ROWS_A_TASK = 64
SMALL = 1_000
"""Rows up to which starting processes costs more time than they save."""
PROVENANCE = b"sensecf"
"""The key of the Parquet file's own metadata that holds the provenance as JSON."""
QUERY = (*INDEX_NAMES, "profile", "desired")
"""Columns that identify a line; the others are the fields of :class:`~.assess.Reach`."""


@dataclass(frozen=True)
class _Task:
    """Rows to assess under one profile."""

    profile: Profile
    desired: Literal[0, 1]
    keys: tuple[RowKey, ...]


def build(fitted: FittedCohort, *, jobs: int = 1, progress: Progress = lambda *_: None) -> pd.DataFrame:
    """Assess every row: towards the desired class under every profile, away from it under ``contrast``.

    A row is asked about the class that it is not predicted. ``jobs`` processes need a cohort that can be
    found by its name. Returns a line a row and profile: :data:`QUERY` and the fields of
    :class:`~sensecf_core.counterfactuals.feasibility.assess.Reach`, in the order of the rows.
    """
    tasks = list(_tasks(fitted))
    total = sum(len(task.keys) for task in tasks)
    lines: list[dict[str, Any]] = []
    work = partial(_assess_by_name, fitted.schema.name) if jobs > 1 else partial(_assess_rows, fitted)
    with closing(parallel_map(work, tasks, jobs)) as results:
        for found in results:
            lines += found
            progress(len(lines) / max(total, 1), f"{len(lines):,} of {total:,} questions")
    frame = pd.DataFrame(lines, columns=[*QUERY, *_FIELDS])
    row_of = {key: number for number, key in enumerate(fitted.cohort.rows.index)}
    order = [row_of[key] for key in zip(frame[INDEX_NAMES[0]], frame[INDEX_NAMES[1]], strict=True)]
    frame = frame.assign(order=order).sort_values(["order", "profile"], kind="stable")
    return frame.drop(columns="order").reset_index(drop=True)


_FIELDS = ("cross", "lower", "reliable_reduction", "best_probability", "on_the_line")


def _tasks(fitted: FittedCohort) -> Iterator[_Task]:
    rows, desired = fitted.cohort.rows, fitted.schema.task.desired
    predicted = fitted.classifier.predict(rows)
    other: Literal[0, 1] = 1 if desired == 0 else 0
    asked: list[tuple[Profile, Literal[0, 1]]] = [(profile, desired) for profile in get_args(Profile)]
    for profile, target in [*asked, ("contrast", other)]:
        keys = [(str(person), str(row)) for person, row in rows.index[predicted != target]]
        for start in range(0, len(keys), ROWS_A_TASK):
            yield _Task(profile, target, tuple(keys[start : start + ROWS_A_TASK]))


def _assess_by_name(cohort: str, task: _Task) -> list[dict[str, Any]]:
    return _assess_rows(load_fitted(cohort), task)


def _assess_rows(fitted: FittedCohort, task: _Task) -> list[dict[str, Any]]:
    limits = Limits(profile=task.profile, max_changes=MAX_CHANGES)
    queries = make_queries(fitted, task.keys, task.desired, limits)
    return [
        {
            **dict(zip(QUERY, (*key, task.profile, task.desired), strict=True)),
            **{name: getattr(reach, name) for name in _FIELDS},
        }
        for key, reach in zip(task.keys, assess(fitted, queries), strict=True)
    ]


def renew(cohort: str, *, jobs: int, progress: Progress = lambda *_: None) -> Path:
    """Build and write the map of a cohort that has a name; a small one in this process. Returns the file."""
    fitted = load_fitted(cohort)
    jobs = jobs if len(fitted.cohort.rows) > SMALL else 1
    return write(fitted, build(fitted, jobs=jobs, progress=progress))


def file_of(cohort: Cohort) -> Path:
    """The file of a cohort's map: beside the data of a built-in one, else private."""
    if CHECKOUT and not cohort.own and cohort.schema.name in builtin.NAMES:
        return builtin.DATA / cohort.schema.name / FILE
    return var("feasibility", f"{cohort.schema.name}-{cohort.data_sha256[:12]}.parquet")


def write(fitted: FittedCohort, frame: pd.DataFrame, path: Path | None = None) -> Path:
    """Write a map with its provenance; returns the file. The same map gives the same bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = path or file_of(fitted.cohort)
    path.parent.mkdir(parents=True, exist_ok=True)
    record = {
        "command": f"{provenance.PROGRAM} feasibility --cohort {fitted.schema.name}",
        "version": __version__,
        "max_changes": MAX_CHANGES,
        "sha256": content_hashes(fitted.cohort, fitted.classifier),
    }
    small = frame.astype({"desired": "int8", "reliable_reduction": "float32", "best_probability": "float32"})
    table = pa.Table.from_pandas(small, preserve_index=False)
    table = table.replace_schema_metadata({PROVENANCE: json.dumps(record, sort_keys=True)})
    part = path.with_name(f".{path.name}.{os.getpid()}.part")  # a kill leaves the old map or the new one
    pq.write_table(table, part, compression="zstd", compression_level=19)
    part.replace(path)
    return path


@dataclass(frozen=True)
class FeasibilityMap:
    """A map as it was read: ``frame`` as :func:`build` gives it, or None and ``why`` in a sentence."""

    frame: pd.DataFrame | None
    why: str = ""


def read(cohort: Cohort) -> FeasibilityMap:
    """Read a cohort's map; one of other data or another classifier is left out, with a sentence."""
    import pyarrow.parquet as pq

    remedy = f"`{provenance.CLI} feasibility --cohort {cohort.schema.name}` makes it"
    try:
        table = pq.read_table(file_of(cohort))
        hashes = json.loads(table.schema.metadata[PROVENANCE])["sha256"]
    except FileNotFoundError:
        return FeasibilityMap(None, f"Nobody has asked yet for whom there are options; {remedy}.")
    except (OSError, ValueError, KeyError, TypeError):
        return FeasibilityMap(None, f"The list of people with options cannot be read; {remedy} anew.")
    if hashes != _hashes_now(cohort):
        text = "The list of people with options is of other data or another classifier, and is left out"
        return FeasibilityMap(None, f"{text}; {remedy} anew.")
    frame = table.to_pandas()
    text_columns = dict.fromkeys((*INDEX_NAMES, "profile", "cross", "lower"), object)
    return FeasibilityMap(frame.astype({**text_columns, "desired": int}))


def _hashes_now(cohort: Cohort) -> Json | None:
    try:
        return content_hashes(cohort, store.load(cohort))
    except NotReadyError:
        return None


SOLID, FRAGILE, NONE = "solid", "fragile", "none"


def phrase(cross: str, lower: str, reliable_reduction: float, desired: int = 0) -> str:
    """What a line of a map says of a person, in a word or three for a table: "solid", "lowers by 8", "none".

    :data:`SOLID` means that an option that can be relied on alters the prediction; else how many points of
    100 the risk moves in nine of ten retrained models. :data:`FRAGILE` means that an option alters the
    prediction that cannot be relied on, and none moves the risk so.
    """
    if cross == "solid":
        return SOLID
    if lower == "none found":
        return FRAGILE if cross == "fragile" else NONE
    moved = points(float(reliable_reduction)).rsplit(" ", 1)[0]
    text = f"{'lowers' if desired == 0 else 'raises'} by {moved}"
    return text if lower == "solid" else f"{text}, fragile"


def nothing(frame: pd.DataFrame) -> pd.Series:
    """For which lines of a map nothing crosses and nothing lowers the risk reliably."""
    return ~frame["cross"].isin(["solid", "fragile"]) & (frame["lower"] == "none found")


def summary(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """How many rows of each profile and direction cross solidly, can be lowered, or provably cannot cross."""
    return [
        {
            "profile": profile,
            "desired": int(desired),
            "rows": len(group),
            "cross": {str(name): int(count) for name, count in group["cross"].value_counts().items()},
            "lower": {str(name): int(count) for name, count in group["lower"].value_counts().items()},
            "nothing": int(nothing(group).sum()),
        }
        for (profile, desired), group in frame.groupby(["profile", "desired"], sort=False)
    ]
