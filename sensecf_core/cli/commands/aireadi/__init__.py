"""Commands about releases in the format of AI-READI."""
