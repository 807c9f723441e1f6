"""Fine-tuning a language model for a cohort: pairs, stages, validation."""
