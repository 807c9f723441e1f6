"""How good an adapter is: its raw and final rates, as one line and as a table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.counterfactuals.checks.sentences import lower_first
from sensecf_core.language.models.adapter_choice import shown_about
from sensecf_core.language.models.adapters import Card
from sensecf_core.ui.common import widgets, wording
from sensecf_core.ui.common.browser import on_phone

Row = Mapping[str, Any]
MEASURES = {
    "valid": (
        "Raw validity, of 100",
        "raw suggestions that keep to the limits and would change the prediction",
    ),
    "control_valid": ("The same by chance, of 100", "uniform draws with as many changes that would do it"),
    "random_valid": ("Random draws, of 100", "the same of random draws within the limits"),
    "nearest_pair_valid": (
        "Nearest answer, of 100",
        "the same of a control that copies answers of the most similar training people",
    ),
    "effects_valid": (
        "Added effects, of 100",
        "the same of a control that is told what a guided model is told, and adds up",
    ),
    "credit": (
        "Credit, points of 100",
        "raw validity minus that of the best control that knows as much, paired by query; 0 is no better",
    ),
    "solid": (
        "Solid, of 100",
        "raw suggestions that nine of ten retrained copies, noise and a second model do not undo",
    ),
    "random_solid": ("Random draws, solid", "the same of random draws"),
    "nearest_pair_solid": ("Nearest answer, solid", "the same of the control that copies"),
    "effects_solid": ("Added effects, solid", "the same of the control that adds up"),
    "second_valid": ("By the second judge, of 100", "candidates that a logistic regression calls valid too"),
    "third_valid": ("By a third classifier, of 100", "candidates that a random forest calls valid too"),
    "any_valid": ("At least one valid, of 100", "queries with at least one such candidate"),
    "readable": ("Readable, of 100", "candidates that could be read as changes"),
    "within_limits": ("Within limits, of 100", "candidates that keep to the limits and rules"),
    "distinct": ("Distinct, of 100", "candidates that differ from one another"),
    "changed": ("Features changed", "mean number of features that a candidate changes"),
    "gower": (
        "Distance",
        "mean Gower distance from the person as they are: 0 is the same, 1 is the opposite end",
    ),
    "final_found": ("Answered, of 100", "queries with an option to show once everything was checked"),
    "final_found_first": ("Without asking again, of 100", "the same after the first asking alone"),
    "askings": ("Times asked", "how often the model was asked, on average"),
    "final_changed": ("Features changed in the end", "mean number of features that an option changes"),
    "final_violations": (
        "Violations in the end",
        "mean number of options that break a limit or rule",
    ),
    "answerable": (
        "Answerable, of 100",
        "queries that a search can answer: validity and answers are counted over these, the rest over all",
    ),
    "seconds": ("Time, s", "mean time to sample and judge all candidates of a query"),
    "queries": ("Queries", "how many people were asked about"),
}
CONTROLS = {"random_valid": "random", "nearest_pair_valid": "nearest-pair", "effects_valid": "effects"}
"""Which control's raw validity a rate is."""
FEWEST_FOR_A_VERDICT = 10
"""A bootstrap interval over fewer people says little."""
SHARES = (
    "valid",
    "control_valid",
    *CONTROLS,
    "solid",
    *(f"{name.removesuffix('valid')}solid" for name in CONTROLS),
    "second_valid",
    "third_valid",
    "any_valid",
    "readable",
    "within_limits",
    "distinct",
    "final_found",
    "final_found_first",
    "answerable",
)


def headline(cohort: Cohort, card: Card) -> str:
    """Say in one line how good an adapter is at the temperature that it answers with."""
    rows = _of_cohort(cohort, _best_part(rates_at_own_temperature(card)))
    valid = [value for row in rows if (value := _number(row.get("valid"))) is not None]
    if not valid:
        return "Its raw validity was not measured."
    mean = wording.of_100(sum(valid) / len(valid))
    part = widgets.PART_TITLES.get(rows[0].get("part", "val"), "")
    spread = (
        f" ({wording.interval(min(valid), max(valid))} by direction and limits)" if len(valid) > 1 else ""
    )
    return (
        f"Raw validity **{mean}**{spread}: the share of its raw suggestions that change the prediction, for "
        f"people it did not learn from and for whom a search finds an answer ({part}{_how_many(rows)}). "
        f"{_elsewhere(cohort, rows)}{_beside_controls(rows)}"
    )


