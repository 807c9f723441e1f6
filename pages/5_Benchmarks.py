"""How good are the methods? Every method on the same questions, scored by the same rules."""

from __future__ import annotations

from sensecf_core.ui.benchmarks import origin, run_picker, small_run, tabs
from sensecf_core.ui.page.frame import open_page

page = open_page("Benchmarks", "How good are the methods?", needs="nothing", picks=tabs.PICKS)
chosen = None if page.cohort is None else run_picker.choose(page.cohort)
if chosen is not None:
    tabs.show_tabs(chosen)
else:
    origin.published(None)
if page.cohort is not None and not small_run.show(page.cohort):
    run_picker.unfinished(page.cohort.schema.name)
