from __future__ import annotations

import pandas as pd
import pytest

from sensecf_core.cohorts.own.folder import read
from tests.cohorts.own.made_cohort import as_csv, made_rows, write


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """The rows of a file that is exactly right."""
    return read(write(tmp_path_factory.mktemp("plain"), as_csv(made_rows()))).rows
