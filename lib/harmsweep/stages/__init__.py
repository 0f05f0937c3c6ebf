"""The stages of a day: each reads tables and writes tables, and none knows another."""
