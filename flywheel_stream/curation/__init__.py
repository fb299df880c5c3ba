"""Judged calls become training examples, which can be taken back.

Start with ``rules``: the table of what justifies an example, each row with scenes that show it.
``fold`` applies it to one call after the other; ``memory`` is what is remembered of them, and
``repeats`` what is left out because it is there already.
"""

from flywheel_stream.curation.fold import Curated, Curation

__all__ = ["Curated", "Curation"]
