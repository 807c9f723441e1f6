"""Cohorts made from AI-READI's tables: one row per participant and day, and whether its stress was high."""
