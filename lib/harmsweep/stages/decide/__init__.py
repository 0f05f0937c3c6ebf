"""Decide: what policy would do about each scored post, and why."""
