"""Many visitors, kills and page loads against the real program: ``python -m tools.soak``."""
