"""Arms against each other: paired gains, label quality against gain, and who deserves the credit."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from sensecf_core.augmentation.findings import sentences, words
from sensecf_core.augmentation.findings.cell_view import GROUPS, LABELS, CellView, parts
from sensecf_core.types import JsonView
from sensecf_core.ui.augmentation import show
from sensecf_core.ui.augmentation.charts import arm_charts
from sensecf_core.ui.augmentation.charts.arm_charts import Dot
from sensecf_core.ui.augmentation.chosen import Chosen
from sensecf_core.ui.common import wording

SHAPE_WORDS = {
    "nothing added": "Grey crosses: controls",
    "resampled": "Grey crosses: controls",
    "counterfactual": "orange diamonds: counterfactuals without a language model",
    "language model": "blue dots: those of the language model",
    "outside information": "grey triangles: outside information",
    "diagnostic": "hollow: diagnostics that read removed labels and take no part",
}
FEWEST = 10
"""Labels of fewer rows than these say nothing about a method."""
FEW = 24
"""Above this number of arms only the best labels of each source of rows are drawn at first."""


def gains(chosen: Chosen, view: CellView) -> None:
    """The forest plot of paired gains."""
    arms = _in_order(view)
    if not arms:
        show.missing(chosen, "This run has no other arm than scarce and full.")
        return
    st.header("What does each arm win back?")
    drawn = arms
    if len(arms) > FEW and not st.toggle("Every kind of label", key="augment_every_label"):
        drawn = _best_labels(view, arms)
    unit = words.unit(view.measure) or "of the slope"
    sentence = (
        f"Gain in {chosen.measure_name} over the same student with nothing added, paired by repeat ({unit}). "
        "Thick: 95 % interval with repeats as independent; thin: corrected for the rows that they share, the "
        "one to decide by. The band reaches from scarce to full (all labels). "
        f"{_shapes(view, drawn)}"
    )
    if arm_charts.runs_out(view, drawn):
        sentence += " Lines that reach the edge go on beyond it."
    show.draw(chosen, arm_charts.forest(view, drawn, sentence), _gain_table(view, arms), "gains")
    versus = sentences.comparison(view, chosen.verdicts[chosen.scenario])
    corrected = _holm(chosen, view)
    if versus or corrected:
        st.caption(wording.plain(f"{versus} {corrected}".strip()))
    _against(chosen, view)


def _holm(chosen: Chosen, view: CellView) -> str:
    """Holm's correction over the cells with a loss, which a run has for boosted trees and AUROC."""
    best = chosen.verdicts[chosen.scenario].best
    if best is None or (view.student, view.measure) != ("trees", "auroc"):
        return ""
    holm = view.arms[best].get("holm")
    if holm is None:
        return ""
    p = "< 0.001" if holm < 0.001 else f"= {holm:.3f}"
    return f"Its gain over scarce, corrected over the cells with a loss (Holm): p {p}."


def _shapes(view: CellView, arms: list[str]) -> str:
    """What the shapes in the chart mean, of those that are there."""
    there = {view.group(arm) for arm in arms}
    meanings = {text: None for group, text in SHAPE_WORDS.items() if group in there}
    return f"{'; '.join(meanings)}."


def _in_order(view: CellView) -> list[str]:
    return [
        arm
        for group in GROUPS
        for arm in sorted(view.of_groups([group]), key=lambda name: -view.gain(name)["mean"])
        if arm != "full"
    ]


def _best_labels(view: CellView, arms: list[str]) -> list[str]:
    """Of each group and source of rows the arm with the highest gain; arms without rows stay."""
    seen: set[tuple[str, str | None]] = set()
    kept = []
    for arm in arms:  # the best of a group come first
        source = parts(arm, view.titles).source
        if source is None or (view.group(arm), source) not in seen:
            kept.append(arm)
        seen.add((view.group(arm), source))
    return kept


def _gain_table(view: CellView, arms: list[str]) -> pd.DataFrame:
    scale = words.factor(view.measure)
    ends = ("mean", "se", "low", "high", "corrected_low", "corrected_high")

    def number(value: float | None) -> float | None:
        return None if value is None else round(scale * value, 3)

    return pd.DataFrame(
        [
            {
                "arm": arm,
                "title": view.title(arm),
                "group": view.group(arm),
                "measure": view.measure,
                **{f"gain_{end}": number(view.gain(arm)[end]) for end in ends},
                "repeats": view.gain(arm)["repeats"],
                "recovery": view.arms[arm]["recovery"].get(view.measure),
                "labels_worth": view.arms[arm].get("labels_worth"),
                "p": view.arms[arm].get("p"),
                "holm": view.arms[arm].get("holm"),
            }
            for arm in arms
        ]
    )


