"""The frame of every page: settings, banner, selectors, person strip, and a check of what the page needs.

:func:`open_page` is the first statement of every page: with Streamlit's own ``pages/`` discovery a page can
be opened without ``app.py`` ever having run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import streamlit as st

from sensecf_core.classifiers import store
from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.cohorts.cohort import Cohort, locate
from sensecf_core.cohorts.encoding import Codes, Value, to_values
from sensecf_core.datasets import registry
from sensecf_core.disclaimer import DISCLAIMER, DISCLAIMER_LONG, data_label
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.jobs import visitor, worker
from sensecf_core.types import RowKey
from sensecf_core.ui.common import data
from sensecf_core.ui.common.wording import message, plain
from sensecf_core.ui.page import (
    excluded_participants,
    kept_picks,
    person_strip,
    selection,
    shown_results,
    train_classifier,
)
from sensecf_core.ui.page.selection import Choice
from sensecf_core.ui.server.guard import look_nothing_up

PAGES = {
    "app.py": ("Home", ":material/home:"),
    "pages/1_Participants.py": ("Participants", ":material/groups:"),
    "pages/2_Prediction.py": ("Prediction", ":material/monitoring:"),
    "pages/3_Interventions.py": ("Interventions", ":material/alt_route:"),
    "pages/4_Comparison.py": ("Comparison", ":material/compare:"),
    "pages/5_Benchmarks.py": ("Benchmarks", ":material/query_stats:"),
    "pages/6_Augmentation.py": ("Augmentation", ":material/library_add:"),
    "pages/7_Models.py": ("Models", ":material/model_training:"),
}
Needs = Literal["nothing", "cohort", "person"]


@dataclass(frozen=True)
class Page:
    """What a page works with, already checked.

    ``cohort`` is None only on pages that need nothing; ``key`` is the chosen row, or None. ``has_classifier``
    is always true on pages that need a person.
    """

    choice: Choice
    cohort: Cohort | None
    key: RowKey | None
    has_classifier: bool

    @property
    def required_cohort(self) -> Cohort:
        """The cohort, on pages that need one."""
        assert self.cohort is not None
        return self.cohort

    @property
    def row_key(self) -> RowKey:
        """The chosen row, on pages that need a person."""
        assert self.key is not None
        return self.key

    @property
    def classifier(self) -> Classifier:
        """The cohort's classifier; raises ``NotReadyError`` unless ``has_classifier``."""
        return store.load(self.required_cohort)

    @cached_property
    def codes(self) -> Codes:
        """The chosen row as codes, shape (features,)."""
        return data.codes(self.required_cohort, self.row_key)

    @cached_property
    def values(self) -> dict[str, Value]:
        """The chosen row as name → value."""
        return to_values(self.required_cohort.schema, self.codes)

    @cached_property
    def risk(self) -> float:
        """The calibrated p(class 1) of the chosen row."""
        position = self.required_cohort.rows.index.get_loc(self.row_key)
        return float(np.asarray(data.risks(self.required_cohort, self.classifier))[position])


def open_page(
    title: str,
    question: str,
    *,
    needs: Needs = "person",
    shows: shown_results.Kind | None = None,
    picks: Sequence[str] = (),
) -> Page:
    """Open a page; if something that it ``needs`` is missing, stop with a sentence and the selector.

    Parameters
    ----------
    title : the page's title.
    question : the question that the page answers, shown as its subtitle.
    needs : what the page cannot do without.
    shows : the result that the page's address also names: an answer (and a job), or a comparison.
    picks : what else is picked on the page and named by its address (:mod:`.kept_picks`).
    """
    visitor.find_by(selection.visitor)
    look_nothing_up()
    st.set_page_config(page_title=f"{title} · SenseCF", layout="wide")
    link_problem = shown_results.adopt_from_address(shows) if shows else None
    choice = selection.read()
    cohort, problem = _load_cohort(choice)
    if cohort is not None and choice.cohort is None:
        choice = Choice(cohort.schema.name)
        selection.keep(choice)
    _banner(cohort)
    key: RowKey | None = None
    if cohort is not None and (participant := choice.participant) is not None:
        try:
            key = locate(cohort, participant, choice.row)
            choice = Choice(choice.cohort, *key)
            selection.keep(choice)
        except InputError as error:
            problem = problem or excluded_participants.reason_of(cohort, participant) or str(error)
    if shows == "answer":
        shown_results.adopt_job(choice)
    results = shown_results.address_parameters(choice, shows) if shows else {}
    selection.mirror(choice, **results, **kept_picks.adopt(picks))
    _pages(choice)
    classifier = damage = None
    if cohort is not None and (key is not None or needs != "nothing"):  # loading it takes a moment
        classifier, damage = train_classifier.load_if_ready(cohort)
    if key is not None and cohort is not None:
        person_strip.strip(cohort, classifier, key)
    st.title(title)
    st.markdown(f"*{question}*")
    _warn(link_problem, registry.release_problem(), problem)
    for standstill in worker.problems():
        st.error(message(standstill), icon=":material/error:")
    if damage is not None:
        train_classifier.say_damaged(damage)
    _selectors(choice, cohort, problem, missing=problem is not None or (needs == "person" and key is None))
    page = Page(choice, cohort, key, has_classifier=classifier is not None)
    if needs != "nothing":
        _stop_if_incomplete(page, needs, damaged=damage is not None)
    return page


