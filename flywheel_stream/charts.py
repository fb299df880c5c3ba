"""Sequential detection: CUSUM charts for several factors at once, on a baseline that is uncertain.

Each chart is Page's (1954) for one factor ``r``; together they are near the best that is possible
without knowing the factor (Lorden and Eisenberg, 1973). The rate of before is Gamma with shape
``a`` around its estimate, so the likelihood ratio of ``n`` failures where ``mu`` were expected is
that of two negative binomials, ``n ln r - (a + n) ln((a + r mu) / (a + mu))``; as ``a`` grows it
becomes the Poisson one. Hence little history, and what varies more than Poisson, raise less.

A chart of likelihood ratios crosses ``h`` by chance less than once in ``exp(h)`` minutes (Lorden,
1971). It begins only in minutes with a failure, whose share in that bound is the probability of one
at ``r`` times the rate: what fails seldom needs less, by the logarithm of that.
"""

from math import expm1, inf, log

from msgspec import Struct, field

RATIOS = (1.8, 3.0, 6.0, 15.0, 60.0)


class Crossing(Struct):
    """The chart that stands highest."""

    level: float  # log of the likelihood ratio, less that of how often such a chart begins
    failures: int
    exposure: float
    start: int  # minute of the epoch


class Charts(Struct, array_like=True):
    """Failures and exposure since each chart was last at zero, one entry for each factor."""

    mark: float = 0.0
    """Cumulated exposure of the app up to which the charts know it."""
    until: int = 0
    """The first minute of the epoch that they do not know."""
    failures: list[int] = field(default_factory=lambda: [0] * len(RATIOS))
    exposure: list[float] = field(default_factory=lambda: [0.0] * len(RATIOS))
    start: list[int] = field(default_factory=lambda: [0] * len(RATIOS))

    def update(
        self,
        minute: int,
        count: int,
        *,
        begin: float,
        end: float,
        rate: float,
        shape: float,
        usual: float,
    ) -> Crossing:
        """Takes the failures of a minute.

        Args:
            minute: of the epoch.
            count: failures in it.
            begin: cumulated exposure at its begin.
            end: and at its end.
            rate: expected failures by exposure.
            usual: exposure of a usual minute.
            shape: how sure that is, as the shape of a Gamma.
        """
        best = Crossing(-inf, 0, 0.0, minute)
        quiet = max(begin - self.mark, 0.0)
        for n, ratio in enumerate(RATIOS):
            before = self.exposure[n] + quiet
            if likelihood(self.failures[n], rate * before, ratio, shape) <= 0:
                self.failures[n], before, self.start[n] = 0, 0.0, minute
            self.failures[n] += count
            self.exposure[n] = before + end - begin
            level = likelihood(self.failures[n], rate * self.exposure[n], ratio, shape)
            level -= log(max(-expm1(-ratio * rate * usual), 1e-9))
            if level > best.level:
                best = Crossing(level, self.failures[n], self.exposure[n], self.start[n])
        self.mark = end
        self.until = minute + 1
        return best

    def retract(self, minute: int) -> None:
        """Takes back a failure of a minute, if it was taken."""
        if minute >= self.until:
            return
        for n, start in enumerate(self.start):
            if start <= minute and self.failures[n]:
                self.failures[n] -= 1

    def clear(self) -> None:
        """Begins anew."""
        self.failures = [0] * len(RATIOS)

    def absorb(self, other: "Charts") -> None:
        """Takes over the failures of another subject."""
        self.failures = [a + b for a, b in zip(self.failures, other.failures, strict=True)]
        self.exposure = [max(pair) for pair in zip(self.exposure, other.exposure, strict=True)]
        self.start = [min(pair) for pair in zip(self.start, other.start, strict=True)]
        self.mark = max(self.mark, other.mark)
        self.until = max(self.until, other.until)


def likelihood(count: int, expected: float, ratio: float, shape: float) -> float:
    """Logarithm of the likelihood ratio of ``ratio`` times the expected rate against that rate."""
    if not count:
        return 0.0
    return count * log(ratio) - (shape + count) * log(
        (shape + ratio * expected) / (shape + expected)
    )


def threshold(run_length: float) -> float:
    """The level that chance crosses once in ``run_length`` minutes, or less often.

    By the bound it would be the logarithm of five times as much, for as many charts; but they cross
    together, and each less often than its bound. Simulated, the mean time between crossings is 1.5
    (at rates of 0.003 a minute) to 4 times ``run_length`` (at 5 a minute).
    """
    return log(max(run_length, 2.0))
