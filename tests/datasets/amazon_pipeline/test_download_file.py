"""Large files come whole, or go on later where they broke off."""

import pytest
from file_server import serve_files

from amzest.datasets._amazon_pipeline import _download_file
from amzest.datasets._amazon_pipeline._download_file import download_file

CONTENT = bytes(range(256)) * 5000


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(_download_file, "_FIRST_PAUSE_S", 0.001)
    with serve_files({"a.gz": CONTENT}) as server:
        yield server


def fetch(server, path, name="a.gz"):
    download_file(server.url + name, path, purpose="a test", progress=False)


def test_file_comes_whole_and_once(server, tmp_path):
    path = tmp_path / "new" / "a.gz"
    fetch(server, path)
    fetch(server, path)
    assert path.read_bytes() == CONTENT
    assert server.requests == [("a.gz", None)]
    assert list(path.parent.iterdir()) == [path]


def test_broken_off_download_goes_on(server, tmp_path):
    path = tmp_path / "a.gz"
    server.break_after = [1000, 500]
    fetch(server, path)
    assert path.read_bytes() == CONTENT
    assert server.requests == [
        ("a.gz", None),
        ("a.gz", "bytes=1000-"),
        ("a.gz", "bytes=1500-"),
    ]


def test_next_call_goes_on_where_the_last_one_ended(server, tmp_path):
    path = tmp_path / "a.gz"
    server.break_after = [1000] + [0] * 4
    with pytest.raises(
        OSError,
        match=r"completely in 5 attempts.*a\.gz\.amzest-part'",
    ):
        fetch(server, path)
    assert not path.exists()
    fetch(server, path)
    assert path.read_bytes() == CONTENT
    assert server.requests[-1] == ("a.gz", "bytes=1000-")


def test_file_that_changed_in_between_is_fetched_anew(server, tmp_path):
    path = tmp_path / "a.gz"
    server.break_after = [1000] + [0] * 4
    with pytest.raises(OSError, match="could not be downloaded completely"):
        fetch(server, path)
    server.version, server.files["a.gz"] = '"2"', b"other"
    fetch(server, path)
    assert path.read_bytes() == b"other"


def test_kill_between_the_last_byte_and_the_rename(server, tmp_path):
    path = tmp_path / "a.gz"
    (tmp_path / "a.gz.amzest-part").write_bytes(CONTENT)
    (tmp_path / "a.gz.amzest-part-version").write_text('"1"')
    fetch(server, path)
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == CONTENT


def test_part_of_no_known_version_is_fetched_anew(server, tmp_path):
    path = tmp_path / "a.gz"
    (tmp_path / "a.gz.amzest-part").write_bytes(b"what is this")
    fetch(server, path)
    assert path.read_bytes() == CONTENT


def test_unfinished_download_of_a_browser_is_left_alone(server, tmp_path):
    theirs = tmp_path / "a.gz.part"
    theirs.write_bytes(b"mine")
    fetch(server, tmp_path / "a.gz")
    assert theirs.read_bytes() == b"mine"
    assert server.requests == [("a.gz", None)]


def test_busy_server_is_tried_again(server, tmp_path):
    server.refuse = [503, 429, 500]
    fetch(server, tmp_path / "a.gz")
    assert (tmp_path / "a.gz").read_bytes() == CONTENT
    assert len(server.requests) == 4


def test_missing_file_raises_at_once(server, tmp_path):
    with pytest.raises(OSError, match=r"b\.gz cannot be downloaded: .* 404.*base_url"):
        fetch(server, tmp_path / "b.gz", "b.gz")
    assert len(server.requests) == 1
    assert list(tmp_path.iterdir()) == []


def test_unreachable_server_raises(server, tmp_path):
    url = "http://127.0.0.1:9/a.gz"
    with pytest.raises(OSError, match="completely in 5 attempts"):
        download_file(url, tmp_path / "a", purpose="a test", progress=False)


def test_other_kinds_of_address_are_refused(tmp_path):
    with pytest.raises(ValueError, match="must start with http"):
        download_file("file:///etc/passwd", tmp_path / "a", purpose="a test")
