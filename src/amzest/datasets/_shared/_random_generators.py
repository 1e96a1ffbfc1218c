"""Several independent random generators from one `random_state`."""

from __future__ import annotations

import numpy as np
from sklearn.utils import check_random_state

#: Each call draws as many seeds, however many it uses: how far a RandomState instance
#: advances determines the result of the next call with the same instance.
N_GENERATORS = 9


def spawn_generators(
    random_state: int | np.random.RandomState | None,
) -> list[np.random.RandomState]:
    """Return `N_GENERATORS` generators whose numbers do not depend on each other."""
    # check_random_state(None) returns NumPy's global generator, which must not change.
    source = np.random.RandomState() if random_state is None else random_state
    seeds = check_random_state(source).randint(2**31 - 1, size=N_GENERATORS)
    return [np.random.RandomState(seed) for seed in seeds]
