"""Who is at work, and what they may do; the one place that refuses (docs/deployment.md, "Who is who").

Without ``access.toml`` nobody signs in, and everybody who reaches the program may do everything.
"""
