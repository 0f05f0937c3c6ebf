"""Plans: what sweeps would do, written down, read, approved and carried out."""
