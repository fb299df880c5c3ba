"""Names of clusters that a person can read, and that stay: words and a kind, renewed seldom.

A name is looked at again only when a cluster has twice the failures that it had when it was named,
so a cluster of a million is renamed twenty times at most; and it keeps its words as long as half of
them still set it apart. What it was called before it had a few, by the words of single texts, it
does not keep.
"""

from collections.abc import Callable, Container
from typing import Any, NamedTuple

from msgspec import Struct

_GROWTH = 2
"""Times as many failures, and the name is due."""
_SETTLED = 4
"""Failures from which on a name has been given by what recurs."""
_SEPARATOR = ", "


class _Name(Struct, array_like=True):
    label: str
    kind: str
    failures: int


class Unnamed(NamedTuple):
    """A cluster whose words wait for a title."""

    cluster: str
    words: str
    kind: str
    exemplars: list[str]
    """Scrubbed questions, the clearest first."""


class ClusterNames:
    """The names of an app's clusters.

    A title that somebody gives for the present words of a cluster is shown in their place. Titles
    are not in the dump: no state depends on who is asked for them, and when.

    Args:
        capacity: how many are remembered, beyond those of clusters that live.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._names: dict[str, _Name] = {}
        self._titles: dict[str, tuple[str, str]] = {}  # the words that it is for, and the title

    def renew(
        self,
        cluster: str,
        failures: int,
        kind: str,
        label: Callable[[], str],
        live: Container[str],
    ) -> None:
        """Gives a name to a cluster that has none or whose name is due.

        Args:
            cluster: its id.
            failures: how many it has now.
            kind: what most of them are.
            label: asked for the words that set it apart now, if the name is due.
            live: the clusters whose names are kept when there are too many.
        """
        old = self._names.get(cluster)
        if old is not None and failures < _GROWTH * old.failures:
            return
        words = label()
        if old is not None and old.failures >= _SETTLED and _still_fits(old.label, words):
            words = old.label
        self._names[cluster] = _Name(words, kind, failures)
        if len(self._names) > 2 * self._capacity:
            self._names = {name: own for name, own in self._names.items() if name in live}
            self._titles = {name: own for name, own in self._titles.items() if name in self._names}

    def untitled(self, cluster: str) -> tuple[str, str] | None:
        """Words and kind of a cluster whose words have settled and have no title."""
        name = self._names.get(cluster)
        if name is None or name.failures < _SETTLED or not name.label:
            return None
        titled = self._titles.get(cluster)
        return None if titled and titled[0] == name.label else (name.label, name.kind)

    def entitle(self, cluster: str, words: str, title: str) -> None:
        """Shows a title in the place of a cluster's words for as long as these are its words."""
        self._titles[cluster] = words, title

    def label(self, cluster: str) -> str:
        """The title, or the words of the name; empty where it has none."""
        name = self._names.get(cluster)
        if name is None:
            return ""
        words, title = self._titles.get(cluster, ("", ""))
        return title if title and words == name.label else name.label

    def name(self, cluster: str) -> str:
        """Words and kind, ``late parcel, courier (outdated_knowledge)``; without words, the id."""
        name = self._names.get(cluster)
        return cluster if name is None else f"{self.label(cluster) or cluster} ({name.kind})"

    def dump(self) -> dict[str, list[Any]]:
        """Everything, as plain data."""
        return {
            cluster: [name.label, name.kind, name.failures] for cluster, name in self._names.items()
        }

    @classmethod
    def load(cls, state: dict[str, list[Any]], capacity: int) -> "ClusterNames":
        """The inverse of ``dump``."""
        self = cls(capacity)
        self._names = {cluster: _Name(*row) for cluster, row in state.items()}
        return self


def _still_fits(old: str, new: str) -> bool:
    """Whether half of the words of a name are among those that would name it now."""
    before, now = (
        set(old.replace(_SEPARATOR, " ").split()),
        set(new.replace(_SEPARATOR, " ").split()),
    )
    return bool(before) and 2 * len(before & now) >= len(before)
