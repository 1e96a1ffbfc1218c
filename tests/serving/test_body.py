import asyncio

import pytest

from amzest.serving._body import read_body
from amzest.serving._request_error import RequestError


class Slow:
    """A request whose body stops to arrive."""

    def __init__(self, **headers):
        kind = {"content-type": "Application/JSON; charset=utf-8"}
        self.headers = {**kind, **headers}

    async def stream(self):
        yield b'{"products"'
        await asyncio.sleep(10)
        yield b": []}"


def test_slow_body():
    with pytest.raises(RequestError, match=r"within 0.05 seconds") as caught:
        asyncio.run(read_body(Slow(), 1000, 0.05))
    assert caught.value.status == 408


@pytest.mark.parametrize("length", ["1001", "9" * 5000])
def test_stated_length_is_enough(length):
    request = Slow(**{"content-length": length})
    with pytest.raises(RequestError) as caught:
        asyncio.run(read_body(request, 1000, 10))
    assert caught.value.status == 413
