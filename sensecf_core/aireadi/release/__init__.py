"""Reading the files of a release: documents, tables, streams, times."""
