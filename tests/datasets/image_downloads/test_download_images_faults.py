"""download_images: servers that stall or mislead, invalid and private addresses."""

from __future__ import annotations

import datetime
import email.utils
import socket
import ssl
import subprocess
import threading
import time
import warnings
from itertools import pairwise

import pandas as pd
import pytest
from image_server import ImageServer, encoded_image
from PIL import Image

from amzest.datasets._image_downloads import _image_connection, _image_queue
from amzest.datasets._image_downloads._download_images import download_images
from amzest.datasets._image_downloads._image_address import (
    is_forbidden,
    is_public,
    parse_address,
)
from amzest.datasets._image_downloads._image_request import _read_pause

ENDED = "The connection ended before the response was complete."
BROKEN = "The image cannot be decoded: the file is damaged or ends early."
NO_HOST = "The URL has no valid host or port."


def download(urls, folder, **options):
    """Download from this machine; return the manifest by URL."""
    options = {"allow_private": True, **options}
    out, manifest = download_images(
        pd.DataFrame({"image_url": urls}), folder, **options
    )
    manifest = manifest.set_index("image_url")
    # After any fault, rows are complete and files are those of the manifest.
    assert manifest.index.tolist() == list(dict.fromkeys(urls))
    assert out["image"].isna().tolist() == manifest.loc[urls, "image"].isna().tolist()
    ok = manifest["status"] == "ok"
    assert manifest["image"].notna().tolist() == ok.tolist()
    assert manifest["reason"].notna().tolist() == (~ok).tolist()
    kept = {path.relative_to(folder).as_posix() for path in folder.glob("??/*")}
    assert kept == set(manifest["image"].dropna())
    return manifest


def outcome(manifest, url):
    row = manifest.loc[url]
    return row["status"], row["reason"]


@pytest.mark.parametrize(
    ("path", "status", "reason", "n_requests"),
    [
        ("/cut", "cut off", ENDED, 3),
        ("/reset", "cut off", ENDED, 3),
        ("/hang-up", "cut off", ENDED, 3),
        (
            "/cut-anywhere",
            "cut off",
            "Each attempt returned a different part of the image.",
            3,
        ),
        (
            "/nonsense",
            "server error",
            "The response of the server is not valid HTTP.",
            3,
        ),
        (
            "/page.jpg",
            "not an image",
            "The response is HTML or XML.",
            1,
        ),
        ("/empty", "not an image", "The response is empty.", 1),
        (
            "/text",
            "not an image",
            "The response is in none of the supported formats (AVIF, BMP, GIF, JPEG, "
            "JPEG2000, PNG, PPM, TIFF, WEBP).",
            1,
        ),
        ("/truncated.jpg", "broken image", BROKEN, 2),
        ("/head-only", "broken image", BROKEN, 2),
        (
            "/bomb.png",
            "too many pixels",
            "The image has more pixels than Pillow opens.",
            1,
        ),
        (
            "/wide.png",
            "too many pixels",
            "The image has 10000 x 6000 pixels; `max_pixels` is 50000000.",
            1,
        ),
        (
            "/loop",
            "redirects",
            "There are more than 5 redirects, or a loop.",
            6,
        ),
        ("/missing", "not found", "The server responded with 404 (Not Found).", 1),
        ("/gone", "not found", "The server responded with 410 (Gone).", 1),
        ("/forbidden", "http error", "The server responded with 403 (Forbidden).", 1),
        (
            "/status/206",
            "http error",
            "The server responded with 206 (Partial Content).",
            1,
        ),
        ("/status/302", "http error", "The server responded with 302 (Found).", 1),
        (
            "/fail",
            "server error",
            "The server responded with 500 (Internal Server Error).",
            3,
        ),
        ("/status/999", "server error", "The server responded with 999.", 3),
    ],
)
def test_fault(tmp_path, server, path, status, reason, n_requests):
    url = server.url(path)
    manifest = download([url], tmp_path, max_attempts=3)
    assert outcome(manifest, url) == (status, reason)
    assert server.n_requests == {path: n_requests}
    assert manifest.loc[url].iloc[3:].isna().all()


