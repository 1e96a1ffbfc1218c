"""Errors before the service runs; tests/serving/test_process.py runs it."""

import logging
import signal
import socket
import sys

from amzest.cli import _serve


def test_port_in_use(model, run):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        code, _, message = run("serve", model, "--port", port)
    assert code == 1
    assert f"Cannot listen on 127.0.0.1, port {port}" in message


def test_wrong_model_and_folder(model, tmp_path, run):
    code, _, message = run("serve", tmp_path / "nowhere.amz", "--port", 0)
    assert code == 1
    assert "nowhere.amz" in message
    code, _, message = run("serve", model, "--port", 0, "--image-root", "nowhere")
    assert code == 1
    assert "is not a folder" in message
    pickled = tmp_path / "model.pkl"
    pickled.write_bytes(b"\x80\x04cbuiltins\nexec\n")
    code, _, message = run("serve", pickled, "--port", 0)
    assert code == 1
    assert "model.pkl" in message


def test_missing_package(model, run, monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    code, _, message = run("serve", model)
    assert code == 1
    assert 'pip install "amzest[serve]"' in message


def test_options_and_signals(model, run, monkeypatch):
    """A server that stops at once: what it is given, and that handlers are restored."""
    found = {}

    class Server:
        started = True

        def __init__(self, config):
            found["config"] = config

        def run(self, sockets):
            found["address"] = sockets[0].getsockname()
            found["handler"] = signal.getsignal(signal.SIGTERM)
            logging.getLogger("uvicorn.error").info("Started")

    monkeypatch.setattr("uvicorn.Server", Server)
    before = signal.getsignal(signal.SIGTERM)
    call = ["serve", model, "--port", 0, "--stop-timeout", 7, "--max-products", 3]
    code, _, message = run(*call)
    assert code == 0
    assert f"http://127.0.0.1:{found['address'][1]}\n" in message
    assert "INFO: Started\n" in message
    assert not logging.getLogger("uvicorn").handlers
    assert found["config"].timeout_graceful_shutdown == 7
    assert found["handler"] is _serve._ignore
    assert signal.getsignal(signal.SIGTERM) is before
    Server.started = False
    assert run(*call)[0] == 1
