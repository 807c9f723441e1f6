"""How good are the methods? Every method on the same questions, judged by the same rules."""

from __future__ import annotations

from sensecf_core.ui import benchmark_origin_panel, benchmark_panel, benchmark_runs, benchmark_tests_panel
from sensecf_core.ui.frame import frame

page = frame("Benchmarks", "How good are the methods?", needs="nothing")
chosen = None if page.cohort is None else benchmark_runs.choose(page.cohort)
if chosen is not None:
    benchmark_panel.show(chosen)
    benchmark_tests_panel.raw(chosen)
    benchmark_tests_panel.ranks(chosen)
    benchmark_tests_panel.refining(chosen)
    benchmark_origin_panel.not_run(chosen)
benchmark_origin_panel.published(chosen)
if chosen is not None:
    benchmark_origin_panel.origin(chosen)
