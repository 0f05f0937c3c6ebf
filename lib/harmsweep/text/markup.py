"""Markup taken off: a text as its reader sees it.

Markdown and the forms of chats and forums, HTML tags and BBCode. What only looks like markup
(snake_case, 2*3*4, C++, a[i], a || b) stays: marks go in pairs that stand against words.
"""

import re

_INLINE = """
a abbr b bdi bdo big cite code del dfn em font i ins kbd label mark q s samp small span strike
strong sub sup svg tt u var wbr
"""
_BLOCK = """
article blockquote body br center details div dl dd dt footer form h1 h2 h3 h4 h5 h6 head header
hr html img li main ol p pre section spoiler summary table tbody td th thead title tr ul video
"""
_BLOCKS = frozenset(_BLOCK.split())
_KNOWN = frozenset(_INLINE.split()) | _BLOCKS
_COMMENT = re.compile(r"<!--(?:[^-]|-(?!->)){0,500}-->")
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]{0,20})(?:\s[^<>]{0,300})?/?>")
_BBCODE = re.compile(r"\[(/?)([A-Za-z]{1,10})(?:=[^\[\]\n]{0,200})?\]")
_LINKED = re.compile(r"!?\[([^\[\]\n]{1,300})\]\((\s*http[^()\n]{0,800})\)")
_SLACK = re.compile(r"<(\s*http[^<>|\n]{0,800})(?:\|([^<>|\n]{0,300}))?>")
_CHAT_NAME = re.compile(r"<[@#][!&]?\d{5,25}>")
_CHAT_EMOJI = re.compile(r"<a?:\w{2,40}:\d{5,25}>")
# Emoji by name; not times, ratios or C++ scopes.
_SHORTCODE = re.compile(r"(?<![:\d]):(?=[a-z0-9_+-]*[a-z])[a-z0-9_+-]{2,40}:(?![:\w])", re.I)
_WITHIN = re.compile(r"(?<=[a-z]):[a-z][a-z0-9_]{2,40}:(?=[a-z])")
_QUOTE = re.compile(r"^[ \t]{0,3}(?:>[ \t]*)+(?=[^\W_]|[\"'*_#@])(?!\w\b[)(])", re.MULTILINE)
_HEADING = re.compile(r"^[ \t]{0,3}#{1,6}[ \t]+(?=\S)", re.MULTILINE)
_HIDDEN = re.compile(r">!(?=\S)|(?<=\S)!<")
_DOUBLE = {
    mark: re.compile(rf"(?<![\d{mark}])(?:{mark}{{2,4}})(?![\d{mark}])")
    for mark in ("\\*", "~", "\\|", "_")
}
_SINGLE = re.compile(r"(?<![\w*/])\*(?=[^\W_\d]|[\"'_])([^*\n]{1,500}?)(?<=[^\s\d*])\*(?![\w*/])")
_INWORD = re.compile(r"(?<![\w*])([A-Za-z]*)\*([A-Za-z]{2,})\*([A-Za-z]*)(?![\w*])")
_UNDER = re.compile(r"(?<![\w/_])_(?=[^\W_\d]|[\"'*])([^_\n]{1,500}?)(?<=[^\s\d_])_(?![\w/_])")
_CODE = re.compile(r"`{1,3}([^`\n]{1,500})`{1,3}")
_SUPER = re.compile(r"(?<=[\s\w])\^\(([^()\n]{1,300})\)")


def without_markup(text: str) -> str:
    """The text without markup around and within its words; links in it are read before.

    >>> without_markup("**so** ~~bold~~ [i]and[/i] <b>br</b>ave, as snake_case is 2*3*4")
    'so bold and brave, as snake_case is 2*3*4'
    """
    text = _tags(text) if "<" in text else text
    if "[" in text:
        text = _LINKED.sub(r"\1 \2", text)
        text = _paired(_BBCODE, text)
    if ":" in text:
        text = _WITHIN.sub("", _SHORTCODE.sub(" ", text))
    text = _SUPER.sub(r"\1", _QUOTE.sub("", _HEADING.sub("", _HIDDEN.sub("", text))))
    return _emphasis(text)


def _tags(text: str) -> str:
    text = _CHAT_EMOJI.sub(" ", _CHAT_NAME.sub("@user", _COMMENT.sub("", text)))
    text = _SLACK.sub(lambda m: f"{m[2] or ''} {m[1]}", text)
    return _paired(_TAG, text, known=_KNOWN)


def _paired(tag: re.Pattern[str], text: str, known: frozenset[str] = frozenset()) -> str:
    """The text without tags that are known or closed somewhere; those of blocks part words."""
    closed = {match[2].lower() for match in tag.finditer(text) if match[1]} | known

    def off(match: re.Match[str]) -> str:
        name = match[2].lower()
        if name not in closed:
            return match[0]
        return " " if name in _BLOCKS else ""

    return tag.sub(off, text)


def _emphasis(text: str) -> str:
    for mark, pattern in _DOUBLE.items():
        if mark[-1] * 2 in text:
            text = _without_pairs(pattern, text)
    if "`" in text:
        text = _CODE.sub(r"\1", text)
    if "*" in text:
        text = _INWORD.sub(r"\1\2\3", _SINGLE.sub(r"\1", text))
    return _UNDER.sub(r"\1", text) if "_" in text else text


def _without_pairs(pattern: re.Pattern[str], text: str) -> str:
    """The text without marks that stand against a word, if they are as many as pairs need."""

    def touches(match: re.Match[str]) -> bool:
        before, after = text[max(0, match.start() - 1) : match.start()], text[match.end() :][:1]
        inside = before in (".", "(", "=", ",") and after.isalpha() and match[0][0] == "_"
        return len(match[0]) == 4 or (not inside and bool(before.strip() or after.strip()))

    marks = [match for match in pattern.finditer(text) if touches(match)]
    if len(marks) < 2 and not any(len(match[0]) == 4 for match in marks):
        return text
    kept, last = list[str](), 0
    for match in marks:
        kept.append(text[last : match.start()])
        last = match.end()
    return "".join([*kept, text[last:]])
