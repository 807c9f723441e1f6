"""The trace of many queries: how many candidates each method gets right by itself, before anything is
filtered, refined or chosen.

Every query is answered by the same engine as in the app. Finished queries are kept as JSON lines, so that
a run that was ended goes on where it stopped. Rates are means over people of each person's share of the
proposed candidates; their intervals are bootstrap 95 % intervals over people.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from sensecf_core.cohorts.schema import Profile
from sensecf_core.counterfactuals.checker import Checker
from sensecf_core.evaluation.sampling import sample_rows
from sensecf_core.queries.answer import Answer
from sensecf_core.queries.request import ExplainRequest

STEPS = ("readable", "within_limits", "valid", "plausible")
RESAMPLES = 2000
Explain = Callable[[ExplainRequest], Answer]
Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Direction:
    """People predicted one class, asked to reach the other, under one profile of limits."""

    predicted: Literal[0, 1]
    profile: Profile

    @property
    def label(self) -> str:
        """How tables name it: "1→0"."""
        return f"{self.predicted}→{1 - self.predicted}"


def directions(checker: Checker, profile: Profile | None = None) -> tuple[Direction, Direction]:
    """Both class directions of a cohort.

    Towards the desired class under ``profile`` (default: the cohort's own limits), away from it under
    ``contrast``, for which alone the opposite class is meant.
    """
    desired = checker.schema.task.desired
    towards = Direction(1 if desired == 0 else 0, profile or checker.schema.default_limits)
    return towards, Direction(1 if towards.predicted == 0 else 0, "contrast")


def requests(
    checker: Checker, directions: Sequence[Direction], methods: Sequence[str], *, n: int, **options: int
) -> Iterator[tuple[Direction, ExplainRequest]]:
    """Every query of a run: per direction the same ``n`` people (0: all) for every method.

    ``options`` are fields of the request (``seed``, ``candidates``, ``max_changes``, ``k``).
    """
    for direction in directions:
        keys = sample_rows(
            checker.cohort, checker.classifier, predicted=direction.predicted, n=n, seed=options["seed"]
        )
        for method in methods:
            for participant_id, row_id in keys:
                yield (
                    direction,
                    ExplainRequest.model_validate(
                        {
                            "cohort": checker.schema.name,
                            "participant_id": participant_id,
                            "row_id": row_id,
                            "method": method,
                            "profile": direction.profile,
                            "desired": 1 - direction.predicted,
                            **options,
                        }
                    ),
                )


def run(
    asked: Sequence[tuple[Direction, ExplainRequest]], finished: Path, explain: Explain, progress: Progress
) -> list[dict[str, Any]]:
    """Answer what ``finished`` (JSON lines) does not hold yet, and return the records of all, in order."""
    kept = _read(finished)
    records = []
    with finished.open("a", encoding="utf-8") as lines:
        for number, (direction, request) in enumerate(asked):
            key = " ".join(_key(direction, request))
            if key not in kept:
                progress(
                    number / len(asked), f"{number + 1} of {len(asked)}: {request.method}, {direction.label}"
                )
                kept[key] = {"key": key, **record(direction, explain(request))}
                lines.write(json.dumps(kept[key], ensure_ascii=False) + "\n")
                lines.flush()
            records.append(kept[key])
    return records


def _key(direction: Direction, request: ExplainRequest) -> tuple[str, ...]:
    """What tells one query of a run from the others."""
    return (
        direction.label,
        direction.profile,
        request.method,
        request.participant_id,
        request.row_id or "",
    )


def _read(finished: Path) -> dict[str, dict[str, Any]]:
    """Records by key; a last line that was cut off in the middle is left out (and ended, if need be)."""
    if not finished.exists():
        return {}
    text = finished.read_text(encoding="utf-8")
    if text and not text.endswith("\n"):
        text = text[: text.rfind("\n") + 1]
        finished.write_text(text, encoding="utf-8")
    return {entry["key"]: entry for entry in map(json.loads, text.splitlines())}


def record(direction: Direction, answer: Answer) -> dict[str, Any]:
    """What one answer adds to the table."""
    trace = answer.trace
    return {
        "direction": direction.label,
        "limits": answer.limits.profile,
        "method": answer.method,
        "participant_id": answer.participant_id,
        "row_id": answer.row_id,
        "status": answer.status,
        "probability": answer.factual.probability,
        "proposed": trace.proposed,
        "unique": trace.unique,
        **{step: getattr(trace, step) for step in STEPS},
        "shown": trace.shown,
        "model_rows": trace.model_rows,
        "seconds": answer.seconds.total,
    }


def summarise(records: Sequence[Mapping[str, Any]], seed: int = 0) -> list[dict[str, Any]]:
    """One row per direction, limits and method, in the order they first appear.

    Each rate is ``{"mean", "low", "high"}``: a person's share of proposed candidates that passed this
    step and all before it, averaged over people; ``shown`` is the share of people with at least one
    counterfactual to show, ``valid_any`` with at least one valid raw candidate. ``seconds`` is the
    median (wall time an answer).
    """
    groups: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for entry in records:
        groups.setdefault((entry["direction"], entry["limits"], entry["method"]), []).append(entry)
    return [
        {
            "direction": direction,
            "limits": limits,
            "method": method,
            "people": len(group),
            "candidates": sum(entry["proposed"] for entry in group),
            **_rates(group, seed),
        }
        for (direction, limits, method), group in groups.items()
    ]


def _rates(group: Sequence[Mapping[str, Any]], seed: int) -> dict[str, dict[str, float]]:
    proposed = np.array([max(entry["proposed"], 1) for entry in group], dtype=float)
    rates = {step: _interval(np.array([e[step] for e in group]) / proposed, np.mean, seed) for step in STEPS}
    rates["valid_any"] = _interval(np.array([e["valid"] > 0 for e in group], dtype=float), np.mean, seed)
    rates["shown"] = _interval(np.array([e["shown"] > 0 for e in group], dtype=float), np.mean, seed)
    rates["seconds"] = _interval(np.array([e["seconds"] for e in group], dtype=float), np.median, seed)
    return rates


def _interval(values: npt.NDArray[np.float64], statistic: Any, seed: int) -> dict[str, float]:
    """A statistic over people (n,) with its percentile bootstrap 95 % interval."""
    rng = np.random.default_rng(seed)
    draws = values[rng.integers(0, len(values), (RESAMPLES, len(values)))]
    low, high = np.quantile(statistic(draws, axis=1), [0.025, 0.975])
    return {
        "mean" if statistic is np.mean else "median": float(statistic(values)),
        "low": float(low),
        "high": float(high),
    }


def as_csv(summary: Sequence[Mapping[str, Any]]) -> str:
    """The summary as a small CSV: one line a group, each rate as value, low, high."""
    measures = (*STEPS, "valid_any", "shown", "seconds")
    fixed = ("direction", "limits", "method", "people", "candidates")
    header = [*fixed, *(f"{m}{end}" for m in measures for end in ("", "_low", "_high"))]
    lines = [",".join(header)]
    for row in summary:
        numbers = [value for measure in measures for value in row[measure].values()]
        lines.append(",".join([*(str(row[name]) for name in fixed), *(f"{n:.4f}" for n in numbers)]))
    return "\n".join(lines) + "\n"
