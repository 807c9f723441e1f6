"""``wishes``: how well wishes in people's own words are understood."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from sensecf_core.cli.options import Json, at_least
from sensecf_core.cli.output import print_json
from sensecf_core.errors import InputError

COLUMNS = ("exact", "wrong", "added", "missed", "told")


def wishes(
    *,
    sentences: Annotated[
        Path, typer.Option(help="A file of sentences with what they mean (docs/wishes.md).")
    ],
    out: Annotated[Path | None, typer.Option(help="File for the JSON.")] = None,
    misread: Annotated[bool, typer.Option("--misread", help="List what was not read exactly.")] = False,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 0,
    as_json: Json = False,
) -> None:
    """Measure on sentences with a known meaning how often exactly that is understood."""
    from sensecf_core.evaluation import wish_scores
    from sensecf_core.language.wishes import rules
    from sensecf_core.language.wishes.sentences import read_file

    at_least(0, seed=seed)
    listed = read_file(sentences)
    if not listed:
        raise InputError(f"{sentences} holds no sentence.")
    found = wish_scores.measure(listed, rules.read, rules.READER, file=sentences, seed=seed)
    if misread:
        found["misread"] = wish_scores.misread(listed, rules.read)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(found, indent=1, allow_nan=False, ensure_ascii=False) + "\n", "utf-8")
    if as_json:
        print_json(found)
        return
    print(_as_text(found))
    for entry in found.get("misread", []):
        print(f"\n{entry['schema']}: {entry['text']}")
        print(f"  meant {'; '.join(entry['meant']) or 'nothing'}")
        print(
            f"  read  {'; '.join(entry['read']) or 'nothing'}; not understood: {', '.join(entry['unread'])}"
        )
    if out is not None:
        print(f"  {out}")


def _as_text(found: dict[str, Any]) -> str:
    lines = [f"{found['sentences']:,} sentences read by {found['reader']}; percent (95 % interval)"]
    lines.append(f"  {'':22}{'n':>5}  " + "".join(f"{name:<16}" for name in COLUMNS).rstrip())
    groups = {name: found[name] for name in ("all", "shipped", "unseen")} | found["schemas"] | found["kinds"]
    for name, group in groups.items():
        cells = "".join(f"{_cell(group[column]):<16}" for column in COLUMNS)
        lines.append(f"  {name:22}{group['exact']['n']:>5}  {cells.rstrip()}")
    return "\n".join(lines)


def _cell(interval: dict[str, float | int | None]) -> str:
    value, low, high = (interval[end] for end in ("value", "low", "high"))
    if value is None:
        return "–"
    return f"{100 * value:.0f}" + (
        "" if low is None or high is None else f" ({100 * low:.0f}–{100 * high:.0f})"
    )
