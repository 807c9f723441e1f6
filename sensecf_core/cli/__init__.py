"""The command line, ``python -m sensecf_core``: everything that takes long is a command.

Data go to stdout, everything else to stderr. Exit codes: 0; 2 bad input (one sentence on stderr);
3 when no answer at all was found; 1 when something else is missing or failed.
"""

from sensecf_core.cli.program import main

__all__ = ["main"]
