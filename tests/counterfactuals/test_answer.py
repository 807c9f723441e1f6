from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from sensecf_core.counterfactuals import explain as explaining
from sensecf_core.counterfactuals.explain import answer
from sensecf_core.counterfactuals.problem.constraints import resolve_limits
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.make_queries import make_queries as ask_query
from sensecf_core.counterfactuals.proposal import Proposal, ProposalRequest
from sensecf_core.counterfactuals.proposers.fine_tuned import FineTunedProposer
from sensecf_core.counterfactuals.proposers.registry import expected_answer_ids
from sensecf_core.counterfactuals.search.effects import estimate_effects
from sensecf_core.errors import InputError
from sensecf_core.evaluation.raw_candidates.directions import Direction
from sensecf_core.evaluation.raw_candidates.table import record
from sensecf_core.language.prompts.grammar import write_edits
from sensecf_core.queries.answer import Answer
from sensecf_core.queries.query import PromptHints, Query
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.types import Callbacks


@dataclass(frozen=True)
class ScriptedProposer:
    """Says the same texts whatever it is asked (tests only)."""

    texts: tuple[str, ...]
    stopped: str | None = None

    def propose(self, query: Query, run: ProposalRequest) -> Proposal:
        return Proposal(self.texts, stopped=self.stopped)  # type: ignore[arg-type]


def ask(participant: str, **options: object) -> ExplainRequest:
    """A question put to the method itself, as the benchmark does: no search runs before it."""
    asked = {"cohort": "small", "participant_id": participant, "method": "random", "candidates": 64}
    return ExplainRequest.model_validate({**asked, "goal": "cross", "search_first": False, **options})


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch):
    def say(*texts: str, stopped: str | None = None) -> None:
        monkeypatch.setattr(explaining, "proposer_for", lambda *args: ScriptedProposer(texts, stopped))

    return say


def _query(fitted: FittedCohort, request: ExplainRequest) -> Query:
    limits = resolve_limits(request, fitted.cohort, fitted.domain)
    return ask_query(fitted, [(request.participant_id, "0")], 0, limits)[0]


def timeless(found: Answer) -> dict[str, object]:
    return found.model_dump(exclude={"seconds", "created"})


@dataclass
class TellingModel:
    """Stands for a fine-tuned model (tests only): says ``first``, then the best of what it is told."""

    first: str
    hints: list[PromptHints]

    def propose(self, proposer: FineTunedProposer, query: Query, run: ProposalRequest) -> Proposal:
        self.hints.append(proposer.hints)
        if len(self.hints) == 1:
            return Proposal((self.first,) * 4, prompt="first", prefill_seconds=1.0, decode_seconds=1.0)
        effects = {effect.feature: effect.value for effect in proposer.hints.effects}
        best = dict(list(effects.items())[: query.limits.max_changes])
        text = write_edits(proposer.schema, best)
        return Proposal((self.first, text), prompt="again", prefill_seconds=1.0, decode_seconds=1.0)


@pytest.fixture
def telling(fitted: FittedCohort, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], TellingModel]:
    def install(first: str) -> TellingModel:
        model = TellingModel(first, [])

        def propose(proposer: FineTunedProposer, query: Query, run: ProposalRequest) -> Proposal:
            return model.propose(proposer, query, run)

        monkeypatch.setattr(FineTunedProposer, "propose", propose)
        monkeypatch.setattr(
            explaining,
            "proposer_for",
            lambda context: FineTunedProposer(
                context.fitted.schema, None, estimate_effects(context.fitted, [context.query])[0]
            ),
        )
        return model

    return install


