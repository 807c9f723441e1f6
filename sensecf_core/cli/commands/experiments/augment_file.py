"""``augment --in``: the rows of a file, and counterfactuals of them as rows of the other class."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sensecf_core.cli.output import print_json
from sensecf_core.errors import InputError, unknown

if TYPE_CHECKING:
    import pandas as pd

    from sensecf_core.augmentation.sampling.sampler import CounterfactualSampler

MADE = ("synthetic", "factual", "label_source", "weight", "soft_label")
"""The columns that are added: 0 or 1; the number of the row that it was made of, 1 for the first below the
header; whose label it is; the row's weight in training; p(second class)."""


def augment_file(
    source: Path,
    out: Path | None,
    target: str | None,
    *,
    participant: str | None,
    method: str,
    labels: str,
    seed: int,
    as_json: bool,
) -> None:
    """Write the rows of ``source`` and what :class:`CounterfactualSampler` makes of them to ``out``.

    Real rows keep every value as it is written. Raises ``InputError`` for files and columns that cannot be
    used.
    """
    from sensecf_core.augmentation.sampling.frame_rows import LABELS, METHODS
    from sensecf_core.augmentation.sampling.sampler import CounterfactualSampler

    if method not in METHODS:
        raise unknown("method", method, METHODS)
    if labels not in LABELS:
        raise unknown("labels", labels, LABELS)
    if out is None or target is None:
        raise InputError(f"--in needs {'--out, the file to write' if out is None else '--target, a column'}.")
    if out.exists():
        what = "is the file of --in" if source.exists() and out.samefile(source) else f"is there: {out}"
        raise InputError(f"--out {what}; name a new file.")
    if not out.parent.is_dir():
        raise InputError(f"There is no folder {out.parent}.")
    written, read = _read(source)
    for name, option in ((target, "--target"), (participant, "--participant")):
        if name is not None and name not in written.columns:
            raise unknown(f"column in {option}", name, written.columns)
    if target == participant:
        raise InputError("--target and --participant must be different columns.")
    if participant is not None:  # ids as they are written: 007 is not 7
        read[participant] = written[participant].mask(written[participant] == "")
    empty = int((written[target] == "").sum())
    if empty:
        raise InputError(f"{empty} rows have no `{target}`; fill it, or drop them.")
    sampler = CounterfactualSampler(
        method=method,
        labels=labels,
        random_state=seed,
        participant=participant,
    )
    features = read.drop(columns=[target])
    more, outcome = sampler.fit_resample(features, written[target])
    result = _marked(written, features, more, sampler)
    result[target] = outcome.to_numpy()
    try:
        with out.open("x", encoding="utf-8", newline="") as file:
            result.to_csv(file, index=False)
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror or error}.") from error
    _print(out, sampler, as_json=as_json)


def _read(path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A table as it is written, all text, and as values."""
    import pandas as pd

    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = next(csv.reader(file), [])
        options: Any = {"encoding": "utf-8-sig", "index_col": False}
        written = pd.read_csv(path, dtype=str, keep_default_na=False, **options)
        read = pd.read_csv(path, **options)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (UnicodeDecodeError, csv.Error, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        said = " ".join(str(error).split())
        raise InputError(f"{path} is no CSV table in UTF-8, with a header: {said}.") from error
    repeated = next((name for name in header if header.count(name) > 1), None)
    if repeated is not None:
        raise InputError(f"Two columns of {path} are called {repeated!r}; rename one.")
    taken = next((name for name in MADE if name in header), None)
    if taken is not None:
        raise InputError(f"{path} has a column `{taken}` already, which marks made rows; rename or drop it.")
    return written, read


def _marked(
    written: pd.DataFrame, read: pd.DataFrame, more: pd.DataFrame, sampler: CounterfactualSampler
) -> pd.DataFrame:
    """Real rows as they are written, then made ones, in which what was not changed is as written too."""
    import numpy as np

    n = len(written)
    factual = sampler.factual_
    result = written.iloc[factual].reset_index(drop=True)
    for name in read.columns:
        before, after = read[name].iloc[factual].reset_index(drop=True), more[name].reset_index(drop=True)
        changed = ~(before.eq(after).fillna(False).astype(bool) | (before.isna() & after.isna()))
        known = dict(zip(read[name].tolist(), written[name].tolist(), strict=True))
        result.loc[changed, name] = [known.get(value, _text(value)) for value in after[changed].tolist()]
    made = sampler.synthetic_
    result["synthetic"] = made.astype(int)
    result["factual"] = np.where(made, (factual + 1).astype(str), "")
    result["label_source"] = np.where(np.arange(len(result)) < n, "data", sampler.labels)
    result["weight"] = sampler.sample_weight_.round(6)
    result["soft_label"] = sampler.soft_label_.round(6)
    return result


def _text(value: Any) -> str:
    """A value that the file does not have yet: whole numbers without a point."""
    import numpy as np

    return np.format_float_positional(value, trim="-") if isinstance(value, float) else str(value)


def _print(out: Path, sampler: CounterfactualSampler, *, as_json: bool) -> None:
    from sensecf_core import __version__
    from sensecf_core.cohorts.fingerprint import file_sha256

    made = int(sampler.synthetic_.sum())
    real = len(sampler.synthetic_) - made
    if as_json:
        print_json(
            {
                "out": str(out),
                "sha256": file_sha256(out),
                "synthetic": True,
                "real_rows": real,
                "synthetic_rows": made,
                "seed": sampler.random_state,
                "version": __version__,
                **sampler.report_.to_dict(),
            }
        )
        return
    print(sampler.report_)
    print(f"{out} is partly synthetic: {real} real rows, and {made} made ones, marked by `synthetic`.")
    if sampler.labels == "panel" and made:
        print("Made rows have the class that the panel thinks more likely; better, train by `soft_label`.")
