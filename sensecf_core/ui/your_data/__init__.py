"""The page Your data: a table is uploaded, its schema drafted, edited, checked, and made a cohort."""
