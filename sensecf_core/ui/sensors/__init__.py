"""A participant's sensor report: glucose, traces, quality."""
