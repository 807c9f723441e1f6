"""Measure SenseCF: start, answers, candidates per second, checks, feasibility map, sensors and pages, memory.

    python -m tools.bench                        everything; table on stdout, JSON in var/bench/
    python -m tools.bench --only import,checks   some sections
    python -m tools.bench --people 5             fewer people a cohort
    python -m tools.bench --out results/bench.json
    python -m tools.bench --only answers --avx2  as on a processor without AVX-512, so without bfloat16

Each section is a function that returns one or more rows: what was measured, the value, its unit, and the
target where the project has one.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from sensecf_core.paths import ROOT
from tools.bench.app_visit import AppVisit
from tools.bench.feasibility import measure_feasibility
from tools.bench.pages import measure_opens
from tools.bench.record import Row, run_metadata, write_report
from tools.bench.sensors import measure_pages, measure_release

if TYPE_CHECKING:
    from sensecf_core.queries.request import ExplainRequest

AVX2 = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"}
"""What keeps torch, oneDNN and MKL to AVX2."""
COHORTS = ("nhanes", "heart")
PROMPT_TOKENS, NEW_TOKENS = 512, 32
LATER = 3
"""Number of people who are asked about after the first."""
HOME_SECONDS = 10.0


def measure_import(_: int) -> Iterator[Row]:
    """Import time in fresh interpreters, and whether torch is imported."""
    code = (
        "import sys, time; t = time.perf_counter(); import sensecf_core, sensecf_core.cli; "
        "print(time.perf_counter() - t, 'torch' in sys.modules)"
    )
    seconds, torch = [], False
    for _repeat in range(5):
        result = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
        )
        elapsed, loaded = result.stdout.split()
        seconds.append(float(elapsed))
        torch = torch or loaded == "True"
    note = "TORCH IS LOADED" if torch else "torch not loaded; median of 5"
    yield Row("import of sensecf_core with its command line", statistics.median(seconds), "s", 0.5, note=note)


def measure_start(_: int) -> Iterator[Row]:
    """Time of a second `make run`, and from the server's start to the first page in a browser."""
    started = time.perf_counter()
    subprocess.run(["tools/setup.sh", "models"], cwd=ROOT, check=True, capture_output=True)
    nothing_to_do = time.perf_counter() - started
    with AppVisit() as visit:
        yield Row("set-up with nothing to do", nothing_to_do, "s")
        yield Row("server start until it answers", visit.seconds_to_health, "s")
        both = nothing_to_do + visit.seconds_to_health
        yield Row("second `make run` until it serves", both, "s", 5.0)
        yield Row("memory of the idle server (peak)", visit.peak_gigabytes(), "GB", note="before any visitor")
        page = visit.seconds_to_health + visit.seconds_of_first_page()
        yield Row("server start until the home page is there", page, "s", note="headless Chromium")


def measure_app_answers(_: int) -> Iterator[Row]:
    """Answers in the app: the first of a fresh server, later ones, and the first once Home was read."""
    keys = _asked_on_opening("nhanes", 1 + LATER)
    with AppVisit() as visit:
        first, *later = visit.seconds_of_answers("nhanes", keys)
        note = "headless Chromium, from opening Options"
        yield Row("first answer in the app, model loading included", first, "s", 5.0, note=note)
        note = f"median of {len(later)} people"
        yield Row("a later answer in the app", statistics.median(later), "s", note=note)
        yield Row("peak memory of the app with the model loaded", visit.peak_gigabytes(), "GB", 2.5)
    with AppVisit() as visit:
        (after_home,) = visit.seconds_of_answers("nhanes", keys[:1], home_seconds=HOME_SECONDS)
    note = f"Home was read for {HOME_SECONDS:g} s"
    yield Row("first answer in the app after Home", after_home, "s", 5.0, note=note)


