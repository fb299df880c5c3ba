"""An OpenAI-compatible embedding endpoint as an embedder: batched, tried again, checked."""

import json
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flywheel_stream.errors import UnavailableError
from flywheel_stream.vectors import unit_rows
from stream.endpoint import Endpoint
from stream.settings import Settings

BATCH = 128
"""Texts of one request; at 4,096 characters each it stays far below what servers take."""

_CHARS = 4096  # of a text: what it is about stands in its first page
_PROBE = "How many dimensions?"


class EndpointEmbedder:
    """Asks ``<url>/embeddings`` for vectors.

    Calls block; ``Remembered`` around it keeps what it gave. That the same text gives the same
    vector is up to the server: where it does not, what is read again after a crash may come into
    another cluster than at first. Asks once when it is made, to know the dimensions.

    Args:
        settings: Where it is, its model and key.
        sleep: Waits so many seconds.

    Raises:
        ConfigError: URL or model is missing, or the server refuses our request.
        UnavailableError: It does not answer.
    """

    def __init__(self, settings: Settings, sleep: Callable[[float], None] = time.sleep) -> None:
        self._endpoint = Endpoint(
            what="embedding",
            base=settings.embedding_url,
            path="embeddings",
            model=settings.embedding_model,
            key=settings.embedding_key.get_secret_value(),
            needs="Embedder 'openai' needs embedding_url, as in https://models.example/v1, and "
            "embedding_model: set both.",
            settings="embedding_url, embedding_model, embedding_key and embedding_dims",
            sleep=sleep,
        )
        self._wanted = settings.embedding_dims
        self.name = f"openai/{settings.embedding_model}"
        if self._wanted:
            self.name += f"/{self._wanted}"
        self.dims = self._wanted
        self.dims = len(self._ask([_PROBE])[0])

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts by their first 4,096 characters, see ``Embedder.embed``.

        Raises:
            ConfigError: The server refuses what it is sent.
            UnavailableError: It does not answer, or with something else than vectors.
        """
        rows = np.zeros((len(texts), self.dims), dtype=np.float32)
        # Servers refuse empty texts.
        some = [n for n, text in enumerate(texts) if text[:_CHARS].strip()]
        for start in range(0, len(some), BATCH):
            part = some[start : start + BATCH]
            rows[part] = self._ask([texts[n][:_CHARS] for n in part])
        return unit_rows(rows)

    def _ask(self, texts: list[str]) -> NDArray[np.float32]:
        """Get one row a text, in order."""
        body: dict[str, Any] = {"input": texts, "encoding_format": "float"}
        if self._wanted:
            body["dimensions"] = self._wanted
        answer = self._endpoint.ask(body)
        try:
            data = sorted(json.loads(answer)["data"], key=lambda item: item["index"])
            rows = np.array([item["embedding"] for item in data], dtype=np.float32)
        except (ValueError, TypeError, KeyError) as error:
            raise self._odd(type(error).__name__) from None
        if rows.shape != (len(texts), self.dims or rows.shape[-1]) or not np.isfinite(rows).all():
            raise self._odd(f"an array of shape {rows.shape}")
        return rows

    def _odd(self, what: str) -> UnavailableError:
        return UnavailableError(
            f"The embedding endpoint answered with something else than vectors ({what}): is "
            "embedding_url the base of an OpenAI-compatible server?"
        )
