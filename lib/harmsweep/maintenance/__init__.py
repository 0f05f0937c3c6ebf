"""What keeps the tables quick and small."""
