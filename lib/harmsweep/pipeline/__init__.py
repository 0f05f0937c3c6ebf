"""The stages of many days in their order, in one Spark process."""
