"""download_images, killed at random moments, ends with the same files."""

from __future__ import annotations

import random
import time
from itertools import pairwise

import pytest
from image_server import ImageServer
from killing import Starter, files, finish, kill, wait_for_change

N_IMAGES = 400
N_KILLS = 20


CHILD = """
    import os
    import sys
    import time
    import pandas as pd
    from amzest.datasets import download_images
    from amzest.datasets._image_downloads import _image_plan, _image_queue

    # So that kills also fall between the steps of writing image and manifest.
    replace = os.replace
    os.replace = lambda *paths: (time.sleep(0.005), replace(*paths))
    _image_plan._SAVE_EVERY = 0.02
    _image_queue.FIRST_PAUSE = 0.05
    print("ready", flush=True)
    urls_file, folder = sys.argv[1:]
    with open(urls_file) as file:
        frame = pd.DataFrame({"image_url": file.read().splitlines()})
    download_images(
        frame, folder, allow_private=True, n_connections=4, max_attempts=2
    )
"""


@pytest.mark.slow
def test_killed_20_times_ends_in_the_same_bytes(tmp_path):
    folder, undisturbed = tmp_path / "killed", tmp_path / "undisturbed"
    generator = random.Random(0)
    with ImageServer(delay=0.01) as server, Starter(CHILD) as process:
        faults = ["/missing", "/page.jpg", "/bomb.png", "/truncated.jpg", "/loop"]
        faults += ["/fail", "/cut", "/hop/3", "/png", "/gzipped"]
        paths = [f"/image/{n}.jpg" for n in range(N_IMAGES)]
        for n, fault in enumerate(faults):
            # Far apart, so that kills fall between any two.
            paths.insert(n * N_IMAGES // len(faults), fault)
        urls_file = tmp_path / "urls.txt"
        urls_file.write_text("\n".join(map(server.url, paths)))

        begin = time.monotonic()
        finish(process.start(urls_file, undisturbed))
        duration = time.monotonic() - begin
        expected = files(undisturbed)
        assert len(expected) == N_IMAGES + 3 + 1

        def n_images():
            return len(list(folder.glob("??/*.*g")))

        progress = [0]
        for _ in range(N_KILLS):
            child = process.start(urls_file, folder)
            # On a busy machine the time until the first request is not known.
            wait_for_change(child, n_images, progress[-1])
            time.sleep(generator.uniform(0, 1.5 * duration / N_KILLS))
            kill(child)
            progress.append(n_images())
        finish(process.start(urls_file, folder))

    assert files(folder) == expected
    # The kills did fall into the middle of the work.
    moved = [a < b for a, b in pairwise(progress)]
    unfinished = [0 < n < N_IMAGES for n in progress]
    assert sum(moved) >= N_KILLS // 4, progress
    assert sum(unfinished) >= N_KILLS // 4, progress
