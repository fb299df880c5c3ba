"""Whether one user makes much of the traffic: a script, a loop, an attack; told as a share, no name."""

from collections import Counter, deque
from collections.abc import Iterable

from flywheel_stream.events import Interaction

WINDOW = 20_000
"""Latest calls of a worker that are looked at."""
ENOUGH = 1_000
"""Calls below which a share says nothing."""


class TopUser:
    """The share of the latest calls that the busiest user (else session) made."""

    def __init__(self, window: int = WINDOW) -> None:
        self._window = window
        self._batches: deque[Counter[str]] = deque()
        self._calls: Counter[str] = Counter()
        self._total = 0

    def take(self, calls: Iterable[Interaction]) -> None:
        """Counts a batch; calls of nobody count in the whole only."""
        batch = Counter([call.user_id or call.session_id for call in calls])
        self._batches.append(batch)
        self._calls.update(batch)
        self._total += batch.total()
        while self._total - self._batches[0].total() >= self._window:
            old = self._batches.popleft()
            self._total -= old.total()
            self._calls.subtract(old)
            for user in old:
                if not self._calls[user]:
                    del self._calls[user]

    def share(self) -> float:
        """0..1; 0 while there are too few calls to say."""
        if self._total < ENOUGH:
            return 0.0
        return max((n for user, n in self._calls.items() if user), default=0) / self._total
