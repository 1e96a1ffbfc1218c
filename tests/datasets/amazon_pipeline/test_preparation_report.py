"""The summary has one aligned line per step."""

from amzest.datasets import CleaningReport, PreparationReport


def test_summary_of_everything():
    report = PreparationReport("out.parquet")
    report.n_products = 12_345
    report.n_skipped, report.skipped = (
        1,
        ["meta: line 3: not UTF-8."],
    )
    report.unreadable = {"price": 4}
    report.cleaning = CleaningReport(12_345)
    report.cleaning.record("repeated", "asin", 1_000)
    report.cleaning.record("tags", "title", 70)
    report.rare = {"A, B": 2, "C": 3, "x" * 50: 1}
    report.n_not_drawn = 5
    report.count(["D", "D", "E"], ["train", "test", "train"])
    report.images = {"ok": 2, "not found": 1}
    report.seconds = {"write": 0.25}
    assert str(report).splitlines() == [
        "products read                     12,345",
        "broken lines skipped                   1  meta: line 3: not UTF-8.",
        "price unreadable                       4  now missing",
        "dropped: repeated                  1,000  by asin",
        "dropped: rare category                 6  'A, B', 'C', ...",
        "dropped: to balance                    5",
        "products kept                          3  in out.parquet",
        "images: ok                             2",
        "images: not found                      1",
        "",
        "split     test  train",
        "category             ",
        "D            1      1",
        "E            0      1",
        "",
        "seconds",
        "write                                0.2",
    ]


def test_seconds_of_a_step_are_kept():
    report = PreparationReport("out.parquet")
    with report.time("step"):
        pass
    assert list(report.seconds) == ["step"]
    assert report.seconds["step"] >= 0


def test_counts_without_a_split_are_of_all():
    report = PreparationReport("out.parquet")
    report.count(["a", "b", "a"], None)
    assert report.frame().to_dict() == {"all": {"a": 2, "b": 1}}
