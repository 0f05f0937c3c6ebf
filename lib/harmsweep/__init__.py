"""harmsweep: finds harmful posts every day and acts on what policy says."""
