"""Training of the fused model on a snapshot, in an environment of its own."""
