"""``wishes``: how well wishes in people's own words are understood."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sensecf_core.cli.options import Json, at_least
from sensecf_core.cli.output import print_json
from sensecf_core.errors import InputError, unknown

if TYPE_CHECKING:
    from sensecf_core.cohorts.schema import Schema
    from sensecf_core.language.wishes.sentences import Sentence
    from sensecf_core.language.wishes.wish import Understood

COLUMNS = ("exact", "wrong", "added", "missed", "told")
MOST_SENTENCES = 100_000


def wishes(
    *,
    sentences: Annotated[
        Path | None, typer.Option(help="A file of sentences with what they mean (docs/wishes.md).")
    ] = None,
    generated: Annotated[
        str | None, typer.Option(help="Instead of a file: train, val or test, sentences that patterns make.")
    ] = None,
    adapter: Annotated[
        str | None, typer.Option(help="Read by a language model with this adapter, beside the rules.")
    ] = None,
    base: Annotated[
        str | None, typer.Option(help="The model that the adapter is for; without it the default.")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(help="Instead of an adapter: read by a language model that is told how in its prompt."),
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
    by_rules = [rules.read(sentence.schema, sentence.text) for sentence in listed]
    if by is not None and (adapter is not None or base is not None):
        raise InputError("--by names a model that is told how; leave out --adapter and --base.")
    if by is not None:
        read = _by_prompt(listed, by)
    else:
        read = by_rules if adapter is None else _by_model(listed, adapter, base)
    found = wish_scores.measure(listed, read, read[0].reader, seed=seed)
    if adapter is not None:
        found |= {"adapter": _identity(adapter)}
    if read is not by_rules:
        found |= _beside(listed, by_rules, read, seed)
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


def _by_model(listed: list[Sentence], name: str, base: str | None) -> list[Understood]:
    """The sentences as a language model reads them."""
    from sensecf_core.counterfactuals.proposers.resolve_model import placement_by_name
    from sensecf_core.evaluation.learned_wishes import read_together
    from sensecf_core.language.local.model import shared_model
    from sensecf_core.language.models import default_model
    from sensecf_core.language.wishes import by_model

    held = placement_by_name(base)
    folder = held.folder or default_model.require()
    found = by_model.adapter(name, default_model.weights_sha256(folder))
    model = shared_model(held.folder, found.folder, held.precision, held.device)
    return read_together(partial(by_model.read_all, model), listed)


def _by_prompt(listed: list[Sentence], name: str) -> list[Understood]:
    """The sentences as a language model reads them that is told how.

    A server has to be allowed for each schema; one that did not come with the program is restricted.
    """
    from sensecf_core.cohorts import builtin
    from sensecf_core.counterfactuals.proposers.resolve_model import wishes_backend
    from sensecf_core.evaluation.learned_wishes import read_together
    from sensecf_core.language.models import registry
    from sensecf_core.language.remote.allow_list import where_words_go
    from sensecf_core.language.wishes import by_prompt
    from sensecf_core.language.wishes.answer_form import nothing_understood

    models = {
        schema: wishes_backend(name, schema, restricted=schema not in builtin.NAMES)
        for schema in {sentence.schema.name for sentence in listed}
    }
    if (notice := where_words_go(registry.spec(name))) is not None:
        print(notice, file=sys.stderr)

    def read_all(
        schema: Schema, sentences: Sequence[str], *, cancelled: Callable[[], bool] | None
    ) -> list[Understood]:
        found = by_prompt.read_all(models[schema.name], schema, sentences, reader=name, cancelled=cancelled)
        return [one or nothing_understood(said, name) for said, one in zip(sentences, found, strict=True)]

    return read_together(read_all, listed)


def _beside(
    listed: list[Sentence], by_rules: list[Understood], read: list[Understood], seed: int
) -> dict[str, Any]:
    """What the rules read of the same sentences, and both together; and how much more is read exactly."""
    from sensecf_core.evaluation import wish_scores
    from sensecf_core.language.wishes import by_model

    both = [by_model.completed(*pair) for pair in zip(by_rules, read, strict=True)]
    return {
        "rules": wish_scores.measure(listed, by_rules, by_rules[0].reader, seed=seed)["all"],
        "exact_over_rules": wish_scores.exact_over(listed, read, by_rules, seed=seed),
        "together": wish_scores.measure(listed, both, by_model.BOTH, seed=seed)["all"],
        "together_over_rules": wish_scores.exact_over(listed, both, by_rules, seed=seed),
    }


def _identity(name: str) -> dict[str, str]:
    from sensecf_core.language.models import adapters

    card = adapters.of_wishes_by_name(name).card
    return {"name": card.name, "base": card.base, "sha256": card.weights_sha256}


def _sentences(file: Path | None, generated: str | None, count: int, seed: int) -> list[Sentence]:
    """The sentences asked for: those of a file, or generated ones."""
    from sensecf_core.language.wishes.sentences import read_file
    from sensecf_core.language.wishes.training_sentences.generator import PARTS, generate

    if (file is None) == (generated is None):
        raise InputError("Name a file by --sentences, or --generated train, val or test, one of the two.")
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
    if "rules" in found:
        lines.append("  of all, by the rules, and by both together (docs/wishes.md)")
        for name in ("rules", "together"):
            cells = "".join(f"{_cell(found[name][column]):<16}" for column in COLUMNS)
            lines.append(f"  {name:22}{found[name]['exact']['n']:>5}  {cells.rstrip()}")
        more, together = (_cell(found[name]) for name in ("exact_over_rules", "together_over_rules"))
        lines.append(f"  exact, more than the rules: {more}; together: {together}")
    return "\n".join(lines)


def _cell(interval: dict[str, float | int | None]) -> str:
    value, low, high = (interval[end] for end in ("value", "low", "high"))
    if value is None:
        return "–"
    return f"{100 * value:.0f}" + (
        "" if low is None or high is None else f" ({100 * low:.0f}–{100 * high:.0f})"
    )
