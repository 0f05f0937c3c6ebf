"""The breaker: what is too much for a sweep to do by itself, and how people let it go."""
