"""How fast do the text networks train, compared with hand-written torch and skorch?

Times one epoch over the same rows. The torch loop trains the same module with the same
batches, created during training by the same code, the same optimizers, and autocast to
bfloat16 if amzest uses it. Two more loops are measured: one with batches prepared in
advance, as an upper limit, and one with torch's SparseAdam for the tables. The skorch
model is a simpler network (one vector per word, no n-grams, no linear part) with padded
arrays, skorch's data loader, a dense Adam and torch's default number of threads.

    python benchmarks/bench_train_text.py --short
"""

from __future__ import annotations

import sys
import warnings

from checked_report import start_report
from networks import networks
from rivals.plain_skorch import PLAIN, plain_epochs
from side_by_side import parse_arguments
from text_training import Epochs, titles_and_categories

from amzest.neural._skorch_engine import resolve_device, trains_in_bfloat16

NETWORKS = {name.lower(): network for name, network in networks("text").items()}

#: Targets: speed relative to the torch loop, and to skorch.
BY_HAND, PLAIN_SKORCH = 0.95, 2.5


def main() -> int:
    options = parse_arguments(__doc__)
    warnings.simplefilter("ignore")
    report = start_report(__doc__.splitlines()[0], options)
    n_rows, n_plain = (2_500, 128) if options.short else (10_000, 2_560)
    titles, categories, source = titles_and_categories(
        n_rows, real=options.check is None
    )
    in_bfloat16 = trains_in_bfloat16("auto", resolve_device("auto"))
    precision = "bfloat16" if in_bfloat16 else "float32"
    print(f"  {len(titles)} of {source}, {precision}")
    for name, network in NETWORKS.items():
        epochs = Epochs(network(random_state=0), titles, categories, precision)
        report.compare(
            f"text {name}",
            {
                "amzest": epochs.with_amzest,
                "batches ready": epochs.by_hand(ready=True),
                "SparseAdam": epochs.by_hand("sparse_adam"),
                "torch by hand": epochs.by_hand(),
            },
            reference="torch by hand",
            target=BY_HAND,
        )
        if name not in PLAIN:
            continue
        report.compare(
            f"text {name} of amzest",
            {
                "amzest": epochs.with_amzest,
                "plain skorch": plain_epochs(name, titles[:n_plain], categories),
            },
            reference="plain skorch",
            target=PLAIN_SKORCH,
        )
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
