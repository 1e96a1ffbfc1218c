"""Schedule the requests for many images: limits per host, pauses and retries."""

from __future__ import annotations

import heapq
import itertools
import queue
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace

from amzest.datasets._image_downloads._image_address import Address
from amzest.datasets._image_downloads._image_connection import Exchange
from amzest.datasets._image_downloads._image_outcome import Outcome, Result

#: Seconds before the second attempt, doubled for each further one: exponential backoff.
FIRST_PAUSE = 0.5
#: Maximum of the above, and of what servers request.
LONGEST_PAUSE = 120.0
#: After this many failures in a row a host is not tried again in this call.
_MAX_FAILURES = 100
_MAX_REDIRECTS = 5
#: Seconds to wait for the threads after an interrupt.
_JOIN_TIMEOUT = 1.0


@dataclass(slots=True)
class Job:
    """One image to download: `found` are files that may contain it already.

    `start` is the address of `url`, `address` the current one after redirects, `broken`
    the hash of a damaged image from an earlier attempt.
    """

    url: str
    stem: str
    start: Address
    found: tuple[str, ...] = ()
    address: Address = field(init=False)
    n_failures: int = 0
    n_redirects: int = 0
    broken: str | None = None

    def __post_init__(self) -> None:
        self.address = self.start


@dataclass(slots=True)
class _Host:
    jobs: deque[Job] = field(default_factory=deque)
    n_running: int = 0
    n_failures: int = 0
    is_ready: bool = False
    paused_until: float = 0.0


@dataclass(slots=True)
class _Running:
    job: Job
    host: _Host
    exchange: Exchange
    deadline: float


