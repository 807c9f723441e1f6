"""The glucose report that clinicians expect, as data: nothing here draws."""