def _how_many(rows: Sequence[Row]) -> str:
    """How many answerable queries the rates are of, by group; empty where a card does not say."""
    counts = [asked(row) for row in rows]
    known = [count for count in counts if count is not None]
    if not known or len(known) < len(counts):
        return ""
    if min(known) == max(known):
        return f", {known[0]} {'in each of ' + str(len(known)) + ' groups' if len(known) > 1 else 'people'}"
    return f", {min(known)} to {max(known)} a group"


def asked(row: Row) -> int | None:
    """Over how many answerable queries a row's validity is counted; None where the card does not say."""
    queries, answerable = _number(row.get("queries")), _number(row.get("answerable"))
    return None if queries is None else round(queries * (1.0 if answerable is None else answerable))


def shown(cohort: Cohort, card: Card, classifier_sha256: str) -> str | None:
    """Say what people are shown once all is checked; None where that is not known of this classifier."""
    rates = shown_about(card, cohort)
    if rates is None or rates.classifier_sha256 != classifier_sha256:
        return None
    part = widgets.PART_TITLES.get(rates.part, "")
    far = "" if rates.gower is None else f", at a mean distance of {rates.gower:.3f}"
    return (
        f"After all checks, to cross the line or else to lower the risk, **{wording.of_100(rates.solid)}** "
        f"flagged people are shown a solid option first, {wording.of_100(rates.answered)} any option{far} "
        f"({rates.people} people, {part})."
    )


def _elsewhere(cohort: Cohort, rows: Sequence[Row]) -> str:
    """Which other cohorts the rates were measured on, in one sentence; empty for this one."""
    measured = dict.fromkeys(str(row.get("cohort", cohort.schema.name)) for row in rows)
    others = [name for name in measured if name != cohort.schema.name]
    return f"Measured on {', '.join(others)}, not on this cohort. " if others else ""


def _beside_controls(rows: Sequence[Row]) -> str:
    """What the controls reach on the same queries, in one sentence."""
    measured = {
        name: [_number(row.get(name)) for row in rows if row.get("valid") is not None] for name in CONTROLS
    }
    means = [
        f"{lower_first(wording.method_short(CONTROLS[name]))} {wording.of_100(sum(known) / len(known))}"
        for name, values in measured.items()
        if (known := [value for value in values if value is not None]) and len(known) == len(values)
    ]
    if not means:
        return "Controls without a language model were not measured beside it."
    return f"Controls without a language model, on the same queries: {', '.join(means)}.{_verdict(rows)}"


def _verdict(rows: Sequence[Row]) -> str:
    """In how many groups it is better than the best control that knows as much, and in how many worse."""
    measured = [row for row in rows if isinstance(row.get("credit"), Mapping)]
    enough = [row for row in measured if (asked(row) or 0) >= FEWEST_FOR_A_VERDICT]
    few = len(measured) - len(enough)
    if not enough:
        return f" Too few people to compare: fewer than {FEWEST_FOR_A_VERDICT} in each group." if few else ""
    known = [row["credit"] for row in enough]
    better, worse = sum(one["low"] > 0 for one in known), sum(one["high"] < 0 for one in known)
    groups = wording.counted(len(known), "group")
    rest = (
        f" {wording.counted(few, 'more group')} had fewer than {FEWEST_FOR_A_VERDICT} people." if few else ""
    )
    return (
        f" Against the best control that knows as much, it is better in {better} of {groups} and worse in "
        f"{worse} (where the 95 % interval of the difference excludes 0).{rest}"
    )


def _number(value: object) -> float | None:
    """A measured number without its interval; None if there is none."""
    number = value.get("value") if isinstance(value, Mapping) else value
    return float(number) if isinstance(number, int | float) and math.isfinite(number) else None


def _best_part(rows: Sequence[Row]) -> list[Row]:
    """The rates on ``test`` if they were measured, else all."""
    return [row for row in rows if row.get("part") == "test"] or list(rows)


def _of_cohort(cohort: Cohort, rows: list[Row]) -> list[Row]:
    """Of rates that were measured on several cohorts, those on this one; where there are none, all."""
    return [row for row in rows if row.get("cohort") == cohort.schema.name] or rows


def rates_at_own_temperature(card: Card) -> list[Row]:
    """The rates at the temperature that the adapter answers with (all rates if none is at it)."""
    rows = [row for row in card.rates if row.get("temperature", card.temperature) == card.temperature]
    return list(rows or card.rates)


