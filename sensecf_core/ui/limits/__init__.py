"""The fields that say what may change, how far, and what for."""
