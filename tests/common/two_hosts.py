"""A cluster of two hosts, each a network namespace of Linux, for `test_two_hosts.py`.

Run as root of new namespaces: ``unshare -rnm python two_hosts.py FOLDER``. The other
host has a network of its own, and no access to the temporary folder of the caller. Its
worker ends within a task. Prints a JSON object.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

HERE, OTHER = "10.77.0.1", "10.77.0.2"
WORKER = """
mount -t tmpfs none {private}
touch {folder}/ready
until ip -o addr show | grep -q {other}; do sleep 0.1; done
{python} -m distributed.cli.dask_worker tcp://{here}:8786 --nthreads 1 \
    --no-dashboard --no-nanny --local-directory {folder}/other --name other ||
    exec sleep 100
"""


def run(command):
    subprocess.run(command.split(), check=True)


def start_other_host(folder):
    values = {"folder": folder, "private": folder / "private", "python": sys.executable}
    code = WORKER.format(here=HERE, other=OTHER, **values)
    host = subprocess.Popen(["unshare", "-nm", "sh", "-ec", code])
    while not (folder / "ready").exists():
        time.sleep(0.05)
    run("ip link set lo up")
    run(f"ip link add here type veth peer name there netns {host.pid}")
    run(f"ip addr add {HERE}/24 dev here")
    run("ip link set here up")
    inside = f"nsenter -t {host.pid} -n ip"
    run(f"{inside} link set lo up")
    run(f"{inside} link set there up")
    run(f"{inside} addr add {OTHER}/24 dev there")
    return host


def main(folder):
    import joblib
    import numpy as np
    from distributed import Client, LocalCluster
    from few_titles import KINDS, TITLES
    from sklearn.callback import ScoringMonitor

    from amzest import TextLinearClassifier
    from amzest.ensemble import CrossFit
    from amzest.utils import run_in_order

    member = TextLinearClassifier(random_state=0)
    crossfit = CrossFit([("linear", member)], cv=4, random_state=0)
    alone = crossfit.fit(TITLES, KINDS).oof_proba_["linear"]
    (folder / "private").mkdir()
    host = start_other_host(folder)
    with (
        LocalCluster(
            n_workers=1,
            threads_per_worker=1,
            host=HERE,
            scheduler_port=8786,
            dashboard_address="127.0.0.1:0",
        ) as cluster,
        Client(cluster) as client,
        joblib.parallel_config("dask"),
    ):
        client.wait_for_workers(2, timeout=60)
        hosts = sorted({w["host"] for w in client.scheduler_info()["workers"].values()})
        crossfit.set_callbacks(ScoringMonitor(scoring="accuracy"))
        both = crossfit.fit(TITLES, KINDS).oof_proba_["linear"]
        # A task on the other host; the host ends with it.
        tasks = [(str(folder), i) for i in range(4)]
        places = []
        for place in run_in_order(end_other_host, tasks):
            places.append(place)
    host.kill()
    host.wait()
    found = {
        "hosts": hosts,
        "equal": bool(np.array_equal(alone, both)),
        "places": places,
        "other_ended": (folder / "ended").exists(),
    }
    print(json.dumps(found))


def end_other_host(folder, i):
    """End the process if it is on the other host; return the address of this one."""
    time.sleep(0.2)
    address = os.popen("ip -o -4 addr show").read()
    if OTHER in address:
        Path(folder, "ended").touch()
        os._exit(1)
    return HERE


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(__file__))
    import two_hosts  # importable under this name in the workers

    folder = Path(sys.argv[1])
    os.environ["TMPDIR"] = str(folder / "private")
    two_hosts.main(folder)
