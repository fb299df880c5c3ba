"""Reads the evaluation sets that curated examples are kept apart from."""

import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from flywheel_stream.contamination import EvaluationSets
from flywheel_stream.errors import ConfigError


def load_evaluation_sets(files: Sequence[str]) -> EvaluationSets | None:
    """Loads the sets; ``None`` where there are none.

    Of a line of JSON each string counts as an item, however deep it lies; another line counts as
    one item whole. An item's place is its line.

    Raises:
        ConfigError: a file is not there or not readable as text; the sentence says which.
    """
    if not files:
        return None
    sets: dict[str, list[tuple[int, str]]] = {}
    for file in files:
        path = Path(file)
        try:
            # Two folders may hold files of one name.
            sets[file if path.name in sets else path.name] = list(_items(path))
        except (OSError, UnicodeDecodeError, EOFError) as error:
            raise ConfigError(
                f"The evaluation set {file} cannot be read ({type(error).__name__}): "
                "correct FLYWHEEL_EVALUATION_SETS."
            ) from None
        except json.JSONDecodeError as error:
            raise ConfigError(
                f"The evaluation set {file} holds a line that is no JSON ({error.msg}): "
                "give each line an object, or name the file .txt."
            ) from None
    return EvaluationSets(sets)


def _items(path: Path) -> Iterator[tuple[int, str]]:
    opened = gzip.open if path.suffix == ".gz" else open
    is_json = ".jsonl" in path.suffixes or ".json" in path.suffixes
    with opened(path, "rt", encoding="utf-8") as lines:
        for place, line in enumerate(lines, 1):
            if line.strip():
                values = _strings(json.loads(line)) if is_json else (line,)
                yield from ((place, text) for text in values)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _strings(part)
