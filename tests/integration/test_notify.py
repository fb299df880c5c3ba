"""Notifications from a real Kafka: webhooks that fail and come back, and a real Alertmanager."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from aiohttp import web
from aiokafka import AIOKafkaProducer
from pydantic import SecretStr

from flywheel_stream import metrics
from flywheel_stream.events import Alert, encode
from stream import notices, notify
from stream.app import create_topics
from stream.embedded import free_port, tied_to_parent
from stream.notify import notifying
from stream.prometheus import Metrics
from stream.settings import Settings
from stream.topics import Topics
from tests import fleet
from tests.servers import needed_program
from tests.unit.test_notices import alert

DEADLINE = 60.0
SECRET = "a secret of both sides"  # noqa: S105


class Receiver:
    """An HTTP server that answers what it is told, then 200, and keeps what it got."""

    def __init__(self) -> None:
        self.got: list[tuple[str, Any, dict[str, str]]] = []
        self.answers: list[int] = []
        self.speaking = asyncio.Event()
        self.speaking.set()
        self.url = ""

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.got.append((request.path, json.loads(body), dict(request.headers)))
        if "webhook-signature" in request.headers:
            name, sent = request.headers["webhook-id"], request.headers["webhook-timestamp"]
            signed = notices.signature(SECRET, name, int(sent), body)
            assert signed == request.headers["webhook-signature"]
        await self.speaking.wait()
        return web.Response(status=self.answers.pop(0) if self.answers else 200)

    def ids(self) -> list[str]:
        return [headers["webhook-id"] for _, _, headers in self.got]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    app = web.Application()
    app.router.add_post("/{name}", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    made.speaking.set()
    await runner.cleanup()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notify, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(notify, "REFRESH", 1.0)
    monkeypatch.setattr(notify, "ASK_AGAIN", 0.2)


async def settings_of(name: str, kafka: str, **fields: Any) -> Settings:
    settings = fleet.settings_of(name, kafka, "redis://127.0.0.1:1/0").model_copy(update=fields)
    await create_topics(settings)
    return settings


async def tell(settings: Settings, *alerts: Alert) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka)
    await producer.start()
    for one in alerts:
        topic = Topics(settings).alerts
        await producer.send_and_wait(topic, encode(one), key=one.incident.encode())
    await producer.stop()


async def until(true: Callable[[], bool | Awaitable[bool]]) -> None:
    deadline = time.monotonic() + DEADLINE
    while True:
        answer = true()
        if answer is True or (not isinstance(answer, bool) and await answer):
            return
        assert time.monotonic() < deadline, "it did not come to that"
        await asyncio.sleep(0.05)


async def test_each_alert_is_told_in_order_whatever_the_receiver_does(
    kafka: str, receiver: Receiver
) -> None:
    hook = SecretStr(f"{receiver.url}/hook")
    settings = await settings_of("hooks", kafka, webhook_url=hook, webhook_secret=SecretStr(SECRET))
    counts = Metrics()
    receiver.answers = [500, 429, 200, 400]  # away, busy, there; then one that it does not like
    await tell(settings, alert(id="1"), alert("escalated", id="2"), alert("resolved", id="3"))
    async with notifying(settings, counts):
        await until(lambda: len(receiver.got) == 5)
    assert receiver.ids() == ["1", "1", "1", "2", "3"]
    assert counts.totals(metrics.NOTIFICATIONS) == {
        ("webhook", "retried"): 2,
        ("webhook", "delivered"): 2,
        ("webhook", "refused"): 1,
    }
    # It stops before the receiver has answered: the alert is told again, under the same id.
    receiver.speaking.clear()
    await tell(settings, alert(id="4"))
    async with notifying(settings, counts):
        await until(lambda: len(receiver.got) == 6)
    receiver.speaking.set()
    async with notifying(settings, counts):
        await until(lambda: len(receiver.got) == 7)
        await tell(settings, alert(id="5"))
        await until(lambda: len(receiver.got) == 8)
    assert receiver.ids()[5:] == ["4", "4", "5"]


async def test_one_receiver_that_is_away_holds_up_no_other_and_old_alerts_expire(
    kafka: str, receiver: Receiver
) -> None:
    settings = await settings_of(
        "apart",
        kafka,
        slack_webhook=SecretStr(f"{receiver.url}/slack"),
        webhook_url=SecretStr(f"http://127.0.0.1:{free_port()}/nobody"),
    )
    counts = Metrics()
    now = time.time()
    await tell(settings, alert(id="1"))
    async with notifying(settings, counts, lambda: now):
        await until(lambda: len(receiver.got) == 1)
        await until(lambda: counts.value(metrics.NOTIFICATIONS, "webhook", "retried") >= 3)
        now += 3600 * settings.notify_max_age_hours + 60
        await until(lambda: counts.value(metrics.NOTIFICATIONS, "webhook", "expired") == 1)
    assert receiver.got[0][0] == "/slack"
    assert "refunds" in receiver.got[0][1]["text"]


# ---------------------------------------------------------------- Alertmanager


class Alertmanager:
    """Debian's Alertmanager, which tells a webhook of what it was told."""

    def __init__(self, folder: Path, hook: str) -> None:
        self._folder, self._port = folder, free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        route = {"receiver": "hook", "group_wait": "1s", "group_interval": "1s"}
        receiver = {"name": "hook", "webhook_configs": [{"url": hook, "send_resolved": True}]}
        config = {"route": route | {"group_by": ["..."]}, "receivers": [receiver]}
        (folder / "config.yml").write_text(yaml.safe_dump(config))

    @asynccontextmanager
    async def running(self, data: str) -> AsyncIterator[None]:
        command = [
            needed_program("prometheus-alertmanager"),
            f"--config.file={self._folder / 'config.yml'}",
            f"--storage.path={self._folder / data}",
            f"--web.listen-address=127.0.0.1:{self._port}",
            "--cluster.listen-address=",
        ]
        with (self._folder / "log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *tied_to_parent(command), stdout=log, stderr=log
            )
        try:
            yield
        finally:
            process.terminate()
            await asyncio.wait_for(process.wait(), 20)

    async def active(self) -> list[dict[str, Any]]:
        """What is firing; nothing while it does not answer."""
        try:
            async with (
                aiohttp.ClientSession() as http,
                http.get(f"{self.url}/api/v2/alerts") as answer,
            ):
                found: list[dict[str, Any]] = await answer.json()
        except aiohttp.ClientError:
            return []
        return found

    async def shows(self, number: int) -> bool:
        return len(await self.active()) == number


async def test_a_real_alertmanager_shows_an_incident_firing_and_then_resolved(
    kafka: str, receiver: Receiver, tmp_path: Path
) -> None:
    manager = Alertmanager(tmp_path, f"{receiver.url}/told")
    settings = await settings_of("managed", kafka, alertmanager_url=manager.url)
    now = time.time()
    await tell(settings, alert(since=now - 600, ts=now))

    def told(status: str) -> bool:
        return any(body["status"] == status for _, body, _ in receiver.got)

    async with notifying(settings, Metrics()):  # it comes before Alertmanager, and stays
        async with manager.running("first"):
            await until(lambda: manager.shows(1))
            (firing,) = await manager.active()
            assert firing["labels"]["incident"] == "shop/i1"
            assert firing["labels"]["severity"] == "critical"
            assert "30.0 failures" in firing["annotations"]["description"]
            await until(lambda: told("firing"))
        async with manager.running("second"):  # which has forgotten everything
            await until(lambda: manager.shows(1))
            over = alert("resolved", id="a2", since=now - 600, ts=time.time(), urgency=0.0)
            await tell(settings, over)
            await until(lambda: told("resolved"))
            await until(lambda: manager.shows(0))
