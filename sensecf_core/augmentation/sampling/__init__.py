"""Counterfactual training rows of any data frame, for pipelines of imbalanced-learn and scikit-learn."""
