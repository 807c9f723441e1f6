"""The disclaimer that every page and every export carries, defined in this one place."""

from __future__ import annotations

DISCLAIMER = (
    "Research software, not a medical device. Not for diagnosis or treatment. "
    "It shows associations that a model learned, not predicted effects of a change."
)
"""The short form, for the banner."""

DISCLAIMER_LONG = (
    f"{DISCLAIMER} Outputs are produced by a statistical model and a language model and may be wrong. "
    "A qualified clinician must review each suggestion. Do not change medicines on its basis."
)
"""The whole text, for exports and the foot of a page."""


def data_label(real: bool) -> str:
    """Say whether rows are about real people, as the banner and every export show it."""
    return "REAL DATA" if real else "SYNTHETIC DATA"
