"""``--say``: what was understood of somebody's own words, printed, and confirmed before anything runs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from sensecf_core.cli.output import print_json
from sensecf_core.errors import InputError

if TYPE_CHECKING:
    from sensecf_core.cohorts.cohort import Cohort
    from sensecf_core.cohorts.schema import Schema
    from sensecf_core.language.wishes.wish import Understood


def confirmed(
    cohort: Cohort, sentence: str, *, by: str | None = None, yes: bool, as_json: bool
) -> Understood:
    """Read a sentence, print what was understood, and return it once it is confirmed.

    Rules read it, or the language model ``by``. ``yes`` confirms it beforehand; else it is asked for, which
    needs a terminal. Raises ``InputError`` where nothing was understood, and where it is not confirmed.
    """
    schema = cohort.schema
    understood = _read(cohort, sentence, by)
    print(as_text(schema, understood), file=sys.stderr if as_json else sys.stdout)
    if not understood.wishes:
        raise InputError("No limit was understood in these words; name a feature and what it may do.")
    if yes:
        return understood
    if as_json or not on_a_terminal():
        if as_json:
            print_json({"said": understood.to_dict()})
        raise InputError("Nothing was run: if this is what is meant, ask again with --yes.")
    if not typer.confirm("Is this what is meant?"):
        raise InputError("Nothing was run: say it in other words, or use --freeze and --range.")
    return understood


def _read(cohort: Cohort, sentence: str, by: str | None) -> Understood:
    if by is None:
        from sensecf_core.language.wishes import rules

        return rules.read(cohort.schema, sentence)
    from sensecf_core.counterfactuals.proposers.resolve_model import restricted, wishes_backend
    from sensecf_core.language.models import registry
    from sensecf_core.language.remote.allow_list import where_words_go
    from sensecf_core.language.wishes import by_prompt

    model = wishes_backend(by, cohort.schema.name, restricted=restricted(cohort))
    if (notice := where_words_go(registry.spec(by))) is not None:
        print(notice, file=sys.stderr)
    return by_prompt.read(model, cohort.schema, sentence, reader=by)


def on_a_terminal() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def as_text(schema: Schema, understood: Understood) -> str:
    """What was understood, a line a wish with its words, and what was not."""
    from sensecf_core.language.wishes.wish import in_words

    lines = [f"Understood (by {understood.reader}):"]
    lines += [f'  {in_words(schema, wish)}   "{wish.words}"' for wish in understood.wishes] or ["  nothing"]
    if understood.unread:
        lines.append(f"Not understood: {', '.join(understood.unread)}")
    return "\n".join(lines)
