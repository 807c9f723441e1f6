"""Tasks on the workers of a Dask cluster: who may see a cohort, who computes the same, what runs there."""
