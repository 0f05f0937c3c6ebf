"""What holds for posts and accounts, and how it changes."""
