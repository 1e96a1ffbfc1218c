"""Work on cells that several processes share: each process claims parts of it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator

#: So few cells are worked on whatever other processes do: a claim takes longer.
_FEW_CELLS = 8
#: Seconds between two look-ups of cells that another process works on.
_PAUSE = 0.05


def claimed_parts(
    keys: list[bytes],
    look_up: Callable[[list[bytes]], list[bytes]],
    claim: Callable[[list[bytes]], list[bytes]],
    release: Callable[[list[bytes]], None],
    part_size: int,
) -> Generator[list[bytes]]:
    """Yield parts of the cells to work on here, until all cells are known.

    `look_up` returns the cells that are still unknown, `claim` those of them that no
    other process works on; these are looked up again after all others. The parts are in
    the order of `keys`.
    """
    if len(keys) <= _FEW_CELLS:
        yield keys
        return
    pending, elsewhere = deque(keys), list[bytes]()
    part: list[bytes] = []
    try:
        while pending:
            while pending and len(part) < part_size:
                n_cells = min(len(pending), part_size - len(part))
                lacking = look_up([pending.popleft() for _ in range(n_cells)])
                claimed = claim(lacking) if lacking else []
                part += claimed
                here = set(claimed)
                elsewhere += [key for key in lacking if key not in here]
            if part:
                yield part
                part = []
            elif elsewhere:
                time.sleep(_PAUSE)
            if not pending:
                pending, elsewhere = deque(elsewhere), []
    finally:  # the work has raised, or was interrupted
        if part:
            release(part)
