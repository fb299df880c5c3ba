"""Presidio as a contender of ``bench scrub``, where it is installed; it is no dependency of ours."""

import logging
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

MODELS = ("en_core_web_sm", "en_core_web_md", "en_core_web_lg")
"""spaCy models that it may find names with, the smallest first."""

Spans = list[tuple[int, int]]


class Presidio:
    """Presidio's analyzer with a spaCy model, or, where none is installed, with patterns alone.

    Raises:
        ImportError: it is not installed.
    """

    def __init__(self) -> None:
        # It looks for a list of top-level domains on the web, and says at length if there is none.
        logging.getLogger("tldextract").setLevel(logging.CRITICAL)
        logging.getLogger("presidio-analyzer").setLevel(logging.ERROR)
        model = next((name for name in MODELS if find_spec(name)), None)
        self.name = f"presidio, {model or 'patterns alone'}"
        with TemporaryDirectory() as folder:
            self._analyzer = _analyzer(model or _blank(Path(folder)))

    def __call__(self, texts: Sequence[str]) -> list[Spans]:
        """What it removes of each text, in code points, half-open."""
        analyze = self._analyzer.analyze
        return [[(found.start, found.end) for found in analyze(t, language="en")] for t in texts]


def _blank(folder: Path) -> str:
    """A pipeline that cuts texts into words and knows no names: Presidio does not start without one."""
    import spacy  # noqa: PLC0415 - Presidio brings it

    spacy.blank("en").to_disk(folder)
    return str(folder)


def _analyzer(model: str) -> Any:
    from presidio_analyzer import AnalyzerEngine  # type: ignore[import-not-found]  # noqa: PLC0415
    from presidio_analyzer.nlp_engine import (  # type: ignore[import-not-found]  # noqa: PLC0415
        NlpEngineProvider,
    )

    models = [{"lang_code": "en", "model_name": model}]
    configuration = {"nlp_engine_name": "spacy", "models": models}
    engine = NlpEngineProvider(nlp_configuration=configuration).create_engine()
    return AnalyzerEngine(nlp_engine=engine, supported_languages=["en"])
