"""A synthetic AI-READI release: drawn from a day-level model, written in the format of the real ones.

``latent`` draws people and days, ``signals`` turns a person's days into minutes, ``participant`` writes
them as files, ``release`` writes the whole folder, ``calibration`` compares it with published figures.
No row of the real data was used anywhere: ``assumptions`` says what is published, what others counted, and
what is assumed.
"""
