"""Do counterfactuals help when labels are scarce? An answer for each scenario, and the views behind it."""

from __future__ import annotations

from sensecf_core.ui.augmentation import lights, quick_run, run_picker, tabs
from sensecf_core.ui.augmentation.chosen import PICKS
from sensecf_core.ui.page.frame import open_page

page = open_page(
    "Augmentation", "Do counterfactuals help when labels are scarce?", needs="nothing", picks=PICKS
)
if page.cohort is not None:
    chosen = run_picker.choose(page.cohort)
    if chosen is not None:
        run_picker.say_other_rows(chosen)
        lights.show(chosen)
        tabs.show_tabs(chosen)
    else:
        run_picker.nothing_yet(page.cohort.schema.name)
    if not quick_run.show(page.cohort):
        run_picker.unfinished(page.cohort.schema.name)
