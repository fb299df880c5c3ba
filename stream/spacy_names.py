"""Names by a spaCy model, for those who accept milliseconds a text: a detector made for scrubadub.

It runs where every further detector does, on what the table leaves (``flywheel_stream.residue``).
"""

from collections.abc import Iterator
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from flywheel_stream.errors import ConfigError
from flywheel_stream.pii import TYPES

PIECE = 8_000
"""Characters that the model sees at once: its memory grows with them. Cut at lines, then at spaces."""

LABELS = {"PERSON": "PERSON", "PER": "PERSON"} | {name: name for name in TYPES}
"""Labels of the model that are personal data, as we name them; a model may be trained on our types."""

_NOT_NEEDED = ("tagger", "parser", "attribute_ruler", "lemmatizer", "morphologizer", "senter")


class Found:
    """A find as scrubadub hands it over: a type and a place."""

    def __init__(self, name: str, start: int, end: int) -> None:
        self.type = name.lower()
        self.beg = start
        self.end = end


class SpacyNames:
    """Finds what a spaCy model takes for a person.

    Args:
        model: a package that is installed (``en_core_web_sm``), or a folder with a pipeline.

    Raises:
        ConfigError: spaCy or the model is not installed, or the pipeline recognises no entities.
    """

    name = "spacy_names"

    def __init__(self, model: str) -> None:
        try:
            import spacy  # noqa: PLC0415 - an extra, and slow to import

            self._nlp: Any = spacy.load(model, exclude=_NOT_NEEDED)
        except ImportError:
            raise ConfigError(
                "FLYWHEEL_SPACY_MODEL needs spaCy: pip install 'flywheel-stream[spacy]'."
            ) from None
        except (OSError, ValueError):
            raise ConfigError(
                f"The spaCy model {Path(model).name!r} does not load: install it "
                f"(python -m spacy download …), or name the folder of a pipeline in "
                "FLYWHEEL_SPACY_MODEL."
            ) from None
        if not LABELS.keys() & self._labels():
            raise ConfigError(
                f"The spaCy model {Path(model).name!r} knows no persons: FLYWHEEL_SPACY_MODEL "
                "takes a pipeline with an entity recogniser (label PERSON or PER)."
            )
        meta = self._nlp.meta
        self.version = f"spacy-{installed('spacy')}-{meta['lang']}_{meta['name']}-{meta['version']}"

    def _labels(self) -> set[str]:
        return {
            label
            for name in ("ner", "entity_ruler", "span_ruler")
            if name in self._nlp.pipe_names
            for label in self._nlp.get_pipe(name).labels
        }

    def iter_filth(self, text: str, document_name: str | None = None) -> Iterator[Found]:
        """Yields what the model finds, in order."""
        at = 0
        for doc in self._nlp.pipe(list(_pieces(text))):
            for entity in doc.ents:
                name = LABELS.get(entity.label_)
                if name:
                    yield Found(name, at + entity.start_char, at + entity.end_char)
            at += len(doc.text)


def _pieces(text: str) -> Iterator[str]:
    """Cuts a text where a line ends, else at a space, else anywhere; together they are the text."""
    at = 0
    while len(text) - at > PIECE:
        half = at + PIECE // 2
        end = max(text.rfind("\n", half, at + PIECE), 0) or text.rfind(" ", half, at + PIECE)
        end = at + PIECE if end < 0 else end + 1
        yield text[at:end]
        at = end
    yield text[at:]
