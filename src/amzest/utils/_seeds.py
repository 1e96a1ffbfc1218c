"""One ``random_state`` in, independent seeds out; global generators stay untouched."""

from __future__ import annotations

import numpy as np

#: What a seed is spent on, in the order in which seeds are drawn.
PURPOSES = ("weights", "shuffle", "split", "dropout", "augmentation")


def draw_seeds(
    random_state: int | np.random.RandomState | None,
) -> dict[str, int]:
    """Draw one seed for each purpose from a scikit-learn ``random_state``.

    Parameters
    ----------
    random_state : int, RandomState instance or None
        An int gives the same seeds at each call; a RandomState instance is advanced;
        None takes fresh entropy from the operating system and leaves NumPy's global
        generator as it was.

    Returns
    -------
    dict of str to int
        A seed in ``[0, 2**31)`` for each of :data:`PURPOSES`.
    """
    if random_state is None:
        entropy: int | None = None
    elif isinstance(random_state, np.random.RandomState):
        entropy = int(random_state.randint(np.iinfo(np.int32).max))
    else:
        entropy = int(random_state)
    words = np.random.SeedSequence(entropy).generate_state(len(PURPOSES))
    return {
        purpose: int(word >> 1) for purpose, word in zip(PURPOSES, words, strict=True)
    }
