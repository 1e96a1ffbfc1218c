"""Tokenized cells of text columns, as inputs of the network that is fine-tuned."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.pretrained._text_model import TextTokenizer, pad_batch


@dataclass
class TokenizedCells:
    """Token ids of the distinct texts of a table, and which text each cell has."""

    ids: list[NDArray[np.int32]]
    cells: NDArray[np.intp]  # (n_samples, n_columns): index in `ids`; -1 if missing
    sizes: NDArray[np.intp] | None  # (n_samples,): number of tokens in all columns
    pad_id: int
    max_length: int
    n_views: int = 1
    present: NDArray[np.bool_] = field(init=False)  # (n_samples,): any cell is there

    def __post_init__(self) -> None:
        self.present = np.any(self.cells >= 0, axis=1)

    def __len__(self) -> int:
        return len(self.cells)

    def groups(self) -> NDArray[np.integer[Any]]:
        """Return a number for each sample, the same for samples of the same texts."""
        _, groups = np.unique(self.cells, axis=0, return_inverse=True)
        return groups.reshape(-1)

    def batch(
        self,
        rows: NDArray[np.intp],
        rng: np.random.Generator | None = None,
        view: int = 0,
    ) -> dict[str, Any]:
        """Return token ids and masks of each column, and which cells have tokens."""
        import torch

        texts = self.cells[rows]
        present = np.zeros(texts.shape, dtype=bool)
        batch = {}
        for column in range(texts.shape[1]):
            of_rows = [self.ids[i] if i >= 0 else () for i in texts[:, column]]
            present[:, column] = [len(ids) > 0 for ids in of_rows]
            if present[:, column].any():
                given = [ids for ids in of_rows if len(ids)]
                ids, mask = pad_batch(given, self.pad_id, self.max_length)
                batch[f"ids{column}"] = torch.from_numpy(ids)
                batch[f"mask{column}"] = torch.from_numpy(mask)
        return {"present": torch.from_numpy(present), **batch}


def tokenize_cells(
    cells: NDArray[np.object_], tokenizer: TextTokenizer
) -> TokenizedCells:
    """Tokenize a table of texts, each distinct text once; blank cells are missing."""
    index: dict[str, int] = {}
    places = np.full(cells.shape, -1, dtype=np.intp)
    for place, cell in np.ndenumerate(cells):
        if text := cell.strip():
            places[place] = index.setdefault(text, len(index))
    ids = [np.asarray(row, dtype=np.int32) for row in tokenizer.ids(list(index))]
    lengths = np.array([*map(len, ids), 0], dtype=np.intp)  # the last of missing cells
    return TokenizedCells(
        ids=ids,
        cells=places,
        sizes=lengths[places].sum(axis=1),
        pad_id=tokenizer.pad_id,
        max_length=tokenizer.description.max_length,
    )
