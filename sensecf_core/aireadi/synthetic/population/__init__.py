"""Synthetic participants: traits, clinical values, what differs from day to day."""
