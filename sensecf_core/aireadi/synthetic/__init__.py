"""A synthetic AI-READI release: drawn from a day-level model, written in the format of the real ones.

``population`` draws people and days, ``signals`` turns a person's days into minutes, ``files`` writes them as
a release, and ``calibration`` compares it with published figures. No row of the real data was used anywhere:
``population.assumptions`` says what is published, what others counted, and what is assumed.
"""
