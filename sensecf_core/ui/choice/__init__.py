"""What is chosen on the pages: cohort, person, result and picks, in the session and in the address."""
