"""Stored answers and comparisons (SQLite), and answers as CSV and JSON."""
