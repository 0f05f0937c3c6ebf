"""Frozen encoders, and how a vector is stored."""
