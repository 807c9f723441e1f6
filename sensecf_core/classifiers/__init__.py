"""The black box: train, calibrate, evaluate, keep and explain one classifier per cohort."""
