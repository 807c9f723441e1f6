"""Draft the schema of a data file: its columns, which of them are no features, and the folder."""
