"""What a language model is asked, and the forms in which it answers."""
