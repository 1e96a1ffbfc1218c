"""The service as a process: requests of several threads, and its end."""

import http.client
import json
import re
import subprocess
import sys
import threading
import time
from contextlib import closing

import pytest

import amzest

HEADERS = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def service(text_model, tmp_path_factory):
    """A running service: its process and its port."""
    path = amzest.save(text_model, tmp_path_factory.mktemp("models") / "model.amz")
    call = [sys.executable, "-m", "amzest", "serve", str(path), "--port", "0"]
    call.append("--no-access-log")
    with subprocess.Popen(call, stderr=subprocess.PIPE) as process:
        line = process.stderr.readline().decode()
        port = int(re.search(r"on http://127\.0\.0\.1:(\d+)$", line.strip())[1])
        reader = threading.Thread(target=process.stderr.read)
        reader.start()
        yield process, port
        process.kill()
        reader.join()


def connect(port):
    return closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60))


def send(connection, products):
    body = json.dumps({"products": products})
    connection.request("POST", "/predict", body, HEADERS)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def test_requests_of_four_threads(service, text_model, table):
    process, port = service
    expected = dict(zip(table["title"], text_model.predict(table), strict=True))
    problems = []

    def run(seed):
        with connect(port) as connection:
            for i in range(25):
                title = table["title"][(i + seed) % 4]
                status, answer = send(connection, [{"title": title}] * (1 + i % 3))
                found = {p["category"] for p in answer.get("predictions", ())}
                if status != 200 or found != {expected[title]}:
                    problems.append((status, answer))

    threads = [threading.Thread(target=run, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert process.poll() is None


def test_hostile_connections_do_not_end_the_service(service):
    process, port = service
    lines = (b"\0" * 1000, b"GET / HTTP/9.9\r\n\r\n", b"POST /predict HTTP/1.1\r\n")
    for line in lines:
        with connect(port) as connection:
            connection.connect()
            connection.sock.sendall(line)
    with connect(port) as connection:
        assert send(connection, [{"title": "boot"}])[0] == 200
    assert process.poll() is None


def test_signal_finishes_requests(service):
    """The last test of the service: half of a request has arrived before the signal."""
    process, port = service
    body = json.dumps({"products": [{"title": "red shoe"}] * 1000}).encode()
    with connect(port) as connection:
        connection.putrequest("POST", "/predict")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body[:100])
        with connect(port) as other:  # answered after the first one was accepted
            assert send(other, [{"title": "boot"}])[0] == 200
        process.terminate()
        time.sleep(0.2)
        assert process.poll() is None
        connection.send(body[100:])
        answer = connection.getresponse()
        assert answer.status == 200
        assert len(json.loads(answer.read())["predictions"]) == 1000
    assert process.wait(60) == 0
