"""A guard for tests of downloads: nothing leaves this machine, not even a look-up."""

from __future__ import annotations

import re
import socket

_NUMBER = re.compile(r"[0-9a-fA-FxX.:]+(%\w+)?")


def allow_only_loopback(monkeypatch):
    """Let a test fail that connects beyond the loopback, or looks up a name.

    Returns the list of what was connected to.
    """
    connected = []
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def guarded(self, address):
        host = str(address[0])
        if not host.startswith("127.") and host != "::1":
            raise AssertionError(f"a test would connect to {host}")
        connected.append(host)
        return connect(self, address)

    def guarded_look_up(host, *args, **kwargs):
        if host != "localhost" and not _NUMBER.fullmatch(str(host)):
            raise AssertionError(f"a test would look up {host}")
        return look_up(host, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", guarded)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_look_up)
    return connected
