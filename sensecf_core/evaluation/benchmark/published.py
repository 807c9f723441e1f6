"""Methods of the papers that SenseCF follows that may not run here, and the figures that were published.

The papers' prompts, settings and metric formulas are not known, only titles, abstracts, the authors' own
pages and summaries by others: what is here is all that could be read (arXiv 2601.14590, 2507.05541).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sensecf_core.evaluation.benchmark.entries import Entry
from sensecf_core.provenance import PROGRAM


@dataclass(frozen=True)
class Absent:
    """A method without numbers: ``why``, and the ``commands`` that run it (none: it cannot be run at all)."""

    row: str
    title: str
    why: str
    commands: tuple[str, ...]
    status: str = "not run here"


@dataclass(frozen=True)
class Published:
    """A figure as its authors published it, on other data and by formulas that are not known."""

    measure: str
    figure: str
    method: str
    source: str
    data: str = "on AI-READI, as published"


_JOURNAL = "arXiv 2601.14590 (IEEE OJEMB 2026)"
_CONFERENCE = "arXiv 2507.05541 (IEEE-EMBS BSN 2025)"
PUBLISHED = (
    Published("validity", "up to 0.99", "the best of its language models", f"{_JOURNAL}, abstract"),
    Published("validity", "0.99 for class 0, 98 % for class 1", "the best of nine", f"{_JOURNAL}, web page"),
    Published("plausibility", "up to 99 %", "the best of its language models", f"{_JOURNAL}, abstract"),
    Published("validity", "up to 0.99", "GPT-4o-mini", f"{_CONFERENCE}, abstract"),
    Published("plausibility", "up to 99 %", "GPT-4o-mini", f"{_CONFERENCE}, abstract"),
    Published("sparsity", "“competitive”, without a number", "GPT-4o-mini", f"{_CONFERENCE}, abstract"),
)
"""“Up to” names a best cell, not a mean; which formula is behind validity and plausibility is not known."""


def absent(cohort: str, run: Sequence[Entry]) -> tuple[Absent, ...]:
    """The papers' language models that a run does not hold, with the commands that would add them."""
    names = {entry.name for entry in run}
    return tuple(method for method in _all(cohort) if method.row not in names)


def command(cohort: str, row: str) -> str:
    """The command that runs one method; with `all,` before its name it runs beside all that run here."""
    return f"{PROGRAM} benchmark --cohort {cohort} --methods {row}"


def _all(cohort: str) -> tuple[Absent, ...]:
    remote = (
        Absent(
            "lm-zero-shot@gpt-4o",
            "GPT-4, zero-shot",
            "It is a paid service: its host has to be allowed in var/remote.toml, and it needs a key.",
            (f"OPENAI_API_KEY=… {command(cohort, 'lm-zero-shot@gpt-4o')}",),
        ),
        Absent(
            "lm-few-shot@gpt-4o",
            "GPT-4, few-shot",
            "Examples are other participants' rows, which SenseCF sends to no server.",
            (),
        ),
    )
    local = [
        method
        for name, title in (("biomistral-7b", "BioMistral-7B"), ("llama-3.1-8b-instruct", "LLaMA-3.1-8B"))
        for method in _local(cohort, name, title)
    ]
    return (*remote, *local)


def _local(cohort: str, model: str, title: str) -> tuple[Absent, Absent]:
    why = "It needs a GPU (or much memory and patience) and its weights."
    pretrained, tuned = f"lm-few-shot@{model}", f"lm-guided@{model}"
    return (
        Absent(pretrained, f"{title}, pretrained", why, (command(cohort, pretrained),)),
        Absent(
            tuned,
            f"{title}, fine-tuned",
            why,
            (
                f"{PROGRAM} finetune --cohort {cohort} --base {model} --minutes 60",
                command(cohort, tuned),
            ),
        ),
    )
