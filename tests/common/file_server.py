"""A server of files on the loopback that can break off, refuse and change them."""

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class FileServer:
    """What is served, and what was asked for."""

    files: dict[str, bytes]
    url: str = ""
    #: Bytes after which the next answers break off.
    break_after: list[int] = field(default_factory=list)
    #: Statuses of the next answers, in place of the file.
    refuse: list[int] = field(default_factory=list)
    version: str = '"1"'
    #: Path and range of each request.
    requests: list[tuple[str, str | None]] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    served: FileServer

    def do_GET(self):
        served, path = self.served, self.path.lstrip("/")
        requested = self.headers.get("Range")
        served.requests.append((path, requested))
        if served.refuse:
            return self._answer(served.refuse.pop(0), b"")
        if path not in served.files:
            return self._answer(404, b"")
        content = served.files[path]
        start = 0
        if requested and self.headers.get("If-Range") == served.version:
            start = int(requested.removeprefix("bytes=").rstrip("-"))
            if start >= len(content):
                return self._answer(
                    416, b"", {"Content-Range": f"bytes */{len(content)}"}
                )
        end = served.break_after.pop(0) if served.break_after else None
        self._answer(206 if start else 200, content[start:], end=end)

    def _answer(self, status, content, headers=None, end=None):
        self.send_response(status)
        self.send_header("ETag", self.served.version)
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content[:end])
        if end is not None:
            self.close_connection = True

    def log_message(self, *arguments):
        """Log nothing."""


@contextmanager
def serve_files(files: dict[str, bytes]):
    """Serve files on the loopback as long as the context lasts."""
    served = FileServer(files)
    handler = type("Handler", (_Handler,), {"served": served})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    served.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
