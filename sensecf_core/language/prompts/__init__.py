"""The prompts for language models, and the forms of their answers."""
