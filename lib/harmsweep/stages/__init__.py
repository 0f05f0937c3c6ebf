"""The stages of a day: each reads tables and writes tables, and none knows another."""

# Those that a day goes through, in their order.
STAGES = (
    *("ingest", "features", "read", "embed", "match"),
    *("score", "decide", "enforce", "measure"),
)
