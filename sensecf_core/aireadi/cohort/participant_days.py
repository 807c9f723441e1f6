"""The seam to the app's cohorts: participant-days that may be used, with everything that is known of each."""

from __future__ import annotations

import pandas as pd

from sensecf_core.aireadi.cohort.columns import FEATURES, OUTCOMES
from sensecf_core.aireadi.tables import Tables
from sensecf_core.cohorts.cohort import INDEX_NAMES

PERSON_COLUMNS = ("clinical_site", "study_group", "recommended_split")
"""What a day keeps of its person besides the features: for reporting and for the split."""


def participant_days(tables: Tables) -> pd.DataFrame:
    """Return the days with enough wear of the participants with enough glucose.

    Returns
    -------
    A frame indexed by ``participant_id`` and ``row_id`` (the local day, ``YYYY-MM-DD``) with the features of
    :data:`description.FEATURES` in its order (NaN where not measured; ``study_group`` as text), then
    :data:`description.OUTCOMES`, then :data:`PERSON_COLUMNS`. What was left out is in ``tables.days`` and
    ``tables.quality``.
    """
    wanted = tuple(FEATURES)
    enough = tables.people.index[_true(tables.people, "enough_glucose")]
    days = tables.days[_true(tables.days, "enough_wear")]
    days = days[days.index.get_level_values(0).isin(enough)]
    of_person = [name for name in (*wanted, *PERSON_COLUMNS) if name in tables.people and name not in days]
    joined = days.join(tables.people[list(dict.fromkeys(of_person))], on="participant_id")
    joined = joined.reindex(columns=list(dict.fromkeys((*wanted, *OUTCOMES, *PERSON_COLUMNS))))
    joined.index = joined.index.set_names(list(INDEX_NAMES))
    return joined


def _true(table: pd.DataFrame, name: str) -> pd.Series:
    """Mark the rows in which a column says yes; none where nobody could be read and there is no column."""
    if name not in table:
        return pd.Series(False, index=table.index)
    return table[name].fillna(False).astype(bool)
