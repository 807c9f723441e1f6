"""Is there anything to answer? Asked of searches before any method, for one query or a whole cohort."""
