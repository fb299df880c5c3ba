"""Tests of what ``flywheel doctor`` says of receivers, evaluation sets and the embedder."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from stream.doctor import _embedder, _evaluation_sets, _namer, _receivers
from stream.embedded import free_port
from stream.settings import Settings, load_settings
from tests.app.test_naming_endpoint import Model
from tests.embedding_server import serving


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


async def named(settings: Settings) -> list[tuple[str, str]]:
    return [(finding.level, finding.text) async for finding in _namer(settings)]


async def test_who_names_clusters_is_asked_for_a_name() -> None:
    assert await named(load_settings()) == []
    model = Model()
    with serving(model) as (_, given):
        settings = load_settings(naming_url=given.embedding_url, naming_model="namer")
        assert await named(settings) == [("ok", "names clusters")]
        model.says = "word " * 20
        assert [level for level, _ in await named(settings)] == ["warn"]
        model.answers = [lambda _: (401, {})]
        ((level, text),) = await named(settings)
        assert (level, "naming_key" in text) == ("error", True)
    ((level, text),) = await named(settings)
    assert (level, "does not answer" in text) == ("warn", True)
    ((level, text),) = await named(load_settings(naming_model="namer"))
    assert (level, "naming_url" in text) == ("error", True)


def test_an_embedder_that_lacks_its_files_or_its_endpoint_is_an_error_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stream.endpoint.PAUSES", ())
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