@pytest.mark.parametrize("path", ["/gzip-bomb", "/large", "/large-open-end"])
def test_more_bytes_than_allowed(tmp_path, server, path):
    url = server.url(path)
    manifest = download([url], tmp_path, max_bytes=1_000_000)
    reason = "The file has more bytes than `max_bytes`, 1000000."
    assert outcome(manifest, url) == ("too large", reason)
    assert server.n_requests == {path: 1}


def test_image_of_exactly_the_limits(tmp_path, server):
    urls = [server.url("/image/0.jpg"), server.url("/chunked"), server.url("/gzipped")]
    limits = {"max_bytes": len(encoded_image()), "max_pixels": 24 * 18}
    assert download(urls, tmp_path / "a", **limits)["status"].tolist() == ["ok"] * 3
    limits["max_bytes"] -= 1
    manifest = download(urls, tmp_path / "b", **limits)
    assert manifest["status"].tolist() == ["too large"] * 3
    manifest = download(urls, tmp_path / "c", max_pixels=24 * 18 - 1)
    assert manifest["status"].tolist() == ["too many pixels"] * 3


def test_warnings_of_pillow_are_ignored(tmp_path, server, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 24 * 18 - 1)
    urls = [server.url("/image/0.jpg")]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        manifest = download(urls, tmp_path)
    assert manifest["status"].tolist() == ["ok"]
    assert caught == []


@pytest.mark.parametrize("path", ["/stall", "/stall-body"])
def test_stall(tmp_path, server, path):
    url = server.url(path)
    manifest = download([url], tmp_path, timeout=0.2, max_attempts=2)
    reason = "The server sent nothing for 0.2 s."
    assert outcome(manifest, url) == ("time-out", reason)
    assert server.n_requests == {path: 2}


@pytest.mark.parametrize("path", ["/trickle", "/trickle-head", "/trickle-open-end"])
def test_trickle(tmp_path, server, path):
    # Each byte arrives within the time-out, all of them would take 38 s.
    url = server.url(path)
    start = time.monotonic()
    manifest = download([url], tmp_path, total_timeout=1.0, max_attempts=2)
    assert time.monotonic() - start < 15
    reason = "The response was not complete after 1 s."
    assert outcome(manifest, url) == ("time-out", reason)
    assert server.n_requests == {path: 2}


def test_stalls_do_not_delay_other_hosts(tmp_path, server):
    # Fewer threads wait than there are: other images are downloaded meanwhile.
    stalls = [server.url(f"/stall/{n}", host="localhost") for n in range(2)]
    urls = stalls + [server.url(f"/image/{n}.jpg") for n in range(40)]
    manifest = download(urls, tmp_path, n_per_host=2, timeout=1.0, max_attempts=3)
    assert manifest["status"].tolist() == ["time-out"] * 2 + ["ok"] * 40


@pytest.mark.parametrize(
    ("path", "n_requests"),
    [
        ("/cut-once", 2),
        ("/truncated-once", 2),
        ("/fail-twice", 3),
        ("/busy-once", 2),
        ("/image/0.jpg", 1),
        ("/gzipped", 1),
        ("/chunked", 1),
    ],
)
def test_succeeds_in_the_end(tmp_path, server, path, n_requests):
    url = server.url(path)
    manifest = download([url], tmp_path)
    assert manifest["status"].tolist() == ["ok"]
    assert (tmp_path / manifest["image"].iloc[0]).read_bytes() == encoded_image()
    assert server.n_requests == {path: n_requests}


def test_succeeds_after_a_stall(tmp_path, server):
    url = server.url("/stall-once")
    manifest = download([url], tmp_path, timeout=1.0)
    assert manifest["status"].tolist() == ["ok"]
    assert server.n_requests["/stall-once"] >= 2


def test_pauses_grow(tmp_path, server, monkeypatch):
    monkeypatch.setattr(_image_queue, "FIRST_PAUSE", 0.1)
    download([server.url("/fail")], tmp_path, max_attempts=4)
    times = server.times["/fail"]
    pauses = [after - before for before, after in pairwise(times)]
    assert [pauses[0] >= 0.075, pauses[1] >= 0.15, pauses[2] >= 0.3] == [True] * 3


