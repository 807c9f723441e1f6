"""``aireadi synthesise``: a synthetic release in the format of AI-READI, with a calibration report."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sensecf_core.aireadi.synthetic.population.settings import COMPACT_DAYS, COMPACT_PEOPLE, Settings
from sensecf_core.cli.options import Jobs, Json, JsonProgress, processes
from sensecf_core.cli.output import duration, print_json, print_json_line, progress

if TYPE_CHECKING:
    from sensecf_core.aireadi.synthetic.files.release import WrittenRelease


def synthesise(
    out: Annotated[Path, typer.Argument(help="A folder that does not exist yet, or an empty one.")],
    *,
    n: Annotated[
        int | None,
        typer.Option("--n", help=f"Participants; without it {Settings.n}, with --compact {COMPACT_PEOPLE}."),
    ] = None,
    days: Annotated[
        int | None,
        typer.Option(help=f"Days of wear each; without it {Settings.days}, with --compact {COMPACT_DAYS}."),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed makes the same bytes.")] = Settings.seed,
    layout: Annotated[
        str, typer.Option(help="v3, v2, v1 or mini: the release whose format is written.")
    ] = Settings.layout,
    compact: Annotated[
        bool, typer.Option("--compact", help="Fewer records, no indents: under 100 MB as it stands.")
    ] = False,
    jobs: Jobs = None,
    as_json: Json = False,
    json_progress: JsonProgress = False,
) -> None:
    """Write a SYNTHETIC release in the format of AI-READI, and compare it with published figures.

    Nobody in it is real, and no real row was used to make it.
    """
    from sensecf_core.aireadi.synthetic.files import release

    defaults = (COMPACT_PEOPLE, COMPACT_DAYS) if compact else (Settings.n, Settings.days)
    settings = Settings(
        n=n if n is not None else defaults[0],
        days=days if days is not None else defaults[1],
        seed=seed,
        layout=layout,
        compact=compact,
    )
    started = time.monotonic()
    with _sigterm_as_interrupt(), progress(json_progress) as report:
        if not json_progress:
            report(0.0, f"About {settings.megabytes:,.0f} MB")
        made = release.write(out, settings, report, jobs=processes(jobs))
    summary = _summary(made, time.monotonic() - started)
    if json_progress:
        print_json_line({"fraction": 1.0, "message": "Made", "result": summary})
    elif as_json:
        print_json(summary)
    else:
        _print(made, time.monotonic() - started)


@contextmanager
def _sigterm_as_interrupt() -> Iterator[None]:
    """Let SIGTERM end the command as Ctrl-C does, so that no half-written files stay."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def _summary(made: WrittenRelease, seconds: float) -> dict[str, Any]:
    return {
        "folder": str(made.root),
        "synthetic": True,
        "participants": made.people,
        "megabytes": round(made.bytes / 1e6, 1),
        "seconds": round(seconds, 1),
        "calibration": [asdict(line) for line in made.report],
        "assumed": made.assumed.to_dict(orient="index"),
    }


def _print(made: WrittenRelease, seconds: float) -> None:
    from sensecf_core.aireadi.synthetic import calibration

    print(
        f"SYNTHETIC release of {made.people:,} made-up participants in {made.root}: "
        f"{made.bytes / 1e6:,.0f} MB in {duration(seconds)}."
    )
    for text in calibration.texts(made.report, made.assumed):
        print(text)
