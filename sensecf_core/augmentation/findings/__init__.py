"""What a run's summary says: verdicts, the waterfall of a loss, labels' worth, the best ratio; no fitting."""
