"""Loads the embedder that a setting names: static, hashing, contextual, or of an endpoint."""

import re
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flywheel_stream.embedding import Embedder, HashingEmbedder, Remembered
from flywheel_stream.errors import ConfigError
from flywheel_stream.vectors import unit_rows
from stream.embedding_endpoint import EndpointEmbedder
from stream.minilm import MiniLMEmbedder
from stream.settings import Settings

_CHARS = 4096  # of a text; what a text is about stands in its first page, and time stays bounded
_REMEMBERED = 50_000  # words with their tokens: they come again, and tokenising is most of the time
_WORD = 32  # characters of a word that is remembered
_PIECE = re.compile(r" +[^ ]*")
_WEIGHTS = Path("weights", "l2_supercat_256.safetensors")
_TOKENIZER = Path("tokenizers", "l2_supercat_tokenizer_config.json")


def load_embedder(settings: Settings) -> Embedder:
    """Load the embedder that the settings name.

    Raises:
        ConfigError: Its files or packages are not installed, or its settings are wrong.
        UnavailableError: Its endpoint does not answer.
    """
    return EMBEDDERS[settings.embedder](settings)


class WordLlamaEmbedder:
    """The mean of static token vectors, 256 dimensions (WordLlama's ``l2_supercat``).

    The same vectors as ``WordLlama.embed(norm=True)``, three times as fast: that one pads each
    batch to its longest text, so a single long text costs a gigabyte, and importing it installs
    a handler on the root logger. No token of its vocabulary goes on past a space, so a text's
    tokens are those of its words, which are remembered: seven times as fast as tokenising anew.
    """

    def __init__(self, folder: Path) -> None:
        # Two of WordLlama's own dependencies, imported late: hashing needs neither.
        from safetensors.numpy import load_file  # noqa: PLC0415 - see above
        from tokenizers import Tokenizer  # noqa: PLC0415 - see above

        tokens = load_file(folder / _WEIGHTS)["embedding.weight"]
        self._tokens = np.ascontiguousarray(tokens, dtype=np.float32)
        self._tokenizer = Tokenizer.from_file(str(folder / _TOKENIZER))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._ids: dict[str, list[int]] = {}
        self.name = "wordllama"
        self.dims = int(self._tokens.shape[1])

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts by their first 4,096 characters, see ``Embedder.embed``."""
        rows = np.zeros((len(texts), self.dims), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            ids = self.tokenised(text[:_CHARS].strip())
            if ids:
                self._tokens.take(ids, axis=0).sum(axis=0, out=row)
        return unit_rows(rows)

    def tokenised(self, text: str) -> list[int]:
        """The tokens of a text, without special ones."""
        known = self._ids
        ids: list[int] = []
        for word in _words(text):
            found = known.get(word)
            ids += self._encode(word) if found is None else found
        return ids

    def _encode(self, word: str) -> list[int]:
        # The tokenizer puts a space of its own before what it is given.
        ids: list[int] = self._tokenizer.encode(word, add_special_tokens=False).ids
        if len(self._ids) >= _REMEMBERED:
            self._ids.clear()
        if len(word) < _WORD:
            self._ids[word] = ids
        return ids


def _words(text: str) -> list[str]:
    """A text cut at its spaces; of several in a row all but the first stay with what follows."""
    if "  " in text:
        return [piece[1:] for piece in _PIECE.findall(f" {text}")]
    return text.split(" ") if text else []


def _wordllama() -> WordLlamaEmbedder:
    spec = find_spec("wordllama")  # finds the package without running it
    folders = spec.submodule_search_locations if spec else None
    for folder in map(Path, folders or ()):
        if (folder / _WEIGHTS).is_file() and (folder / _TOKENIZER).is_file():
            return WordLlamaEmbedder(folder)
    raise ConfigError(
        "The files of embedder 'wordllama' are not installed: "
        "install wordllama 0.4, or set the embedder to 'hashing'."
    )


EMBEDDERS: dict[str, Callable[[Settings], Embedder]] = {
    "wordllama": lambda _: _wordllama(),
    "hashing": lambda _: HashingEmbedder(),
    "minilm": lambda settings: Remembered(MiniLMEmbedder(Path(settings.minilm_folder))),
    "openai": lambda settings: Remembered(EndpointEmbedder(settings)),
}

SLOW = frozenset({"minilm", "openai"})
"""Those that take a millisecond a text and more, and remember what they gave."""

AWAY = frozenset({"openai"})
"""Those that send texts elsewhere: only scrubbed ones may come to them."""
