"""Cohorts: schemas, rules across features, rows, splits and distances."""
