"""The trace of many queries: how many candidates each method gets right by itself, before anything is
filtered, refined or chosen.

Every query is answered by the same engine as in the app. Finished queries are kept as JSON lines, so that
a run that was ended goes on where it stopped. Rates are means over people of each person's share of the
proposed candidates; their intervals are bootstrap 95 % intervals over people.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from sensecf_core.evaluation.json_lines import append_line, read_lines
from sensecf_core.evaluation.metrics.statistics import mean_interval, median_interval
from sensecf_core.evaluation.raw_candidates.credit import credit
from sensecf_core.evaluation.raw_candidates.directions import Direction
from sensecf_core.evaluation.raw_candidates.feasible_queries import is_feasible
from sensecf_core.queries.answer import Answer
from sensecf_core.queries.methods import controls_of
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.types import Progress

Statistic = Literal["mean", "median"]
Rate = dict[str, float | None]
QUERY = ("direction", "limits", "goal", "participant_id", "row_id")
"""The fields that identify a query."""
NEEDS = ("direction", "status", "seconds")
"""Some of the fields of every record."""
STEPS = ("readable", "within_limits", "valid", "plausible")
EMPTY: Rate = {"mean": None, "low": None, "high": None}
"""The rate over nobody."""
Explain = Callable[[ExplainRequest], Answer]
Measure = Callable[[Answer], dict[str, Any]]


def run(
    requests: Sequence[tuple[Direction, ExplainRequest]],
    files: Mapping[str, Path],
    explain: Explain,
    progress: Progress,
    measure: Measure = lambda answer: {},
) -> list[dict[str, Any]]:
    """Answer the requests that have no record in ``files`` (JSON lines, by method); return all, in order.

    ``measure`` adds to each record, see :class:`sensecf_core.evaluation.raw_candidates.rates.CandidateRates`.
    """
    finished = {key: entry for path in files.values() for key, entry in read_lines(path, needs=NEEDS).items()}
    records = []
    for number, (direction, request) in enumerate(requests):
        key = " ".join(_key(direction, request))
        if key not in finished:
            progress(
                number / len(requests),
                f"{number + 1} of {len(requests)}: {request.method}, {direction.label}",
            )
            answer = explain(request)
            finished[key] = {"key": key, **record(direction, answer), **measure(answer)}
            append_line(files[request.method], finished[key])
        records.append(finished[key])
    return records


def _key(direction: Direction, request: ExplainRequest) -> tuple[str, ...]:
    """The parts of a request's key within a run."""
    return (
        direction.label,
        direction.profile,
        direction.goal,
        request.method,
        request.participant_id,
        request.row_id or "",
    )


def record(direction: Direction, answer: Answer) -> dict[str, Any]:
    """The record of one answer; rates of raw candidates are those of the first attempt."""
    trace = answer.trace
    raw = trace.first or trace
    return {
        "direction": direction.label,
        "limits": answer.limits.profile,
        "goal": direction.goal,
        "method": answer.method,
        "participant_id": answer.participant_id,
        "row_id": answer.row_id,
        "status": answer.status,
        "probability": answer.factual.probability,
        "proposed": raw.proposed,
        "unique": raw.unique,
        **{step: getattr(raw, step) for step in STEPS},
        "shown": trace.shown,
        "askings": trace.askings,
        "model_rows": trace.model_rows,
        "seconds": answer.seconds.total,
    }


def summarise(
    records: Sequence[Mapping[str, Any]],
    seed: int = 0,
    answerable: Mapping[tuple[str, ...], bool] | None = None,
) -> list[dict[str, Any]]:
    """One row per direction, limits, goal and method, in the order they first appear.

    ``answerable`` is by :data:`QUERY` whether each query can be answered; without it the records decide
    (:func:`answerable_of`).

    Each rate is ``{"mean", "low", "high"}``: a person's share of proposed candidates that passed this
    step and all before it, averaged over people; ``shown`` is the share of people with at least one
    counterfactual to show (``shown_first``: after the first attempt), ``valid_any`` with at least one valid
    raw candidate. ``seconds`` is the median (wall time an answer). ``credit`` is what a language model's raw
    validity adds to that of ``credit_over``, the best control that knows as much (:mod:`.credit`); None and
    "" where not all of these controls were asked the same queries.
    """
    groups: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    feasible = answerable_of(records) if answerable is None else answerable
    for entry in records:
        query, group = (
            query_of(entry),
            tuple(entry[name] for name in ("direction", "limits", "goal", "method")),
        )
        known = {"answerable": feasible[query]} if query in feasible else {}
        groups.setdefault(group, []).append({**entry, **known})
    return [
        {
            "direction": direction,
            "limits": limits,
            "goal": goal,
            "method": method,
            "people": len(group),
            "candidates": sum(entry["proposed"] for entry in group),
            **_rates(group, seed),
            **_credit_of(groups, (direction, limits, goal, method), seed),
        }
        for (direction, limits, goal, method), group in groups.items()
    ]