def show(cohort: Cohort, card: Card) -> None:
    """Show the rates of an adapter, those on ``test`` if they were measured."""
    st.markdown("**Rates of raw candidates**, before anything is filtered, undone or sorted")
    rows = _of_cohort(cohort, _best_part(rates_at_own_temperature(card)))
    if not rows:
        st.caption("Not measured.")
        return
    varying = [key for key in ("part", "temperature") if len({str(row.get(key)) for row in rows}) > 1]
    heads = [_column_head(cohort, row, varying) for row in rows]
    if on_phone() and len(rows) > 1:  # a phone has room only for letters
        letters = [chr(ord("A") + number) for number in range(len(rows))]
        st.markdown("  \n".join(f"**{letter}**: {head}" for letter, head in zip(letters, heads, strict=True)))
        heads = letters
    titles = {name: title for name, (title, _) in MEASURES.items() if any(name in row for row in rows)}
    table: dict[str, list[str]] = {"Measure": list(titles.values())}
    for number, (head, row) in enumerate(zip(heads, rows, strict=True)):
        repeats = heads[:number].count(head)  # columns need different names
        table[f"{head} ({repeats + 1})" if repeats else head] = [
            _credit(row) if name == "credit" else rate(name, row.get(name)) for name in titles
        ]
    st.table(pd.DataFrame(table), hide_index=True, border="horizontal", alt=f"Raw rates of {card.name}")
    st.caption(
        f"At temperature {card.temperature:g}, with the grammar on. "
        + " ".join(
            f"**{title.split(',')[0]}**: {meaning}."
            for name, (title, meaning) in MEASURES.items()
            if name in titles
        )
    )
    others = [row for row in card.rates if row not in rows]
    if others:
        means = [f"{t:g}: {wording.of_100(mean)}" for t, mean in _by_temperature(card.rates)]
        st.caption(f"Mean raw validity on the validation set by temperature: {'; '.join(means)}.")


def _by_temperature(rows: Sequence[Row]) -> list[tuple[float, float]]:
    by_temperature: dict[float, list[float]] = {}
    for row in rows:
        temperature, valid = _number(row.get("temperature")), _number(row.get("valid"))
        if temperature is not None and valid is not None and row.get("part") != "test":
            by_temperature.setdefault(temperature, []).append(valid)
    return [(t, sum(valid) / len(valid)) for t, valid in sorted(by_temperature.items(), reverse=True)]


def _column_head(cohort: Cohort, row: Row, varying: Sequence[str]) -> str:
    """The head of one column: limits, target class, and whatever else distinguishes it from the others."""
    task = cohort.schema.task
    elsewhere = (
        row.get("cohort", cohort.schema.name) != cohort.schema.name
    )  # its classes are called otherwise
    classes = {0: "class 0", 1: "class 1"} if elsewhere else {0: task.class_0, 1: task.class_1}
    target_class = classes.get(row.get("desired", -1), "")
    parts = [
        wording.PROFILE_TITLES.get(row.get("limits", ""), ""),
        f"→ {target_class}" if target_class else "",
    ]
    parts += [str(row[key]) for key in varying if key in row]
    headed_already = {"limits", "desired", "part", "temperature", "command", "credit_over", *MEASURES}
    parts += [
        f"{key} {value}"
        for key, value in row.items()
        if key not in headed_already
        and isinstance(value, str | bool)
        and (key, value) != ("cohort", cohort.schema.name)
    ]
    return wording.plain(" ".join(part for part in parts if part)) or "All"


def _credit(row: Row) -> str:
    """The credit in points with its interval, and the control that was subtracted."""
    found = row.get("credit")
    if not isinstance(found, Mapping) or _number(found) is None:
        return "–"
    value, low, high = (_points(found.get(end)) for end in ("value", "low", "high"))
    over = lower_first(wording.method_short(str(row.get("credit_over", ""))))
    return f"{value} ({low} to {high}) over {over}"


def _points(value: object) -> str:
    """A difference of two rates in points of 100, signed: "+3", "−12"."""
    if not isinstance(value, int | float) or not math.isfinite(value):
        return "–"
    return f"{round(100 * value):+d}".replace("-", "−")


def rate(name: str, value: object) -> str:
    """Write one measure, with its interval if it has one."""
    if isinstance(value, Mapping):
        low, high = (rate(name, value.get(end)) for end in ("low", "high"))
        return f"{rate(name, value.get('value'))} ({low}–{high})"
    if not isinstance(value, int | float) or not math.isfinite(value):
        return "–"
    if name in SHARES:
        return str(round(100 * value))
    return wording.count(int(value)) if name == "queries" else f"{value:.{3 if name == 'gower' else 1}f}"
