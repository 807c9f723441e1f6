"""``aireadi check``: which release is in a folder, what it holds, what is missing or odd."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sensecf_core.cli.options import Jobs, Json, processes
from sensecf_core.cli.output import ProgressLine, duration, print_json
from sensecf_core.errors import InputError

if TYPE_CHECKING:
    from sensecf_core.aireadi.check import Report, StreamReport

FEW, MOST_ITEMS = 5, 8


def check(
    root: Annotated[
        str | None, typer.Argument(help="The folder of a release; SENSECF_AIREADI by default.")
    ] = None,
    *,
    people: Annotated[
        int | None, typer.Option(help=f"How many participants to read; without it {FEW}.")
    ] = None,
    everybody: Annotated[
        bool, typer.Option("--all", help="Read all participants and keep the tables made from them.")
    ] = False,
    jobs: Jobs = None,
    as_json: Json = False,
) -> None:
    """Recognise a release, read a few participants (or all), and say what is there, missing and odd."""
    from sensecf_core.aireadi import check
    from sensecf_core.aireadi.release import locate

    few, all_jobs = FEW if people is None else people, processes(jobs)
    if everybody and people is not None:
        raise InputError("Give either --people or --all, which reads everybody.")
    if few < 1:
        raise InputError(f"--people must be 1 or more, got {few}.")
    release = locate.find(root)
    with ProgressLine() as line:
        if everybody:
            report = check.check_all(release, jobs=all_jobs, progress=line)
        else:
            report = check.check(release, few=few, progress=line)
    if as_json:
        print_json(_plain(report))
    else:
        _show(report)


def _plain(report: Report) -> dict[str, Any]:
    plain = asdict(report)
    plain["release"] |= {"root": str(report.release.root), "name": report.release.name}
    return plain


def _show(report: Report) -> None:
    from sensecf_core.aireadi.cohort.stress_task import GROUP_NAMES

    print(f"{report.release.name}, layout {report.release.layout}: {report.release.root}")
    real = "SYNTHETIC DATA" if report.release.synthetic else "REAL DATA: stays on this machine"
    print(f"  {report.release.title or 'without a title'}. {real}.")
    print(f"  {report.participants:,} participants; {report.looked_at:,} read{_speed(report)}")
    groups = {GROUP_NAMES.get(name, name): count for name, count in report.groups.items()}
    for label, counts in (("groups", groups), ("sites", report.sites), ("split", report.parts)):
        print(f"  {label}: {_counted(counts)}")
    print(f"  days: {report.usable_days:,} of {report.days:,} with enough wear (10 h worn, 70 % of glucose)")
    print(f"  glucose: {report.enough_glucose:,} of {report.looked_at:,} have 3 days or more")
    print("Streams (of the participants read):")
    for stream in report.streams:
        _show_stream(stream)
    print("Clinical:")
    first = dict(list(report.items.items())[:MOST_ITEMS])
    more = f", and {len(report.items) - len(first)} more items" if len(report.items) > len(first) else ""
    print(f"  measured: {_counted(first) or 'nothing'}{more}")
    if report.not_used:
        print(f"  without a value: {_counted(report.not_used)} records")
    for title, lines in (("Missing", report.missing), ("Odd", report.odd)):
        if lines:
            print(f"{title}:")
        for text in lines:
            print(f"  {text}")
    if report.tables:
        print(f"Tables, with one row per participant and stream in quality.parquet: {report.tables}")


def _speed(report: Report) -> str:
    if report.from_cache:
        return " (from the cache)"
    speed = report.read_mb / max(report.seconds, 1e-3)
    rate = report.looked_at / max(report.seconds, 1e-3)
    return (
        f" ({report.read_mb:,.1f} MB in {duration(report.seconds)}: {speed:,.0f} MB/s, {rate:.1f} people/s)"
    )


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _show_stream(stream: StreamReport) -> None:
    states = {name: getattr(stream, name) for name in ("read", "empty", "missing", "unreadable")}
    counts = {name: count for name, count in states.items() if count or name == "read"}
    if stream.nothing_valid:
        counts["nothing valid"] = stream.nothing_valid
    line = f"  {stream.label}: {_counted(counts)}"
    if stream.read:
        line += (
            f"; valid {stream.valid_share:.0%}, {stream.wear_days:.0f} days, {stream.gaps:.0f} gaps (medians)"
        )
    if stream.listed is not None:
        line += f"; files in the manifest: {stream.listed:,}"
    print(line)
    if stream.odd:
        print(f"    odd, by participants: {_counted(stream.odd)}")
