"""Images for `make_products`: simple product images, rendered with Pillow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.utils import require

Colour = tuple[int, int, int]

#: Images are rendered larger by this factor and scaled down, as anti-aliasing.
_OVERSAMPLING = 2


class _Pen:
    """Renders shapes in the unit square, (0, 0) at the top left, in three shades."""

    def __init__(self, draw: Any, size: int, colour: Colour) -> None:
        self._draw = draw
        self._size = size
        self.main = colour
        self.dark = shade(colour, 0.65)
        self.light = shade(colour, 1.45)

    def _scaled(self, points: Sequence[float]) -> list[float]:
        return [p * self._size for p in points]

    def rectangle(self, *box: float, fill: Colour, radius: float = 0.0) -> None:
        self._draw.rounded_rectangle(
            self._scaled(box), radius=radius * self._size, fill=fill
        )

    def ellipse(self, *box: float, fill: Colour) -> None:
        self._draw.ellipse(self._scaled(box), fill=fill)

    def polygon(self, *points: float, fill: Colour) -> None:
        self._draw.polygon(self._scaled(points), fill=fill)

    def line(self, *points: float, fill: Colour, width: float) -> None:
        self._draw.line(
            self._scaled(points), fill=fill, width=max(1, round(width * self._size))
        )

    def arc(
        self, *box: float, start: float, end: float, fill: Colour, width: float
    ) -> None:
        self._draw.arc(
            self._scaled(box),
            start,
            end,
            fill=fill,
            width=max(1, round(width * self._size)),
        )


def shade(colour: Colour, factor: float) -> Colour:
    """Return a darker (factor below 1) or lighter (above 1) colour."""
    red, green, blue = (max(0, min(255, round(c * factor))) for c in colour)
    return red, green, blue


_PAPER: Colour = (238, 232, 220)
_METAL: Colour = (150, 152, 158)
_CARTON: Colour = (186, 148, 104)


def _board_game(pen: _Pen) -> None:
    pen.rectangle(0.08, 0.08, 0.92, 0.92, fill=pen.dark)
    for row in range(4):
        for column in range(4):
            if (row + column) % 2:
                left, top = 0.14 + 0.18 * column, 0.14 + 0.18 * row
                pen.rectangle(left, top, left + 0.18, top + 0.18, fill=_PAPER)
    pen.ellipse(0.34, 0.34, 0.48, 0.48, fill=pen.light)
    pen.ellipse(0.52, 0.7, 0.66, 0.84, fill=pen.main)


def _book(pen: _Pen) -> None:
    pen.rectangle(0.24, 0.08, 0.8, 0.92, fill=_PAPER)
    pen.rectangle(0.2, 0.06, 0.74, 0.9, fill=pen.main)
    pen.rectangle(0.2, 0.06, 0.28, 0.9, fill=pen.dark)
    pen.rectangle(0.35, 0.2, 0.67, 0.27, fill=_PAPER)
    pen.rectangle(0.4, 0.33, 0.62, 0.38, fill=_PAPER)


def _tea(pen: _Pen) -> None:
    pen.polygon(0.3, 0.1, 0.7, 0.1, 0.8, 0.92, 0.2, 0.92, fill=pen.main)
    pen.rectangle(0.28, 0.08, 0.72, 0.2, fill=pen.dark)
    pen.ellipse(0.32, 0.4, 0.68, 0.76, fill=_PAPER)
    pen.polygon(0.5, 0.44, 0.6, 0.58, 0.5, 0.72, 0.4, 0.58, fill=(70, 130, 60))


def _headphones(pen: _Pen) -> None:
    pen.arc(0.14, 0.12, 0.86, 0.96, start=180, end=360, fill=pen.dark, width=0.09)
    pen.rectangle(0.08, 0.5, 0.3, 0.88, fill=pen.main, radius=0.08)
    pen.rectangle(0.7, 0.5, 0.92, 0.88, fill=pen.main, radius=0.08)
    pen.rectangle(0.24, 0.52, 0.32, 0.86, fill=pen.dark, radius=0.03)
    pen.rectangle(0.68, 0.52, 0.76, 0.86, fill=pen.dark, radius=0.03)


def _watch(pen: _Pen) -> None:
    pen.rectangle(0.37, 0.02, 0.63, 0.98, fill=pen.main, radius=0.05)
    pen.ellipse(0.22, 0.22, 0.78, 0.78, fill=_METAL)
    pen.ellipse(0.28, 0.28, 0.72, 0.72, fill=_PAPER)
    pen.line(0.5, 0.5, 0.5, 0.34, fill=(40, 40, 40), width=0.04)
    pen.line(0.5, 0.5, 0.62, 0.56, fill=(40, 40, 40), width=0.04)


def _bottle(pen: _Pen) -> None:
    pen.rectangle(0.41, 0.02, 0.59, 0.14, fill=_METAL, radius=0.02)
    pen.polygon(0.43, 0.14, 0.57, 0.14, 0.67, 0.3, 0.33, 0.3, fill=pen.dark)
    pen.rectangle(0.33, 0.26, 0.67, 0.98, fill=pen.main, radius=0.06)
    pen.rectangle(0.38, 0.34, 0.43, 0.9, fill=pen.light)


def _lamp(pen: _Pen) -> None:
    pen.polygon(0.34, 0.06, 0.66, 0.06, 0.88, 0.5, 0.12, 0.5, fill=pen.main)
    pen.polygon(0.38, 0.06, 0.46, 0.06, 0.34, 0.5, 0.2, 0.5, fill=pen.light)
    pen.rectangle(0.47, 0.5, 0.53, 0.86, fill=_METAL)
    pen.ellipse(0.3, 0.82, 0.7, 0.95, fill=pen.dark)


def _mug(pen: _Pen) -> None:
    pen.arc(0.54, 0.32, 0.96, 0.74, start=260, end=100, fill=pen.dark, width=0.08)
    pen.rectangle(0.12, 0.22, 0.74, 0.86, fill=pen.main, radius=0.07)
    pen.ellipse(0.12, 0.15, 0.74, 0.31, fill=pen.dark)
    pen.ellipse(0.17, 0.18, 0.69, 0.29, fill=(75, 50, 35))


def _backpack(pen: _Pen) -> None:
    pen.arc(0.38, 0.0, 0.62, 0.24, start=180, end=360, fill=pen.dark, width=0.06)
    pen.rectangle(0.18, 0.1, 0.82, 0.94, fill=pen.main, radius=0.2)
    pen.rectangle(0.27, 0.52, 0.73, 0.86, fill=pen.dark, radius=0.06)
    pen.line(0.24, 0.4, 0.76, 0.4, fill=pen.light, width=0.03)
    pen.line(0.32, 0.6, 0.68, 0.6, fill=_METAL, width=0.03)


def _chair(pen: _Pen) -> None:
    pen.rectangle(0.24, 0.04, 0.33, 0.96, fill=pen.dark)
    pen.rectangle(0.24, 0.06, 0.33, 0.5, fill=pen.main)
    pen.rectangle(0.24, 0.5, 0.8, 0.61, fill=pen.main, radius=0.03)
    pen.rectangle(0.71, 0.6, 0.79, 0.96, fill=pen.dark)
    pen.line(0.3, 0.8, 0.74, 0.8, fill=pen.dark, width=0.04)


def _ball(pen: _Pen) -> None:
    pen.ellipse(0.1, 0.1, 0.9, 0.9, fill=pen.main)
    pen.line(0.5, 0.1, 0.5, 0.9, fill=pen.dark, width=0.03)
    pen.line(0.1, 0.5, 0.9, 0.5, fill=pen.dark, width=0.03)
    pen.arc(-0.3, 0.16, 0.34, 0.84, start=300, end=60, fill=pen.dark, width=0.03)
    pen.arc(0.66, 0.16, 1.3, 0.84, start=120, end=240, fill=pen.dark, width=0.03)


def _shirt(pen: _Pen) -> None:
    pen.polygon(
        *(0.34, 0.1, 0.66, 0.1, 0.98, 0.3, 0.86, 0.5, 0.74, 0.42, 0.74, 0.94),
        *(0.26, 0.94, 0.26, 0.42, 0.14, 0.5, 0.02, 0.3),
        fill=pen.main,
    )
    pen.arc(0.38, -0.02, 0.62, 0.22, start=0, end=180, fill=pen.dark, width=0.05)
    pen.rectangle(0.4, 0.4, 0.6, 0.56, fill=pen.light)


def _carton(pen: _Pen) -> None:
    pen.polygon(0.06, 0.34, 0.22, 0.16, 0.94, 0.16, 0.8, 0.34, fill=shade(_CARTON, 1.2))
    pen.polygon(0.8, 0.34, 0.94, 0.16, 0.94, 0.72, 0.8, 0.9, fill=shade(_CARTON, 0.75))
    pen.rectangle(0.06, 0.34, 0.8, 0.9, fill=_CARTON)
    pen.rectangle(0.38, 0.34, 0.48, 0.9, fill=pen.main)
    pen.polygon(0.38, 0.34, 0.52, 0.16, 0.62, 0.16, 0.48, 0.34, fill=pen.light)
    pen.rectangle(0.54, 0.66, 0.74, 0.82, fill=_PAPER)


#: Renderer of each category. None is a closed carton, the same for all categories.
_RENDERERS: dict[str | None, Callable[[_Pen], None]] = {
    "Board Games": _board_game,
    "Books": _book,
    "Tea": _tea,
    "Headphones": _headphones,
    "Watches": _watch,
    "Water Bottles": _bottle,
    "Table Lamps": _lamp,
    "Mugs": _mug,
    "Backpacks": _backpack,
    "Chairs": _chair,
    "Balls": _ball,
    "T-Shirts": _shirt,
    None: _carton,
}


def render_image(
    rng: Random, category: str | None, colour: Colour, image_size: int
) -> NDArray[np.uint8]:
    """Render an image of a product, or with None a closed carton.

    Returns an array of shape (image_size, image_size, 3). The product is rotated, moved
    and scaled at random, before a bright background, with a shadow and sensor noise.
    """
    pil_image = require("PIL.Image", extra="image", purpose="make_products")
    pil_draw = require("PIL.ImageDraw", extra="image", purpose="make_products")

    # Each call uses as many random numbers, whatever the category: only then does an
    # image not change when other parameters of make_products do.
    width = image_size * _OVERSAMPLING
    level = rng.randint(205, 248)
    wall = (level, level - rng.randint(0, 8), level - rng.randint(0, 16))
    canvas = pil_image.new("RGB", (width, width), wall)
    draw = pil_draw.Draw(canvas)
    horizon = rng.uniform(0.6, 0.8) * width
    if rng.random() < 0.4:
        draw.rectangle((0, horizon, width, width), fill=shade(wall, 0.9))

    size = round(width * rng.uniform(0.68, 0.92))
    layer = pil_image.new("RGBA", (size, size), (0, 0, 0, 0))
    tint = rng.uniform(0.85, 1.15)
    _RENDERERS[category](_Pen(pil_draw.Draw(layer), size, shade(colour, tint)))
    mirrored, angle = rng.random() < 0.5, rng.uniform(-12, 12)
    # Mirrored, rotated and placed at random, so that position is not informative.
    if mirrored:
        layer = layer.transpose(pil_image.Transpose.FLIP_LEFT_RIGHT)
    layer = layer.rotate(angle, resample=pil_image.Resampling.BILINEAR)
    margin = width - size
    left = round(margin * rng.uniform(0.2, 0.8))
    top = round(margin * rng.uniform(0.3, 0.9))
    foot = top + 0.93 * size
    draw.ellipse(
        (left + 0.1 * size, foot - 0.04 * size, left + 0.9 * size, foot + 0.05 * size),
        fill=shade(wall, 0.8),
    )
    canvas.paste(layer, (left, top), layer)

    # Scaling down averages 2 x 2 pixels; brightness and noise are those of a camera.
    pixels: NDArray[Any] = np.asarray(canvas.reduce(_OVERSAMPLING), dtype=np.float32)
    noise = np.random.RandomState(rng.getrandbits(32)).standard_normal(pixels.shape)
    pixels = pixels * rng.uniform(0.88, 1.06) + rng.uniform(2.0, 7.0) * noise
    return np.clip(pixels, 0, 255).astype(np.uint8)
