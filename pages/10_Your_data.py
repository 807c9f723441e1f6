"""How does your own table become a cohort? Upload, columns, schema, check, use."""

from __future__ import annotations

from sensecf_core.ui.page.frame import open_page
from sensecf_core.ui.your_data import show

open_page("Your_data", "How does your own table become a cohort?", needs="nothing")
show.show()