def test_where_nothing_passes_the_model_is_told_what_was_measured_and_asked_again(
    fitted: FittedCohort, flagged: list[str], telling: Callable[[str], TellingModel]
) -> None:
    request = ask(flagged[-1], method="lm-guided", profile="contrast", max_changes=4)
    model = telling("nonsense")
    found = answer(fitted, request)
    estimated, *measured = model.hints
    assert found.status == "found" and found.trace.askings == len(model.hints) == 2
    assert measured[0] == estimate_effects(fitted, [_query(fitted, request)], "probes")[0] != estimated
    assert [one.asking for one in found.trace.candidates] == [1, 1, 1, 1, 2, 2]
    assert (found.trace.proposed, found.trace.readable) == (6, 1)
    assert found.prompt == "first\n\nagain" and found.seconds.prefill == 2.0
    # The changes it is told of were measured; what was said at first was read by nobody but the checks.
    assert 0 < found.trace.search_rows < found.trace.model_rows
    first = found.trace.first
    assert first is not None and (first.proposed, first.readable) == (4, 0)
    # Rates of raw candidates are those of the first asking.
    kept = record(Direction(1, "contrast"), found)
    assert (kept["proposed"], kept["readable"], kept["shown"], kept["askings"]) == (4, 0, 1, 2)


@pytest.mark.parametrize("cut", ["budget", "cancel"])
def test_what_was_judged_stays_when_it_ends_in_a_later_asking(
    fitted: FittedCohort, flagged: list[str], telling: Callable[[str], TellingModel], cut: str
) -> None:
    options: dict[str, object] = {"method": "lm-guided", "profile": "contrast", "max_changes": 4}
    model = telling("nonsense")
    most = answer(fitted, ask(flagged[-1], **options)).trace.model_rows - 1
    model.hints.clear()
    if cut == "budget":
        found = answer(fitted, ask(flagged[-1], **options, max_model_rows=most))
    else:
        found = answer(fitted, ask(flagged[-1], **options), Callbacks(cancelled=lambda: len(model.hints) > 1))
    assert found.status == ("budget_spent" if cut == "budget" else "cancelled")
    assert len(found.reasons) >= 1 and len(model.hints) == 2
    assert found.trace.proposed >= 4 and all(one.asking == 1 for one in found.trace.candidates[:4])


def test_the_model_is_not_asked_again_in_vain(
    fitted: FittedCohort, flagged: list[str], telling: Callable[[str], TellingModel]
) -> None:
    frozen = tuple(f.name for f in fitted.schema.features if f.role != "context")[1:]
    request = ask(flagged[-1], method="lm-guided", profile="contrast", frozen=frozen)
    model = telling("nonsense")
    found = answer(fitted, request)
    assert found.status == "none" and found.trace.askings == 1 and len(model.hints) == 1
    assert len(found.reasons) >= 2


