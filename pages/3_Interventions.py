"""What small change would alter the prediction? The checked options first, and the question above them."""

from __future__ import annotations

from sensecf_core.ui.common import sensors
from sensecf_core.ui.interventions import form, results
from sensecf_core.ui.page import red_flag_gate
from sensecf_core.ui.page.frame import open_page
from sensecf_core.ui.prediction import behaviour_note, risk, weak_classifier_note
from sensecf_core.ui.sensors import day

page = open_page("Interventions", "What small change would alter the prediction?", shows="answer")
red_flag_gate.stop_until_seen(page)
if sensors.has_streams(page.required_cohort):
    day.show_day(page)
form.show(page)
weak_classifier_note.warn(page.required_cohort)
risk.warn(page)
results.show(page)
if sensors.has_streams(page.required_cohort):
    day.show_traces(page)
behaviour_note.warn(page.required_cohort)
