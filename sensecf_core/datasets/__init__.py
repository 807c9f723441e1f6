"""The cohorts there are, by name, and how the shipped ones are made."""
