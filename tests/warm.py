"""Loaded once by the process that ``fleet.ForkedWorker`` forks from: what takes a worker seconds."""

import stream.service
from stream.scrubbers import build_scrubber
from stream.settings import load_settings

__all__ = ["stream"]

build_scrubber(load_settings(None))
