"""Synthetic sensor signals, minute by minute."""
