"""The decisions about options of a cohort that may teach a language model, and why others may not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.encoding import to_codes, to_values
from sensecf_core.counterfactuals.fine_tuning.pairs.decided import DecidedOption
from sensecf_core.errors import InputError
from sensecf_core.queries.answer import Answer, Edits
from sensecf_core.records import answers, decisions
from sensecf_core.records.kept_options import kept_options
from sensecf_core.records.person_state import Decision, fold

FEWEST = 50
"""Usable decisions from which a model may learn, before some are held out to measure on."""
OTHER_PART = "about rows of the validation or test part, which only measure"
CHANGED = "about a row, a schema or an option that is another by now"
GONE = "about an answer that is not stored any more"
UNREADABLE = "about an answer that was altered on the disk or kept by another version"
SUPERSEDED = "about a change that was decided again later"


@dataclass(frozen=True)
class DecidedOptions:
    """What may teach or measure: options, by how many decisions of each kind; how many are left out, and why.

    An edit gives two options: its own values, kept, and those that it came from, rejected.
    """

    options: tuple[DecidedOption, ...]
    used: Mapping[str, int]
    left_out: Mapping[str, int]

    @property
    def decisions(self) -> int:
        """How many decisions can be used: they teach, measure, or find no counterpart to stand against."""
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
    kinds: dict[str, str] = {}
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
                kinds[decision.decision_id] = decision.kind
                found += taken
    options = _last_said(found)
    counted = {option.decision_id for option in options}
    if superseded := len(kinds) - len(counted):
        left_out[SUPERSEDED] = superseded
    used = Counter(kind for decision_id, kind in kinds.items() if decision_id in counted)
    return DecidedOptions(options, dict(used), dict(left_out))


def _last_said(found: Sequence[DecidedOption]) -> tuple[DecidedOption, ...]:
    """The options without those about whose change something was decided later.

    Two rejections of one change under different limits both stand: each is an answer to its own question.
    """
    last = {_same(option): option.kept for option in found}
    places = {
        (_same(option), None if option.kept else option.limits.model_dump_json()): place
        for place, option in enumerate(found)
        if last[_same(option)] == option.kept
    }
    return tuple(found[place] for place in sorted(places.values()))


def check_enough(cohort: str, found: DecidedOptions) -> None:
    """Raise ``InputError`` for fewer decisions than a model may learn from."""
    if found.decisions >= FEWEST:
        return
    left_out = f" ({found.left_out_in_words[:-1]})" if found.left_out else ""
    raise InputError(
        f"Learning from decisions takes at least {FEWEST} usable ones about options of training rows, to "
        f"teach and to measure together; {cohort} has {found.decisions}{left_out}, so nothing was done."
    )


def _same(option: DecidedOption) -> tuple[str, str, int, str]:
    return option.participant_id, option.row_id, option.desired, repr(sorted(option.edits.items()))


def _options(cohort: Cohort, decision: Decision) -> list[DecidedOption] | str:
    """The options that a decision is about, or why it teaches nothing."""
    try:
        asked = answers.find(decision.answer_id or "")
    except InputError:
        return UNREADABLE
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
        return DecidedOption(
            answer.participant_id,
            answer.row_id,
            answer.desired,
            answer.limits,
            edits,
            kept,
            decision.decision_id,
        )

    proposed = {name: change["to"] for name, change in (decision.changes or {}).items()}
    yield option(proposed, kept=decision.kind == "keep")
    if decision.edited is not None:
        yield option(dict(decision.edited), kept=True)
