"""The Augmentation page."""
