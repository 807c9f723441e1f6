"""Rows to train on: resampled, counterfactual, from directions of risk, or real ones."""
