"""The command for people, `harmsweep`."""
