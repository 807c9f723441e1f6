"""What is known about people: schemas, rules across features, rows, splits and distances."""
