"""The Prediction page."""
