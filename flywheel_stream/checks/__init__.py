"""Stateless checks: what is wrong with an answer that nobody has complained about.

Start with ``table``, which has the checks in their order and runs them. Each other module has the
checks that look at one thing, every entry with its own hits and misses; a new check is one more
entry there and one more name in ``TABLE``.
"""

from flywheel_stream.checks.check import MAX_EVIDENCE, Check
from flywheel_stream.checks.table import TABLE, check_raw, check_scrubbed

__all__ = ["MAX_EVIDENCE", "TABLE", "Check", "check_raw", "check_scrubbed"]
