"""The decisions about options of a cohort that may teach a language model, and why others may not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.encoding import to_codes, to_values
from sensecf_core.counterfactuals.fine_tuning.decided import DecidedOption
from sensecf_core.errors import InputError
from sensecf_core.queries.answer import Answer, Edits
from sensecf_core.records import answers, decisions
from sensecf_core.records.kept_options import kept_options
from sensecf_core.records.person_state import Decision, fold

FEWEST = 50
"""Decisions from which a model may learn."""
OTHER_PART = "about rows of the validation or test part, which only measure"
CHANGED = "about a row, a schema or an option that is another by now"
GONE = "about an answer that is not stored any more"


@dataclass(frozen=True)
class DecidedOptions:
    """What may teach: the options, by how many decisions of each kind, and how many were left out, and why.

    An edit gives two options: its own values, kept, and those that it came from, rejected.
    """

    options: tuple[DecidedOption, ...]
    used: Mapping[str, int]
    left_out: Mapping[str, int]

    @property
    def decisions(self) -> int:
        """How many decisions may teach."""
        return sum(self.used.values())

    @property
    def left_out_in_words(self) -> str:
        """One sentence that says how many were left out, and why; empty where none was."""
        reasons = [f"{count} {reason}" for reason, count in self.left_out.items()]
        count = sum(self.left_out.values())
        noun = "decision was" if count == 1 else "decisions were"
        return f"{count} {noun} left out: {', '.join(reasons)}." if reasons else ""


def decided_options(cohort: Cohort) -> DecidedOptions:
    """Collect what stands of the decisions about options of a cohort's training rows.

    What was undone does not count, and of two decisions about the same change of the same row the last does.
    """
    used: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    found: list[DecidedOption] = []
    for made in decisions.of_cohort(cohort.schema.name).values():
        state = fold(made)
        standing = {one.decision_id for one in (*state.kept, *state.rejected)}
        for decision in (one for one in made if one.decision_id in standing):
            taken = _options(cohort, decision)
            if isinstance(taken, str):
                left_out[taken] += 1
            else:
                used[decision.kind] += 1
                found += taken
    last = {_same(option): option.kept for option in found}
    options = tuple(option for option in found if last[_same(option)] == option.kept)
    return DecidedOptions(options, dict(used), dict(left_out))


def check_enough(cohort: str, found: DecidedOptions) -> None:
    """Raise ``InputError`` for fewer decisions than a model may learn from."""
    if found.decisions >= FEWEST:
        return
    left_out = f" ({found.left_out_in_words[:-1]})" if found.left_out else ""
    raise InputError(
        f"Learning from decisions takes at least {FEWEST} about options of training rows; {cohort} has "
        f"{found.decisions}{left_out}, so nothing was done."
    )


def _same(option: DecidedOption) -> tuple[str, str, int, str]:
    return option.participant_id, option.row_id, option.desired, repr(sorted(option.edits.items()))


def _options(cohort: Cohort, decision: Decision) -> list[DecidedOption] | str:
    """The options that a decision is about, or why it teaches nothing."""
    asked = answers.find(decision.answer_id or "")
    if asked is None:
        return GONE
    key = (asked.participant_id, asked.row_id)
    if key not in cohort.rows.index:
        return CHANGED
    if cohort.parts.loc[key] != "train":
        return OTHER_PART
    answer = _answer_of(asked, decision)
    if answer is None or not _as_it_was(cohort, answer):
        return CHANGED
    return list(_of_decision(answer, decision))


def _answer_of(asked: Answer, decision: Decision) -> Answer | None:
    """The answer that holds the option: the one asked for, or that of behaviours alone beside it."""
    try:
        (shown,) = kept_options(asked, [decision.option or 0])
    except InputError:
        return None
    changes = shown.option.model_dump(mode="json", by_alias=True)["changes"]
    return shown.answer if changes == decision.changes else None


def _as_it_was(cohort: Cohort, answer: Answer) -> bool:
    schema = cohort.schema
    if answer.provenance.get("sha256", {}).get("schema", schema.sha256) != schema.sha256:
        return False
    row = cohort.rows.loc[[(answer.participant_id, answer.row_id)]]
    return to_values(schema, to_codes(schema, row)[0]) == answer.factual.features


def _of_decision(answer: Answer, decision: Decision) -> Iterator[DecidedOption]:
    def option(edits: Edits, *, kept: bool) -> DecidedOption:
        return DecidedOption(answer.participant_id, answer.row_id, answer.desired, answer.limits, edits, kept)

    proposed = {name: change["to"] for name, change in (decision.changes or {}).items()}
    yield option(proposed, kept=decision.kind == "keep")
    if decision.edited is not None:
        yield option(dict(decision.edited), kept=True)
