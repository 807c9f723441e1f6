"""Reading and checking the folder of anybody's own cohort."""
