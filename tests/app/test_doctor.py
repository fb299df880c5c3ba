"""Tests of what ``flywheel doctor`` says of receivers, evaluation sets and the embedder."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from stream.doctor import _embedder, _evaluation_sets, _receivers
from stream.embedded import free_port
from stream.settings import load_settings


async def test_an_alertmanager_that_does_not_answer_is_an_error_and_an_unsigned_webhook_a_warning() -> (
    None
):
    settings = load_settings(
        alertmanager_url=f"http://127.0.0.1:{free_port()}",
        webhook_url=SecretStr("http://127.0.0.1/hook"),
    )
    levels = {found.what: found.level async for found in _receivers(settings)}
    assert levels == {"alertmanager": "error", "webhook": "warn"}
    signed = settings.model_copy(update={"webhook_secret": SecretStr("s"), "alertmanager_url": ""})
    assert not [found async for found in _receivers(signed)]


def test_an_evaluation_set_that_is_not_there_is_an_error() -> None:
    found = _evaluation_sets(load_settings(evaluation_sets=("nowhere.jsonl",)))
    assert (found.level, found.what) == ("error", "evaluation sets")
    assert _evaluation_sets(load_settings()).level == "ok"


def test_an_embedder_that_lacks_its_files_or_its_endpoint_is_an_error_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stream.embedding_endpoint._PAUSES", ())
    for settings, remedy in (
        (load_settings(embedder="minilm", minilm_folder=str(tmp_path)), "make minilm"),
        (load_settings(embedder="openai"), "embedding_url"),
        (
            load_settings(
                embedder="openai",
                embedding_url=f"http://127.0.0.1:{free_port()}",
                embedding_model="small",
            ),
            "does not answer",
        ),
    ):
        found = _embedder(settings)
        assert (found.level, found.what) == ("error", "embedder")
        assert remedy in found.text
    assert _embedder(load_settings(embedder="hashing")).level == "ok"
