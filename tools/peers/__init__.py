"""`make bench-peers`."""
