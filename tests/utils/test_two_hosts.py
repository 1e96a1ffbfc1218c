"""A cross-fit on two hosts, which are network namespaces of this machine."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import two_hosts

pytest.importorskip("distributed")


def namespaces_are_allowed():
    command = "ip link add here type veth peer name there && mount -t tmpfs none /mnt"
    try:
        tried = subprocess.run(
            ["unshare", "-rnm", "sh", "-c", command], capture_output=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return tried.returncode == 0


@pytest.mark.slow
@pytest.mark.skipif("AMZEST_CLUSTERS" not in os.environ, reason="make test-cluster")
def test_crossfit_on_two_hosts_of_which_one_ends(tmp_path):
    if not namespaces_are_allowed():
        pytest.skip("network namespaces need Linux, unshare, ip and permission")
    common = str(Path(two_hosts.__file__).parent)
    paths = os.pathsep.join(filter(None, [common, os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        ["unshare", "-rnm", sys.executable, two_hosts.__file__, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        timeout=120,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "hosts": [two_hosts.HERE, two_hosts.OTHER],
        "equal": True,
        "places": [two_hosts.HERE] * 4,
        "other_ended": True,
    }
