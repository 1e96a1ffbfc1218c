"""Small tar files with images."""

import io
import json
import tarfile

import numpy as np
from PIL import Image


def png(grey, size=8):
    """Return a square of one grey value as a PNG file."""
    file = io.BytesIO()
    Image.fromarray(np.full((size, size), grey, np.uint8)).save(file, "PNG")
    return file.getvalue()


def write_tar(path, members, **settings):
    """Write a tar file; members are names, or TarInfo objects, and contents."""
    with tarfile.open(path, "w", **settings) as tar:
        for name, data in members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def write_shards(folder, n_shards=2, n_images=3):
    """Write shards of images with the grey values 0, 10, 20, ..."""
    for shard in range(n_shards):
        members = []
        for i in range(n_images * shard, n_images * (shard + 1)):
            members += [
                (f"{i:03d}.png", png(10 * i)),
                (f"{i:03d}.cls", b"dark\n" if i < 2 else b"light\n"),
                (f"{i:03d}.txt", f"A title of {i}".encode()),
                (f"{i:03d}.json", json.dumps({"price": i}).encode()),
            ]
        write_tar(folder / f"train-{shard:03d}.tar", members)
