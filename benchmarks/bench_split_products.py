"""How does the time of splitting without leakage grow with the number of titles?

Synthetic titles have a brand, a model number, words from a Zipf distribution, a colour
and a size; variants of a product differ only in colour and size, so that many titles
are nearly equal. The worst case is ``--corpus templates``: 300 words in a few
templates. Each size runs in a new process, to measure its peak memory. If rensa or
datasketch is installed, MinHash with LSH runs on the same titles and is compared with
the exact result. Run with ``python benchmarks/bench_split_products.py``.
"""

import importlib.util
import json
import resource
import subprocess
import sys
import time
from zlib import crc32

import numpy as np
from side_by_side import Report, make_parser, parse_arguments

COLOURS = ("black", "white", "red", "blue", "navy blue", "green", "grey", "rose gold")
SIZES = ("small", "medium", "large", "x large", "xx large", "pack of 2", "pack of 6")
SIMILARITY = 0.8
N_CATEGORIES = 20


def shop_titles(n_titles: int, seed: int = 0) -> list[str]:
    """Generate realistic titles, a third of which are variants of another one."""
    rng = np.random.default_rng(seed)
    n_words = 200_000
    share = 1 / np.arange(1, n_words + 1)
    n_products = n_titles * 2 // 3 + 1
    lengths = np.clip(rng.poisson(8, n_products), 2, 40)
    words = rng.choice(n_words, size=int(lengths.sum()), p=share / share.sum())
    ends = np.cumsum(lengths)
    brands = rng.zipf(1.4, n_products) % 30_000
    models = rng.integers(0, 2_000_000, n_products)
    products = [
        f"Brand{brand} "
        + " ".join(f"w{word}" for word in words[end - length : end])
        + (f" Model-{model}" if model % 3 else "")
        for brand, model, end, length in zip(brands, models, ends, lengths, strict=True)
    ]
    variant_of = np.concatenate(
        [np.arange(n_products), n_products * rng.random(n_titles - n_products) ** 2]
    ).astype(np.int64)
    colours = rng.integers(0, 2 * len(COLOURS), n_titles)
    sizes = rng.integers(0, 3 * len(SIZES), n_titles)
    titles = [
        products[product]
        + (f", {COLOURS[colour].title()}" if colour < len(COLOURS) else "")
        + (f" ({SIZES[size]})" if size < len(SIZES) else "")
        for product, colour, size in zip(variant_of, colours, sizes, strict=True)
    ]
    return [titles[row] for row in rng.permutation(n_titles)]


def template_titles(n_titles: int, seed: int = 0) -> list[str]:
    """Generate titles from 300 words; half of each title is one of 20 templates."""
    rng = np.random.default_rng(seed)
    words = np.array([f"word{number}" for number in range(300)])
    templates = [rng.choice(words, size=6, replace=False) for _ in range(20)]
    slots = rng.choice(words, size=(n_titles, 6))
    chosen = rng.integers(0, len(templates), n_titles)
    return [
        " ".join([*templates[template], *row])
        for template, row in zip(chosen, slots, strict=True)
    ]


CORPORA = {"shop": shop_titles, "templates": template_titles}


def timed(task, *args, **kwargs):
    """Call a function; return its result, wall time and processor time."""
    start, start_cpu = time.perf_counter(), time.process_time()
    result = task(*args, **kwargs)
    return result, time.perf_counter() - start, time.process_time() - start_cpu


def peak_megabytes() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def measure(corpus: str, n_titles: int) -> None:
    """Group and split one corpus; print a summary and a line of JSON."""
    import pandas as pd

    from amzest.datasets._splitting._group_products import group_products
    from amzest.datasets._splitting._split_products import split_products

    titles = CORPORA[corpus](n_titles)
    # By the first word, the brand, so that similar titles mostly share a category.
    categories = [crc32(title.split()[0].encode()) % N_CATEGORIES for title in titles]
    frame = pd.DataFrame({"title": titles, "category": categories})
    del titles
    before = peak_megabytes()
    groups, seconds, cpu = timed(group_products, frame, similarity=SIMILARITY)
    (_, test), split_seconds, _ = timed(split_products, frame, 0.25, 0, groups=groups)
    sizes = np.bincount(groups)
    print(
        f"{corpus:>9} {n_titles:>9,} titles: groups {seconds:6.1f} s "
        f"({cpu:.1f} s of processor time), split {split_seconds:.1f} s, "
        f"peak {peak_megabytes():,.0f} MB ({before:,.0f} MB before); "
        f"{len(sizes):,} groups, largest {sizes.max():,}; test {len(test):,}"
    )
    print(json.dumps({"seconds": cpu, "peak": peak_megabytes()}))


