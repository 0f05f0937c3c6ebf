"""Release a model: gates against the champion, certificates, the card."""
