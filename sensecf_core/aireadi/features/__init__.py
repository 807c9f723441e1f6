"""Features computed from a participant's streams: glucose, sleep, movement, wear, quality."""
