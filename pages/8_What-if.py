"""What if some measurements were different? Change them by hand, and keep what results as an own option."""

from __future__ import annotations

from sensecf_core.ui.common import sensors
from sensecf_core.ui.page import red_flag_gate
from sensecf_core.ui.page.frame import open_page
from sensecf_core.ui.prediction import risk, weak_classifier_note
from sensecf_core.ui.sensors import day_picker
from sensecf_core.ui.whatif import opened_from, show

page = open_page("What-if", "What if some measurements were different?", picks=opened_from.PICKS)
red_flag_gate.stop_until_seen(page)
if sensors.has_streams(page.required_cohort):
    day_picker.show(page.required_cohort, *page.row_key)
weak_classifier_note.warn(page.required_cohort)
risk.warn(page)
show.what_if(page)
