"""The embedding benchmark: our stage beside a bare loop, four peers and the core's own limit."""
