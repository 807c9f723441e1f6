"""How good methods are: metrics, raw candidates, the benchmark, the ablation, what behaviours alone reach."""
