"""Training LoRA adapters; knows no classifier."""
