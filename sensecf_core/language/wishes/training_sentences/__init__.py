"""Sentences for training and for tuning rules, made by rules of ours with what they mean (docs/wishes.md)."""
