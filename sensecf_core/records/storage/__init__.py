"""The database file: its connection, its versions, and what tells that it is damaged."""