def test_retry_after_pauses_the_whole_host(tmp_path, server):
    urls = [server.url("/busy-once")]
    urls += [server.url(f"/image/{n}.jpg") for n in range(10)]
    others = [server.url(f"/image/{n}.jpg", host="localhost") for n in range(20, 30)]
    manifest = download(urls + others, tmp_path, n_per_host=1)
    assert manifest["status"].tolist() == ["ok"] * 21
    requested = server.times["/busy-once"][0]
    waited = [server.times[f"/image/{n}.jpg"][0] - requested for n in range(10)]
    assert min(waited) >= 1.0
    assert server.times["/image/20.jpg"][0] < requested + min(waited)


def test_retry_after_is_parsed():
    assert _read_pause("120") == 120
    assert _read_pause(" 0 ") == 0
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=90)
    assert _read_pause(email.utils.format_datetime(later)) == pytest.approx(90, abs=5)
    assert _read_pause("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    for nonsense in (None, "", "soon", "-5", "²", "Wed, 99 Oct 2015", "1e9"):
        assert _read_pause(nonsense) is None


def test_long_pauses_are_capped(tmp_path, monkeypatch):
    monkeypatch.setattr(_image_queue, "LONGEST_PAUSE", 0.2)
    pause = "amzest.datasets._image_downloads._image_request._read_pause"
    monkeypatch.setattr(pause, lambda header: None if header is None else 9e9)
    with ImageServer() as server:
        manifest = download([server.url("/busy-once")], tmp_path)
    assert manifest["status"].tolist() == ["ok"]


def test_host_that_always_fails_is_given_up(tmp_path, server, monkeypatch):
    monkeypatch.setattr(_image_queue, "_MAX_FAILURES", 20)
    urls = [server.url(f"/fail/{n}", host="localhost") for n in range(60)]
    urls += [server.url("/image/1.jpg")]
    manifest = download(urls, tmp_path, max_attempts=2)
    counts = manifest["status"].value_counts()
    assert counts["ok"] == 1
    assert counts["server error"] + counts["given up"] == 60
    assert counts["given up"] > 10
    reason = "The host failed 20 times in a row, it was skipped."
    assert set(manifest["reason"][manifest["status"] == "given up"]) == {reason}
    # Another call tries again.
    server.n_requests.clear()
    download(urls[-3:], tmp_path / "other", max_attempts=1)
    assert server.n_requests.total() == 3


@pytest.mark.parametrize("path", ["/png", "/jpeg.png"])
def test_content_type_is_ignored(tmp_path, server, path):
    url = server.url(path)
    manifest = download([url], tmp_path)
    suffix, kind = {"/png": ("png", "PNG"), "/jpeg.png": ("jpg", "JPEG")}[path]
    assert manifest.loc[url, "image"].endswith(f".{suffix}")
    assert manifest.loc[url, "format"] == kind


@pytest.mark.parametrize(
    "kind",
    ["AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP"],
)
def test_formats(tmp_path, server, monkeypatch, kind):
    monkeypatch.setattr("image_server._Handler.send_jpeg", _sender(kind))
    manifest = download([server.url("/jpeg")], tmp_path)
    assert manifest["format"].tolist() == [kind]
    with Image.open(tmp_path / manifest["image"].iloc[0]) as image:
        assert (image.format, image.size) == (kind, (24, 18))


def _sender(kind):
    def send(self, path):
        self.answer(encoded_image(kind=kind))

    return send


def test_chain_of_redirects(tmp_path, server):
    urls = [server.url("/hop/4"), server.url("/hop/5")]
    manifest = download(urls, tmp_path)
    assert manifest["status"].tolist() == ["ok", "redirects"]


def test_redirect_to_a_non_ascii_url(tmp_path, server):
    url = server.redirect(server.url("/image/1.jpg?größe=1"))
    raw = server.redirect("/image/2.jpg?größe=1".encode().decode("latin-1"))
    assert download([url, raw], tmp_path)["status"].tolist() == ["ok", "ok"]


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        (
            "file:///etc/passwd",
            "The URL does not start with http:// or https://.",
        ),
        ("http://u:p@127.0.0.1/", "The URL contains a user name or password."),
        ("http://[::1", NO_HOST),
        ("http://127.0.0.1:99999/", NO_HOST),
    ],
)
def test_invalid_redirect(tmp_path, server, location, reason):
    url = server.redirect(location)
    reason = f"Invalid redirect: {reason}"
    assert outcome(download([url], tmp_path), url) == ("bad url", reason)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://127.0.0.1/a.jpg", "start"),
        ("file:///etc/passwd", "start"),
        ("javascript:alert(1)", "start"),
        ("data:image/png;base64,AAAA", "start"),
        ("//127.0.0.1/a.jpg", "start"),
        ("images/a.jpg", "start"),
        ("http:///a.jpg", "host"),
        ("http:a.jpg", "host"),
        ("http://", "host"),
        ("http://my host/a.jpg", "host"),
        ("http://shop..example/a.jpg", "host"),
        (f"http://{'a' * 70}.example/a.jpg", "host"),
        ("http://[::1/a.jpg", "host"),
        ("http://[nonsense]/a.jpg", "host"),
        ("http://127.0.0.1:0/a.jpg", "host"),
        ("http://127.0.0.1:x/a.jpg", "host"),
        ("http://shop|example/a.jpg", "host"),
        ("http://127.0.0.1/a\n.jpg", "control"),
        ("http://me:secret@127.0.0.1/a.jpg", "user name"),
        ("http://127.0.0.1\\@127.0.0.2/a.jpg", "user name"),
    ],
)
def test_invalid_url(tmp_path, url, reason):
    status, sentence = outcome(download([url], tmp_path), url)
    assert status == "bad url"
    assert reason in sentence


