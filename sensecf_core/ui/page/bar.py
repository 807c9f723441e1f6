"""The bar on top of every page: title, person, risk with its line, cohort, notice; red flags stand first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.encoding import Value, to_values
from sensecf_core.counterfactuals.checks.red_flags import ACT_FIRST, red_flags
from sensecf_core.counterfactuals.checks.sentences import measure
from sensecf_core.disclaimer import DISCLAIMER_LONG, data_label
from sensecf_core.queries.answer import RaisedFlag
from sensecf_core.types import RowKey
from sensecf_core.ui.choice import selection
from sensecf_core.ui.choice.selection import Choice
from sensecf_core.ui.common import data, row_wording, sensors, wording
from sensecf_core.ui.page import print_style

MOST_FACTS = 3
NO_BREAK = "\u00a0"
"""Non-breaking space, keeps each fact of the bar on one line."""
NOTICE = "Research only"

_STYLE = """<style>
.st-key-bar h1 { padding: 0; }
.st-key-tools [role=radiogroup] { min-height: 0; }
.st-key-bar button, .st-key-filters button, .st-key-keyboard button { color: inherit !important; }
@media (min-width: 1100px) {
  .st-key-bar, .st-key-strip { flex-wrap: nowrap; }
  .st-key-bar > *, .st-key-strip > * { flex: 0 0 auto; }
  .st-key-bar > :has(.st-key-strip), .st-key-strip > :has(.st-key-facts) {
    flex: 0 1 auto; min-width: 0; overflow: hidden;
  }
  .st-key-facts p { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
}
@media (max-width: 640px) {
  .st-key-frame { margin-top: -0.15rem; gap: 0; }
  .st-key-bar { flex-wrap: wrap; gap: 0 0.5rem; }
  .st-key-bar > :has(> .st-key-strip), .st-key-strip { display: contents; }
  .st-key-bar::before { content: ""; flex-basis: 100%; height: 0; order: 2; }
  .st-key-person_chip, .st-key-notice { order: 1; }
  .st-key-strip > [data-testid="stElementContainer"], .st-key-cohort_chip { order: 3; }
  .st-key-person_chip, .st-key-cohort_chip { flex: 1 1 0; overflow: hidden; }
  .st-key-person_chip *, .st-key-cohort_chip * { min-width: 0; }
  .st-key-bar button { min-height: 1.5rem; padding: 0; justify-content: start; }
  .st-key-person_chip button, .st-key-cohort_chip button { width: 100%; }
  .st-key-bar button p { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-size: 0.8rem; }
  .st-key-bar button > div { margin: 0; }
  .st-key-bar button > div > :last-child, .st-key-strip > :has(> .st-key-facts) { display: none; }
  .st-key-bar h1 { font-size: 1.125rem; }
  .st-key-strip > [data-testid="stElementContainer"] span { font-size: 0.75rem !important; }
  .st-key-question, [aria-label^="Shortcut"] { display: none; }
}
[data-testid="stLayoutWrapper"]:has(> [class*="st-key-key_"]) { display: none; }
.st-key-keyboard button { min-height: 1.75rem; }
@media print { .st-key-bar button svg { display: none; } .st-key-question { display: none; } }
</style>"""
"""The classes of the bar and of filters only, and of buttons that only a key presses.

The bar has one line, and a desktop cuts the facts to fit; on a phone it has two, of which the second has the
risk and the cohort, and nothing moves sideways. A chosen or open chip keeps
the text's colour; the theme's for it is too dark to read on a dark page.
"""


@dataclass(frozen=True)
class Shown:
    """What the bar shows; ``key`` is the chosen row, None if nobody is chosen or nobody can be shown.

    ``cohorts`` maps the names of cohorts to their titles.
    """

    title: str
    question: str
    choice: Choice
    cohorts: Mapping[str, str]
    cohort: Cohort | None
    key: RowKey | None


@dataclass(frozen=True)
class RiskPlaces:
    """Where the risk goes once the classifier is loaded: into the bar, and among the person's details.

    ``tools`` is where a page puts a switch of its own, below the bar.
    """

    pill: DeltaGenerator
    details: DeltaGenerator
    tools: DeltaGenerator | None = None


def show(shown: Shown, *, with_selectors: bool) -> RiskPlaces | None:
    """Show red flags and the bar, and return where the risk goes; None if nobody is shown.

    ``with_selectors`` is false where the page itself has the selectors.
    """
    places = None
    st.html(_STYLE + print_style.style(DISCLAIMER_LONG))
    cohort, key = shown.cohort, shown.key
    values = {} if cohort is None or key is None else to_values(cohort.schema, data.codes(cohort, key))
    if cohort is not None and key is not None:
        _red_flags(red_flags(cohort.schema, values))
    with st.container(key="frame", gap="xxsmall"):
        with st.container(key="bar", horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.title(shown.title, width="content", anchor=False)
            if cohort is not None:
                places = _person(shown, values, with_selectors=with_selectors)
            if cohort is not None or with_selectors:
                _cohort(shown, with_selectors=with_selectors)
            with st.popover(NOTICE, icon=":material/science:", type="tertiary", key="notice"):
                st.markdown(f"**Research prototype, not a medical device.** {DISCLAIMER_LONG}")
        with st.container(key="below_bar", horizontal=True, vertical_alignment="center", gap="small"):
            with st.container(key="question", width="content"):
                st.caption(shown.question)
            if places is not None:
                places = replace(places, tools=st.container(key="tools", width="content"))
    return places


def show_risk(places: RiskPlaces, cohort: Cohort, classifier: Classifier, key: RowKey) -> None:
    """Show the risk with the line from which the model flags, and its range among the details."""
    threshold = classifier.threshold
    risk = float(data.risks(cohort, classifier)[cohort.rows.index.get_loc(key)])
    flagged = risk >= threshold
    places.pill.badge(
        _one_line(f"{verdict(risk, threshold)} (line {round(100 * threshold)})"),
        icon=":material/flag:" if flagged else ":material/outlined_flag:",
        color="orange" if flagged else "blue",
        help=f"The model's calibrated risk of {cohort.schema.task.label}; it flags from "
        f"{wording.of_100(threshold)}.",
    )
    low, high = data.risk_interval(cohort, classifier, key)
    places.details.markdown(
        f"- Range when the model is retrained: {wording.interval(low, high)} of 100 (90 %)"
    )


def _cohort(shown: Shown, *, with_selectors: bool) -> None:
    """Show the cohort's short name; its selector and what the data are open below it."""
    cohort = shown.cohort
    name = "Cohort" if cohort is None else _marked_title(cohort)
    with st.popover(_one_line(name), icon=":material/database:", type="tertiary", key="cohort_chip"):
        if with_selectors:
            selection.cohort_selector(shown.choice, shown.cohorts)
        if cohort is not None:
            origin = cohort.schema.provenance
            st.markdown(f"**{wording.plain(cohort.schema.title)}**")
            kind = "public" if origin.public else "private"
            icon = ":material/verified:" if origin.real else ":material/casino:"
            st.badge(f"{data_label(origin.real)}, {kind}", icon=icon, color="blue")
            st.caption(wording.plain(cohort.schema.summary))


def _marked_title(cohort: Cohort) -> str:
    """The cohort's short name, and what sets its rows apart from public ones of real people."""
    title, origin = short_title(cohort.schema.title), cohort.schema.provenance
    marks = [] if origin.real or "synthetic" in title.lower() else ["synthetic"]
    if not origin.public:
        marks.append("private")
    return " · ".join([title, *marks])


def short_title(title: str) -> str:
    """A cohort's title up to its first comma or colon: "NHANES 2017–2018"."""
    for mark in (",", ":"):
        title = title.split(mark, maxsplit=1)[0]
    return wording.plain(title.strip())


def _person(shown: Shown, values: Mapping[str, Value], *, with_selectors: bool) -> RiskPlaces | None:
    """Show who is chosen: id and headline facts; selectors and the rest open below the id."""
    cohort, key = shown.cohort, shown.key
    assert cohort is not None
    if not with_selectors:
        return None
    with st.container(
        key="strip", horizontal=True, vertical_alignment="center", gap="xsmall", width="content"
    ):
        label = "Choose a person" if key is None else _who(cohort, key)
        with st.popover(_one_line(label), icon=":material/person:", type="tertiary", key="person_chip"):
            selection.person_selectors(shown.choice, cohort)
            if key is None:
                return None
            _details(cohort, key, values)
            details = st.empty()
        if facts := _facts(cohort, values):
            with st.container(key="facts", width="content"):
                st.caption(facts)
        return RiskPlaces(st.empty(), details)


def _who(cohort: Cohort, key: RowKey) -> str:
    who = f"**{wording.plain(key[0])}**"
    if cohort.schema.row_column:
        who += f" · {wording.plain(row_wording.short_row_name(cohort.schema, key[1]))}"
    return who


def _facts(cohort: Cohort, values: Mapping[str, Value]) -> str:
    """The headline facts that were measured, as values with their units: "66 years · female · 23.7 kg/m²"."""
    facts = [
        wording.plain(measure(feature, values[feature.name]))
        for feature in cohort.schema.features
        if feature.headline and values[feature.name] is not None
    ]
    most = MOST_FACTS if cohort.schema.row_column is None else MOST_FACTS - 1  # the day takes room
    return " · ".join(_one_line(fact) for fact in facts[:most])


def verdict(risk: float, threshold: float) -> str:
    """Say whether the model flags a risk: "Flagged: 37 of 100"."""
    return f"{'Flagged' if risk >= threshold else 'Not flagged'}: {wording.of_100(risk)}"


def _details(cohort: Cohort, key: RowKey, values: Mapping[str, Value]) -> None:
    """Say below the id what the bar has no room for: facts with their names, the row, completeness."""
    lines = [
        f"{wording.plain(feature.label)}: {wording.plain(measure(feature, values[feature.name]))}"
        for feature in cohort.schema.features
        if feature.headline
    ]
    if cohort.schema.row_column:
        label = wording.plain(cohort.schema.row_label.capitalize())
        lines.insert(0, f"{label}: {wording.plain(row_wording.row_name(cohort.schema, key[1]))}")
    measured = sum(value is not None for value in values.values())
    lines.append(f"{measured} of {len(values)} measured")
    st.markdown("\n".join(f"- {line}" for line in lines))
    if note := sensors.unit_note(cohort):
        st.caption(note)


def _one_line(text: str) -> str:
    return text.replace(" ", NO_BREAK)


def _red_flags(flags: Sequence[RaisedFlag]) -> None:
    for flag in flags:
        checked = "" if flag.confirmed else "; no clinician has confirmed this rule"
        st.error(
            f"**{ACT_FIRST}: {wording.plain(flag.label)}.** {wording.plain(flag.text)}  \n"
            f":small[{wording.plain(flag.source)}{checked}.]",
            icon=":material/emergency_home:",
        )
