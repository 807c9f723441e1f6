"""How pages write numbers, changes and risks; no streamlit."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

from sensecf_core.cohorts.clinical import reference_ends
from sensecf_core.cohorts.encoding import Value, to_code
from sensecf_core.cohorts.feature import Feature, Role
from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.checks.sentences import (
    THIN_SPACE,
    came_to,
    lower_first,
    measure,
    number,
    risk,
    risk_beside,
)
from sensecf_core.queries.methods import BY_HAND, METHODS

ROLE_TITLES = {
    "behaviour": "Behaviour",
    "clinical": "Clinical",
    "context": "Context",
}
ROLE_HEADINGS = {
    "behaviour": "Behaviour (what a person can change)",
    "clinical": "Clinical measurements",
    "context": "Background (not changeable)",
}
PROFILE_TITLES = {
    "behaviour": "Behaviours only",
    "intervention": "Options for a person",
    "contrast": "Explanation only",
}
PROFILE_SHORT = {
    "behaviour": "Behaviour only",
    "intervention": "Behaviour and clinical",
    "contrast": "Explanation only",
}
PROFILE_NOTES = {
    "behaviour": "Only what a person does may move, in the allowed direction and by realistic amounts.",
    "intervention": "Behaviours, and clinical values that would have to follow; realistic changes only.",
    "contrast": "Everything but context may move, in any direction. It explains the model and is not advice.",
}
GROUP_BEHAVIOUR = "What a person does"
GROUP_CLINICAL = "Clinical values that would have to follow"
NO_BREAK, JOINER = "\u00a0", "\u2060"
"""They keep a number and its interval on one line."""
_MARKDOWN = re.compile(r"([\\`*_\[\]<>$~#|])")
_INDENTED = re.compile(r"^(?: {4,}|[ ]{0,3}\t)[ \t]*", re.MULTILINE)
_BLOCK = re.compile(
    r"^[ \t]*(?==+[ \t]*$|-+[ \t]*$|(?:- ?){3,}$|[-+][ \t]|\d{1,9}[.)](?:[ \t]|$))", re.MULTILINE
)
"""What makes a heading, a rule or a list at the beginning of a line."""
_ADDRESS = re.compile(
    r"(\b(?:https?|ftp|mailto|xmpp):|\bwww(?=\.)|(?<=\w)@(?=\w)|:(?=[\w+/-]+:))", re.IGNORECASE
)
"""What makes a link, or a picture of a name between colons."""


def method_title(method: str) -> str:
    """A method's title; one of another version of this program goes by its name."""
    if method == BY_HAND:
        return "Made by hand"
    return METHODS[method].title if method in METHODS else method


def method_short(method: str) -> str:
    """A method's title for columns and charts."""
    return METHODS[method].short_title if method in METHODS else method


def method_note(method: str) -> str | None:
    """How a method works, with its reference; None where it is of another version of this program."""
    return METHODS[method].note if method in METHODS else None


def option_noun(profile: str | None) -> str:
    """The noun for a counterfactual: "option", or "explanation" under contrast limits (no advice)."""
    return "explanation" if profile == "contrast" else "option"


def in_order(methods: Iterable[str]) -> list[str]:
    """Put methods in the order in which pages show them: the table's, then unknown ones, then controls."""
    order = list(METHODS)

    def rank(name: str) -> tuple[bool, int]:
        control = name in METHODS and METHODS[name].family == "control"
        return control, order.index(name) if name in METHODS else len(order)

    return sorted(methods, key=rank)


def roles(schema: Schema) -> tuple[Role, ...]:
    """Roles in the order in which the schema first uses them; pages list features in this order."""
    return tuple(dict.fromkeys(feature.role for feature in schema.features))


def plain(text: str) -> str:
    """Escape ``text`` so that Markdown shows it literally (data and schemas may hold anything).

    What has no escape (bare addresses become links, a line of ``=`` a heading, ``:name:`` a picture) is cut
    by a joiner, which nobody sees.
    """
    text = _MARKDOWN.sub(r"\\\1", text)
    text = _INDENTED.sub("", text)
    text = _BLOCK.sub(JOINER, text)
    return _ADDRESS.sub(rf"\1{JOINER}", text)


def html(text: str) -> str:
    """Escape ``text`` for a chart, whose labels understand a few HTML tags."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def message(text: str) -> str:
    """Escape a sentence of the program, but keep text between backticks (names, commands) as code."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:
        return plain(text)
    return "".join(f"`{piece}`" if index % 2 else plain(piece) for index, piece in enumerate(pieces))


def labelled(schema: Schema, text: str) -> str:
    """Replace the names of features and limits that the engine puts in backticks by labels and titles."""
    for feature in schema.features:
        text = text.replace(f"`{feature.name}`", f"“{feature.label}”")
    for profile, title in PROFILE_TITLES.items():
        text = text.replace(f"`{profile}`", f"“{title}”")
    return text.replace("`", "")


def count(n: int) -> str:
    """Write a whole number with thin spaces between thousands."""
    return f"{n:,}".replace(",", THIN_SPACE)


