"""Which epoch is the best, and when to stop."""

from amzest.neural._early_stopping import BestEpoch


def run(epochs, **settings):
    """Feed (score, loss) pairs; return the judge and the epoch at which it stopped."""
    best = BestEpoch(**settings)
    for epoch, (score, loss) in enumerate(epochs):
        weights = {"epoch": epoch} if best.is_better(score, loss) else None
        if best.record(score, loss, weights):
            return best, epoch
    return best, None


def test_higher_score_wins_and_loss_breaks_ties():
    best, stopped = run(
        [(0.5, 1.0), (0.7, 0.9), (0.7, 0.8), (0.7, 0.85), (0.6, 0.1)],
        n_iter_no_change=10,
        tol=0.0,
    )
    assert best.weights == {"epoch": 2}
    assert stopped is None


def test_stops_after_patience_and_keeps_the_best():
    best, stopped = run(
        [(0.5, 1.0), (0.6, 0.9), (0.6, 0.9), (0.55, 0.9), (0.5, 0.9)],
        n_iter_no_change=3,
        tol=1e-4,
    )
    assert stopped == 4
    assert best.weights == {"epoch": 1}


def test_improvements_within_tol_do_not_renew_patience_but_are_kept():
    best, stopped = run(
        [(0.5, 1.0), (0.5001, 1.0), (0.5002, 1.0)], n_iter_no_change=2, tol=0.01
    )
    assert stopped == 2
    assert best.weights == {"epoch": 2}
