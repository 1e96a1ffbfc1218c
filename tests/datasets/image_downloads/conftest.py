"""A local server of images, and no other connections."""

import pytest
from image_server import ImageServer
from loopback import allow_only_loopback

from amzest.datasets._image_downloads import _image_queue


@pytest.fixture(autouse=True)
def connected(monkeypatch):
    return allow_only_loopback(monkeypatch)


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(_image_queue, "FIRST_PAUSE", 0.01)


@pytest.fixture
def server():
    with ImageServer() as running:
        yield running