def test_urls_are_encoded():
    address = parse_address("HTTP://Bücher.example:81/ä b%20c%zz.jpg?q=ü#top")
    assert address.host == "xn--bcher-kva.example"
    assert address.port == 81
    assert address.target == "/%C3%A4%20b%20c%zz.jpg?q=%C3%BC"
    assert parse_address("https://[::1]?a").url == "https://[::1]:443/?a"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "10.0.0.1",
        "169.254.169.254",
    ],
)
def test_private_address_is_not_allowed(tmp_path, server, host):
    url = server.url("/image/1.jpg", host=host)
    manifest = download([url], tmp_path, allow_private=False)
    reason = "The host is not on the public internet."
    assert outcome(manifest, url) == ("private address", reason)
    assert server.n_requests == {}


def test_private_address_is_retried_if_allowed(tmp_path, server):
    url = server.url("/image/1.jpg")
    for allow_private, status in ((False, "private address"), (True, "ok")):
        manifest = download([url], tmp_path, allow_private=allow_private)
        assert manifest["status"].tolist() == [status]


def test_redirect_to_private_address(tmp_path, server, monkeypatch):
    # The server counts as public, every other machine as private.
    monkeypatch.setattr(_image_connection, "is_public", lambda ip: ip == "127.0.0.1")
    urls = [
        server.redirect(f"http://{host}:{server.port}/image/1.jpg")
        for host in ("[::1]", "127.0.0.2", "10.0.0.1")
    ]
    urls.append(server.redirect(server.url("/image/2.jpg")))
    manifest = download(urls, tmp_path, allow_private=False)
    assert manifest["status"].tolist() == ["private address"] * 3 + ["ok"]
    assert server.n_requests == {"/redirect": 4, "/image/2.jpg": 1}


