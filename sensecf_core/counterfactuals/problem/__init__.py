"""A query as arrays, and what is fitted and spent while it is answered."""
