"""Reading the files of a release: JSON documents, tables, streams, time stamps."""
