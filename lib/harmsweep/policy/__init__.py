"""What is done at which score."""
