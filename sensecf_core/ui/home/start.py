"""Where to start: what the program does, an example, the list, and the people somebody worked on last."""

from __future__ import annotations

import streamlit as st

from sensecf_core.classifiers import store
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.datasets import registry
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.records import recent_people
from sensecf_core.records.recent_people import RecentPerson
from sensecf_core.ui.choice import examples, selection
from sensecf_core.ui.common import charts, wording
from sensecf_core.ui.home import picture
from sensecf_core.ui.page import bar
from sensecf_core.ui.page.frame import Page
from sensecf_core.ui.participants import decided

OPTIONS_PAGE, LIST_PAGE = "pages/3_Interventions.py", "pages/1_Participants.py"
MOST_PEOPLE = 5


def show(page: Page) -> None:
    """Show one sentence and a picture, the two ways to begin, and the last people."""
    left, right = st.columns([1, 1], gap="medium", vertical_alignment="center")
    with left:
        st.markdown(
            "SenseCF finds the smallest realistic changes that would alter a model's prediction for one "
            "person, and checks each of them before you see it. Nothing leaves this computer, unless you "
            "allow a server (see Models)."
        )
        with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
            if page.cohort is not None and store.ready(page.cohort):
                _example(page.cohort)
            st.page_link(
                LIST_PAGE,
                label="Browse participants",
                icon=":material/groups:",
                query_params=page.choice.carried,
            )
    with right:
        st.image(picture.drawing(charts.ink()), alt=picture.ALT, width="stretch")
    _continue()


def _example(cohort: Cohort) -> None:
    pressed = st.button(
        "Open an example",
        type="primary",
        icon=":material/play_arrow:",
        key="example",
        help="A held-out person whom the model flags, with a solid option if one is known.",
    )
    if not pressed:
        return
    try:
        key = examples.best(cohort, store.load(cohort))
    except NotReadyError as error:
        st.error(wording.message(str(error)), icon=":material/broken_image:")
        return
    if key is None:
        st.info("The model flags nobody in the test set of this cohort.", icon=":material/person_off:")
        return
    selection.choose(*key, cohort=cohort.schema.name)
    st.switch_page(OPTIONS_PAGE)


def _continue() -> None:
    """Link to the people about whom something was asked or decided last."""
    try:
        people = [one for one in recent_people.newest() if one.cohort in registry.available()]
        states = {name: decided.states(name) for name in {one.cohort for one in people}}
    except NotReadyError as error:
        st.warning(wording.message(str(error)), icon=":material/database_off:")
        return
    if not people:
        return
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="continue"):
        st.markdown("**Continue with**", width="content")
        for one in people[:MOST_PEOPLE]:
            state = states[one.cohort].get(one.participant_id)
            said = "" if state is None else decided.counts(state)
            st.page_link(
                OPTIONS_PAGE,
                label=f"{wording.plain(one.participant_id)}{f' ({said})' if said else ''}",
                icon=":material/person:",
                query_params=_address(one),
                help=f"{_cohort_name(one.cohort)}, {wording.moment(one.when)}",
            )


def _address(one: RecentPerson) -> dict[str, str]:
    address = {"cohort": one.cohort, "participant": one.participant_id}
    return address if one.row_id is None else address | {"row": one.row_id}


def _cohort_name(name: str) -> str:
    try:
        return bar.short_title(registry.load(name).schema.title)
    except (InputError, NotReadyError):
        return name
