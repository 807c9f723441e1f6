"""What is kept: answers in SQLite, and their exports as CSV and JSON."""
