"""The frame of every page: settings, navigation, the bar, selectors, and a check of what the page needs.

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
from streamlit.delta_generator import DeltaGenerator

from sensecf_core import __version__
from sensecf_core.access import people, rights
from sensecf_core.classifiers import store
from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.cohorts.cohort import Cohort, locate
from sensecf_core.cohorts.encoding import Codes, Value, to_values
from sensecf_core.datasets import registry
from sensecf_core.disclaimer import DISCLAIMER_LONG
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.jobs import model_worker, visitor, worker
from sensecf_core.language.models import default_model
from sensecf_core.types import RowKey
from sensecf_core.ui.choice import examples, excluded_participants, kept_picks, selection, shown_results
from sensecf_core.ui.choice.selection import Choice
from sensecf_core.ui.common import data, signed_in
from sensecf_core.ui.common.wording import message, plain
from sensecf_core.ui.jobs import train_classifier
from sensecf_core.ui.page import bar, keyboard, navigation
from sensecf_core.ui.server import sign_in
from sensecf_core.ui.server.guard import look_nothing_up

SIDEBAR = 216
"""Pixels: the longest name of a page, in bold, fits."""
DRAWN_SECONDS = 2.0
"""A page is drawn by then, and is being read."""

Needs = Literal["nothing", "cohort", "person"]


@dataclass(frozen=True)
class Page:
    """What a page works with, already checked.

    ``cohort`` is None only on pages that need nothing; ``key`` is the chosen row, or None. ``has_classifier``
    is always true on pages that need a person. ``tools`` is where the page puts a switch of its own, below
    the bar; None where the bar shows nobody.
    """

    choice: Choice
    cohort: Cohort | None
    key: RowKey | None
    has_classifier: bool
    tools: DeltaGenerator | None = None

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
    name: str,
    question: str,
    *,
    needs: Needs = "person",
    shows: shown_results.Kind | None = None,
    picks: Sequence[str] = (),
    of_nobody: bool = False,
) -> Page:
    """Open a page; if something that it ``needs`` is missing, stop with a sentence and the selector.

    Parameters
    ----------
    name : the page's name in its address (a key of :data:`.navigation.GROUPS`, or ``Home``).
    question : the question that the page answers, shown under its title.
    needs : what the page cannot do without.
    shows : the result that the page's address also names: an answer (and a job), or a comparison.
    picks : what else is picked on the page and named by its address (``ui.choice.kept_picks``).
    of_nobody : the page shows somebody who is in no cohort, so neither the bar nor the address names the
        chosen participant or the cohort; both stay chosen, and the page that is returned has neither.
    """
    visitor.find_by(selection.visitor)
    people.find_by(sign_in.person)
    look_nothing_up()
    title = navigation.TITLES.get(name, name)
    st.set_page_config(
        page_title=f"{title} · SenseCF",
        layout="wide",
        initial_sidebar_state=SIDEBAR,
        menu_items={"About": f"**SenseCF** {__version__}. {DISCLAIMER_LONG}"},
    )
    signed_in.require()
    if of_nobody:
        return _open_of_nobody(name, title, question)
    link_problem = shown_results.adopt_from_address(shows) if shows else None
    choice = selection.read()
    cohort, problem = _load_cohort(choice)
    if cohort is not None and choice.cohort is None:
        choice = Choice(cohort.schema.name)
        selection.keep(choice)
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
    navigation.show(choice)
    keyboard.show(name, cohort)
    signed_in.show()
    missing = problem is not None or (needs == "person" and key is None)
    shown = bar.Shown(title, question, choice, _titles(), cohort, key)
    places = bar.show(shown, with_selectors=not missing)
    signed_in.say_role()
    if cohort is not None:
        _make_answers_ready(cohort, at_once=shows == "answer")
    classifier = damage = None
    if cohort is not None and (key is not None or needs != "nothing"):  # loading it takes a moment
        classifier, damage = train_classifier.load_if_ready(cohort)
    if cohort is not None and key is not None and places is not None and classifier is not None:
        bar.show_risk(places, cohort, classifier, key)
    _warn(link_problem, registry.release_problem(), problem)
    for standstill in worker.problems():
        st.error(message(standstill), icon=":material/error:")
    if damage is not None:
        train_classifier.say_damaged(damage)
    if missing:
        _ask(shown, problem)
    tools = None if places is None else places.tools
    page = Page(choice, cohort, key, has_classifier=classifier is not None, tools=tools)
    if needs != "nothing":
        _stop_if_incomplete(page, needs, damaged=damage is not None)
    return page


def _make_answers_ready(cohort: Cohort, *, at_once: bool) -> None:
    """Begin to load what answers need: on the page that asks at once, else when a first page is drawn.

    Not where nothing could answer, or whoever looks may not ask.
    """
    if st.runtime.exists() and default_model.status().ready and rights.refusal("ask") is None:
        model_worker.warm(cohort.schema.name, after=0.0 if at_once else DRAWN_SECONDS)


def _open_of_nobody(name: str, title: str, question: str) -> Page:
    choice = selection.read()
    selection.mirror(selection.NOBODY)  # browsers print the address
    navigation.show(choice)
    keyboard.show(name, None)
    signed_in.show()
    bar.show(bar.Shown(title, question, choice, {}, None, None), with_selectors=False)
    signed_in.say_role()
    return Page(choice, None, None, has_classifier=False)


def _ask(shown: bar.Shown, problem: str | None) -> None:
    """Show on the page what is missing, with the selectors."""
    with st.container(key="choose"):
        _say_missing(problem, shown.cohort)
        selection.cohort_selector(shown.choice, shown.cohorts)
        if shown.cohort is not None:
            selection.person_selectors(shown.choice, shown.cohort)


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
        examples.offer(page.cohort, page.classifier, page.choice.participant)
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


def _say_missing(problem: str | None, cohort: Cohort | None) -> None:
    if problem is not None:
        st.error(message(problem), icon=":material/search_off:")
    else:
        st.info(
            "Nobody is chosen yet. Choose a participant here, or browse the list on the page Participants.",
            icon=":material/person_search:",
        )
    if cohort is not None:
        st.page_link(
            "pages/1_Participants.py",
            label="Browse participants",
            icon=":material/table_rows:",
            query_params={"cohort": cohort.schema.name},
        )
