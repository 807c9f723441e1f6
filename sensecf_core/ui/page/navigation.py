"""The pages by group, and the list of them in the sidebar."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from sensecf_core.aireadi.cohort import participants
from sensecf_core.ui.choice.selection import Choice


@dataclass(frozen=True)
class Place:
    """A page in the navigation: its file, its title there and on the page, its icon, what it answers.

    With ``sensors`` it is listed only where people wore sensors.
    """

    file: str
    title: str
    icon: str
    help: str
    sensors: bool = False


HOME = "Home"
PERSON = {
    "Participants": Place(
        "pages/1_Participants.py", "Participants", ":material/groups:", "Who is in the cohort, and who first?"
    ),
    "Prediction": Place(
        "pages/2_Prediction.py",
        "Overview",
        ":material/monitoring:",
        "How the model rates this person, and why.",
    ),
    "Interventions": Place(
        "pages/3_Interventions.py",
        "Options",
        ":material/alt_route:",
        "The smallest realistic changes that would alter the prediction.",
    ),
    "What-if": Place(
        "pages/8_What-if.py", "What-if", ":material/tune:", "Change values by hand, and see the risk follow."
    ),
    "Glucose": Place(
        "pages/9_Glucose.py",
        "Glucose",
        ":material/glucose:",
        "The glucose report of this person, on one page.",
        sensors=True,
    ),
}
RESEARCH = {
    "Comparison": Place(
        "pages/4_Comparison.py",
        "Comparison",
        ":material/compare:",
        "What the language model and search methods each suggest, and where they agree.",
    ),
    "Benchmarks": Place(
        "pages/5_Benchmarks.py", "Benchmarks", ":material/query_stats:", "How good are the methods?"
    ),
    "Augmentation": Place(
        "pages/6_Augmentation.py",
        "Augmentation",
        ":material/library_add:",
        "Do counterfactuals help when labels are scarce?",
    ),
    "Models": Place(
        "pages/7_Models.py", "Models", ":material/model_training:", "Which language models can answer here?"
    ),
}
GROUPS = {"A person": PERSON, "Research": RESEARCH}
"""The navigation. Pages are named as in their addresses, which stay as they are; titles may differ."""
SHOW_A_PERSON = {*PERSON, "Comparison"}
"""Pages that show whoever is chosen."""
UNLISTED = {"Your_data": "Your data"}
"""Pages that Home leads to."""
WITHOUT_LETTERS = tuple(UNLISTED)
"""Pages without single keys: a letter that is typed into a cell of their table would be taken for one."""
TITLES = UNLISTED | {name: place.title for places in GROUPS.values() for name, place in places.items()}
"""What stands in the navigation and on the page, by name."""


def show(choice: Choice) -> None:
    """List the pages; every link carries the choice, so that copied links do too."""
    with st.sidebar, st.container(key="pages", gap="xsmall"):
        _link(Place("app.py", HOME, ":material/home:", "What this is, and where to start."), choice)
        for group, places in GROUPS.items():
            st.caption(group)
            for place in places.values():
                if not place.sensors or participants.has_streams(choice.cohort or ""):
                    _link(place, choice)


def _link(place: Place, choice: Choice) -> None:
    st.page_link(
        place.file,
        label=place.title,
        icon=place.icon,
        query_params=choice.carried,
        width="stretch",
        help=place.help,
    )
