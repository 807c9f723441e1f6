"""Wishes in a person's own words: read, shown to be confirmed, turned into limits (docs/wishes.md)."""