def test_the_model_is_asked_three_times_at_most_each_time_with_another_seed(
    fitted: FittedCohort,
    flagged: list[str],
    telling: Callable[[str], TellingModel],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    telling("nonsense")
    requests: list[tuple[int, PromptHints]] = []

    def propose(proposer: FineTunedProposer, query: Query, run: ProposalRequest) -> Proposal:
        requests.append((run.seed, proposer.hints))
        return Proposal(("nonsense",) * run.candidates)

    monkeypatch.setattr(FineTunedProposer, "propose", propose)
    request = ask(flagged[-1], method="lm-guided", profile="contrast", max_changes=4, candidates=2, seed=7)
    found = answer(fitted, request)
    assert [seed for seed, _ in requests] == [7, 7 + 1_000_003, 7 + 2 * 1_000_003]
    assert found.status == "none" and found.trace.askings == 3
    assert [candidate.asking for candidate in found.trace.candidates] == [1, 1, 2, 2, 3, 3]
    # The effects are measured once, for all later attempts.
    assert requests[0][1] != requests[1][1] == requests[2][1]


def test_any_proposer_may_offer_to_try_again(
    fitted: FittedCohort, flagged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Persistent(ScriptedProposer):
        def retry(self, *_: object) -> Iterator[Proposal]:
            for attempt in range(1, 4):
                yield Proposal(self.texts * (attempt + 1), begins=tuple(range(1, attempt + 1)))

    monkeypatch.setattr(explaining, "proposer_for", lambda *args: Persistent(("nonsense",)))
    found = answer(fitted, ask(flagged[0]))
    assert (found.status, found.trace.askings, found.trace.proposed) == ("none", 4, 4)
    monkeypatch.setattr(explaining, "proposer_for", lambda *args: ScriptedProposer(("nonsense",)))
    assert answer(fitted, ask(flagged[0])).trace.askings == 1


def test_found_counterfactuals_are_what_they_claim(fitted: FittedCohort, flagged: list[str]) -> None:
    found = answer(fitted, ask(flagged[0]))
    assert found.status == "found"
    assert found.trace.search_rows == 0 < found.trace.model_rows
    assert 1 <= len(found.counterfactuals) <= 4
    row = fitted.cohort.rows.loc[[(flagged[0], "0")]]
    for option in found.counterfactuals:
        changed = row.copy()
        for name, change in option.changes.items():
            assert found.factual.features[name] == change.before
            changed[name] = change.after
        assert fitted.classifier.predict_proba(changed)[0] == pytest.approx(option.probability)
        assert option.probability < found.threshold
        assert option.valid
        assert option.violations == ()
        assert option.n_changed == len(option.changes) <= 3
        assert option.interval[0] <= option.interval[1]
        assert option.second_judge_probability == pytest.approx(
            fitted.classifier.second_probability(changed)[0]
        )
        assert f"{round(100 * option.probability)} instead of" in option.sentence


def test_counts_never_grow_from_step_to_step(fitted: FittedCohort, flagged: list[str]) -> None:
    for person in flagged[:8]:
        trace = answer(fitted, ask(person)).trace
        counts = [
            trace.proposed,
            trace.readable,
            trace.within_limits,
            trace.valid,
            trace.plausible,
            trace.shown,
        ]
        assert counts == sorted(counts, reverse=True)
        assert trace.proposed == 64 == len(trace.candidates)
        assert trace.model_rows >= trace.readable


def test_the_same_seed_gives_the_same_answer_and_address(fitted: FittedCohort, flagged: list[str]) -> None:
    first, again, other = (answer(fitted, ask(flagged[2], seed=seed)) for seed in (3, 3, 4))
    assert timeless(first) == timeless(again)
    assert first.answer_id != other.answer_id
    assert Answer.model_validate_json(first.model_dump_json()) == first


def test_the_id_of_an_answer_is_known_before_anything_is_asked(
    fitted: FittedCohort, flagged: list[str]
) -> None:
    calm = str(
        fitted.cohort.part("test").index[fitted.classifier.predict(fitted.cohort.part("test")) == 0][0][0]
    )
    for person in (flagged[2], calm):
        request = ask(person, seed=3)
        known = expected_answer_ids(fitted.cohort, fitted.classifier, request)
        assert answer(fitted, request).answer_id in known
    assert not set(known) & set(expected_answer_ids(fitted.cohort, fitted.classifier, ask(calm, seed=4)))
    cancelled = answer(fitted, ask(flagged[2]), Callbacks(cancelled=lambda: True))
    assert cancelled.answer_id not in expected_answer_ids(fitted.cohort, fitted.classifier, ask(flagged[2]))


def test_a_participant_who_already_has_the_class_is_told_so(fitted: FittedCohort) -> None:
    test = fitted.cohort.part("test")
    calm = test.index[fitted.classifier.predict(test) == 0][0][0]
    found = answer(fitted, ask(calm))
    assert found.status == "already_desired"
    assert "contrast" in " ".join(found.reasons)
    assert found.trace.proposed == 0
    tipped = answer(fitted, ask(calm, profile="contrast", desired=1))
    assert tipped.status in ("found", "none")
    assert all(option.probability >= found.threshold for option in tipped.counterfactuals)


def test_nonsense_ends_in_an_honest_none(fitted: FittedCohort, flagged: list[str], scripted) -> None:
    scripted("I would suggest to eat better.", "", "bmi=", "age=20", "bmi=12; bmi=13")
    found = answer(fitted, ask(flagged[0]))
    assert found.status == "none"
    assert found.counterfactuals == ()
    assert (found.trace.proposed, found.trace.readable, found.trace.within_limits) == (5, 1, 0)
    assert "None of the 1 readable candidates kept to the limits" in found.reasons[0]
    assert [one.violations for one in found.trace.candidates] == [
        (),
        (),
        (),
        ("`age` is context and may not change",),
        (),
    ]


def test_limits_that_bind_are_named(fitted: FittedCohort, flagged: list[str], scripted) -> None:
    movable = ("waist", "carbohydrate", "sugar", "sleep", "smoking", "active", "diet", "bmi")
    for person in flagged:
        scripted(
            "diet=low carb" if fitted.cohort.rows.loc[(person, "0"), "diet"] != "low carb" else "diet=mixed"
        )
        found = answer(fitted, ask(person, frozen=movable[:6], profile="contrast", max_changes=1))
        if found.status == "none" and "with one limit lifted: `" in " ".join(found.reasons):
            break
    else:
        pytest.fail("no flagged person is held back by a frozen feature")
    assert any("is enough with one limit lifted: `" in reason for reason in found.reasons)
    if found.best is not None:
        assert found.best.probability < found.factual.probability


def test_cancelled_and_spent_answers_keep_their_trace(
    fitted: FittedCohort, flagged: list[str], scripted
) -> None:
    scripted("sugar=60", "sugar=60", stopped="cancelled")
    stopped = answer(fitted, ask(flagged[0]))
    assert (stopped.status, stopped.trace.proposed, stopped.trace.unique) == ("cancelled", 2, 1)
    scripted(*["sleep=7.0"] * 20)
    spent = answer(fitted, ask(flagged[0], max_model_rows=10))
    assert spent.status == "budget_spent"
    assert "10 model rows" in spent.reasons[0]


def test_an_answer_cut_short_never_replaces_a_whole_one(fitted: FittedCohort, flagged: list[str]) -> None:
    whole = answer(fitted, ask(flagged[0]))
    cut = answer(fitted, ask(flagged[0]), Callbacks(cancelled=lambda: True))
    assert (whole.status, cut.status) == ("found", "cancelled")
    assert whole.answer_id != cut.answer_id
    assert len(cut.trace.candidates) == cut.trace.proposed == 64


def test_a_budget_spent_while_refining_keeps_what_was_judged(
    fitted: FittedCohort, flagged: list[str]
) -> None:
    spent = answer(fitted, ask(flagged[0], max_model_rows=70))
    assert spent.status == "budget_spent"
    assert spent.trace.proposed == 64
    assert spent.trace.valid > 0
    assert spent.best is not None


def test_the_nearest_person_is_somebody_else(fitted: FittedCohort) -> None:
    train = fitted.cohort.part("train")
    wrongly = (fitted.classifier.predict(train) == 1) & (fitted.cohort.target[train.index] == 0).to_numpy()
    people = [str(key[0]) for key in train.index[wrongly][:10]]
    options = [option for person in people for option in answer(fitted, ask(person)).counterfactuals]
    assert options
    for person in people:
        for option in answer(fitted, ask(person)).counterfactuals:
            assert option.nearest is not None
            assert option.nearest.participant_id != person


def test_a_range_that_holds_nothing_for_this_person_is_said(fitted: FittedCohort, flagged: list[str]) -> None:
    bmi = fitted.cohort.rows["bmi"]
    heavy = next(person for person in flagged if bmi[(person, "0")] > 30)
    found = answer(fitted, ask(heavy, ranges={"bmi": (18.5, 20)}))
    assert any("`bmi` stays at" in reason and "18.5 to 20" in reason for reason in found.reasons)


def test_duplicates_point_at_the_first(fitted: FittedCohort, flagged: list[str], scripted) -> None:
    scripted("sugar=60; sleep=8.0", "carbohydrate=200", " sleep = 8 ; sugar=60 g/day")
    candidates = answer(fitted, ask(flagged[0])).trace.candidates
    assert [candidate.duplicate_of for candidate in candidates] == [None, None, 0]


def test_everything_frozen_is_refused(fitted: FittedCohort, flagged: list[str]) -> None:
    every = [f.name for f in fitted.schema.features if f.role != "context"]
    with pytest.raises(InputError, match="Nothing may move"):
        answer(fitted, ask(flagged[0], frozen=every))


def test_a_stranger_is_refused_with_near_matches(fitted: FittedCohort) -> None:
    with pytest.raises(InputError, match="p0001"):
        answer(fitted, ask("p00001"))


def test_interval_is_central(fitted: FittedCohort, flagged: list[str]) -> None:
    found = answer(fitted, ask(flagged[0]))
    refits = [option.interval for option in found.counterfactuals]
    assert np.all(np.diff(refits, axis=1) >= 0)
