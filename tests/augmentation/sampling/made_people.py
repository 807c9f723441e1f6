"""A made frame of people with every type of column (tests only)."""

from __future__ import annotations

import numpy as np
import pandas as pd

STAGES = ["low", "mid", "high"]


def people(n: int = 240, seed: int = 0) -> tuple[pd.DataFrame, pd.Series]:
    """Every type of column that a frame may have, two rows a person, and an outcome of two words."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "pid": [f"p{i // 2:03d}" for i in range(n)],
            "weight": rng.normal(80, 12, n).round(1),
            "glucose": rng.normal(100, 15, n).round().astype(int),
            "steps": rng.normal(7, 2, n).astype(np.float32),
            "smokes": rng.random(n) < 0.4,
            "diet": pd.Categorical(rng.choice(["mixed", "vegan", "other"], n)),
            "stage": pd.Categorical(
                rng.choice(["low", "mid", "high"], n), ["low", "mid", "high"], ordered=True
            ),
            "town": rng.choice(["Aba", "Bor"], n),
            "drinks": pd.array(np.where(rng.random(n) < 0.2, None, rng.integers(0, 9, n)), dtype="Int64"),
            "sleep": np.where(rng.random(n) < 0.1, np.nan, rng.normal(7, 1, n).round(1)),
            "seen": pd.date_range("2024-01-01", periods=n),
            "age": rng.integers(30, 80, n),
        },
        index=rng.permutation(n) * 3,
    )
    score = (frame["weight"] - 80) / 12 + (frame["glucose"] - 100) / 15 + frame["smokes"]
    ill = (score + rng.normal(0, 0.7, n) > 2).to_numpy()
    return frame, pd.Series(np.where(ill, "ill", "well"), index=frame.index, name="state")
