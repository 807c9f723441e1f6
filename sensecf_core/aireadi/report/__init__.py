"""What clinicians expect to read of a glucose sensor and its companions, computed; nothing here draws."""
