"""Which language models can this machine use? Base models, adapters, and fine-tuning for a cohort."""

from __future__ import annotations

from sensecf_core.ui import adapters_panel, models_panel, training, tuning_panel
from sensecf_core.ui.frame import frame

page = frame("Models", "Which language models can this machine use?", needs="nothing")
models_panel.show(page.cohort)
if page.cohort is not None:
    training.guard(page.cohort)
    adapters_panel.show(page.cohort)
    tuning_panel.show(page.cohort)
