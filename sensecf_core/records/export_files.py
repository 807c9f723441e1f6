"""The file that hands one stored answer over: a sheet of paper, a FHIR bundle, CSV or JSON."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Literal

from sensecf_core.access import rights
from sensecf_core.classifiers import store
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.domain import Domain
from sensecf_core.cohorts.encoding import to_codes
from sensecf_core.counterfactuals.checks.effort import default_efforts
from sensecf_core.datasets import registry
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.provenance import install_command
from sensecf_core.queries.answer import Answer, Counterfactual
from sensecf_core.records import decisions
from sensecf_core.records.exports import answers_csv, answers_json
from sensecf_core.records.fhir.bundle import answer_fhir
from sensecf_core.records.kept_options import kept_options
from sensecf_core.records.paper.page import Paper
from sensecf_core.records.paper.pdf import paper_pdf
from sensecf_core.records.paper.sheet import sheet
from sensecf_core.records.person_state import fold
from sensecf_core.types import Json

Format = Literal["pdf", "fhir", "csv", "json"]
FORMATS: tuple[Format, ...] = ("pdf", "fhir", "csv", "json")
OF_OPTIONS: frozenset[Format] = frozenset({"pdf", "fhir"})
"""Formats for which options can be chosen; the others hold the whole answer."""
_PACKAGES: dict[Format, str] = {"pdf": "fpdf", "fhir": "fhir"}


def export_file(
    answer: Answer, file_format: Format, *, kept: Sequence[int] | None = None, paper: Paper = "a4"
) -> bytes:
    """Write an answer as the bytes of a file.

    ``kept`` are numbers of options (from 1, None: all), for a PDF and FHIR; CSV and JSON are those of the
    pages, with every option. A PDF and FHIR need the answer's cohort as it was; they say how hard each option
    is, by default or as it was said of the person.

    Raises
    ------
    InputError : the cohort is gone or has another schema by now, an option is not there, or there are more
        than a page holds.
    NotReadyError : a package that the format needs is not installed, or the decisions cannot be read.
    NotAllowedError : whoever is at work may not export.
    """
    rights.require("export")
    if file_format in OF_OPTIONS:
        cohort = _unchanged(answer, _cohort(answer.cohort))
        card, answer = _card(answer, cohort), _with_efforts(answer, cohort)
        own = fold(decisions.of_person(answer.cohort, answer.participant_id)).effort_of
        if file_format == "fhir":
            return answer_fhir(answer, cohort.schema, card, kept, own).encode()
        return paper_pdf(sheet(answer, cohort.schema, card, kept, own), paper)
    return export_table([answer], file_format)


def export_table(exported: Sequence[Answer], file_format: Format) -> bytes:
    """Write answers, also about several people, as the bytes of one file; ``csv`` or ``json``.

    Raises ``NotAllowedError`` if whoever is at work may not export.
    """
    rights.require("export")
    cohorts = [cohort for name in {one.cohort for one in exported} if (cohort := _cohort(name)) is not None]
    schemas = {cohort.schema.name: cohort.schema for cohort in cohorts}
    write = answers_csv if file_format == "csv" else answers_json
    return write(exported, schemas).encode()


def refusal(answer: Answer, file_format: Format) -> str | None:
    """Why an answer cannot be written in a format here, before anybody asks for it; None if it can be."""
    if (why := rights.refusal("export")) is not None:
        return why
    if file_format not in OF_OPTIONS:
        return None
    try:
        _unchanged(answer, _cohort(answer.cohort))
    except InputError as error:
        return str(error)
    package = _PACKAGES[file_format]
    return None if find_spec(package) else f"It needs {package}; run `{install_command('exports')}`."


def _cohort(name: str) -> Cohort | None:
    try:
        return registry.load(name)
    except (InputError, NotReadyError):
        return None


def _unchanged(answer: Answer, cohort: Cohort | None) -> Cohort:
    """The cohort, if its schema is still that of the answer: labels and units are read from it."""
    if cohort is None:
        raise InputError(
            f"The cohort {answer.cohort!r} of this answer is not here; export CSV or JSON instead."
        )
    hashes = answer.provenance.get("sha256")
    made_with = hashes.get("schema") if isinstance(hashes, dict) else None
    if made_with not in (None, cohort.schema.sha256):
        raise InputError(
            f"The schema of cohort {answer.cohort!r} has changed since this answer was made; ask again, or "
            "export CSV or JSON."
        )
    return cohort


def _with_efforts(answer: Answer, cohort: Cohort) -> Answer:
    """The answer with the default effort of each option, also of one stored before there were any."""
    if all(one.option.effort for one in kept_options(answer, None)):
        return answer
    schema = cohort.schema
    domain = Domain.fit(schema, to_codes(schema, cohort.part("train")))

    def filled(option: Counterfactual) -> Counterfactual:
        known = {name: change for name, change in option.changes.items() if name in schema.positions}
        return option.model_copy(update={"effort": default_efforts(schema, domain, known) | option.effort})

    behaviours = None if answer.behaviours is None else _with_efforts(answer.behaviours, cohort)
    options = tuple(map(filled, answer.counterfactuals))
    return answer.model_copy(update={"counterfactuals": options, "behaviours": behaviours})


def _card(answer: Answer, cohort: Cohort) -> Json | None:
    """The card of the classifier that gave the answer; None where another one has taken its place."""
    hashes = answer.provenance.get("sha256")
    made_with = hashes.get("classifier") if isinstance(hashes, dict) else None
    if made_with is None or made_with != store.sha256(cohort):
        return None
    try:
        return store.card(cohort)
    except NotReadyError:
        return None
