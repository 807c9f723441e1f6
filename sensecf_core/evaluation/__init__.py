"""How good the methods are: samples of people, traces, and (later) metrics and benchmarks."""
