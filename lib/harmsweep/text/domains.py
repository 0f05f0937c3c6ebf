"""The domains that a text's links lead to, as somebody registered them."""

from functools import cache

from publicsuffixlist import PublicSuffixList

from harmsweep.text.links import URL


def registered_domains(text: str) -> list[str]:
    """The registered domain of each of the text's links, each once, sorted.

    A public suffix (publicsuffix.org, as the package ships it: nothing is fetched) and the label
    before it. Hosts that give each customer a name of their own, such as github.io, are suffixes
    too. A bare address or a link without such a domain has none.

    >>> registered_domains("see https://a.shop.example.co.uk/x and www.me.github.io")
    ['example.co.uk', 'me.github.io']
    """
    hosts = {_host(match[0]) for match in URL.finditer(text)}
    return sorted({domain for host in hosts if (domain := _list().privatesuffix(host))})


def _host(link: str) -> str:
    """The host of a link, without scheme, user and port."""
    authority = link.partition("://")[2] or link
    for mark in "/?#":
        authority = authority.partition(mark)[0]
    return authority.rpartition("@")[2].partition(":")[0].strip(".").lower()


@cache
def _list() -> PublicSuffixList:
    # Only suffixes that are listed: the last label of 127.0.0.1 or of a typing error is none.
    return PublicSuffixList(accept_unknown=False)
