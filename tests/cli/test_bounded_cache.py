import pytest

from amzest import cache_info
from amzest.cli._bounded_cache import bounded_cache
from amzest.utils import CACHE


def test_networks_stay_and_pieces_go():
    before = cache_info().max_bytes
    CACHE.clear()
    piece = 2**26
    with bounded_cache() as after_piece:
        for number in range(12):
            assert CACHE.get("network") == ("kept" if number else None)
            CACHE.put("network", "kept", 2**25)
            CACHE.put(number, "piece", piece)
            after_piece()
            assert cache_info().n_bytes <= 2 * (2**25 + piece) + 2**26
        assert CACHE.get(0) is None
        assert CACHE.get(11) == "piece"
    assert cache_info().max_bytes == before
    CACHE.clear()


def test_limit_returns_after_an_error():
    before = cache_info().max_bytes

    def fail():
        with bounded_cache() as after_piece:
            after_piece()
            assert cache_info().max_bytes < before
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        fail()
    assert cache_info().max_bytes == before
