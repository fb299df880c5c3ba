"""Heavy hitters: which values of a dimension have a row of their own.

Counts are Space-Saving's (Metwally et al., ICDT 2005): bounded, and never below what was seen.
Rows change hands only when that is asked for, and only to what was surely seen twice as often.
"""

from collections.abc import Sequence

MORE = 4
"""Times as many values are counted as have a row."""

HEAVY = 20
"""Sightings below which no value takes another's row."""


class HeavyHitters:
    """The values of one dimension.

    Args:
        most: values with a row of their own.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.rows: dict[str, None] = {}
        self.filled = False
        """Whether all rows were taken once: from then on a free one is given at ``hand_over``."""
        self._seen: dict[str, tuple[int, int]] = {}
        # by value: how often it was seen at most, and by how much that may be too often

    def own(self, value: str) -> bool:
        """Whether a value has a row; it takes one that nobody had before."""
        if value not in self.rows and not self.filled:
            self._take_row(value)
        return value in self.rows

    def _take_row(self, value: str) -> None:
        self.rows[value] = None
        self.filled = self.filled or len(self.rows) >= self._most

    def see(self, value: str, number: int) -> None:
        """Counts sightings of a value."""
        known = self._seen.get(value)
        if known is not None:
            self._seen[value] = (known[0] + number, known[1])
        elif len(self._seen) < MORE * self._most:
            self._seen[value] = (number, 0)
        else:
            others = (other for other in self._seen if other not in self.rows)
            least = min(others, key=lambda other: (self._seen[other][0], other))
            error = self._seen.pop(least)[0]
            self._seen[value] = (error + number, error)

    def hand_over(self) -> list[tuple[str, str]]:
        """Gives rows to values that are seen more; returns who lost one (empty: nobody), and to whom."""
        # What a value was seen for certain: what it took over from another may be none of its own.
        sure = {value: count - error for value, (count, error) in self._seen.items()}
        waiting = sorted((v for v in sure if v not in self.rows), key=lambda v: (-sure[v], v))
        changes: list[tuple[str, str]] = []
        for value in waiting:
            least = ""
            if len(self.rows) >= self._most:
                least = min(self.rows, key=lambda row: (sure.get(row, 0), row))
                if sure[value] <= max(2 * sure.get(least, 0), HEAVY):
                    return changes
                del self.rows[least]
            self._take_row(value)
            changes.append((least, value))
        return changes

    def merge(self, old: str, new: str) -> None:
        """One value became another: that has its sightings, and its row if it has none."""
        if old in self.rows:
            del self.rows[old]
            self.rows[new] = None
        gone, kept = self._seen.pop(old, None), self._seen.get(new, (0, 0))
        if gone is not None:
            self._seen[new] = (kept[0] + gone[0], kept[1] + gone[1])

    def fade(self, halves: int) -> None:
        """Halves what was seen so many times."""
        for value, (count, error) in self._seen.items():
            self._seen[value] = (count >> halves, error >> halves)

    def dump(self) -> tuple[list[str], list[tuple[str, int, int]]]:
        """The state, as plain data: rows; value, count and error."""
        return list(self.rows), [(value, *numbers) for value, numbers in self._seen.items()]

    def load(
        self,
        rows: Sequence[str],
        seen: Sequence[tuple[str, int, int]],
        *,
        filled: bool = False,
    ) -> None:
        """The inverse of ``dump``; ``filled`` has to be told where values were merged."""
        self.rows = dict.fromkeys(rows)
        self.filled = filled or len(rows) >= self._most
        self._seen = {value: (count, error) for value, count, error in seen}