def test_dns_rebinding(tmp_path, server, monkeypatch):
    """The first look-up returns a public address, each further one this machine."""
    answers = iter(["127.0.0.1"])
    look_up = socket.getaddrinfo

    def change(host, *args, **kwargs):
        if host == "shop.example":
            host = next(answers, "127.0.0.2")
        return look_up(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", change)
    monkeypatch.setattr(_image_connection, "is_public", lambda ip: ip == "127.0.0.1")
    url = server.url("/image/1.jpg", host="shop.example")
    manifest = download([url], tmp_path, allow_private=False)
    assert manifest["status"].tolist() == ["ok"]
    again = server.url("/image/2.jpg", host="shop.example")
    manifest = download([again], tmp_path / "other", allow_private=False)
    assert manifest["status"].tolist() == ["private address"]


def test_connection_that_bypasses_the_check_is_checked(tmp_path, server, monkeypatch):
    monkeypatch.delattr(_image_connection._Guarded, "_new_conn")
    url = server.url("/image/1.jpg")
    manifest = download([url], tmp_path, allow_private=False)
    assert manifest["status"].tolist() == ["private address"]
    assert server.n_requests == {}


FORBIDDEN = [
    "169.254.169.254",
    "169.254.0.1",
    "169.254.170.2",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "0xa9.254.43518",
    "100.100.100.200",
    "192.0.0.192",
    "168.63.129.16",
    "[fe80::1]",
    "[febf:ffff::1]",
    "[fd00:ec2::254]",
    "[fd00:ec2:0::23]",
    "[fd20:ce::254]",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[::169.254.169.254]",
    "[::ffff:0:169.254.169.254]",
    "[64:ff9b::169.254.169.254]",
    "[64:ff9b:1::a9fe:a9fe]",
    "[64:ff9b:1:a9fe:a9:fe00::]",
    "[2002:a9fe:a9fe::1]",
    "[2001:0:a9fe:a9fe::1]",
    "[2001:0:1:2:3:4:5601:5601]",
    "[2001:db8::5efe:a9fe:a9fe]",
    "[::ffff:100.100.100.200]",
]
NEVER = "The host is link-local or a metadata server, never allowed."


@pytest.mark.parametrize("host", FORBIDDEN)
def test_metadata_servers_are_never_allowed(tmp_path, server, connected, host):
    urls = [f"http://{host}/latest/meta-data/", f"http://{host}:8080/a.jpg"]
    urls += [server.redirect(urls[0]), server.redirect(server.redirect(urls[1]))]
    manifest = download(urls, tmp_path)
    assert [outcome(manifest, url) for url in urls] == [("private address", NEVER)] * 4
    assert set(connected) == {"127.0.0.1"}
    assert set(server.n_requests) == {"/redirect"}


def test_host_name_of_a_metadata_server(tmp_path, server, monkeypatch):
    """Also if the name was resolved to another machine at first, or to several."""
    answers = {
        "metadata.example": [["169.254.169.254"]],
        "two.example": [["fe80::1", "127.0.0.1"]],
        "changing.example": [["127.0.0.1"], ["169.254.169.254"]],
    }

    def look_up(host, port, *args, **kwargs):
        ips = answers.get(host, [[host]])
        ips = ips.pop(0) if len(ips) > 1 else ips[0]
        return [(0, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in ips]

    monkeypatch.setattr(_image_connection.socket, "getaddrinfo", look_up)
    monkeypatch.setattr(
        _image_connection,
        "create_connection",
        lambda address, *args, **kwargs: socket_to(address),
    )
    urls = [
        server.url("/image/1.jpg", host=host)
        for host in ("metadata.example", "two.example", "changing.example")
    ]
    manifest = download(urls, tmp_path / "a")
    assert manifest["status"].tolist() == ["private address", "ok", "ok"]
    again = server.url("/image/2.jpg", host="changing.example")
    assert outcome(download([again], tmp_path / "b"), again) == (
        "private address",
        NEVER,
    )


def socket_to(address):
    sock = socket.socket()
    sock.connect(address)
    return sock


@pytest.mark.parametrize(
    ("ip", "expected"),
    [
        ("127.0.0.1", False),
        ("10.0.0.1", False),
        ("192.168.1.1", False),
        ("8.8.8.8", False),
        ("::1", False),
        ("::", False),
        ("fd00::1", False),
        ("2606:4700::a9fe:a9fe", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::8.8.8.8", False),
        ("169.253.255.255", False),
        ("169.255.0.0", False),
        ("fe80::1%eth0", True),
        ("169.254.255.255", True),
    ],
)
def test_is_forbidden(ip, expected):
    assert is_forbidden(ip) is expected


@pytest.mark.parametrize(
    ("ip", "expected"),
    [
        ("8.8.8.8", True),
        ("64:ff9b:1::808:808", False),
        ("2606:4700::1111", True),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::808:808", True),
        ("64:ff9b::a00:1", False),
        ("2002:a00:1::", False),
        ("::ffff:10.0.0.1", False),
        ("::", False),
        ("::127.0.0.1", False),
        ("fe80::1%eth0", False),
        ("fec0::1", False),
        ("fd00::1", False),
        ("ff0e::1", False),
        ("2001:0:1::1", False),
        ("100.64.0.1", False),
        ("192.168.0.1", False),
        ("198.18.0.1", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
    ],
)
def test_is_public(ip, expected):
    assert is_public(ip) is expected


def test_unreachable(tmp_path, monkeypatch):
    with socket.socket() as taken:
        # Bound but not listening: nobody else gets this port, nobody answers.
        taken.bind(("127.0.0.1", 0))
        urls = [f"http://127.0.0.1:{taken.getsockname()[1]}/a.jpg"]
        look_up = socket.getaddrinfo

        def fail(host, *args, **kwargs):
            if host == "shop.example":
                raise socket.gaierror(-2, "Name or service not known")
            return look_up(host, *args, **kwargs)

        monkeypatch.setattr(socket, "getaddrinfo", fail)
        urls.append("http://shop.example/a.jpg")
        manifest = download(urls, tmp_path, max_attempts=2)
    assert [outcome(manifest, url) for url in urls] == [
        ("unreachable", "The server cannot be connected to."),
        ("unreachable", "The name of the host cannot be resolved."),
    ]


def test_connections_are_reused(tmp_path):
    """A server may close connections after each response without notice."""
    listener = socket.create_server(("127.0.0.1", 0))
    accepted = []

    def serve():
        length = len(encoded_image())
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode()
        while True:
            connection, _ = listener.accept()
            with connection:
                if not connection.recv(4096):
                    return
                accepted.append(connection)
                connection.sendall(head + encoded_image())

    thread = threading.Thread(target=serve)
    thread.start()
    port = listener.getsockname()[1]
    urls = [f"http://127.0.0.1:{port}/{n}.jpg" for n in range(20)]
    manifest = download(urls, tmp_path, n_connections=1, max_attempts=1)
    socket.create_connection(("127.0.0.1", port)).close()
    thread.join()
    listener.close()
    assert manifest["status"].tolist() == ["ok"] * 20
    assert len(accepted) == 20


def test_https(tmp_path, monkeypatch):
    pem = tmp_path / "server.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 "
        f"-addext subjectAltName=IP:127.0.0.1 -keyout {pem} -out {tmp_path / 'c.pem'}"
    )
    try:
        subprocess.run(command.split(), check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    pem.write_text(pem.read_text() + (tmp_path / "c.pem").read_text())
    with ImageServer(certificate=str(pem)) as server:
        url = server.url("/image/1.jpg")
        manifest = download([url], tmp_path / "a")
        reason = "The certificate of the server is not trusted."
        assert outcome(manifest, url) == ("tls error", reason)
        assert server.n_requests == {}

        # Where OpenSSL looks for authorities that are trusted.
        monkeypatch.setenv(ssl.get_default_verify_paths().openssl_cafile_env, str(pem))
        urls = [server.url(path) for path in ("/image/1.jpg", "/trickle", "/missing")]
        options = {"total_timeout": 3.0, "max_attempts": 1}
        manifest = download(urls, tmp_path / "b", **options)
        assert manifest["status"].tolist() == ["ok", "time-out", "not found"]
        wrong = server.url("/image/1.jpg", host="localhost")
        manifest = download([wrong], tmp_path / "c")
        assert manifest["status"].tolist() == ["tls error"]
        manifest = download([url], tmp_path / "d", allow_private=False)
        assert manifest["status"].tolist() == ["private address"]
