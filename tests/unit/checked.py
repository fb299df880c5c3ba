"""What checks are tried on: calls as they come, the same scrubbed, and answers of real models."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from flywheel_stream.events import Call, Interaction, Origin


def call(**fields: Any) -> Call:
    base: dict[str, Any] = {"trace_id": "t", "ts": 1.0, "model": "m", "prompt": "q"}
    return Call(**(base | {"response": "a"} | fields))


def interaction(**fields: Any) -> Interaction:
    base: dict[str, Any] = {"trace_id": "t", "ts": 1.0, "app": "a", "model": "m", "prompt": "q"}
    rest = {"pii": {}, "checks": [], "fingerprint": "f", "seen": 1, "origin": Origin("logs", 0, 0)}
    return Interaction(**(base | {"response": "a"} | rest | fields))


REAL = Path(__file__).resolve().parents[3] / "shared/data/real"


def real_rows(name: str) -> list[dict[str, Any]]:
    file = REAL / f"{name}.jsonl.gz"
    if not file.exists():
        pytest.skip("the shared data are not here")
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
