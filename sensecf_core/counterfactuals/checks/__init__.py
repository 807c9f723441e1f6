"""Verify candidates, refine and select them, and gather the evidence that is shown."""