def _against(chosen: Chosen, view: CellView) -> None:
    """The language model's arms against the best control with the same labels, where the run says it."""
    against = view.cell["students"][view.student].get("against") or {}
    if not against:
        return
    lines = [
        {
            "Arm": words.arm_name(arm, view.titles),
            "Best control with the same labels": words.arm_name(one["control"], view.titles),
            "AUROC difference, points": words.with_error(one["difference"], "auroc", sign=True),
            "Corrected 95 %": " to ".join(
                words.points(one["difference"][end], "auroc", sign=True)
                for end in ("corrected_low", "corrected_high")
            ),
            "No more than 1 point worse": "yes" if one["non_inferior"] else "not shown",
        }
        for arm, one in against.items()
    ]
    with st.expander("The language model against controls with the same labels", icon=":material/balance:"):
        show.table(chosen, pd.DataFrame(lines), "against")


def quality(chosen: Chosen, view: CellView) -> None:
    """Label quality against gain, over all cells of the run."""
    dots = [dot for cell in chosen.summary["results"] if cell["repeats"] for dot in _dots(chosen, cell)]
    if not dots:
        show.missing(chosen, "This run has no arm that adds rows.")
        return
    st.header("Do better labels gain more?")
    here = [dot for dot in dots if dot.here and dot.group != "diagnostic"]
    hard, soft = ([dot for dot in here if dot.soft == kind] for kind in (False, True))
    sentence = (
        "Each dot is an arm: how often its labels agree with the model that saw all labels, and what it "
        f"gains in {chosen.measure_name}. Solid: {chosen.scenario}, {words.percent(chosen.removed)} gone; "
        f"pale: the run's other cells. Here {_above(hard)} of {len(hard)} arms with hard labels gain, and "
        f"{_above(soft)} of {len(soft)} with soft ones. Arms that made fewer than {FEWEST} rows are left out."
    )
    frame = pd.DataFrame(
        [
            {
                "cell": dot.where,
                "arm": dot.name,
                "group": dot.group,
                "labels": "soft" if dot.soft else "hard",
                "agreement": dot.agreement,
                "gain": dot.gain,
            }
            for dot in dots
        ]
    )
    show.draw(chosen, arm_charts.quality(dots, view.measure, sentence), frame, "quality")


def _above(dots: list[Dot]) -> int:
    return sum(dot.gain > 0 for dot in dots)


def _dots(chosen: Chosen, cell: JsonView) -> list[Dot]:
    view = CellView(cell, chosen.titles, chosen.student, chosen.measure)
    here = (cell["scenario"], cell["removed"]) == (chosen.scenario, chosen.removed)
    return [
        Dot(
            where=f"{cell['scenario']}, {words.percent(cell['removed'])} gone",
            name=words.arm_name(arm, view.titles),
            group=view.group(arm),
            soft=parts(arm, view.titles).labels in ("panel", "full"),
            agreement=about["agreement"],
            gain=view.gain(arm)["mean"],
            here=here,
        )
        for arm, about in cell["rows"].items()
        if about.get("agreement") is not None and about["rows"] >= FEWEST and arm in view.of_groups(GROUPS)
    ]


def credit(chosen: Chosen, view: CellView) -> None:
    """Rows × labels: who deserves the credit."""
    grid: dict[tuple[str, str], JsonView] = {}
    for arm in view.of_groups(GROUPS):
        made = parts(arm, view.titles)
        if made.source is not None and made.labels is not None:
            grid[made.source, made.labels] = view.gain(arm)
    sources = list(dict.fromkeys(source for source, _ in grid))
    labels = [label for label in LABELS if any(one == label for _, one in grid)]
    if len(labels) < 2 or len(sources) < 2:
        show.missing(chosen, "A grid takes two sources of rows with two kinds of labels.")
        return
    st.header("Who deserves the credit, rows or labels?")
    sentence = (
        f"Gain in {chosen.measure_name} ({words.unit(view.measure) or 'slope'}) of the same rows with other "
        "labels (along a line) and of other rows with the same labels (down a column). The stronger the "
        "colour, the more is won back; ▼ is a loss. The full model's labels are a diagnostic: nobody has "
        "them."
    )
    frame = pd.DataFrame(
        [
            {"rows": source, "labels": label, "gain": cell["mean"], "se": cell["se"], "measure": view.measure}
            for (source, label), cell in grid.items()
        ]
    )
    show.draw(chosen, arm_charts.credit(grid, sources, labels, view.measure, sentence), frame, "credit")
    with st.expander("What the rows are", icon=":material/info:"):
        for source in sources:
            name = words.source_name(source)
            if name in words.SOURCE_NOTES:
                st.markdown(f"- **{name}**: {words.SOURCE_NOTES[name]}")
