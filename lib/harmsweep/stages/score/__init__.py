"""Score: one probability per harm for each post of the day."""
