"""download_images: the table, the folder, the manifest, and repeated calls."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from image_server import ImageServer, encoded_image
from pandas.testing import assert_frame_equal

from amzest.datasets._image_downloads import _image_plan
from amzest.datasets._image_downloads._download_images import download_images

COLUMNS = [
    "image_url",
    "image",
    "status",
    "reason",
    "format",
    "width",
    "height",
    "n_bytes",
    "sha256",
]


def table(urls, **columns):
    return pd.DataFrame({"image_url": urls, **columns})


def download(urls, folder, **options):
    """Download from this machine; return the frame, and the manifest by URL."""
    frame = urls if isinstance(urls, pd.DataFrame) else table(urls)
    out, manifest = download_images(frame, folder, allow_private=True, **options)
    return out, manifest.set_index("image_url")


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in Path(folder).rglob("*")
        if path.is_file()
    }


def stem(url):
    digest = hashlib.sha256(url.encode()).hexdigest()
    return f"{digest[:2]}/{digest[:20]}"


def test_images_and_manifest(tmp_path, server):
    urls = [server.url(f"/image/{n}.jpg") for n in (1, 2)] + [server.url("/png")]
    frame = table(urls, title=["a", "b", "c"])
    before = frame.copy()

    out, manifest = download_images(frame, tmp_path / "new", allow_private=True)

    assert_frame_equal(frame, before)
    assert list(out) == ["image_url", "title", "image"]
    assert out["image"].tolist() == [
        stem(urls[0]) + ".jpg",
        stem(urls[1]) + ".jpg",
        stem(urls[2]) + ".png",
    ]
    assert out["image"].dtype == "str"
    bodies = [encoded_image(1), encoded_image(2), encoded_image(kind="PNG")]
    for path, body in zip(out["image"], bodies, strict=True):
        assert (tmp_path / "new" / path).read_bytes() == body
    assert list(manifest) == COLUMNS
    assert manifest["image_url"].tolist() == urls
    assert manifest["image"].tolist() == out["image"].tolist()
    assert manifest["status"].tolist() == ["ok"] * 3
    assert manifest["reason"].isna().all()
    assert manifest["format"].tolist() == ["JPEG", "JPEG", "PNG"]
    assert manifest["width"].tolist() == [24] * 3
    assert manifest["height"].tolist() == [18] * 3
    assert manifest["n_bytes"].tolist() == [len(body) for body in bodies]
    digests = [hashlib.sha256(body).hexdigest() for body in bodies]
    assert manifest["sha256"].tolist() == digests
    kinds = {name: str(manifest[name].dtype) for name in COLUMNS}
    numbers = {"width", "height", "n_bytes"}
    assert kinds == {n: "Int64" if n in numbers else "str" for n in COLUMNS}
    written = pd.read_parquet(tmp_path / "new" / "manifest.parquet")
    assert_frame_equal(written, manifest)


def test_rows_keep_index_and_share_images(tmp_path, server):
    url = server.url("/image/1.jpg")
    placeholder = "https://images.example/G/01/x-site/icons/no-img-sm._CB192198896_.gif"
    cells = [url, None, f" {url}\n", "", "  ", np.nan, placeholder, url]
    frame = pd.DataFrame({"link": cells}, index=list("aabbccdd"))

    out, manifest = download_images(
        frame, tmp_path, url_column="link", image_column="path", allow_private=True
    )

    assert out.index.tolist() == list("aabbccdd")
    path = stem(url) + ".jpg"
    assert out["path"].isna().tolist() == [c not in (0, 2, 7) for c in range(8)]
    assert set(out["path"].dropna()) == {path}
    assert manifest["image_url"].tolist() == [url]
    assert server.n_requests == {"/image/1.jpg": 1}
    assert set(files(tmp_path)) == {path, "manifest.parquet"}


def test_no_rows(tmp_path):
    out, manifest = download_images(table([]), tmp_path)
    assert out.shape == (0, 2)
    assert list(manifest) == COLUMNS
    assert_frame_equal(pd.read_parquet(tmp_path / "manifest.parquet"), manifest)


def test_second_call_sends_no_request(tmp_path, server):
    urls = [server.url(p) for p in ("/image/1.jpg", "/missing", "/page.jpg", "/loop")]
    urls += ["ftp://127.0.0.1/x.jpg"]
    first = download_images(table(urls), tmp_path, allow_private=True)
    n_requests, before = server.n_requests.copy(), files(tmp_path)

    second = download_images(table(urls), tmp_path, allow_private=True)

    assert server.n_requests == n_requests
    assert files(tmp_path) == before
    for one, other in zip(first, second, strict=True):
        assert_frame_equal(one, other)


def test_second_call_downloads_deleted_files(tmp_path, server):
    urls = [server.url(f"/image/{n}.jpg") for n in range(4)]
    out, _ = download(urls, tmp_path)
    before = files(tmp_path)
    (tmp_path / out["image"][2]).unlink()

    download(urls, tmp_path)

    assert files(tmp_path) == before
    assert server.n_requests.pop("/image/2.jpg") == 2
    assert set(server.n_requests.values()) == {1}


@pytest.mark.parametrize("content", [b"", encoded_image(2)[:-60], encoded_image(3)])
def test_file_of_another_size_is_downloaded_again(tmp_path, server, content):
    urls = [server.url(f"/image/{n}.jpg") for n in range(4)]
    out, _ = download(urls, tmp_path)
    before = files(tmp_path)
    (tmp_path / out["image"][2]).write_bytes(content)

    download(urls, tmp_path)

    assert files(tmp_path) == before
    assert server.n_requests["/image/2.jpg"] == 2


def test_without_manifest_complete_files_are_used(tmp_path, server):
    urls = [server.url(f"/image/{n}.jpg") for n in range(6)]
    out, _ = download(urls, tmp_path)
    before = files(tmp_path)
    # As after a crash or a loss of power.
    (tmp_path / "manifest.parquet").unlink()
    (tmp_path / out["image"][2]).write_bytes(b"")
    (tmp_path / out["image"][3]).write_bytes(encoded_image(3)[:-60])
    (tmp_path / out["image"][4]).rename(tmp_path / f"{stem(urls[4])}.png")
    part = tmp_path / f"{stem(urls[5])}.jpg"
    part.with_name(f".{part.name}.part").write_bytes(encoded_image(5)[:99])
    (tmp_path / ".manifest.parquet.part").write_bytes(b"PAR1")
    (tmp_path / "notes.part").write_bytes(b"not ours")

    download(urls, tmp_path)

    assert files(tmp_path) == before | {"notes.part": b"not ours"}
    assert [server.n_requests[f"/image/{n}.jpg"] for n in range(6)] == [
        1,
        1,
        2,
        2,
        2,
        1,
    ]


def test_temporary_failures_are_retried(tmp_path, server):
    urls = [server.url(p) for p in ("/fail", "/fail-twice", "/cut-once", "/missing")]

    _, first = download(urls, tmp_path, max_attempts=1)
    out, second = download(urls, tmp_path, max_attempts=2)

    kinds = ["server error", "server error", "cut off", "not found"]
    assert first["status"].tolist() == kinds
    assert second["status"].tolist() == ["server error", "ok", "ok", "not found"]
    assert out["image"].isna().tolist() == [True, False, False, True]
    assert server.n_requests == {
        "/fail": 3,
        "/fail-twice": 3,
        "/cut-once": 2,
        "/missing": 1,
    }


def test_retry_failed(tmp_path, server):
    urls = [server.url("/image/1.jpg"), server.url("/missing")]
    _, first = download(urls, tmp_path, max_bytes=100)
    _, second = download(urls, tmp_path)
    _, third = download(urls, tmp_path, retry_failed=True)

    assert first["status"].tolist() == ["too large", "not found"]
    assert first["reason"].tolist() == [
        "The file has more bytes than `max_bytes`, 100.",
        "The server responded with 404 (Not Found).",
    ]
    assert second["status"].tolist() == ["too large", "not found"]
    assert third["status"].tolist() == ["ok", "not found"]


def test_folder_is_shared_by_tables(tmp_path, server):
    urls = [server.url(f"/image/{n}.jpg") for n in range(5)]
    download(urls[:3], tmp_path)
    out, manifest = download([urls[4], urls[1]], tmp_path)

    assert out["image"].tolist() == [f"{stem(urls[4])}.jpg", f"{stem(urls[1])}.jpg"]
    assert manifest.index.tolist() == [urls[n] for n in (4, 1, 0, 2)]
    assert manifest["status"].tolist() == ["ok"] * 4
    assert set(server.n_requests.values()) == {1}


def test_result_does_not_depend_on_connections(tmp_path, server):
    paths = ["/missing", "/page.jpg", "/png", "/fail-twice", "/hop/2", "/cut"]
    urls = [server.url(p) for p in paths]
    urls += [server.url(f"/image/{n}.jpg") for n in range(20)]
    download(urls, tmp_path / "a", n_connections=1, n_per_host=1, max_attempts=3)
    server.n_requests.clear()
    download(urls, tmp_path / "b", n_connections=30, n_per_host=20, max_attempts=3)
    assert files(tmp_path / "a") == files(tmp_path / "b")


@pytest.mark.parametrize(("n_per_host", "n_connections"), [(3, 16), (8, 2)])
def test_number_of_requests_at_a_time(tmp_path, n_per_host, n_connections):
    with ImageServer(delay=0.03) as server:
        urls = [server.url(f"/image/{n}.jpg") for n in range(24)]
        download(urls, tmp_path, n_per_host=n_per_host, n_connections=n_connections)
    assert 2 <= server.max_at_once <= min(n_per_host, n_connections)
    assert server.n_requests.total() == 24


def test_redirects_count_for_their_target_host(tmp_path):
    with ImageServer(delay=0.03) as goal, ImageServer() as start:
        # Hosts are distinguished by name.
        urls = [
            start.url("/redirect?to=" + goal.url(f"/image/{n}.jpg", host="localhost"))
            for n in range(16)
        ]
        urls += [goal.url(f"/image/{n}.jpg", host="localhost") for n in range(16, 32)]
        _, manifest = download(urls, tmp_path, n_per_host=2)
    assert manifest["status"].tolist() == ["ok"] * 32
    assert goal.max_at_once == 2


def test_user_agent(tmp_path, server):
    download([server.url("/image/1.jpg")], tmp_path)
    assert {str(agent).partition("/")[0] for agent in server.user_agents} == {"amzest"}
    server.user_agents.clear()
    download([server.url("/image/2.jpg")], tmp_path, user_agent="shop/1 (me@x.example)")
    assert server.user_agents == {"shop/1 (me@x.example)"}


def test_progress_goes_to_standard_error(tmp_path, server, capsys):
    urls = [server.url("/image/1.jpg"), server.url("/missing")]
    download(urls, tmp_path)
    assert capsys.readouterr() == ("", "")
    download(urls, tmp_path, progress=False, retry_failed=True)
    assert capsys.readouterr() == ("", "")
    download(urls, tmp_path, progress=True, retry_failed=True)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "2/2" in shown.err
    assert "1 failed" in shown.err


def test_manifest_is_written_during_downloads(tmp_path, server, monkeypatch):
    monkeypatch.setattr(_image_plan, "_SAVE_EVERY", 0.0)
    seen = []

    def write(folder, outcomes):
        seen.append(list(outcomes))
        return write_manifest(folder, outcomes)

    write_manifest = _image_plan.write_manifest
    monkeypatch.setattr(_image_plan, "write_manifest", write)
    urls = [server.url(f"/image/{n}.jpg") for n in range(4)]
    download(urls, tmp_path, n_connections=1)
    assert seen == [urls[:1], urls[:2], urls[:3], urls, urls]


def test_full_disk(tmp_path, server, monkeypatch):
    urls = [server.url(f"/image/{n}.jpg") for n in range(8)]
    replace, calls = os.replace, []

    def fail_third(source, target):
        calls.append(target)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail_third)
    with pytest.raises(OSError, match="No space left"):
        download(urls, tmp_path, n_connections=1)
    kept = pd.read_parquet(tmp_path / "manifest.parquet")
    assert kept["image_url"].tolist() == urls[:2]

    monkeypatch.undo()
    download(urls, tmp_path)
    download(urls, tmp_path / "other")
    assert files(tmp_path / "other").items() <= files(tmp_path).items()
    assert [server.n_requests[f"/image/{n}.jpg"] for n in range(3)] == [2, 2, 3]


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for one process")
def test_keyboard_interrupt(tmp_path, server):
    urls = [server.url("/image/1.jpg")]
    urls += [server.url(f"/stall/{n}") for n in range(40)]
    code = f"""
        import pandas as pd
        from amzest.datasets._image_downloads._download_images import download_images

        frame = pd.DataFrame({{"image_url": {urls!r}}})
        download_images(frame, {str(tmp_path)!r}, allow_private=True)
    """
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stderr=subprocess.PIPE, text=True
    )
    while not list(tmp_path.glob("??/*.jpg")) or server.n_at_once < 8:
        time.sleep(0.01)
        assert child.poll() is None
    child.send_signal(signal.SIGINT)
    stop = time.monotonic()
    _, errors = child.communicate(timeout=60)
    # Each request stalls for 15 s and has five attempts.
    assert time.monotonic() - stop < 10
    assert errors.rstrip().endswith("KeyboardInterrupt")
    kept = pd.read_parquet(tmp_path / "manifest.parquet")
    assert kept["image_url"].tolist() == urls[:1]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"url_column": "url"}, ValueError, r"no column 'url' \(url_column\)"),
        ({"image_column": "image_url"}, ValueError, "`image_column` and `url_column`"),
        ({"n_connections": 0}, ValueError, r"'n_connections' .* \[1, inf\)\. Got 0"),
        ({"n_per_host": 2.5}, TypeError, r"'n_per_host' .* an int .* Got 2\.5"),
        ({"max_attempts": True}, TypeError, "'max_attempts' .* an int .* Got True"),
        ({"max_bytes": -1}, ValueError, "'max_bytes' .* Got -1"),
        ({"max_pixels": None}, TypeError, "'max_pixels' .* an int .* Got None"),
        (
            {"timeout": 0},
            ValueError,
            r"'timeout' .* a float .*\. Got 0",
        ),
        ({"timeout": float("nan")}, ValueError, "'timeout' .* a float .* Got nan"),
        ({"timeout": float("inf")}, ValueError, "'timeout' .* a float .* Got inf"),
        ({"total_timeout": "9"}, TypeError, "'total_timeout' .* a float .* Got '9'"),
        ({"allow_private": "no"}, ValueError, "'allow_private' .* Got 'no'"),
        ({"retry_failed": None}, ValueError, "'retry_failed' .* Got None"),
        ({"progress": "yes"}, ValueError, "'progress' .* Got 'yes'"),
        ({"user_agent": "a\nb"}, ValueError, "`user_agent` must be one line of ASCII"),
        ({"user_agent": ""}, ValueError, "`user_agent` must be one line of ASCII"),
        ({"user_agent": 1}, TypeError, "'user_agent' .* Got 1"),
    ],
)
def test_invalid_parameters(tmp_path, change, error, message):
    with pytest.raises(error, match=message):
        download_images(table(["http://127.0.0.1/"]), tmp_path / "new", **change)
    assert not (tmp_path / "new").exists()


def test_invalid_tables(tmp_path):
    with pytest.raises(TypeError, match=r"`frame` must be a table .*, got list"):
        download_images(["http://127.0.0.1/"], tmp_path)
    twice = pd.DataFrame([["a", "b"]], columns=["image_url"] * 2)
    with pytest.raises(ValueError, match="more than one column 'image_url'"):
        download_images(twice, tmp_path)
    twice = pd.DataFrame([["a", "b", "c"]], columns=["image_url", "image", "image"])
    with pytest.raises(ValueError, match=r"more than one column 'image' \(image_col"):
        download_images(twice, tmp_path)
    with pytest.raises(
        TypeError, match=r"`image_url` is not a string in 1 row: row 1 \('l"
    ):
        download_images(table(["a", ["b"]]), tmp_path)
    frame = table(pd.Series(["a", "\udc80"], dtype=object))
    with pytest.raises(ValueError, match="`image_url` is not valid Unicode in 1 row"):
        download_images(frame, tmp_path)


def test_folder_is_a_file(tmp_path):
    path = tmp_path / "file"
    path.write_text("x")
    with pytest.raises(ValueError, match=r"`folder` '.*file' is a file"):
        download_images(table([None]), path)


def test_invalid_manifest(tmp_path):
    path = tmp_path / "manifest.parquet"
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(ValueError, match=r"manifest.parquet: cannot be read as Parq"):
        download_images(table([None]), tmp_path)
    pd.DataFrame({"image_url": ["a"]}).to_parquet(path)
    with pytest.raises(ValueError, match=r"not a manifest .* no column 'image', 'sta"):
        download_images(table([None]), tmp_path)
    assert path.exists()
