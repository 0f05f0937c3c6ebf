"""People: what reviewers, authors and authorities ask for, each in a lane of its own."""
