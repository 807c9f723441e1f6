"""Cohorts of users' own data frames: the schema drafted from one, and rows back in its own values."""
