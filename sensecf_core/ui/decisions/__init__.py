"""Deciding about options and people on the pages: who, what, and what is handed over."""
