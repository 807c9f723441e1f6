"""How was this person's glucose? One page in the standard order, on the screen and on paper."""

from __future__ import annotations

from sensecf_core.ui.page.frame import open_page
from sensecf_core.ui.sensors import glucose_page, own_export

page = open_page("Glucose", "How was this person's glucose?", needs="cohort", of_nobody=own_export.chosen())
glucose_page.show(page)
