"""A benchmark's summary as tables and short texts; no streamlit."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence

import pandas as pd

from sensecf_core.disclaimer import DISCLAIMER
from sensecf_core.evaluation.metrics.definitions import MEASURES
from sensecf_core.queries.methods import METHODS, Family
from sensecf_core.records.exports import safe_cell, table_csv
from sensecf_core.types import JsonView
from sensecf_core.ui.common import wording
from sensecf_core.ui.common.wording import JOINER, NO_BREAK

REFINE = " + refine"
VIEWS = {
    "in_use": "As used",
    "returned": "As returned",
    "refined": "All refined",
    "all": "Everything",
}
VIEW_NOTES = {
    "in_use": "each method as it is meant to be used: methods that search as they return, language models "
    "and draws checked and refined by this program",
    "returned": "what each method gives by itself; of samples those that pass every check, nothing refined",
    "refined": "every method's answers checked, refined and chosen by the same steps of this program",
    "all": "both rows of every method",
}
_DECIMALS = {
    "features_changed": 1,
    "unseen_reduction": 1,
    "model_rows": 0,
    "model_rows_each": 0,
    "gower": 3,
    "nearest": 3,
}


def title(row: str) -> str:
    """A row's name for charts: "LM with examples + refine", "NICE sparsity"."""
    name, refined = (row.removesuffix(REFINE), REFINE) if row.endswith(REFINE) else (row, "")
    method, comma, more = name.partition(", ")
    method, at, model = method.partition("@")
    return f"{wording.method_short(method)}{f' ({model})' if at else ''}{comma}{more}{refined}"


def family(method: str) -> Family:
    """The family of a row's method ("lm-few-shot@gpt-4o" included), which decides its colour in charts."""
    known = METHODS.get(method.partition(", ")[0].partition("@")[0])
    return "search" if known is None else known.family


def rows(group: JsonView, view: str) -> list[JsonView]:
    """The rows of a direction that a view shows, in the run's order."""
    with_grammar = [row for row in group["rows"] if row["grammar"]]
    if view == "all":
        return with_grammar
    return [row for row in with_grammar if (row["in_use"] if view == "in_use" else row["variant"] == view)]


def numbers(entry: JsonView | None) -> tuple[float, float, float]:
    """Value, low and high of an interval; NaN for what is missing."""
    ends = [math.nan if entry is None or entry.get(name) is None else entry[name] for name in _ENDS]
    return ends[0], ends[1], ends[2]


_ENDS = ("value", "low", "high")


def value(row: JsonView, measure: str) -> float:
    """A measure's mean in a row; NaN for what is missing."""
    return numbers(row["measures"].get(measure))[0]


def leaders(chosen: Iterable[JsonView], measure: str) -> list[JsonView]:
    """The rows than which no other is nearer (Gower) and more believed by ``measure``, the nearest first.

    Of two that are equal in both, both lead. A row without either number is left out.
    """
    known = [row for row in chosen if not math.isnan(value(row, "gower") + value(row, measure))]

    def beaten(row: JsonView, by: JsonView) -> bool:
        nearer = value(row, "gower") - value(by, "gower")
        believed = value(by, measure) - value(row, measure)
        return min(nearer, believed) >= 0 and max(nearer, believed) > 0

    front = [row for row in known if not any(beaten(row, other) for other in known)]
    return sorted(front, key=lambda row: value(row, "gower"))


def mean(rate: JsonView | None) -> float:
    """The mean of a raw rate; NaN if there is none."""
    return math.nan if rate is None or rate["mean"] is None else float(rate["mean"])


def credit(row: JsonView) -> str:
    """A raw row's credit with its interval and the control: "+0.12 (0.02 to 0.22) over Added effects"."""
    found = row.get("credit")
    if found is None or math.isnan(mean(found)):
        return "–"
    ends = [_signed(found[name]) for name in ("low", "high") if found[name] is not None]
    interval = f" ({' to '.join(ends)})" if ends else ""
    return f"{_signed(found['mean'])}{interval} over {title(row['credit_over'])}"


