"""One cache for all estimators of a process, with one limit."""

import gc
import os
import signal
import threading
import warnings
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image
from text_inputs import SMALL

import amzest
from amzest import ImageCNNClassifier, TextCNNClassifier
from amzest.utils import LRUCache

TITLES = [f"{kind} {i}" for i in range(50) for kind in ("mug", "lamp")]
LABELS = ["mugs", "lamps"] * 50


@pytest.fixture
def empty_cache():
    """Start with an empty cache of the default size, and leave one."""
    limit = amzest.cache_info().max_bytes
    amzest.clear_cache()
    yield
    amzest.set_cache_limit(limit)
    amzest.clear_cache()


@pytest.fixture
def paths(tmp_path):
    names = [str(tmp_path / f"{i}.png") for i in range(12)]
    for i, name in enumerate(names):
        Image.fromarray(np.full((40, 30, 3), 20 * i, np.uint8)).save(name)
    return names


def image_classifier(**parameters):
    settings = {"filters": (4,), "image_size": 32, "max_epochs": 1, "random_state": 0}
    return ImageCNNClassifier(**{**settings, **parameters})


def test_least_recently_used_values_are_dropped():
    cache = LRUCache(30)
    for key in "abc":
        cache.put(key, key.upper(), 10)
    assert cache.get("a") == "A"
    cache.put("d", "D", 10)
    assert [cache.get(key) for key in "abcd"] == ["A", None, "C", "D"]
    assert cache.n_bytes == 30


def test_a_lower_limit_applies_at_once():
    cache = LRUCache(30)
    for key in "abc":
        cache.put(key, key, 10)
    cache.max_bytes = 19
    assert [cache.get(key) for key in "abc"] == [None, None, "c"]


def test_a_value_above_the_limit_leaves_the_others():
    cache = LRUCache(30)
    cache.put("a", "A", 10)
    cache.put("b", "B", 31)
    assert (cache.get("a"), cache.get("b"), cache.n_bytes) == ("A", None, 10)


def test_a_replaced_value_counts_once():
    cache = LRUCache(30)
    cache.put("a", "old", 10)
    cache.put("a", "new", 20)
    assert (cache.get("a"), cache.n_bytes, len(cache)) == ("new", 20, 1)


def test_a_value_that_grows_beyond_the_limit_is_dropped():
    cache = LRUCache(30)
    values = [[], []]
    for key, value in enumerate(values):
        cache.put(key, value, 10)
    cache.resize(0, values[0], 15)
    assert cache.n_bytes == 25
    cache.resize(0, values[1], 99)  # not the value that is kept
    assert cache.n_bytes == 25
    cache.resize(0, values[0], 31)
    assert (len(cache), cache.n_bytes) == (1, 10)


def test_threads_keep_the_sum():
    cache = LRUCache(500)

    def work(seed):
        for key in np.random.default_rng(seed).integers(0, 100, 3000).tolist():
            if cache.get(key) is None:
                cache.put(key, key, 1 + key % 20)
            if key % 7 == 0:
                cache.discard(key)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    kept = [key for key in range(100) if cache.get(key) is not None]
    assert cache.n_bytes == sum(1 + key % 20 for key in kept) <= 500


def test_values_are_freed_without_the_lock():
    """A destructor may wait for a thread that needs the cache."""
    cache = LRUCache(10)
    locked = []

    class Value:
        def __del__(self):
            thread = threading.Thread(target=cache.get, args=("key",))
            thread.start()
            thread.join(10)
            locked.append(thread.is_alive())

    for change in (
        lambda: cache.put("key", None, 10),
        lambda: cache.discard("key"),
        cache.clear,
        lambda: setattr(cache, "max_bytes", 0),
    ):
        cache.put("key", Value(), 10)
        change()
    assert locked == [False] * 4


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes are forked here")
def test_a_forked_process_finds_the_cache_unlocked():
    cache = LRUCache(10)
    held, done = threading.Event(), threading.Event()

    def hold():
        with cache._lock:
            held.set()
            done.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    with warnings.catch_warnings():
        # Python 3.12 warns of what is tested here.
        warnings.simplefilter("ignore", DeprecationWarning)
        number = os.fork()
    if number == 0:
        signal.alarm(10)  # kills a process that waits for the lock
        cache.get("key")
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]) == 0
    done.set()
    thread.join()


@pytest.mark.parametrize("max_bytes", [-1, 1.5, None, "1 GB"])
def test_a_limit_is_a_number_of_bytes(max_bytes):
    with pytest.raises(
        ValueError, match="The 'max_bytes' parameter of set_cache_limit"
    ):
        amzest.set_cache_limit(max_bytes)


def test_images_texts_and_networks_share_the_limit(empty_cache, paths):
    n_bytes = [0]
    text = TextCNNClassifier(**SMALL).fit(TITLES, LABELS)
    n_bytes.append(amzest.cache_info().n_bytes)
    image = image_classifier().fit(paths, ["a", "b"] * 6)
    n_bytes.append(amzest.cache_info().n_bytes)
    assert n_bytes == sorted(set(n_bytes))
    before = text.predict_proba(TITLES), image.predict_proba(paths)

    amzest.set_cache_limit(3 * 32**2 * 5)
    assert amzest.cache_info().n_bytes <= 3 * 32**2 * 5
    for limit in (3 * 32**2 * 5, 0):
        amzest.set_cache_limit(limit)
        after = text.predict_proba(TITLES), image.predict_proba(paths)
        for first, second in zip(before, after, strict=True):
            np.testing.assert_array_equal(first, second)
        assert amzest.cache_info().n_bytes <= limit
    assert amzest.cache_info().n_entries == 0


def test_max_memory_of_one_estimator_leaves_images_of_another(empty_cache, paths):
    image_classifier().fit(paths, ["a", "b"] * 6)
    before = amzest.cache_info()
    image_classifier(max_memory=0, image_size=48).fit(paths[:4], ["a", "b"] * 2)
    after = amzest.cache_info()
    assert after.n_bytes_on_disk == 4 * 3 * 48**2
    # The second network has as many weights; all images of the first are still there.
    assert after.n_bytes >= before.n_bytes
    assert after.n_entries >= before.n_entries


def test_an_emptied_cache_closes_the_temporary_files(empty_cache, paths):
    image_classifier(max_memory=0).fit(paths, ["a", "b"] * 6)
    assert amzest.cache_info().n_bytes_on_disk == 12 * 3 * 32**2
    amzest.clear_cache()
    assert amzest.cache_info() == (0, amzest.cache_info().max_bytes, 0, 0)


def test_a_network_is_kept_as_long_as_its_estimator(empty_cache):
    model = TextCNNClassifier(**SMALL).fit(TITLES[:20], LABELS[:20])  # too few to cache
    engine = weakref.ref(model._engine())
    assert model._engine() is engine()
    assert amzest.cache_info().n_entries == 1
    assert amzest.cache_info().n_bytes == sum(w.nbytes for w in model.weights_.values())
    del model
    gc.collect()
    assert engine() is None
    assert amzest.cache_info().n_entries == 0
