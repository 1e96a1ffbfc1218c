"""Prefetched batches: the same, in order, with the same errors."""

import threading

import numpy as np
import pytest

from amzest.neural._prefetch import map_in_threads, prefetch
from amzest.text import TextCNNClassifier


@pytest.mark.parametrize("n_items", [0, 1, 2, 3, 50])
@pytest.mark.parametrize("n_ahead", [1, 2, 5])
def test_items_come_in_their_order(n_items, n_ahead):
    assert list(prefetch(iter(range(n_items)), n_ahead)) == list(range(n_items))


def test_random_numbers_are_the_same():
    def draw():
        rng = np.random.default_rng(0)
        return (rng.random() for _ in range(20))

    assert list(prefetch(draw())) == list(draw())


def test_an_error_is_raised_after_the_items_before_it():
    def items():
        yield 1
        yield 2
        raise ValueError("the third is broken")

    seen = []
    with pytest.raises(ValueError, match="third"):
        seen.extend(prefetch(items()))
    found = prefetch(items())
    assert [next(found), next(found)] == [1, 2]


def test_closing_ends_the_thread():
    made = []

    def items():
        for i in range(1000):
            made.append(i)
            yield i

    ahead = prefetch(items(), 3)
    assert next(ahead) == 0
    ahead.close()
    assert len(made) <= 5
    names = [thread.name for thread in threading.enumerate()]
    assert not any(name.startswith("amzest-prefetch") for name in names)


@pytest.mark.parametrize("n_items", [0, 1, 5, 100])
@pytest.mark.parametrize("n_threads", [1, 3])
def test_results_come_in_the_order_of_the_items(n_items, n_threads):
    squares = map_in_threads(lambda number: number**2, range(n_items), n_threads)
    assert list(squares) == [number**2 for number in range(n_items)]


def test_items_are_created_in_the_calling_thread():
    here, started = threading.get_ident(), []

    def items():
        for _ in range(9):
            assert threading.get_ident() == here
            yield None

    workers = set(
        map_in_threads(
            lambda _: threading.get_ident(), items(), 2, lambda: started.append(1)
        )
    )
    assert here not in workers
    assert 1 <= len(workers) <= len(started) <= 2


def test_an_error_in_a_thread_is_raised():
    def fail(number):
        if number == 3:
            raise ValueError("three is broken")
        return number

    with pytest.raises(ValueError, match="three"):
        list(map_in_threads(fail, range(100), 2))


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_interrupted_epochs_leave_no_thread(monkeypatch, error):
    from amzest.neural._skorch_engine import SkorchEngine

    def fail(self, batches, learning_rates):
        next(iter(batches))
        raise error("stop")

    monkeypatch.setattr(SkorchEngine, "run_epoch", fail)
    caught = []
    for _ in range(3):
        with pytest.raises(error) as info:
            TextCNNClassifier(max_epochs=1).fit(["red shoe", "hose"] * 40, [0, 1] * 40)
        caught.append(info.value)
    names = [thread.name for thread in threading.enumerate()]
    assert not any(name.startswith("amzest-prefetch") for name in names)


def test_items_ahead_are_not_created_after_closing():
    made, first = [], threading.Event()

    def items():
        yield 0
        first.wait(10)
        for number in range(1, 1000):
            made.append(number)
            yield number

    ahead = prefetch(items(), 500)
    assert next(ahead) == 0
    threading.Timer(0.2, first.set).start()
    ahead.close()
    assert len(made) <= 1
