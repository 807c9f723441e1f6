"""What is measured of an answer, and how it is compared."""
