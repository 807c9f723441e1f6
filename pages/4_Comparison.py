"""Do other methods agree? The same question to several methods, and their answers side by side."""

from __future__ import annotations

from sensecf_core.ui.comparison import form, results
from sensecf_core.ui.page import red_flag_gate
from sensecf_core.ui.page.frame import open_page
from sensecf_core.ui.prediction import risk, weak_classifier_note

page = open_page("Comparison", "Do other methods agree?", shows="comparison")
red_flag_gate.stop_until_seen(page)
weak_classifier_note.warn(page.required_cohort)
risk.warn(page)
form.show(page)
results.show(page)
