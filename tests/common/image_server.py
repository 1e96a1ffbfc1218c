"""A local server of images, with all kinds of faults.

    with ImageServer() as server:
        server.url("/image/1.jpg")

It counts the requests for each path, and how many run at the same time.
"""

from __future__ import annotations

import gzip
import io
import socket
import ssl
import struct
import threading
import time
import urllib.parse
import zlib
from collections import Counter
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from PIL import Image

PAGE = b"<!DOCTYPE html><html><body>Not here</body></html>"


@cache
def encoded_image(
    n: int = 0, kind: str = "JPEG", size: tuple[int, int] = (24, 18)
) -> bytes:
    """Return an encoded image that depends on `n`."""
    image = Image.effect_mandelbrot(size, (-2, -1.5, 1 + n / 100, 1.5), 50)
    file = io.BytesIO()
    image.convert("RGB").save(file, kind)
    return file.getvalue()


def png_bomb(width: int, height: int) -> bytes:
    """Write a PNG of a few bytes that claims to be large."""

    def chunk(name: bytes, data: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + crc

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + head + body + chunk(b"IEND", b"")


class ImageServer:
    """Serve on 127.0.0.1 until the `with` block ends.

    `certificate` is the path of a PEM file with key and certificate, for https. `delay`
    is the number of seconds before each image.
    """

    def __init__(self, *, certificate: str | None = None, delay: float = 0.0) -> None:
        self.delay = delay
        self.n_requests: Counter[str] = Counter()
        self.user_agents: set[str | None] = set()
        self.max_at_once = 0
        self.times: dict[str, list[float]] = {}
        self.n_at_once = 0
        self.lock = threading.Lock()
        self.closed = threading.Event()
        self._http = _Server(("127.0.0.1", 0), _Handler)
        self._http.image_server = self
        self.port = self._http.server_address[1]
        self._scheme = "http" if certificate is None else "https"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._http.socket = context.wrap_socket(
                self._http.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(
            target=self._http.serve_forever, args=(0.02,), daemon=True
        )

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"{self._scheme}://{host}:{self.port}{path}"

    def redirect(self, location: str) -> str:
        return self.url("/redirect?" + urllib.parse.urlencode({"to": location}))

    def __enter__(self) -> ImageServer:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.closed.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    image_server: ImageServer

    def handle_error(self, request, client_address):
        """Clients that go away are what is tested here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # One packet for each answer; otherwise each waits for an acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, format, *args):
        """Tests look at the counts instead."""

    def do_GET(self):
        server = self.server.image_server
        path = self.path.partition("?")[0]
        with server.lock:
            server.n_requests[path] += 1
            server.times.setdefault(path, []).append(time.monotonic())
            server.user_agents.add(self.headers["User-Agent"])
            server.n_at_once += 1
            server.max_at_once = max(server.max_at_once, server.n_at_once)
            self.is_counted = True
        try:
            kind = path.split("/")[1].replace("-", "_").partition(".")[0]
            getattr(self, f"send_{kind}")(path)
        finally:
            self.count_out()

    def count_out(self):
        server = self.server.image_server
        with server.lock:
            server.n_at_once -= self.is_counted
            self.is_counted = False

    def answer(self, body=b"", *, status=200, kind="image/jpeg", **headers):
        # Before the client can know that this request is over and send the next.
        self.count_out()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def start(self, n_bytes=None, **headers):
        """Send a head; without a length the body ends with the connection."""
        self.close_connection = True
        self.send_response(200)
        if n_bytes is not None:
            self.send_header("Content-Length", str(n_bytes))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.flush()

    def wait(self):
        self.wfile.flush()
        self.server.image_server.closed.wait(20)
        self.close_connection = True

    def n_before(self, path):
        return self.server.image_server.n_requests[path] - 1

    # Valid responses.

    def send_image(self, path):
        time.sleep(self.server.image_server.delay)
        self.answer(encoded_image(int(path.split("/")[2].partition(".")[0])))

    def send_hop(self, path):
        left = int(path.split("/")[2])
        self.answer(
            status=302, Location=f"../hop/{left - 1}" if left else "/image/0.jpg"
        )

    def send_redirect(self, path):
        to = urllib.parse.parse_qs(self.path.partition("?")[2])["to"][0]
        self.answer(PAGE, status=301, Location=to)

    def send_gzipped(self, path):
        self.answer(gzip.compress(encoded_image()), Content_Encoding="gzip")

    def send_chunked(self, path):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        body = encoded_image()
        for i in range(0, len(body), 100):
            piece = body[i : i + 100]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    # What stalls or ends early.

    def send_stall(self, path):
        self.wait()

    def send_stall_body(self, path):
        self.start(len(encoded_image()))
        self.wfile.write(encoded_image()[:200])
        self.wait()

    def send_stall_once(self, path):
        if self.n_before(path):
            self.answer(encoded_image())
        else:
            self.wait()

    def trickle(self, data):
        for i in range(len(data)):
            if self.server.image_server.closed.wait(0.05):
                break
            self.wfile.write(data[i : i + 1])
            self.wfile.flush()

    def send_trickle(self, path):
        self.start(len(encoded_image()))
        self.trickle(encoded_image())

    def send_trickle_open_end(self, path):
        self.start()
        self.trickle(encoded_image())

    def send_trickle_head(self, path):
        self.close_connection = True
        self.trickle(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 1000)

    def send_cut(self, path):
        self.start(len(encoded_image()))
        self.wfile.write(encoded_image()[:-50])

    def send_cut_once(self, path):
        if self.n_before(path):
            self.answer(encoded_image())
        else:
            self.send_cut(path)

    def send_cut_anywhere(self, path):
        """Send no length, and end early at a different byte each time."""
        self.start()
        self.wfile.write(encoded_image()[: 300 + self.n_before(path)])

    def send_reset(self, path):
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True
        self.connection.close()

    def send_hang_up(self, path):
        self.close_connection = True

    def send_nonsense(self, path):
        self.close_connection = True
        self.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")

    # Responses of another type or format than the headers or the suffix state.

    def send_png(self, path):
        self.answer(encoded_image(kind="PNG"), kind="text/html; charset=utf-8")

    def send_jpeg(self, path):
        self.answer(encoded_image(), kind="image/png")

    def send_page(self, path):
        self.answer(PAGE, kind="image/jpeg")

    def send_empty(self, path):
        self.answer(b"")

    def send_text(self, path):
        self.answer(b"no image today")

    def send_truncated(self, path):
        self.answer(encoded_image()[:-100])

    def send_head_only(self, path):
        self.answer(encoded_image()[:10])

    def send_truncated_once(self, path):
        self.answer(encoded_image() if self.n_before(path) else encoded_image()[:-100])

    # What is too much.

    def send_bomb(self, path):
        self.answer(png_bomb(50_000, 50_000), kind="image/png")

    def send_wide(self, path):
        self.answer(png_bomb(10_000, 6_000), kind="image/png")

    def send_gzip_bomb(self, path):
        self.answer(
            gzip.compress(encoded_image() + bytes(50_000_000), 9),
            Content_Encoding="gzip",
        )

    def send_large(self, path):
        self.start(10**12)
        self.wait()

    def send_large_open_end(self, path):
        self.start()
        while not self.server.image_server.closed.is_set():
            self.wfile.write(encoded_image().ljust(65536, b"\0"))

    def send_loop(self, path):
        self.answer(PAGE, status=302, Location="/loop")

    # What is refused, for now or for good.

    def send_missing(self, path):
        self.answer(PAGE, status=404, kind="text/html")

    def send_gone(self, path):
        self.answer(status=410)

    def send_forbidden(self, path):
        self.answer(PAGE, status=403)

    def send_fail(self, path):
        self.answer(PAGE, status=500)

    def send_fail_twice(self, path):
        if self.n_before(path) < 2:
            self.answer(PAGE, status=503)
        else:
            self.answer(encoded_image())

    def send_busy_once(self, path):
        if self.n_before(path):
            self.answer(encoded_image())
        else:
            self.answer(status=429, Retry_After="1")

    def send_status(self, path):
        self.answer(status=int(path.split("/")[2]))
