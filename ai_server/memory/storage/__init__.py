"""Where the memory lives: a file of SQLite or a PostgreSQL server, encrypted, backed up, on a thread of its own."""
