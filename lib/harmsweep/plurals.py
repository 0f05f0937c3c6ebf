"""A number with what it counts, for people."""


def counted(number: int, noun: str) -> str:
    """So many of a noun whose plural ends in s: "1 trial", "1,000 trials"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
