"""The home page: what this is, an example, the cohorts that are ready. Run with ``streamlit run app.py``."""

from __future__ import annotations

from sensecf_core.ui.home import cohorts, start
from sensecf_core.ui.page.frame import open_page

page = open_page("Home", "Which small changes would alter the risk of this person?", needs="nothing")
start.show(page)
cohorts.show()
cohorts.folds(page)
