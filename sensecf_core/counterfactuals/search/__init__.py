"""Search by SenseCF itself: estimated effects, combinations, beam search, infeasibility."""
