"""One answer on one sheet of paper: what stands on it, and the PDF."""
