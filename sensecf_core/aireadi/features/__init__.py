"""From a participant's streams to days: glucose, sleep, movement, wear, quality."""
