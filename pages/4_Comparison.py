"""Do other methods agree? The same question to several methods, and their answers side by side."""

from __future__ import annotations

from sensecf_core.ui import comparison_form, comparison_panel, ranking_panel, risk_panel
from sensecf_core.ui.frame import frame

page = frame("Comparison", "Do other methods agree?", follows="comparison")
ranking_panel.warn(page.known)
risk_panel.warn(page)
comparison_form.show(page)
comparison_panel.show(page)