def _selectors(choice: Choice, cohort: Cohort | None, problem: str | None, *, missing: bool) -> None:
    """Show the selectors: on the page if something is ``missing``, else in the sidebar."""
    with st.container(key="choose") if missing else st.sidebar:
        if missing:
            _say_missing(problem, cohort)
        selection.selectors(choice, _titles(), cohort)
    with st.sidebar:
        st.caption(DISCLAIMER_LONG)


def _stop_if_incomplete(page: Page, needs: Needs, *, damaged: bool) -> None:
    """Stop a page that cannot go on, and offer what may help."""
    if page.cohort is None:
        st.stop()
    if not page.has_classifier and not damaged:
        train_classifier.offer_training(page.cohort)
    if needs != "person":
        return
    if not page.has_classifier:
        st.stop()
    if page.key is None:
        person_strip.offer_examples(page.cohort, page.classifier, page.choice.participant)
        st.stop()


def _load_cohort(choice: Choice) -> tuple[Cohort | None, str | None]:
    """Load the chosen cohort, or the first one that can be loaded when nothing is chosen."""
    if choice.cohort is not None:
        try:
            return registry.load(choice.cohort), None
        except (InputError, NotReadyError) as error:
            return None, str(error)
    problem = None
    for name in registry.available():
        try:
            return registry.load(name), None
        except (InputError, NotReadyError) as error:
            problem = problem or str(error)
    return None, problem


def _titles() -> dict[str, str]:
    titles = {}
    for name in registry.available():
        try:
            titles[name] = registry.load(name).schema.title
        except (InputError, NotReadyError):
            titles[name] = data.title_unread(name)
    return titles


def _warn(link_problem: str | None, release_problem: str | None, problem: str | None) -> None:
    """Warn of a link to a missing result, and of an unusable release unless ``problem`` says it already."""
    if link_problem:
        st.warning(plain(link_problem), icon=":material/link_off:")
    if release_problem and release_problem != problem:
        st.warning(message(release_problem), icon=":material/folder_off:")


def _banner(cohort: Cohort | None) -> None:
    badges = [":orange-badge[:material/science: Research prototype, not a medical device]"]
    if cohort is not None:
        origin = cohort.schema.provenance
        kind = data_label(origin.real) + (", public" if origin.public else ", private")
        icon = ":material/verified:" if origin.real else ":material/casino:"
        badges += [f":gray-badge[{plain(cohort.schema.title)}]", f":blue-badge[{icon} {kind}]"]
    with st.container(key="banner", gap="xsmall"):
        st.markdown(" ".join(badges))
        st.caption(DISCLAIMER)


def _pages(choice: Choice) -> None:
    """List the pages; every link carries the choice, so that copied links do too."""
    with st.sidebar, st.container(key="pages", gap="xsmall"):
        for path, (title, icon) in PAGES.items():
            st.page_link(path, label=title, icon=icon, query_params=choice.carried, width="stretch")


def _say_missing(problem: str | None, cohort: Cohort | None) -> None:
    if problem is not None:
        st.error(message(problem), icon=":material/search_off:")
    else:
        st.info(
            "Nobody is chosen yet. Choose a participant here, or look through the table on the "
            "Participants page.",
            icon=":material/person_search:",
        )
    if cohort is not None:
        st.page_link(
            "pages/1_Participants.py",
            label="Look through the participants",
            icon=":material/table_rows:",
            query_params={"cohort": cohort.schema.name},
        )
