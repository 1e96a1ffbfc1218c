"""Explanations as HTML: words on coloured ground, images with heat maps."""

from __future__ import annotations

import base64
import io
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.inspection._explained import Explained

#: Number of samples, and of characters of a cell, that are shown.
_MAX_SAMPLES, _MAX_CHARACTERS = 20, 2_000
#: Colours for and against the category, of the palette of Okabe and Ito.
FOR, AGAINST = (0, 114, 178), (213, 94, 0)
#: Height and width of images in pixels.
_IMAGE_SIZE = 192
_STYLE = (
    "margin:0 0 1em 0;padding:0.5em;border:1px solid #ccc;color:#111;background:#fff"
)


def explanation_as_html(explanation: Explained) -> str:
    """Return the first samples of an explanation as HTML."""
    words = dict(tuple(explanation.words.groupby("row", sort=False)))
    parts = ['<div class="amzest-explanation">', _legend()]
    for row, sample in enumerate(
        explanation.samples.head(_MAX_SAMPLES).to_dict("records")
    ):
        parts.append(f'<div style="{_STYLE}">{_heading(sample)}')
        if row in words:
            for column, of_cell in words[row].groupby("column", sort=False):
                text = explanation.texts[row, column]
                parts.append(_cell(column, text, of_cell, _largest(words[row])))
        for (owner, column), pixels in explanation.images.items():
            if owner == row:
                heat = explanation.heat_maps[row, column]
                parts.append(_image(column, pixels, heat))
        parts.append("</div>")
    if len(explanation) > _MAX_SAMPLES:
        parts.append(f"<p>and {len(explanation) - _MAX_SAMPLES:,} more samples</p>")
    return "".join([*parts, "</div>"])


def _heading(sample: dict[str, Any]) -> str:
    label = escape(str(sample["label"]))
    text = f"<b>{label}</b> ({sample['probability']:.1%})"
    if sample["label"] != sample["predicted"]:
        text += f", predicted: {escape(str(sample['predicted']))}"
    return f"<p>row {sample['row']}: {text}</p>"


def _legend() -> str:
    parts = (
        f'<span style="background:rgba{(*colour, 0.5)}">{name}</span>'
        for colour, name in ((FOR, "for the category"), (AGAINST, "against it"))
    )
    return f"<p>{' '.join(parts)}</p>"


def _largest(words: Any) -> float:
    return float(words["contribution"].abs().max()) or 1.0


def _cell(column: Any, text: str, words: Any, largest: float) -> str:
    """Return a text with its words on coloured ground."""
    parts, position = [], 0
    columns = (words["start"], words["end"], words["contribution"])
    for start, end, value in zip(*columns, strict=True):
        if end > _MAX_CHARACTERS:
            break
        colour = FOR if value >= 0 else AGAINST
        ground = f"rgba{(*colour, round(0.75 * abs(value) / largest, 3))}"
        parts.append(escape(text[position:start]))
        parts.append(
            f'<span style="background:{ground}" title="{value:+.4f}">'
            f"{escape(text[start:end])}</span>"
        )
        position = end
    rest = text[position:_MAX_CHARACTERS]
    ending = " …" if len(text) > _MAX_CHARACTERS else ""
    return (
        f"<p><i>{escape(str(column))}</i>: {''.join(parts)}{escape(rest)}{ending}</p>"
    )


def blended(pixels: NDArray[Any], heat: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return an image of 192 x 192 pixels, tinted by its heat map."""
    image = as_uint8(pixels)
    rows = np.arange(_IMAGE_SIZE) * image.shape[0] // _IMAGE_SIZE
    columns = np.arange(_IMAGE_SIZE) * image.shape[1] // _IMAGE_SIZE
    grid = np.arange(_IMAGE_SIZE) * len(heat) // _IMAGE_SIZE
    image = image[np.ix_(rows, columns)].astype(np.float64)
    relative = heat[np.ix_(grid, grid)] / (np.abs(heat).max() or 1.0)
    colour = np.where(relative[..., None] >= 0, FOR, AGAINST)
    alpha = 0.6 * np.abs(relative)[..., None]
    return ((1 - alpha) * image + alpha * colour).astype(np.uint8)


def as_uint8(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """Return pixels of any accepted form as RGB, (height, width, 3)."""
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    if pixels.dtype.kind == "f" and pixels.max(initial=0) <= 1:
        pixels = pixels * 255
    elif pixels.dtype == bool:
        pixels = pixels * np.uint8(255)
    elif pixels.dtype == np.uint16:
        pixels = pixels >> 8
    clipped = np.clip(pixels, 0, 255).astype(np.uint8)
    return np.repeat(clipped, 3, axis=2) if clipped.shape[2] == 1 else clipped[..., :3]


def _image(column: Any, pixels: NDArray[Any], heat: NDArray[np.float64]) -> str:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(blended(pixels, heat)).save(buffer, "PNG")
    encoded = base64.b64encode(buffer.getvalue()).decode()
    name = escape(str(column), quote=True)
    return (
        f"<p><i>{name}</i>:</p>"
        f'<img alt="heat map of {name}" src="data:image/png;base64,{encoded}">'
    )
