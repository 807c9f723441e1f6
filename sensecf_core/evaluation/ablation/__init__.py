"""What each part of fine-tuning is worth: the cells, their controls and the table."""
