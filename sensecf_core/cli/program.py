"""All commands in one program, with exit codes and one-sentence errors."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.exceptions import TyperException

from sensecf_core import __version__
from sensecf_core.cli.commands import (
    answer,
    audit,
    batch,
    cohort,
    db,
    decisions,
    explain,
    export,
    models,
    predict,
    sensors,
    train,
)
from sensecf_core.cli.commands.aireadi import check, synthesise
from sensecf_core.cli.commands.experiments import (
    ablation,
    augment,
    behaviour,
    benchmark,
    feasibility,
    trace,
    wishes,
)
from sensecf_core.cli.commands.fine_tuning import finetune, pairs, rates
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.provenance import PROGRAM

FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Counterfactual interventions from language models on this machine, each one checked. "
    "Research software, not a medical device.",
)
aireadi = typer.Typer(rich_markup_mode=None, help="Releases in the format of AI-READI, real or synthetic.")
aireadi.command("check")(check.check)
aireadi.command("synthesise")(synthesise.synthesise)
app.add_typer(cohort.app, name="cohort")
app.add_typer(aireadi, name="aireadi")
app.add_typer(sensors.app, name="sensors")
app.command("train")(train.train)
app.command("predict")(predict.predict)
app.command("explain")(explain.explain)
app.command("batch")(batch.batch)
app.command("answer")(answer.answer)
app.add_typer(decisions.app, name="decisions")
app.add_typer(audit.app, name="audit")
app.add_typer(db.app, name="db")
app.command("export")(export.export)
app.command("models")(models.models)
app.command("fetch-model")(train.fetch_model)
app.command("pairs")(pairs.pairs)
app.command("finetune")(finetune.finetune)
app.command("rates")(rates.rates)
app.command("ablation")(ablation.ablation)
app.command("prepare")(train.prepare)
app.command("trace")(trace.trace)
app.command("behaviour")(behaviour.behaviour)
app.command("feasibility")(feasibility.feasibility)
app.command("wishes")(wishes.wishes)
app.command("benchmark")(benchmark.benchmark)
app.command("augment")(augment.augment)


def _show_version(requested: bool) -> None:
    if requested:
        print(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None: ...


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; by default ``arguments`` are those of the process."""
    # The progress bars of libraries would get mixed up with ours.
    os.environ.setdefault("TQDM_DISABLE", "1")
    argv = list(sys.argv[1:] if arguments is None else arguments)
    if any("\udc80" <= character <= "\udcff" for argument in argv for character in argument):
        return _complain("An argument is no text in UTF-8; type it again.", BAD_INPUT)
    try:
        code = app(args=argv or ["--help"], prog_name=PROGRAM, standalone_mode=False)
    except TyperException as error:
        return _complain(error.format_message(), BAD_INPUT)
    except InputError as error:
        return _complain(str(error), BAD_INPUT)
    except NotReadyError as error:
        return _complain(str(error), FAILED)
    except (KeyboardInterrupt, typer.Abort):
        return _complain("Interrupted.", INTERRUPTED)
    return code if isinstance(code, int) else 0


def _complain(message: str, code: int) -> int:
    print(" ".join(message.split()), file=sys.stderr)
    return code
