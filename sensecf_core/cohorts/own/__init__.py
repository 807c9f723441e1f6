"""Reading and checking the folder of a user's own cohort."""
