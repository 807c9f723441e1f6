"""Plain values that travel between the rooms: limits, queries, candidates, counterfactuals, answers."""
