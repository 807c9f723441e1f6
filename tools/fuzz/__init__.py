"""Damaged, foreign and odd inputs, by a fixed seed: ``python -m tools.fuzz``."""
