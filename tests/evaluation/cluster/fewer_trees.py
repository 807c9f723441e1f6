"""Fewer trees, for time, in other processes (``dask worker --preload`` calls :func:`dask_setup`)."""

from __future__ import annotations

from dataclasses import replace

from sensecf_core.augmentation import students
from sensecf_core.classifiers import hyperparameters

FOREST_TREES = 10
GRID = (replace(hyperparameters.GRID[0], trees=30, learning_rate=0.12),)


def dask_setup(worker: object) -> None:
    students.FOREST_TREES = FOREST_TREES
    hyperparameters.GRID = GRID
