"""Features of each current revision, from events up to its cut-off."""
