"""What stands in each tab of the Augmentation page."""