class ImageQueue:
    """Makes an attempt for each job, several at a time, and repeats failed ones.

    Threads make one attempt at a time and never sleep. All scheduling is done in the
    thread that takes the outcomes, so that no state is shared. `attempt` is called in a
    thread with a Job and an Exchange and returns a Result.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        attempt: Callable[[Job, Exchange], Result],
        *,
        n_connections: int,
        n_per_host: int,
        max_attempts: int,
        total_timeout: float,
    ) -> None:
        self._attempt = attempt
        self._n_threads = min(n_connections, len(jobs))
        self._n_per_host = n_per_host
        self._max_attempts = max_attempts
        self._total_timeout = total_timeout
        self._hosts: dict[str, _Host] = {}
        self._ready: deque[_Host] = deque()
        self._later: list[tuple[float, int, _Host, Job | None]] = []
        self._running: dict[int, _Running] = {}
        self._tickets = itertools.count()
        # Jitter of pauses: the result does not depend on it.
        self._random = random.Random()
        self._tasks: queue.SimpleQueue[tuple[int, Job, Exchange] | None]
        self._tasks = queue.SimpleQueue()
        self._results: queue.SimpleQueue[tuple[int, Result | BaseException]]
        self._results = queue.SimpleQueue()
        self._n_left = len(jobs)
        for job in jobs:
            self._enqueue(self._host_of(job), job)

    def run(self) -> Generator[tuple[Job, Outcome], None, None]:
        """Yield each job with its outcome, in order of completion.

        Closing the generator ends all requests. Errors of attempts are raised.
        """
        threads = [
            threading.Thread(
                target=self._work, name=f"download_images-{n}", daemon=True
            )
            for n in range(self._n_threads)
        ]
        for thread in threads:
            thread.start()
        try:
            while self._n_left:
                self._wake()
                self._start()
                for job, outcome in self._collect():
                    self._n_left -= 1
                    yield job, outcome
        finally:
            # None ends a thread. Those that wait for a socket are woken by its end.
            for _ in threads:
                self._tasks.put(None)
            for running in self._running.values():
                running.exchange.end()
            stop = time.monotonic() + _JOIN_TIMEOUT
            for thread in threads:
                thread.join(max(0.0, stop - time.monotonic()))

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            ticket, job, exchange = task
            try:
                self._results.put((ticket, self._attempt(job, exchange)))
            # Raised again in the thread of the caller.
            except BaseException as error:
                self._results.put((ticket, error))

    def _host_of(self, job: Job) -> _Host:
        return self._hosts.setdefault(job.address.host, _Host())

    def _enqueue(self, host: _Host, job: Job, *, first: bool = False) -> None:
        if first:
            host.jobs.appendleft(job)
        else:
            host.jobs.append(job)
        self._make_ready(host)

    def _make_ready(self, host: _Host) -> None:
        # Ready hosts are served in turn (round-robin), one job each, so that the images
        # of a slow host do not occupy all connections.
        free = host.n_running < self._n_per_host
        paused = host.paused_until > time.monotonic()
        if host.jobs and free and not paused and not host.is_ready:
            host.is_ready = True
            self._ready.append(host)

    def _wake(self) -> None:
        """Queue the jobs and hosts whose pause is over."""
        now = time.monotonic()
        while self._later and self._later[0][0] <= now:
            _, _, host, job = heapq.heappop(self._later)
            if job is not None:
                host.jobs.append(job)
            self._make_ready(host)

    def _start(self) -> None:
        """Start as many attempts as allowed, from each host in turn."""
        while self._ready and len(self._running) < self._n_threads:
            host = self._ready.popleft()
            host.is_ready = False
            if not host.jobs or host.paused_until > time.monotonic():
                continue
            job = host.jobs.popleft()
            host.n_running += 1
            ticket, exchange = next(self._tickets), Exchange()
            deadline = time.monotonic() + self._total_timeout
            self._running[ticket] = _Running(job, host, exchange, deadline)
            self._tasks.put((ticket, job, exchange))
            self._make_ready(host)

    def _collect(self) -> Iterator[tuple[Job, Outcome]]:
        """Wait for a result or the next event; yield the outcomes of all results."""
        wait = self._seconds_to_wait()
        try:
            while True:
                ticket, result = self._results.get(timeout=wait)
                wait = 0.0
                yield from self._settle(self._running.pop(ticket), result)
        except queue.Empty:
            pass
        now = time.monotonic()
        for running in self._running.values():
            # They are sorted by start, hence by deadline.
            if running.deadline > now:
                break
            if not running.exchange.ended:
                running.exchange.end()

    def _seconds_to_wait(self) -> float:
        # Short, as on Windows Ctrl-C does not interrupt a wait for a queue.
        until = time.monotonic() + 0.5
        if self._later:
            until = min(until, self._later[0][0])
        for running in self._running.values():
            if not running.exchange.ended:
                until = min(until, running.deadline)
                break
        return max(0.0, until - time.monotonic())

    def _settle(
        self, running: _Running, result: Result | BaseException
    ) -> Iterator[tuple[Job, Outcome]]:
        """Follow a redirect, retry, or yield the outcome of an attempt."""
        if isinstance(result, BaseException):
            raise result
        job, host = running.job, running.host
        host.n_running -= 1
        # Files of earlier calls are used or removed by now.
        job.found = ()
        if result.redirect is not None:
            host.n_failures = 0
            job.n_redirects += 1
            if job.n_redirects > _MAX_REDIRECTS:
                reason = f"There are more than {_MAX_REDIRECTS} redirects, or a loop."
                yield job, Outcome("redirects", reason)
            else:
                # Before other jobs of that host, to finish what has been started.
                job.address = result.redirect
                self._enqueue(self._host_of(job), job, first=True)
        elif result.outcome is not None:
            yield from self._settle_outcome(job, host, result.outcome, result)
        self._make_ready(host)

    def _settle_outcome(
        self, job: Job, host: _Host, outcome: Outcome, result: Result
    ) -> Iterator[tuple[Job, Outcome]]:
        broken = outcome.status == "broken image"
        if not broken and not outcome.is_temporary:
            host.n_failures = 0
            yield job, outcome
            return
        if broken and outcome.sha256 == job.broken:
            # Twice the same bytes: not the transfer is damaged, but the file.
            yield job, replace(outcome, sha256=None)
            return
        job.n_failures += 1
        # A damaged image does not mean that the host fails.
        host.n_failures += not broken
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (job.n_failures - 1))
        pause *= self._random.uniform(0.75, 1.25)
        if result.retry_after is not None:
            pause = min(LONGEST_PAUSE, max(pause, result.retry_after))
            self._pause(host, pause)
        if job.n_failures < self._max_attempts:
            # From the first address again: a redirect may have expired.
            job.broken = outcome.sha256
            job.address, job.n_redirects = job.start, 0
            self._defer(pause, self._host_of(job), job)
            return
        if broken and job.broken is not None:
            reason = "Each attempt returned a different part of the image."
            outcome = Outcome("cut off", reason)
        yield job, replace(outcome, sha256=None)
        if host.n_failures >= _MAX_FAILURES:
            yield from self._give_up(host)

    def _pause(self, host: _Host, seconds: float) -> None:
        host.paused_until = max(host.paused_until, time.monotonic() + seconds)
        self._defer(seconds, host, None)

    def _defer(self, seconds: float, host: _Host, job: Job | None) -> None:
        due = time.monotonic() + seconds
        heapq.heappush(self._later, (due, next(self._tickets), host, job))

    def _give_up(self, host: _Host) -> Iterator[tuple[Job, Outcome]]:
        """Yield a failure for all jobs that wait for a host which does not respond."""
        waiting = [*host.jobs]
        host.jobs.clear()
        later = []
        for entry in self._later:
            _, _, other, job = entry
            if other is host and job is not None:
                waiting.append(job)
            else:
                later.append(entry)
        self._later = later
        heapq.heapify(self._later)
        reason = f"The host failed {_MAX_FAILURES} times in a row, it was skipped."
        for job in waiting:
            yield job, Outcome("given up", reason)
