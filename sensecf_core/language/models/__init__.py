"""The language models that can be used: registry, weights, adapters, and what this machine can hold."""
