"""Loaded once by the process that ``fleet.ForkedWorker`` forks from: what takes a worker seconds."""

import stream.service
from flywheel_stream.scrubbing import Scrubber

__all__ = ["stream"]

Scrubber(secret=b"warm")
