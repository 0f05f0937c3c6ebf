"""A file or folder is put in place whole or not at all."""

import threading
from pathlib import Path

import pytest

from harmsweep.files import write_whole, writing_whole


def test_text_and_bytes_are_written_as_they_are(tmp_path: Path) -> None:
    assert write_whole(tmp_path / "a", "grün\n").read_bytes() == "grün\n".encode()
    assert write_whole(tmp_path / "b", b"\x00\xff").read_bytes() == b"\x00\xff"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_a_reader_never_sees_half_of_a_file(tmp_path: Path) -> None:
    path, contents = tmp_path / "file", ("a" * 500_000, "b" * 500_000)
    write_whole(path, contents[0])
    ends = threading.Event()

    def write() -> None:
        while not ends.is_set():
            for content in contents:
                write_whole(path, content)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert {path.read_text() for _ in range(300)} <= {*contents}
    finally:
        ends.set()
        writer.join()


def test_an_error_leaves_what_was_there_and_nothing_beside_it(tmp_path: Path) -> None:
    path = write_whole(tmp_path / "file", "before")
    with pytest.raises(RuntimeError), writing_whole(path) as fresh:
        fresh.write_text("half of")
        raise RuntimeError
    assert [*tmp_path.iterdir()] == [path] and path.read_text() == "before"


def test_what_a_killed_process_left_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    with writing_whole(path) as fresh:
        left = fresh
        fresh.mkdir()
    path.rmdir()
    left.mkdir()
    (left / "half").touch()
    with writing_whole(path) as fresh:
        fresh.mkdir()
        (fresh / "whole").touch()
    assert [file.name for file in path.iterdir()] == ["whole"]
    assert [*tmp_path.iterdir()] == [path]


def test_a_folder_never_takes_the_place_of_a_full_one(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    path.mkdir()
    (path / "file").touch()
    with pytest.raises(OSError), writing_whole(path) as fresh:
        fresh.mkdir()
    assert [*tmp_path.iterdir()] == [path] and (path / "file").exists()
