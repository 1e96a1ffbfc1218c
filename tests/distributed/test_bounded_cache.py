import pytest

from amzest import cache_info
from amzest.distributed._bounded_cache import BoundedCache
from amzest.utils import CACHE


def test_networks_stay_and_pieces_go():
    before = cache_info().max_bytes
    CACHE.clear()
    piece = 2**26
    with BoundedCache() as bounded:
        for number in range(12):
            assert CACHE.get("network") == ("kept" if number else None)
            CACHE.put("network", "kept", 2**25)
            CACHE.put(number, "piece", piece)
            bounded.after_piece()
            assert cache_info().n_bytes <= 2 * (2**25 + piece) + 2**26
        assert CACHE.get(0) is None
        assert CACHE.get(11) == "piece"
    assert cache_info().max_bytes == before
    CACHE.clear()


def test_limit_returns_after_an_error():
    before = cache_info().max_bytes

    def fail():
        with BoundedCache() as bounded:
            bounded.after_piece()
            assert cache_info().max_bytes < before
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        fail()
    assert cache_info().max_bytes == before


def test_limit_is_found_once():
    before = cache_info().max_bytes
    CACHE.clear()
    bounded = BoundedCache()
    limits = []
    for _ in range(3):
        with bounded, bounded:  # as two threads
            CACHE.put(len(limits), "piece", 2**28)
            bounded.after_piece()
            limits.append(cache_info().max_bytes)
        assert cache_info().max_bytes == before
    assert limits == [2 * 2**28 + 2**26] * 3
    CACHE.clear()
