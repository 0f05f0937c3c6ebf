"""The lake: the only reads and writes of Delta tables, their locks, schemas and runs."""
