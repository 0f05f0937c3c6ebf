"""What an id of a post, an account or an event may be: ingest's rule, and the only one there is.

Whatever comes in goes through everything after it: into queries and predicates ids go as quoted
values (see lake/delta.py), and no file is named by one.
"""

import re

# No control characters, which forge lines of logs, no white space, and short enough for a key. It
# means the same to Python and to Java, whose `$` would let a line break pass at the end.
GRAMMAR = r"[^\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]{1,128}"
_RULE = "an id has 1 to 128 characters, none of them white space or a control character"


def is_id(text: str) -> bool:
    """Whether ingest accepts a text as an id."""
    return re.fullmatch(GRAMMAR, text) is not None


def why_no_id(text: str) -> str:
    """What ends a message about a text that nothing is known by: the rule, where it breaks it."""
    return "" if is_id(text) else f": {_RULE}"
