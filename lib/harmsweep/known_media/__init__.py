"""Known and repeated media: banks, near-duplicates, escalations and what is preserved."""
