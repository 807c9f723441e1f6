"""`make gpu-check`."""
