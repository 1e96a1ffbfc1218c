"""Independent seeds from one ``random_state``, without NumPy's global generator."""

from __future__ import annotations

import numpy as np

#: Purposes of seeds, in the order in which they are drawn.
PURPOSES = ("weights", "shuffle", "split", "dropout", "augmentation")


def draw_seeds(
    random_state: int | np.random.RandomState | None,
) -> dict[str, int]:
    """Return one seed in [0, 2**31) for each of :data:`PURPOSES`.

    An int always has the same seeds; a RandomState instance is advanced; None takes
    entropy from the operating system.
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
