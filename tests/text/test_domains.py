"""Which registered domains the links of a text lead to."""

import pytest

from harmsweep.text.domains import registered_domains


@pytest.mark.parametrize(
    ("text", "domains"),
    [
        ("win at https://a.shop.example.co.uk/x?y=1, now", ["example.co.uk"]),
        ("HTTP://Me:secret@WWW.EXAMPLE.COM:8080#top", ["example.com"]),
        ("www.b.example and www.a.example.org. www.c.example.org", ["example.org"]),
        ("hxxp://me.github.io/a", ["me.github.io"]),
        ("a bare http://127.0.0.1/x, http://localhost and example.com", []),
        ("http://co.uk/ alone", []),
        ("no link", []),
    ],
)
def test_the_registered_domains_of_a_text(text: str, domains: list[str]) -> None:
    assert registered_domains(text) == domains