def lsh_pairs_rensa(titles: list[str]) -> list[tuple[int, int]]:
    """Return the pairs that rensa's MinHash with LSH finds."""
    from rensa import RMinHash, RMinHashLSH

    index = RMinHashLSH(threshold=SIMILARITY, num_perm=128, num_bands=16)
    pairs = []
    for row, title in enumerate(titles):
        minhash = RMinHash(num_perm=128, seed=42)
        minhash.update(title.split())
        pairs += [(row, found) for found in index.query(minhash)]
        index.insert(row, minhash)
    return pairs


def lsh_pairs_datasketch(titles: list[str]) -> list[tuple[int, int]]:
    """Return the pairs that datasketch's MinHash with LSH finds."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=SIMILARITY, num_perm=128)
    pairs = []
    for row, title in enumerate(titles):
        minhash = MinHash(num_perm=128)
        minhash.update_batch([word.encode() for word in title.split()])
        pairs += [(row, found) for found in index.query(minhash)]
        index.insert(row, minhash)
    return pairs


def compare(corpus: str, n_titles: int) -> None:
    """Run MinHash libraries, if installed, and count the pairs they miss."""
    from amzest.datasets._shared._title_key import normalise_titles
    from amzest.datasets._splitting._near_titles import near_title_groups

    libraries = {"rensa": lsh_pairs_rensa, "datasketch": lsh_pairs_datasketch}
    titles = normalise_titles(CORPORA[corpus](n_titles))
    groups, seconds, _ = timed(near_title_groups, titles, SIMILARITY)
    print(f"{corpus:>9} {n_titles:>9,} titles, exact: {seconds:.1f} s", flush=True)
    for name, find_pairs in libraries.items():
        if importlib.util.find_spec(name) is None:
            print(f"{name}: not installed, skipped")
            continue
        pairs, seconds, _ = timed(find_pairs, titles)
        kept, lost = judge(titles, groups, pairs)
        print(
            f"{name}: {seconds:.1f} s for candidates alone; finds {kept:.2%} of the "
            f"exact joins, {lost:,} groups are split",
            flush=True,
        )


def judge(titles, groups, pairs) -> tuple[float, int]:
    """Verify the candidate pairs, and compare their components with the groups."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    sets = [frozenset(title.split()) for title in titles]
    near = [
        (a, b)
        for a, b in pairs
        if len(sets[a] & sets[b]) >= SIMILARITY * len(sets[a] | sets[b]) - 1e-9
    ]
    left, right = np.array(near, dtype=np.int64).reshape(-1, 2).T
    graph = coo_array((np.ones(len(left)), (left, right)), shape=(len(titles),) * 2)
    n_found, found = connected_components(graph, directed=False)
    n_exact = len(np.unique(groups))
    joins = (len(titles) - n_found) / max(len(titles) - n_exact, 1)
    parts = len(np.unique(groups.astype(np.int64) * len(titles) + found))
    apart = np.unique(groups.astype(np.int64) * len(titles) + found) // len(titles)
    broken = int((np.bincount(apart) > 1).sum()) if parts else 0
    return joins, broken


def main() -> int:
    parser = make_parser(__doc__, rounds=1, short_rounds=1)
    parser.add_argument(
        "--titles", type=int, help="largest number (default: a million)"
    )
    parser.add_argument("--corpus", choices=sorted(CORPORA), default="shop")
    parser.add_argument(
        "--minhash", type=int, default=100_000, help="titles for MinHash, 0 for none"
    )
    parser.add_argument(
        "--one", action="store_true", help="measure only the largest size"
    )
    options = parse_arguments(parser)
    n_titles = options.titles or (80_000 if options.short else 1_000_000)
    if options.one:
        measure(options.corpus, n_titles)
        return 0
    report = Report(__doc__.splitlines()[0], options)
    smallest = 0.0
    for part in (8, 4, 2, 1):
        n = n_titles // part
        size = ["--titles", str(n), "--corpus", options.corpus]
        done = subprocess.run(
            [sys.executable, __file__, "--one", *size],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        line, numbers = done.stdout.strip().splitlines()[-2:]
        print(line, flush=True)
        measured = json.loads(numbers)
        each = measured["seconds"] / n
        smallest = smallest or each
        report.add(
            f"{n:,} titles, processor time per title",
            each / smallest,
            rival=f"{n_titles // 8:,} titles",
        )
        report.add(f"{n:,} titles, peak memory", measured["peak"], unit="MB")
    if options.minhash and not options.short:
        compare(options.corpus, options.minhash)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
