"""The two filters above every table of participants: the model's view, and the part of the cohort."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from sensecf_core.cohorts.cohort import Cohort

PART_TITLES = {"test": "held out", "val": "validation", "train": "training"}
EVERYONE = "everyone"


def ask(cohort: Cohort, views: Sequence[str], *, judged: bool) -> tuple[str, str]:
    """Ask for one of ``views`` and for a part; returns both, the part maybe :data:`EVERYONE`.

    The first of ``views`` is everyone's; where nobody is ``judged`` by a classifier it is not asked for.
    """
    name = cohort.schema.name
    with st.container(horizontal=True, gap="large"):
        view = views[0]
        if judged:
            view = st.radio(
                "The model's view", views, horizontal=True, key=f"view_{name}", persist_state="session"
            )
        part = st.radio(
            "Part of the cohort",
            [EVERYONE, *(part for part in PART_TITLES if cohort.parts.eq(part).any())],
            format_func=lambda part: PART_TITLES.get(part, part),
            horizontal=True,
            key=f"part_{name}",
            persist_state="session",
            help="The classifier learned from the training part; what it says about held-out people is the "
            "fair picture.",
        )
    return view, part
