"""``report.html``: what a run found, as one file that opens from disk, for a busy person to read.

No script and no network, which its content security policy also forbids: charts are inline SVG
and plain boxes with a table behind each. Whatever is not ``Html`` is escaped where it meets
markup. The outputs of the run are read line by line; lists are cut, and say by how much.

Start with ``page``, which has the sections in their order. Each section is a module of its own
that makes markup of a ``run``, in ``words``, ``markup``, ``plots`` and ``bars``.
"""

from stream.report.page import write_report

__all__ = ["write_report"]