def _credit_of(
    groups: Mapping[tuple[str, ...], Sequence[Mapping[str, Any]]], group: tuple[str, ...], seed: int
) -> dict[str, Any]:
    """``credit`` and ``credit_over`` of a group; nothing where it is not known what can be answered."""
    *asked, name = group
    if not all("answerable" in entry and query_of(entry) for entry in groups[group]):
        return {}
    controls = controls_of(name.partition(", ")[0].partition("@")[0])
    found = credit(
        _valid_of_answerable(groups[group]),
        {control: _valid_of_answerable(groups.get((*asked, control), ())) for control in controls},
        {query_of(entry): entry["participant_id"] for entry in groups[group]},
        seed=seed,
    )
    if found is None:
        return {"credit": EMPTY, "credit_over": ""}
    ends = found.interval.as_json()
    return {
        "credit": {"mean": ends["value"], "low": ends["low"], "high": ends["high"]},
        "credit_over": found.control,
    }


def _valid_of_answerable(group: Sequence[Mapping[str, Any]]) -> dict[tuple[str, ...], float]:
    """Each answerable query's share of proposed candidates that are valid."""
    return {
        query_of(entry): entry["valid"] / max(entry["proposed"], 1)
        for entry in group
        if entry.get("answerable")
    }


def query_of(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """The query that a record is about (:data:`QUERY`); empty where a field is missing."""
    return tuple(entry[name] for name in QUERY) if all(name in entry for name in QUERY) else ()


def answerable_of(records: Sequence[Mapping[str, Any]]) -> dict[tuple[str, ...], bool]:
    """Whether each query can be answered, the same for every method; from records with a search's result.

    It can if the search or any of the methods answered it, so that all rates have the same denominator.
    """
    results: dict[tuple[str, ...], list[bool]] = {}
    for entry in records:
        if "answerable" in entry:
            feasible = is_feasible(proven=None, found=entry["answerable"], answered=entry["valid"] > 0)
            results.setdefault(query_of(entry), []).append(feasible)
    return {query: any(feasible) for query, feasible in results.items()}


def _rates(group: Sequence[Mapping[str, Any]], seed: int) -> dict[str, Rate]:
    proposed = np.array([max(entry["proposed"], 1) for entry in group], dtype=float)
    rates = {step: _interval(np.array([e[step] for e in group]) / proposed, "mean", seed) for step in STEPS}
    rates["valid_any"] = _interval(np.array([e["valid"] > 0 for e in group], dtype=float), "mean", seed)
    rates["shown"] = _interval(np.array([e["shown"] > 0 for e in group], dtype=float), "mean", seed)
    rates["seconds"] = _interval(np.array([e["seconds"] for e in group], dtype=float), "median", seed)
    if all("answerable" in entry for entry in group):
        rates |= _measured(group, seed)
    return rates


def _measured(group: Sequence[Mapping[str, Any]], seed: int) -> dict[str, Rate]:
    """Rates over the queries that can be answered at all, and by the other classifiers.

    ``of_answerable_*`` leave the others out; the rates of the second and the independent classifier leave out
    the queries on whose factual they differ from the classifier. ``control``: uniform draws with as many
    changes.
    """
    answerable = [entry for entry in group if entry["answerable"]]

    def over(rows: Sequence[Mapping[str, Any]], value: Callable[[Mapping[str, Any]], Any]) -> Any:
        values = [x for entry in rows if (x := value(entry)) is not None]
        return _interval(np.array(values, dtype=float), "mean", seed) if values else EMPTY

    def share(name: str) -> Callable[[Mapping[str, Any]], float | None]:
        return lambda e: None if e.get(name) is None else e[name] / max(e["proposed"], 1)

    return {
        "answerable": over(group, lambda e: e["answerable"]),
        "of_answerable_valid": over(answerable, share("valid")),
        "of_answerable_solid": over(answerable, share("solid")),
        "of_answerable_plausible": over(answerable, share("plausible")),
        "of_answerable_control_valid": over(answerable, share("control_valid")),
        "of_answerable_valid_any": over(answerable, lambda e: e["valid"] > 0),
        "of_answerable_shown": over(answerable, lambda e: e["shown"] > 0),
        "of_answerable_shown_first": over(answerable, lambda e: e["shown"] > 0 and e["askings"] == 1),
        "askings": over(group, lambda e: e["askings"]),
        "of_answerable_second_valid": over(answerable, share("second_valid")),
        "of_answerable_third_valid": over(answerable, share("third_valid")),
        "distinct": over(group, share("unique")),
        "changed": over(group, lambda e: e["changed"]),
        "gower": over(group, lambda e: e["gower"]),
        "final_changed": over(group, lambda e: e["final_changed"]),
        "final_violations": over(group, lambda e: e["final_violations"]),
    }


def _interval(values: npt.NDArray[np.float64], statistic: Statistic, seed: int) -> Rate:
    """A statistic over people (n,) with its bootstrap 95 % interval; a single person's is that value."""
    of_kind = mean_interval if statistic == "mean" else median_interval
    interval = of_kind(values, seed=seed)
    low, high = (interval.value if np.isnan(end) else end for end in (interval.low, interval.high))
    return {statistic: interval.value, "low": low, "high": high}