def _asked_on_opening(cohort: str, n: int) -> list[tuple[str, str]]:
    """Rows about which Options asks when it is opened: something may be found, no red flag comes first."""
    from sensecf_core.cohorts.encoding import to_codes
    from sensecf_core.counterfactuals.checks.red_flags import raised_flags
    from sensecf_core.counterfactuals.feasibility import cohort_map
    from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted
    from sensecf_core.evaluation.sampling import sample_rows

    fitted = load_fitted(cohort)
    schema, found = fitted.schema, cohort_map.read(fitted.cohort)
    if found.frame is None:
        raise RuntimeError(found.why)
    lines = found.frame[found.frame["profile"] == schema.default_limits]
    lines = lines[~cohort_map.nothing(lines)]
    movable = set(zip(lines["participant_id"], lines["row_id"], strict=True))
    keys = sample_rows(fitted.cohort, fitted.classifier, predicted=1 - schema.task.desired, n=0, seed=0)
    flags = raised_flags(schema, to_codes(schema, fitted.cohort.rows.loc[keys])).any(axis=1)
    return [key for key, flag in zip(keys, flags, strict=True) if key in movable and not flag][:n]


def measure_answers(people: int) -> Iterator[Row]:
    """Time of one answer: 4 suggestions from 16 candidates, the default method and few-shot."""
    from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted
    from sensecf_core.counterfactuals.proposers.registry import default_method
    from sensecf_core.evaluation.sampling import sample_rows
    from sensecf_core.queries.methods import METHODS
    from sensecf_core.queries.request import ExplainRequest

    for cohort in COHORTS:
        fitted = load_fitted(cohort)
        aim = fitted.schema.task.desired
        keys = sample_rows(fitted.cohort, fitted.classifier, predicted=1 - aim, n=people, seed=0)
        for method in dict.fromkeys((default_method(fitted.cohort), "lm-few-shot")):
            target = 1.5 if cohort == "nhanes" and METHODS[method].needs_adapter else None
            yield from _answers(
                [ExplainRequest(cohort=cohort, participant_id=p, row_id=r, method=method) for p, r in keys],
                target,
            )


def _answers(requests: list[ExplainRequest], target: float | None) -> Iterator[Row]:
    from sensecf_core.counterfactuals.explain import explain

    what = f"{requests[0].cohort}, {requests[0].method}"
    started = time.perf_counter()
    explain(requests[0])
    yield Row(f"{what}: first answer, model loading included", time.perf_counter() - started, "s")
    walls, steps = [], []
    for request in requests:
        started = time.perf_counter()
        steps.append(explain(request).seconds)
        walls.append(time.perf_counter() - started)
    checks = [s.verify + s.refine + s.select for s in steps]
    yield Row(
        f"{what}: answer, median", statistics.median(walls), "s", target, note=f"{len(requests)} people"
    )
    yield Row(f"{what}: answer, 90th percentile", percentile_90(walls), "s")
    yield Row(f"{what}: prefill, median", statistics.median(s.prefill or 0 for s in steps), "s")
    yield Row(f"{what}: decode, median", statistics.median(s.decode or 0 for s in steps), "s")
    yield Row(f"{what}: checks, median", statistics.median(checks), "s")


def percentile_90(values: list[float]) -> float:
    """The 90th percentile, interpolated."""
    return values[0] if len(values) == 1 else statistics.quantiles(values, n=10, method="inclusive")[-1]


def measure_tokens(_: int) -> Iterator[Row]:
    """Tokens per second of the language model alone: prefill, and decoding one and sixteen answers."""
    from sensecf_core.language.local.model import shared_model
    from tools.peers.token_speed import FullLength, prompt_of, timed

    model = FullLength.of(shared_model())
    text = prompt_of(model, PROMPT_TOKENS)
    timed(model, text, 1, 2)
    timings_by_rows = {n: [timed(model, text, n, NEW_TOKENS) for _repeat in range(3)] for n in (1, 16)}
    note = f"{timings_by_rows[1][0].prompt_tokens} tokens, {model.settings()['dtype']}"
    yield Row("prefill", statistics.median(t.prefill for t in timings_by_rows[1]), "tok/s", note=note)
    for n, timings in timings_by_rows.items():
        speed = statistics.median(t.decode for t in timings)
        note = f"no grammar, {NEW_TOKENS} tokens each"
        yield Row(f"decode, {n} at once", speed, "tok/s", note=note)


