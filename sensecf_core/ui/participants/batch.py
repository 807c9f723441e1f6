"""Ask about the people that the list shows: the button, the batches under way, and how the last one ended."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence

import streamlit as st

from sensecf_core.access import rights
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.errors import NotReadyError
from sensecf_core.jobs import ask_list, dispatch
from sensecf_core.jobs.job_table import JobView
from sensecf_core.language.models import default_model
from sensecf_core.records.found import Found
from sensecf_core.types import RowKey
from sensecf_core.ui.common import data, signed_in, wording
from sensecf_core.ui.decisions import who
from sensecf_core.ui.jobs import background_run
from sensecf_core.ui.page.frame import Page

HELP = (
    "Asks what the page Options asks before anything is set there (its first method, limits and seed), in "
    f"the order of the list: at most {ask_list.MOST} at once, of those who are flagged and have no answer "
    "yet. Whoever has a red flag is left out. It runs in the background; each answer is kept at once."
)
_PERSON, _ROW = "--participant=", "--row="


def button(page: Page, keys: Sequence[RowKey], left: int, shown: int, *, about: str = "") -> None:
    """The button that asks about ``keys``, of whom those with a red flag are withheld.

    ``left`` is how many of the ``shown`` could be asked about in all; ``about`` is like "the riskiest day
    of ".
    """
    if not left:
        return
    most = min(left, ask_list.MOST)
    which = f"the {most} shown" if most == shown else f"{most} of those shown"
    ready, refused = default_model.status(), rights.refusal("ask")
    pressed = st.button(
        f"Ask about {about}{which}" if about else f"Ask for {which}",
        icon=":material/playlist_play:",
        key="ask_shown",
        disabled=not ready.ready or refused is not None,
        help=HELP if ready.ready and refused is None else wording.message(refused or ready.message),
    )
    if pressed:
        argv = arguments(page.required_cohort.schema.name, keys, who.name())
        background_run.start(ask_list.KIND, argv, f"Options for {most} of {page.required_cohort.schema.name}")


def arguments(cohort: str, keys: Sequence[RowKey], by: str | None) -> list[str]:
    """The arguments of the command that asks about rows."""
    rows = [part for person, row in keys for part in (f"{_PERSON}{person}", f"{_ROW}{row}")]
    return [ask_list.KIND, "--cohort", cohort, *rows, *(["--by", by] if by else [])]


def asked_of(job: JobView) -> list[RowKey]:
    """The rows that a batch was asked about."""
    argv: list[str] = json.loads(job.spec)
    people = [part.removeprefix(_PERSON) for part in argv if part.startswith(_PERSON)]
    rows = [part.removeprefix(_ROW) for part in argv if part.startswith(_ROW)]
    return list(zip(people, rows, strict=True))


def show(cohort: Cohort, found: Mapping[RowKey, Found]) -> None:
    """Show every batch of a cohort that waits or runs; where there is none, what the last one came to."""
    try:
        going = background_run.unfinished(ask_list.KIND, cohort)
        if going:
            _watch(cohort, [job.id for job in going])
        elif (last := background_run.newest(ask_list.KIND, cohort)) is not None:
            _ended(cohort, last, found)
    except NotReadyError as error:
        st.error(wording.message(str(error)), icon=":material/database_off:")


@st.fragment(run_every=background_run.POLL_SECONDS)
def _watch(_: Cohort, job_ids: Sequence[str]) -> None:
    signed_in.still()
    try:
        jobs = [dispatch.view(job_id) for job_id in job_ids]
    except NotReadyError as error:
        st.error(wording.message(str(error)), icon=":material/error:")
        return
    if any(job is None or job.finished for job in jobs):
        st.rerun()
    with st.container(border=True, key="batch", gap="xsmall"):
        for job in jobs:
            assert job is not None
            people = wording.counted(len(asked_of(job)), "person", "people")
            st.markdown(f"**Options for {people} are being looked for.**")
            background_run.progress(job)
            background_run.cancel(job, "Answers that are there are kept; asking again goes on from them.")


def _ended(cohort: Cohort, job: JobView, found: Mapping[RowKey, Found]) -> None:
    """Say how the last batch ended, and what there is now for those whom it was about."""
    if job.state != "done":
        background_run.ended(job, "batch")
    st.caption(
        f"Last batch ({wording.moment(job.ended or job.created)}): {came_to(cohort, asked_of(job), found)}"
    )


def came_to(cohort: Cohort, keys: Sequence[RowKey], found: Mapping[RowKey, Found]) -> str:
    """Say for how many rows there are options, explanations or none, and why; and who was withheld."""
    labels = dict(zip(cohort.rows.index, data.red_flag_labels(cohort), strict=True))
    withheld = [key for key in keys if labels.get(key)]
    answered = [found[key] for key in keys if key in found and key not in withheld]
    of = f"of {len(keys) - len(withheld)} have"
    some = [one for one in answered if one.options and not one.explains]
    explained = sum(one.options > 0 and one.explains for one in answered)
    parts = []
    if some or not explained:
        solid = sum(one.solid > 0 for one in some)
        parts.append(f"{len(some)} {of} options ({solid} a solid one)")
    if explained:
        parts.append(f"{explained} {of} an explanation, which is no advice")
    empty: Counter[str] = Counter(one.status for one in answered if not one.options)
    for status, words in (("already_desired", "need none"), ("budget_spent", "stopped before any was found")):
        if count := empty.pop(status, 0):
            parts.append(f"{count} {words}")
    if empty:
        parts.append(f"{empty.total()} have none")
    if missing := len(keys) - len(withheld) - len(answered):
        parts.append(f"{missing} have no answer")
    if withheld:
        who_ = wording.listed(wording.plain(person) for person, _ in withheld)
        parts.append(f"withheld for a red flag, to be seen first: {who_}")
    return f"{'; '.join(parts)}."
