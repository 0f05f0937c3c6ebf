"""Backfill: what running past days again would do, written down before anybody does it."""
