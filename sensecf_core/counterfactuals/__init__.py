"""The heart: propose changes, check every one, keep what is needed, and say honestly what was found."""
