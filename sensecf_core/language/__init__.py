"""Language models: weights, prompts, the answer grammar, and sampling. Knows no classifier."""
