"""What is handed over about an answer: one page of paper, FHIR, CSV, JSON; the audit trail says so."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sensecf_core.queries.answer import Answer
from sensecf_core.records import audit
from sensecf_core.records.export_files import OF_OPTIONS, Format, export_file, refusal
from sensecf_core.records.paper.page import Paper
from sensecf_core.ui.common import widgets
from sensecf_core.ui.decisions import who

_FILES: tuple[tuple[str, Format, Paper, str, str, str], ...] = (
    ("One page, A4", "pdf", "a4", "-a4.pdf", "application/pdf", ":material/picture_as_pdf:"),
    ("Letter", "pdf", "letter", "-letter.pdf", "application/pdf", ":material/picture_as_pdf:"),
    ("FHIR", "fhir", "a4", "-fhir.json", "application/fhir+json", ":material/local_hospital:"),
    ("CSV", "csv", "a4", ".csv", "text/csv", ":material/table_rows:"),
    ("JSON", "json", "a4", ".json", "application/json", ":material/data_object:"),
)
"""Label, format, paper, end of the file's name, type, icon."""


def buttons(answer: Answer, kept: Sequence[int]) -> None:
    """Offer the files; paper and FHIR hold the options of the numbers ``kept``, or all where none is kept."""
    for label, file_format, paper, end, mime, icon in _FILES:
        widgets.download(
            label,
            partial(file, answer, file_format, kept, paper, who.name()),
            f"sensecf-{answer.answer_id}{end}",
            mime,
            icon=icon,
            key=f"hand_over{end}",
            refused=refusal(answer, file_format),
        )


def file(answer: Answer, file_format: Format, kept: Sequence[int], paper: Paper, by: str | None) -> bytes:
    """Write a file and say so in the audit trail; a CSV starts with a byte-order mark, for spreadsheets."""
    chosen = tuple(kept) or None if file_format in OF_OPTIONS else None
    content = export_file(answer, file_format, kept=chosen, paper=paper)
    audit.record(audit.about("exported", answer, by, format=file_format))
    return b"\xef\xbb\xbf" + content if file_format == "csv" else content
