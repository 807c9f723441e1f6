"""Charts of the Augmentation page."""
