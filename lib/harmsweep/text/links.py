"""Links: where they end, and the words that they say."""

import re
from collections.abc import Iterator
from itertools import islice
from urllib.parse import unquote_plus

from harmsweep.text.lexicon import is_known
from harmsweep.text.segmentation import split_run

# A link is of what RFC 3986 allows and accented Latin letters: what else stands behind it is text,
# as are brackets, quotes, and a mark with a capital behind it. Brackets in pairs belong to it.
_ENDS = r"[,;!'](?=[A-Z\s]|$)|\.(?=[A-Z][a-z])"
_BODY = r"(?!" + _ENDS + r")[\w\-.~:/?#@!$&'*+,;=%]"
_ASCII_OR_LATIN = r"(?=[\x21-\x7e\u00c0-\u024f])"
URL = re.compile(
    rf"(?<![A-Za-z])(?i:(?:https?|hxxps?|ftp)://|www\.)"
    rf"(?:{_ASCII_OR_LATIN}(?:{_BODY}|\([\w%.,-]{{0,80}}\)))*"
    rf"(?:{_ASCII_OR_LATIN}(?:[\w\-/#&=+$%@]|\([\w%.,-]{{0,80}}\)))"
)
_SCHEME = re.compile(r"^[a-z]+://|^www\.", re.IGNORECASE)
_PARTS = re.compile(r"[/?#&;]+")
_EXTENSION = re.compile(r"\.[a-z][a-z0-9]{1,4}$", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")
# Parameters that say where a reader came from, not what is there.
_TRACKING = re.compile(
    r"utm_|ga_|mc_|fbclid|gclid|igsh|ref|src|source|si$|sid|session|token|key|id$"
)
# Parts that name a kind of page, not what is on it.
_ROUTINE = frozenset(
    [
        "about",
        "article",
        "articles",
        "blog",
        "category",
        "com",
        "comment",
        "comments",
        "content",
        "data",
        "docs",
        "download",
        "en",
        "edit",
        "example",
        "file",
        "files",
        "forum",
        "group",
        "groups",
        "help",
        "home",
        "html",
        "http",
        "https",
        "image",
        "images",
        "index",
        "item",
        "items",
        "login",
        "main",
        "media",
        "news",
        "org",
        "page",
        "pages",
        "photo",
        "photos",
        "post",
        "posts",
        "product",
        "products",
        "profile",
        "public",
        "search",
        "shop",
        "site",
        "static",
        "status",
        "story",
        "tag",
        "tags",
        "thread",
        "topic",
        "user",
        "users",
        "video",
        "videos",
        "view",
        "watch",
        "wiki",
        "www",
    ]
)
# At most so many words of one link are read: more is no link that anybody follows.
MOST_WORDS = 64


def read_links(text: str) -> str:
    """The text with "http" and the link's words for each link, apart from words beside it.

    >>> read_links("see https://a.example/the-garden-is-open?utm_source=x, now")
    'see http the garden is open, now'
    """
    return URL.sub(_read, text)


def _read(match: re.Match[str]) -> str:
    before, after = match.string[match.start() - 1 :][:1], match.string[match.end() :][:1]
    words = " ".join(["http", *words_of_link(match[0])])
    return f"{' ' * (match.start() > 0 and before.isalnum())}{words}{' ' * after.isalnum()}"


def words_of_link(link: str) -> list[str]:
    """The words that a link says: of its path, values, fragment and, in a sentence, its domain."""
    host, _, rest = _SCHEME.sub("", link[:2000]).partition("/")
    host, _, query = host.partition("?")
    labels = host.split("@")[-1].split(":")[0].split(".")[:-1]
    said = [words for label in labels if len(words := _said(label)) > 2]
    for part in _PARTS.split(f"{rest}?{query}"):
        key, equals, value = part.rpartition("=")
        if not (equals and _TRACKING.match(key.lower())):
            said.append(_said(unquote_plus(value)))
    return list(islice((word for words in said for word in words), MOST_WORDS))


def _said(slug: str) -> list[str]:
    """The words of one part of a link, none where it is an id, a hash or routine."""
    words = list(_tokens(_EXTENSION.sub("", slug)))
    foreign = [word for word in words if not word.isascii()]
    known = [w for w in words if is_known(w.lower())]
    telling = [w for w in known if len(w) > 3 and w.lower() not in _ROUTINE]
    enough = len(known) * 2 >= len(words) and telling
    return words if foreign or enough else []


def _tokens(slug: str) -> Iterator[str]:
    for token in _WORD.findall(slug):
        letters = sum(map(str.isalpha, token))
        if letters == len(token):
            yield from split_run(token)
        elif letters * 2 >= len(token) and len(token) < 16:
            # A number in a slug may be a letter, as in gr4ss.
            yield token