def counted(n: int, singular: str, plural: str | None = None) -> str:
    """Write ``n`` with its noun: "1 change", "3 changes"."""
    return f"{count(n)} {singular if n == 1 else plural or singular + 's'}"


def gigabytes(size: float) -> str:
    """Write an amount of memory in GB (10⁹ bytes): "0.8 GB"."""
    return f"{size:.3g} GB"


def of_100(probability: float) -> str:
    """Write p(class 1) as "62 of 100"."""
    return f"{risk(probability)} of 100"


def interval(low: float, high: float) -> str:
    """Write a range of probabilities as "55–69", and one with a sign as "62 to >99"."""
    ends = risk(low), risk(high)
    signed = not all(end.isdigit() for end in ends)
    return " to ".join(ends) if signed else f"{JOINER}–{JOINER}".join(ends)


def arrow(difference: float) -> str:
    """▲ for more, ▼ for less, = for the same."""
    return "▲" if difference > 0 else "▼" if difference < 0 else "="


def risk_change(before: float, after: float, threshold: float | None = None) -> str:
    """Write a change of risk as "62 → 41 of 100  ▼ 21"; the arrow and its number stay on one line.

    A change of less than a whole point still shows its direction: "27 → 27 of 100  ▼ <1". Beside the
    ``threshold``, if it is given, stands on which side the new risk is: "45 → just under 35 of 100  ▼ 10".
    """
    points = round(100 * after) - round(100 * before)
    size = "<1" if not points and after != before else str(abs(points))
    reached = risk(after) if threshold is None else risk_beside(after, threshold)
    return f"{risk(before)} → {reached} of 100  {arrow(points or after - before)}\u00a0{size}"


def change(feature: Feature, before: Value, after: Value) -> str:
    """Write a change as "31.2 → 28.5 kg/m²  ▼ 2.7"; changes of levels have no size."""
    text = f"{number(feature, before)} → {measure(feature, after)}"
    if before is None or after is None or feature.kind in ("categorical", "binary"):
        return text
    difference = to_code(feature, after) - to_code(feature, before)
    if feature.kind == "ordinal":
        return f"{text}  {arrow(difference)}"
    return f"{text}  {arrow(difference)}\u00a0{number(feature, abs(difference))}"


def change_label(feature: Feature, before: Value, after: Value, profile: str) -> str:
    """Name a changed feature; a clinical value of a person would have to follow: "If … came down"."""
    if profile == "contrast" or feature.role == "behaviour":
        return feature.label
    verb = came_to(before, after).removesuffix(" to") if is_number(before) and is_number(after) else "changed"
    return f"If {lower_first(feature.label)} {verb}"


def is_number(value: Value) -> bool:
    """Whether a value is a number, not a level's name and not missing."""
    return isinstance(value, int | float)


def span(feature: Feature, low: float, high: float) -> str:
    """Write a range of a numeric feature as "6.0–9.0 h"."""
    if low == high:
        return measure(feature, low)
    return f"{number(feature, low)}–{measure(feature, high)}"


def percentile(percent: float) -> str:
    """Write a percentile as "38th percentile", clipped to 1 to 99."""
    whole = min(max(round(percent), 1), 99)
    suffix = "th" if whole % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(whole % 10, "th")
    return f"{whole}{suffix} percentile"


def listed(items: Iterable[str], last: str = "and") -> str:
    """Join texts as "a, b and c"."""
    texts = list(items)
    if len(texts) < 2:
        return "".join(texts)
    return f"{', '.join(texts[:-1])} {last} {texts[-1]}"


def distance(probability: float, threshold: float) -> str:
    """Say where a risk lies relative to the threshold, in words and points of 100."""
    points = abs(round(100 * probability) - round(100 * threshold))
    above = probability >= threshold
    how_far = "just " if points < 5 else "well " if points >= 20 else ""
    gap = f"{points} of 100" if points else "less than 1 of 100"
    return f"{how_far}{'above' if above else 'below'} the line, by {gap}"


def against_reference(feature: Feature, values: Mapping[str, Value]) -> str:
    """Say whether a row's number lies outside its reference range: "▲ above", "▼ below" or ""."""
    value = values[feature.name]
    if not isinstance(value, int | float):
        return ""
    low, high = reference_ends(feature.reference, values)
    if high is not None and value > high:
        return "▲ above reference"
    if low is not None and value < low:
        return "▼ below reference"
    return ""


def moment(iso: str) -> str:
    """Write an ISO 8601 time in UTC as "2026-11-22 22:40 UTC"."""
    return f"{iso[:16].replace('T', ' ')} UTC"


def seconds(duration: float) -> str:
    """Write a wall time: "1.2 s"."""
    if not math.isfinite(duration):
        return ""
    return f"{duration:.1f} s" if duration < 10 else f"{duration:.0f} s"


def duration(seconds: float) -> str:
    """Write how long something still takes, in round figures: "20 s", "3 min", "2 h"."""
    if seconds < 55:
        return f"{max(5, 5 * round(seconds / 5))} s"
    return f"{max(1, round(seconds / 60))} min" if seconds < 5400 else f"{round(seconds / 3600)} h"