def measure_fine_tuning(_: int) -> Iterator[Row]:
    """Time of the pair search, and speed of one minute of fine-tuning the default model."""
    import tempfile

    from sensecf_core.counterfactuals.fine_tuning import self_training
    from sensecf_core.counterfactuals.fine_tuning.pairs import pair_search as pairs
    from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted
    from sensecf_core.counterfactuals.proposers.tuned_prompt import GuidedPrompt
    from sensecf_core.language.local.model import LocalModel
    from sensecf_core.language.models.hardware import detect_hardware
    from sensecf_core.language.training.config import Settings
    from sensecf_core.language.training.trainer import Training

    fitted = load_fitted("nhanes")
    assert len(fitted.train_shap_values)
    started = time.perf_counter()
    training_pairs = pairs.build(fitted, most_rows=125)
    elapsed = time.perf_counter() - started
    yield Row(
        "pair search, 1,000 queries",
        1000 * elapsed / len(training_pairs),
        "s",
        note=f"{len(training_pairs)} measured",
    )
    model = LocalModel.load()
    examples = self_training.training_examples(GuidedPrompt(fitted.schema), model.tokenizer, training_pairs)
    with tempfile.TemporaryDirectory() as folder:
        training = Training(model.model, model.tokenizer, examples, Settings(minutes=1.0), Path(folder))
        result = training.run()
    fast = detect_hardware().cpu_bf16
    note = f"{result.tokens:,} tokens, all read" + (
        "" if fast else "; the target is for a CPU that computes in bf16"
    )
    speed = result.tokens / result.seconds
    yield Row("fine-tuning", speed, "tok/s", 350.0 if fast else None, at_least=True, note=note)
    plain = result.plain_tokens / result.seconds
    yield Row(
        "fine-tuning, a prompt counted for each answer", plain, "tok/s", note="as a plain trainer reads"
    )
    yield Row("peak memory while fine-tuning", _peak_gigabytes(), "GB", 5.0)


def _peak_gigabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def measure_batching(_: int) -> Iterator[Row]:
    """Speed of 16 candidates of one query in one batch, compared with one at a time."""
    from sensecf_core.counterfactuals.problem.constraints import resolve_limits
    from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted
    from sensecf_core.counterfactuals.problem.make_queries import drivers, make_queries
    from sensecf_core.counterfactuals.proposal import ProposalRequest
    from sensecf_core.counterfactuals.proposers.registry import Context, proposer_for
    from sensecf_core.evaluation.sampling import sample_rows
    from sensecf_core.queries.request import ExplainRequest

    fitted = load_fitted("nhanes")
    key = sample_rows(fitted.cohort, fitted.classifier, predicted=1, n=1, seed=0)[0]
    request = ExplainRequest(cohort="nhanes", participant_id=key[0], row_id=key[1])
    query = make_queries(fitted, [key], 0, resolve_limits(request, fitted.cohort, fitted.domain))[0]
    proposer = proposer_for(Context(request, fitted, query, drivers(fitted, [query])[0], lambda: False, None))

    def seconds(count: int, times: int) -> float:
        started = time.perf_counter()
        for seed in range(times):
            proposal_request = ProposalRequest(
                candidates=count,
                seed=seed,
                temperature=request.temperature,
                deadline=time.perf_counter() + 300,
            )
            proposer.propose(query, proposal_request)
        return time.perf_counter() - started

    seconds(2, 1)
    batched = 16 / statistics.median(seconds(16, 1) for _ in range(3))
    single = 16 / seconds(1, 16)
    yield Row("candidates per second, 16 in one batch", batched, "1/s", note="prefill included")
    yield Row("candidates per second, one at a time", single, "1/s", note="prefill included")
    yield Row("batched against one at a time", batched / single, "times", 3.0, at_least=True)


