"""AI-READI: releases on disk, and a synthetic one in the same format."""
