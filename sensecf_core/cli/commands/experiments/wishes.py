"""``wishes``: how well wishes in people's own words are understood."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sensecf_core.cli.options import Json, at_least
from sensecf_core.cli.output import print_json
from sensecf_core.errors import InputError, unknown

if TYPE_CHECKING:
    from sensecf_core.language.wishes.sentences import Sentence

COLUMNS = ("exact", "wrong", "added", "missed", "told")
MOST_SENTENCES = 100_000


def wishes(
    *,
    sentences: Annotated[
        Path | None, typer.Option(help="A file of sentences with what they mean (docs/wishes.md).")
    ] = None,
    generated: Annotated[
        str | None, typer.Option(help="Instead of a file: train or test, sentences that patterns make.")
    ] = None,
    count: Annotated[int, typer.Option(help="How many of them.")] = 1000,
    out: Annotated[Path | None, typer.Option(help="File for the JSON.")] = None,
    misread: Annotated[bool, typer.Option("--misread", help="List what was not read exactly.")] = False,
    seed: Annotated[int, typer.Option(help="Of the bootstrap, and of generated sentences.")] = 0,
    as_json: Json = False,
) -> None:
    """Measure on sentences with a known meaning how often exactly that is understood."""
    from sensecf_core.evaluation import wish_scores
    from sensecf_core.language.wishes import rules

    at_least(0, seed=seed)
    listed = _sentences(sentences, generated, count, seed)
    read = [rules.read(sentence.schema, sentence.text) for sentence in listed]
    found = wish_scores.measure(listed, read, rules.READER, seed=seed)
    if misread:
        found["misread"] = wish_scores.misread(listed, read)
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


def _sentences(file: Path | None, generated: str | None, count: int, seed: int) -> list[Sentence]:
    """The sentences asked for: those of a file, or generated ones."""
    from sensecf_core.language.wishes.sentences import read_file
    from sensecf_core.language.wishes.training_sentences.generator import PARTS, generate

    if (file is None) == (generated is None):
        raise InputError("Name a file by --sentences, or --generated train or test, one of the two.")
    if file is not None:
        listed = read_file(file)
        if not listed:
            raise InputError(f"{file} holds no sentence.")
        return listed
    if not 1 <= count <= MOST_SENTENCES:
        raise InputError(f"--count must be from 1 to {MOST_SENTENCES:,}, got {count}.")
    part = next((part for part in PARTS if part == generated), None)
    if part is None:
        raise unknown("part", generated, PARTS)
    return generate(part, count, seed=seed)


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
