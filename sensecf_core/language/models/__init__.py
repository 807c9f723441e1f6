"""Which language models there are, where their weights lie, and what this machine can hold."""
