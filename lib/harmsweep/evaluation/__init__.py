"""Figures of how good scores are, each with its interval."""
