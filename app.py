"""The home page: what this is, which cohorts are ready, where to go. Run with ``streamlit run app.py``."""

from __future__ import annotations

from sensecf_core.ui import home_panel
from sensecf_core.ui.frame import frame

page = frame("Home", "What is this, and where do I start?", needs="nothing")
home_panel.introduction(page)
home_panel.cohorts()
home_panel.language_model(page)
