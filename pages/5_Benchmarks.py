"""How good are the methods? Every method on the same questions, scored by the same rules."""

from __future__ import annotations

from sensecf_core.ui.benchmarks import origin, results, run_picker, significance
from sensecf_core.ui.page.frame import open_page

page = open_page("Benchmarks", "How good are the methods?", needs="nothing")
chosen = None if page.cohort is None else run_picker.choose(page.cohort)
if chosen is not None:
    results.show(chosen)
    significance.raw(chosen)
    significance.ranks(chosen)
    significance.refining(chosen)
    origin.not_run(chosen)
origin.published(chosen)
if chosen is not None:
    origin.origin(chosen)
