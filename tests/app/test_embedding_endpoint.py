"""An embedding endpoint, against a small server that speaks its protocol."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr

from flywheel_stream.embedding import HashingEmbedder
from flywheel_stream.errors import ConfigError, UnavailableError
from stream.embedded import free_port
from stream.embedders import load_embedder
from stream.embedding_endpoint import BATCH, EndpointEmbedder
from stream.settings import Settings, load_settings
from tests.embedding_server import Answer, Server, serving


@pytest.fixture
def server() -> Iterator[tuple[Server, Settings]]:
    with serving(Server(), embedding_key=SecretStr("sk-secret")) as known:
        yield known


def made(settings: Settings) -> tuple[EndpointEmbedder, list[float]]:
    slept: list[float] = []
    return EndpointEmbedder(settings, slept.append), slept


def status(code: int) -> Callable[[dict[str, Any]], Answer]:
    return lambda body: (code, {"error": body["input"]})


def test_texts_go_in_batches_with_model_and_key_and_come_back_in_order(
    server: tuple[Server, Settings],
) -> None:
    known, settings = server
    embedder, _ = made(settings)
    texts = ["", *(f"text {n}" for n in range(BATCH + 1)), " \n", "long " * 5000]
    rows = embedder.embed(texts)
    assert (embedder.name, embedder.dims) == ("openai/small", 32)
    assert rows == pytest.approx(HashingEmbedder(32).embed([t[:4096] for t in texts]), abs=1e-6)
    assert [len(body["input"]) for *_, body in known.requests] == [1, BATCH, 2]
    assert {(path, key) for path, key, _ in known.requests} == {
        ("/v1/embeddings", "Bearer sk-secret")
    }
    assert {body["model"] for *_, body in known.requests} == {"small"}
    assert embedder.embed([]).shape == (0, 32)


def test_dimensions_are_asked_for_and_part_of_the_name(server: tuple[Server, Settings]) -> None:
    known, settings = server
    embedder, _ = made(settings.model_copy(update={"embedding_dims": 16}))
    assert (embedder.name, embedder.dims) == ("openai/small/16", 16)
    assert known.requests[0][2]["dimensions"] == 16
    known.answers = [lambda body: known.plain({"input": body["input"]})] * 3  # all that it has
    with pytest.raises(UnavailableError, match=r"something else than vectors.*\(1, 32\)"):
        embedder.embed(["a"])


@pytest.mark.parametrize("code", [408, 429, 500, 503])
def test_what_another_try_may_change_is_tried_again(
    server: tuple[Server, Settings], code: int
) -> None:
    known, settings = server
    embedder, slept = made(settings)
    known.answers = [status(code), status(code)]
    assert embedder.embed(["a"]).any()
    assert slept == [0.5, 2.0]
    known.answers = [status(code)] * 3
    with pytest.raises(UnavailableError, match=f"does not answer .status {code}"):
        embedder.embed(["a"])


@pytest.mark.parametrize("code", [302, 400, 401, 404])
def test_a_refusal_names_the_settings_and_nothing_of_the_text_or_the_key(
    server: tuple[Server, Settings], code: int
) -> None:
    known, settings = server
    embedder, slept = made(settings)
    known.answers = [status(code)]
    known.headers = {"Location": f"{settings.embedding_url}/elsewhere"}
    with pytest.raises(ConfigError, match=f"status {code}.*embedding_url") as caught:
        embedder.embed(["a private text"])
    assert "private" not in str(caught.value)
    assert "sk-secret" not in str(caught.value)
    assert (slept, len(known.requests)) == ([], 2)  # a redirect is not followed


@pytest.mark.parametrize(
    "content",
    [
        b"<html>",
        [],
        {"data": []},
        {"data": [{"index": 0, "embedding": [1.0, "x"]}]},
        {"data": [{"index": 0, "embedding": None}]},
        {"data": [{"index": 0, "embedding": [float("nan")] * 32}]},
        {"data": [{"index": n, "embedding": [1.0] * 32} for n in range(2)]},
    ],
)
def test_an_answer_that_is_no_vectors_is_an_error(
    server: tuple[Server, Settings], content: Any
) -> None:
    known, settings = server
    embedder, _ = made(settings)
    known.answers = [lambda _: (200, content)]
    with pytest.raises(UnavailableError, match="something else than vectors"):
        embedder.embed(["a"])


def test_a_server_that_is_not_there_is_unavailable() -> None:
    settings = load_settings(
        embedder="openai", embedding_url=f"http://127.0.0.1:{free_port()}", embedding_model="small"
    )
    with pytest.raises(UnavailableError, match="does not answer"):
        made(settings)


@pytest.mark.parametrize(
    "wrong", [{"embedding_url": ""}, {"embedding_url": "file:///etc"}, {"embedding_model": ""}]
)
def test_missing_settings_are_named(wrong: dict[str, str]) -> None:
    given = {"embedding_url": "http://127.0.0.1/v1", "embedding_model": "small", **wrong}
    with pytest.raises(ConfigError, match=r"embedding_url.*embedding_model"):
        made(load_settings(**given))


def test_as_the_settings_load_it_a_text_is_asked_for_once(server: tuple[Server, Settings]) -> None:
    known, settings = server
    embedder = load_embedder(settings)
    first = embedder.embed(["a", "b", "a"])
    assert np.array_equal(embedder.embed(["a", "b", "a"]), first)
    assert [body["input"] for *_, body in known.requests[1:]] == [["a", "b"]]
