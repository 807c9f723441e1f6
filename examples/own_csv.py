"""Explain a table of your own: read a CSV, correct the drafted schema, train our classifier, ask."""

from pathlib import Path

import pandas as pd

import sensecf_core as sensecf

people = pd.read_csv(Path(__file__).with_name("people.csv"))  # made-up people
draft = sensecf.Cohort.from_frame(people, target="diabetes", participant="pid").schema

# A draft knows what the data show, not what they mean: say who can change what, and in which unit.
meant = {
    "steps": {"role": "behaviour", "unit": "steps/day", "step": 500.0, "suggest": (4000, 15000)},
    "sleep": {"role": "behaviour", "unit": "h", "step": 0.5, "suggest": (6, 9)},
    "smoking": {"role": "behaviour", "suggest_levels": ("never", "former")},
}
features = tuple(feature.model_copy(update=meant.get(feature.name, {})) for feature in draft.features)
schema = draft.model_copy(update={"title": "People of the example", "features": features})

cohort = sensecf.Cohort.from_frame(people, target="diabetes", participant="pid", schema=schema)
model = sensecf.train(cohort)
risk = pd.Series(model.predict_proba(cohort.rows), index=cohort.rows.index.get_level_values(0))
answer = sensecf.explain(cohort, model, participant=risk.idxmax(), limits="contrast", candidates=64)
print(f"risk now: {answer.factual.probability:.2f}, flagged from {answer.threshold:.2f}")
print(answer.to_frame().to_string() if answer.counterfactuals else answer.reasons)