def _signed(value: float) -> str:
    return f"{round(value, 2) + 0.0:+.2f}".replace("-", "−")


def cell(measure: str, entry: JsonView | None) -> str:
    """Write a number with its interval: "0.87 (0.80–0.93)"; "–" if there is none."""
    value, low, high = numbers(entry)
    if math.isnan(value):
        return "–"
    text = _number(measure, value)
    if math.isnan(low):
        return text
    return f"{text}{NO_BREAK}({_number(measure, low)}{JOINER}–{JOINER}{_number(measure, high)})"


def _number(measure: str, value: float) -> str:
    if measure.startswith("seconds"):
        text = f"{value:.2g}" if value < 10 else f"{value:.0f}"
    else:
        text = f"{value:.{_DECIMALS.get(measure, 2)}f}"
    return text.replace("-", "−")


def heading(measure: str) -> str:
    """A measure's name with its unit and an arrow for the better direction: "Time, s ↓"."""
    entry = MEASURES[measure]
    return f"{entry.label}{f', {entry.unit}' if entry.unit else ''} {entry.arrow}"


def definition(measure: str) -> str:
    """A measure's definition and source, for hover texts."""
    entry = MEASURES[measure]
    return f"{entry.definition} {entry.source}." if entry.source else entry.definition


def measure_table(chosen: Iterable[JsonView], measures: Sequence[str]) -> pd.DataFrame:
    """One line per row: its name, then each measure with its interval."""
    return pd.DataFrame(
        [
            {
                "Method": title(row["row"]),
                **{heading(name): cell(name, row["measures"].get(name)) for name in measures},
            }
            for row in chosen
        ],
        columns=["Method", *(heading(name) for name in measures)],
    )


def part_table(chosen: Iterable[JsonView], part: str, measures: Sequence[str]) -> pd.DataFrame:
    """Measures over a ``part`` of the queries: ``answerable`` queries, or ``complete`` rows."""
    return pd.DataFrame(
        [
            {
                "Method": title(row["row"]),
                **{heading(name): cell(name, row[part].get(name)) for name in measures},
            }
            for row in chosen
        ]
    )


def long_csv(summary: JsonView) -> str:
    """Every mean of a run as CSV: one line per direction, limits, goal, row and measure, with its interval.

    Each line ends with the notice, since lines may be copied without the header.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    header = (
        "run",
        "cohort",
        "direction",
        "limits",
        "goal",
        "row",
        "variant",
        "measure",
        *_ENDS,
        "n",
        "notice",
    )
    writer.writerow(header)
    for group in summary["groups"]:
        about = (group[name] for name in ("direction", "limits", "goal"))
        context = (summary["id"], summary["cohort"], *about)
        for row in group["rows"]:
            for measure, entry in row["measures"].items():
                values = [entry.get(name) for name in (*_ENDS, "n")]
                line = [*context, row["row"], row["variant"], measure, *values, DISCLAIMER]
                writer.writerow([safe_cell(value) for value in line])
        for measure, entry in group["real_rows"].items():
            values = [entry.get(name) for name in (*_ENDS, "n")]
            writer.writerow([*context, "held-out rows", "", measure, *values, DISCLAIMER])
    return text.getvalue()


def as_csv(table: pd.DataFrame) -> str:
    """A displayed table as CSV, with the notice in the last column; no cell starts like a formula."""
    return table_csv(table, {"Notice": DISCLAIMER}).replace(JOINER, "").replace(NO_BREAK, " ")


def group_title(group: JsonView, class_0: str, class_1: str) -> str:
    """What a group asks, in words: "from “flagged” to “not flagged” · Options for a person"."""
    limits = wording.PROFILE_TITLES[group["limits"]]
    origin, target = (class_1, class_0) if group["desired"] == 0 else (class_0, class_1)
    if group["goal"] == "lower":
        way = "Lower" if group["desired"] == 0 else "Raise"
        return f"{way} the risk of “{origin}” · {limits}"
    return f"From “{origin}” to “{target}” · {limits}"
