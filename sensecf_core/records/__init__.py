"""Stored answers, comparisons, decisions and their audit trail (SQLite); answers as CSV and JSON."""
