"""The home page: what this is, which cohorts are ready, where to go. Run with ``streamlit run app.py``."""

from __future__ import annotations

from sensecf_core.ui import home
from sensecf_core.ui.page.frame import open_page

page = open_page("Home", "What is this, and where do I start?", needs="nothing")
home.introduction(page)
home.cohorts()
home.language_model(page)
