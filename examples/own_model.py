"""Explain a model of your own: a scikit-learn pipeline over a frame of (made-up) people."""

from pathlib import Path

import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import sensecf_core as sensecf

people = pd.read_csv(Path(__file__).with_name("people.csv"))
features = people.drop(columns=["pid", "diabetes"])
numbers = features.select_dtypes("number").columns.tolist()
pipeline = make_pipeline(
    make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), numbers),
        (OneHotEncoder(), ["sex", "smoking"]),
    ),
    LogisticRegression(),
).fit(features, people["diabetes"])

cohort = sensecf.Cohort.from_frame(people, target="diabetes", participant="pid")
model = sensecf.wrap(pipeline, cohort, threshold=0.5)
flagged = people["pid"][pipeline.predict(features) == 1].iloc[0]
answer = sensecf.explain(cohort, model, participant=flagged, limits="contrast", freeze=["bmi"], seed=0)
print(answer.to_frame().to_string())

# The same model, asked directly about the changed rows.
rows = cohort.frame_of(found.features for found in answer.counterfactuals)
print("the pipeline itself says:", pipeline.predict(rows))
