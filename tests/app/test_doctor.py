"""Tests of what ``flywheel doctor`` says of receivers of notifications and of evaluation sets."""

from pydantic import SecretStr

from stream.doctor import _evaluation_sets, _receivers
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
