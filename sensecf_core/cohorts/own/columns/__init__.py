"""Convert the cells of a column to typed values; every cell that is not exactly right is told."""