def measure_checks(_: int) -> Iterator[Row]:
    """Time of verify + refine + select for 1,000 random candidates of one query."""
    from sensecf_core.counterfactuals.explain import explain
    from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted
    from sensecf_core.evaluation.sampling import sample_rows
    from sensecf_core.queries.request import ExplainRequest

    for cohort in COHORTS:
        fitted = load_fitted(cohort)
        aim = fitted.schema.task.desired
        keys = sample_rows(fitted.cohort, fitted.classifier, predicted=1 - aim, n=5, seed=0)
        totals, rows = [], []
        for person, row in keys:
            request = ExplainRequest(
                cohort=cohort,
                participant_id=person,
                row_id=row,
                method="random",
                candidates=1000,
                max_model_rows=10_000_000,
            )
            answer = explain(request)
            totals.append(answer.seconds.verify + answer.seconds.refine + answer.seconds.select)
            rows.append(answer.trace.model_rows)
        note = f"median of {len(keys)} people, {statistics.median(rows):,.0f} model rows each"
        what = f"{cohort}: verify + refine + select, 1,000 candidates"
        yield Row(what, statistics.median(totals), "s", 1.0, note=note)


def measure_memory(_: int) -> Iterator[Row]:
    """Peak memory of this process, which has loaded what the sections above need."""
    yield Row(
        "peak memory of this measuring process",
        _peak_gigabytes(),
        "GB",
        note="fine-tuning, model and both cohorts, without the web server",
    )


# The order matters: `release` counts this process's own memory, so no model may be loaded before it.
SECTIONS: dict[str, Callable[[int], Iterator[Row]]] = {
    "import": measure_import,
    "start": measure_start,
    "release": measure_release,
    "opens": measure_opens,
    "pages": measure_pages,
    "app": measure_app_answers,
    "teaching": measure_fine_tuning,
    "tokens": measure_tokens,
    "answers": measure_answers,
    "batching": measure_batching,
    "checks": measure_checks,
    "feasibility": measure_feasibility,
    "memory": measure_memory,
}


def as_line(row: Row) -> str:
    """Format one line of the table."""
    target = ""
    if row.target is not None:
        sign = ">=" if row.at_least else "<="
        target = f"{sign} {row.target:g} {'ok' if row.met else 'MISSED'}"
    return f"{row.what:56} {row.value:9.3f} {row.unit:5} {target:14} {row.note}".rstrip()


def main(argv: list[str]) -> int:
    """Run the chosen sections; if one fails, it is reported and the others still run (exit code 1)."""
    parser = argparse.ArgumentParser(description="Measure SenseCF.")
    parser.add_argument("--only", default=",".join(SECTIONS), help="sections, like import,checks")
    parser.add_argument("--people", type=int, default=20, help="people a cohort for answer times")
    parser.add_argument("--out", type=Path, help="also write the JSON here")
    parser.add_argument("--avx2", action="store_true", help="do without AVX-512, as most laptops have to")
    options = parser.parse_args(argv)
    if options.avx2:
        os.environ |= AVX2  # before torch is loaded, here or in a process of its own
    chosen = options.only.split(",")
    if unknown := set(chosen) - set(SECTIONS):
        parser.error(f"no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    rows: list[Row] = []
    failed = False
    for name in chosen:
        try:
            for row in SECTIONS[name](options.people):
                rows.append(row)
                print(as_line(row), flush=True)
        except Exception as error:
            failed = True
            print(f"section {name} failed: {error}", file=sys.stderr)
    reported = [{**asdict(row), "met": row.met} for row in rows]
    write_report({**run_metadata("tools.bench", argv), "rows": reported}, options.out)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
