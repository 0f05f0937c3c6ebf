"""References to object stores: only what conf lists is asked for, and only so much of it."""

import io
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from PIL import Image

from harmsweep.media import access
from harmsweep.media.conf import Limits, Store, load_limits
from harmsweep.media.facts import MediaFacts, inspect_media

pytestmark = pytest.mark.slow

KEYS = {"access_key": "any", "secret_key": "any", "scheme": "http", "region": "us-east-1"}


def png() -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """An S3 server of this process with the buckets `media` and `secret`."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for path, body in {
        "media": None,
        "media/a/picture.png": png(),
        "media/cut.png": png()[:-40],
        "secret": None,
        "secret/picture.png": png(),
    }.items():
        # The library would name a form, and the server would read one.
        kind = {"Content-Type": "image/png"}
        url = f"http://{host}:{port}/{path}"
        urlopen(Request(url, data=body, method="PUT", headers=kind), timeout=10).close()
    yield f"{host}:{port}"
    server.stop()


@pytest.fixture
def stores(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Limits:
    """Limits whose only store is the bucket `media`; other limits in place of them hold at once."""
    listed = Store(scheme="s3", bucket="media", options=KEYS | {"endpoint_override": endpoint})
    return use(monkeypatch, stores=(listed,))


def use(monkeypatch: pytest.MonkeyPatch, **changed: object) -> Limits:
    limits = access.load_limits().model_copy(update=changed)
    monkeypatch.setattr(access, "load_limits", lambda: limits)
    return limits


def inspect(uri: str) -> MediaFacts:
    return inspect_media(Path("/nowhere"), uri, "image")


def test_no_store_is_listed_as_the_project_comes() -> None:
    assert load_limits().stores == ()
    facts = inspect("s3://media/a/picture.png")
    assert (facts.status, facts.reason) == ("refused", "its scheme and bucket are not listed")


def test_an_object_of_a_listed_bucket_is_a_medium_and_no_copy_stays(stores: Limits) -> None:
    facts = inspect("s3://media/a/picture.png")
    assert (facts.status, facts.bytes, facts.width) == ("ok", len(png()), 256)
    assert not list(Path(tempfile.gettempdir()).glob("harmsweep-media-*"))


def test_a_cut_or_absent_object_says_so(stores: Limits) -> None:
    assert inspect("s3://media/cut.png").status == "undecodable"
    facts = inspect("s3://media/absent.png")
    assert (facts.status, facts.reason) == ("missing", "no such object")


@pytest.mark.parametrize(
    "uri",
    [
        "s3://secret/picture.png",
        "S3://media/a/picture.png",
        "s3://me\ndia/a/picture.png",
        "s3://user:password@media/a/picture.png",
        "s3://media@secret/picture.png",
        "s3://media:80/a/picture.png",
        "http://127.0.0.1/a.png",
        "file:///etc/passwd",
        "://media/a/picture.png",
    ],
)
def test_what_is_not_listed_word_for_word_is_refused(stores: Limits, uri: str) -> None:
    facts = inspect(uri)
    assert (facts.status, facts.reason) == ("refused", "its scheme and bucket are not listed")


@pytest.mark.parametrize("key", ["../secret/picture.png", "a/../../secret/picture.png", "/a", ""])
def test_a_key_that_the_client_would_shorten_is_refused(stores: Limits, key: str) -> None:
    facts = inspect(f"s3://media/{key}")
    assert (facts.status, facts.reason) == ("refused", "not a usable address")


@pytest.mark.parametrize("key", ["%2e%2e/secret/picture.png", "..%2fsecret/picture.png", "a?b#c"])
def test_what_is_encoded_is_a_name_like_any(stores: Limits, key: str) -> None:
    assert inspect(f"s3://media/{key}").status == "missing"


def test_an_object_is_read_to_its_limit_only(
    stores: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, image=stores.image.model_copy(update={"bytes": 100}))
    facts = inspect("s3://media/a/picture.png")
    assert (facts.status, facts.reason) == ("refused", "101 bytes are over 100")


def test_a_slow_store_is_refused(stores: Limits, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, fetch_seconds=1e-9)
    facts = inspect("s3://media/a/picture.png")
    assert (facts.status, facts.reason) == ("refused", "fetching it took too long")


def test_a_store_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        options = KEYS | {"endpoint_override": address, "request_timeout": 0.3}
        use(monkeypatch, stores=(Store(scheme="s3", bucket="media", options=options),))
        started = time.monotonic()
        facts = inspect("s3://media/a/picture.png")
    assert (facts.status, facts.reason) == ("missing", "could not be fetched (OSError)")
    assert time.monotonic() - started < 20
