"""Simulated interactions for posts that have none, marked as such."""
