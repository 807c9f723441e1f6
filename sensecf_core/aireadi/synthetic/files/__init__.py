"""The files of a synthetic release, as AI-READI lays them out."""
