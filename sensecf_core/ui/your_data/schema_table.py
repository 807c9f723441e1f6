"""A drafted schema as a table that people edit, and their edits back in its text, comments and all."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import tomlkit
from tomlkit.items import Table, Trivia

from sensecf_core.cohorts.feature import NAMED_KINDS
from sensecf_core.errors import InputError

CHECK = "# check"
BETWEEN_LEVELS = " | "
OF_NUMBERS = ("step", "decimals", "valid", "suggest", "unit", "meaningful_change", "reference", "words")
"""What a feature loses that becomes one with levels."""

_NONE = Trivia()
Levels = Callable[[str], Sequence[str]]
"""The distinct values of a feature's column, as level names."""


@dataclass(frozen=True)
class About:
    """What is asked about the cohort as a whole: the fields of the form above the table."""

    name: str
    title: str
    question: str
    class_1: str
    class_0: str
    desired: int
    default_limits: str
    source: str


def about(text: str) -> About:
    """Read the cohort's own fields off a schema's text."""
    raw = tomllib.loads(text)
    task = raw["task"]
    return About(
        raw["name"],
        raw["title"],
        task["question"],
        task["class_1"],
        task["class_0"],
        task["desired"],
        raw["default_limits"],
        raw["provenance"]["source"],
    )


def column_of(text: str, name: str) -> str:
    """The column of the data file that a feature stands for."""
    entry = next(feature for feature in tomllib.loads(text)["features"] if feature["name"] == name)
    return str(entry.get("column", name))


def as_table(text: str) -> pd.DataFrame:
    """The features of a schema's text, one a row, with what is to be checked of each."""
    rows = []
    for feature in tomlkit.parse(text)["features"]:
        entry = feature.unwrap()
        low, high = entry.get("valid", (None, None))
        rows.append(
            {
                "use": True,
                "name": entry["name"],
                "label": entry.get("label", entry["name"]),
                "kind": entry["kind"],
                "role": entry["role"],
                "check": "; ".join(_unsure(feature)),
                "unit": entry.get("unit", ""),
                "low": low,
                "high": high,
                "levels": BETWEEN_LEVELS.join(map(str, entry.get("levels", ()))),
                "direction": entry.get("direction", "any"),
                "largest_change": entry.get("largest_change"),
            }
        )
    table = pd.DataFrame(rows)
    return table.astype({"low": float, "high": float, "largest_change": float})


def _unsure(feature: Table) -> list[str]:
    comments = {key: getattr(feature.value.item(key), "trivia", _NONE).comment for key in feature}
    return [
        f"{key}: {comment.removeprefix(CHECK).lstrip(': ') or 'right?'}"
        for key, comment in comments.items()
        if comment.startswith(CHECK)
    ]


def with_edits(text: str, edited: pd.DataFrame, of_all: About, levels_of: Levels) -> str:
    """Write edits into a schema's text; lines that were not edited stay as they are.

    Parameters
    ----------
    edited : :func:`as_table` of the same text, edited.
    levels_of : gives a column's values where a number becomes a feature with levels.

    Raises
    ------
    InputError : nothing is used, or names become numbers.
    """
    document = tomlkit.parse(text)
    wanted = edited.set_index("name")
    features = document["features"]
    used = [feature for feature in features if bool(wanted.loc[feature["name"], "use"])]
    if not used:
        raise InputError("No feature is used; tick at least one.")
    for feature in used:
        _edit(feature, wanted.loc[str(feature["name"])].to_dict(), levels_of)
    kept = tomlkit.aot()
    for feature in used:
        kept.append(feature)
    document["features"] = kept
    _set(document, {"name": of_all.name, "title": of_all.title, "default_limits": of_all.default_limits})
    _set(document["provenance"], {"title": of_all.title, "source": of_all.source})
    _set(
        document["task"],
        {
            "question": of_all.question,
            "class_1": of_all.class_1,
            "class_0": of_all.class_0,
            "desired": of_all.desired,
        },
    )
    return tomlkit.dumps(document)


def _edit(feature: Table, row: Mapping[str, Any], levels_of: Levels) -> None:
    kind, named = str(row["kind"]), str(row["kind"]) in NAMED_KINDS
    if named and feature["kind"] not in NAMED_KINDS:
        for key in OF_NUMBERS:
            feature.pop(key, None)
        feature["levels"] = list(levels_of(str(feature["name"])))
    elif not named and feature["kind"] in NAMED_KINDS:
        raise InputError(
            f"`{feature['name']}` holds words, so it cannot be {kind}; it is categorical or ordinal."
        )
    elif named:
        _set(feature, {"levels": [level.strip() for level in str(row["levels"]).split("|") if level.strip()]})
    else:
        _numbers(feature, row, kind)
    texts = {key: str(row[key] or "").strip() for key in ("label", "role", "unit")}
    _set(feature, {"kind": kind, **{key: said for key, said in texts.items() if said or key in feature}})
    _set_or_drop(feature, "direction", None if row["direction"] in (None, "any") else row["direction"])
    _set_or_drop(feature, "largest_change", _number(row["largest_change"]))


def _numbers(feature: Table, row: Mapping[str, Any], kind: str) -> None:
    if kind == "integer" and feature["kind"] != "integer":
        for key in ("decimals", "step"):
            feature.pop(key, None)
    low, high = _number(row["low"]), _number(row["high"])
    if kind == "binary" or low is None or high is None:
        feature.pop("valid", None)
    else:
        _set(feature, {"valid": [low, high]})


def _number(value: Any) -> int | float | None:
    if value is None or math.isnan(value):
        return None
    return int(value) if float(value).is_integer() else float(value)


def _set(table: Any, fields: Mapping[str, Any]) -> None:
    """Set what differs; what does not keeps its line, and the comment that asks to check it."""
    for key, value in fields.items():
        if key not in table or table[key] != value:
            table[key] = value


def _set_or_drop(table: Table, key: str, value: Any) -> None:
    if value is None:
        table.pop(key, None)
    else:
        _set(table, {key: value})
