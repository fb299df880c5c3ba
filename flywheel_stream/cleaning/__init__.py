"""Ingest's half of the order: what happens to a batch of raw records, as pure steps.

Start with ``cleaner``, which names the steps in their order. ``preparing`` decodes, checks and
scrubs; ``calls``, ``signals`` and ``passing`` are what happens to each sort of record after that;
``cleaned`` is what a batch becomes.
"""

from flywheel_stream.cleaning.cleaner import Cleaner

__all__ = ["Cleaner"]
