"""Tells people of alerts: Alertmanager, Slack-compatible and signed webhooks, at least once each.

The topic ``flywheel.alerts`` is the outbox: a webhook is a consumer group of its own, whose offset
moves once the receiver has answered; so neither a crash nor a receiver that is away for hours loses
an alert, and none waits for another receiver. A repeated one carries the same id.

Alertmanager wants to be told again and again what is on, and forgets it when it restarts. So it gets
no events but the present state: each incident until it is over, and for a while that it was.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import aiohttp
import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from flywheel_stream import metrics
from flywheel_stream.errors import UnavailableError
from flywheel_stream.events import Alert, decode_alert
from stream import notices
from stream.app import kafka_options, partition_counts
from stream.prometheus import Metrics
from stream.settings import Settings
from stream.topics import Topics

logger = logging.getLogger(__name__)

TIMEOUT = aiohttp.ClientTimeout(total=10.0)
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0
"""Seconds before the second try, and at most between two."""
TRY_AGAIN = frozenset({408, 425, 429})
"""Answers below 500 that another try may change."""
DAY_MS = 86_400_000
REFRESH = 60.0
"""Seconds after which Alertmanager is told again."""
ASK_AGAIN = 5.0
"""Seconds after which an Alertmanager that did not answer is told again."""
VALID = 5 * REFRESH
"""Seconds for which an open incident stays on in Alertmanager if nobody tells it again."""
ENDED = 900.0
"""Seconds for which Alertmanager is told that an incident is over, as Prometheus does."""


class Channel(NamedTuple):
    """A webhook: where it is, and what it is sent."""

    name: str
    url: str
    render: Callable[[Alert, str], bytes]
    secret: str = ""


def channels(settings: Settings) -> list[Channel]:
    """The webhooks that the settings name."""
    found = [
        Channel("slack", settings.slack_webhook.get_secret_value(), notices.slack),
        Channel(
            "webhook",
            settings.webhook_url.get_secret_value(),
            notices.webhook,
            settings.webhook_secret.get_secret_value(),
        ),
    ]
    return [channel for channel in found if channel.url]


@asynccontextmanager
async def notifying(
    settings: Settings, counts: Metrics, clock: Callable[[], float] = time.time
) -> AsyncIterator[None]:
    """Tells all receivers of the settings of alerts until the block ends."""
    async with aiohttp.ClientSession(timeout=TIMEOUT) as http:
        works = [Webhook(channel, settings, counts, http, clock) for channel in channels(settings)]
        jobs = [work.run for work in works]
        if settings.alertmanager_url:
            jobs.append(AlertmanagerFeed(settings, counts, http, clock).run)
        tasks = [asyncio.create_task(_persistently(job)) for job in jobs]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _persistently(job: Callable[[], Any]) -> None:
    """Telling people is no reason to stop the work: what fails begins again."""
    while True:
        try:
            await job()
        except (KafkaError, UnavailableError, OSError, TimeoutError) as error:
            logger.warning("Notifications: %s, beginning again", type(error).__name__)
        except Exception:
            logger.exception("Notifications failed, beginning again")
        await asyncio.sleep(FIRST_PAUSE)


@asynccontextmanager
async def _reading(consumer: AIOKafkaConsumer) -> AsyncIterator[AIOKafkaConsumer]:
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


def _decoded(record: ConsumerRecord) -> Alert | None:
    try:
        return decode_alert(record.value) if record.value else None
    except msgspec.DecodeError:
        logger.warning("An alert at offset %d does not decode: passed over", record.offset)
        return None


class Webhook:
    """Delivers each alert to one webhook, in the order of its incident.

    Args:
        channel: where to, and what.
        settings: of the deployment.
        counts: the metrics.
        http: the client.
        clock: seconds of the epoch.
    """

    def __init__(
        self,
        channel: Channel,
        settings: Settings,
        counts: Metrics,
        http: aiohttp.ClientSession,
        clock: Callable[[], float],
    ) -> None:
        self._channel, self._settings = channel, settings
        self._metrics, self._http, self._clock = counts, http, clock

    async def run(self) -> None:
        """Works until it is cancelled.

        Raises:
            aiokafka.errors.KafkaError: Kafka does not answer; nothing is lost.
        """
        consumer = AIOKafkaConsumer(
            Topics(self._settings).alerts,
            group_id=f"{self._settings.group}.notify.{self._channel.name}",
            enable_auto_commit=False,
            auto_offset_reset="earliest",  # what is too old is passed over by its age
            max_poll_interval_ms=DAY_MS,  # a receiver may be away for long
            **kafka_options(self._settings),
        )
        async with _reading(consumer):
            async for record in consumer:
                alert = _decoded(record)
                if alert is not None:
                    outcome = await self._deliver(alert, record.timestamp / 1000.0)
                    self._metrics.inc(metrics.NOTIFICATIONS, 1, self._channel.name, outcome)
                where = TopicPartition(record.topic, record.partition)
                await consumer.commit({where: record.offset + 1})

    async def _deliver(self, alert: Alert, written: float) -> str:
        """Tries until it is delivered, refused or too old; says which."""
        pause = FIRST_PAUSE
        while self._clock() - written < 3600 * self._settings.notify_max_age_hours:
            status, wait = await self._post(alert)
            if 200 <= status < 300:
                return "delivered"
            if 300 <= status < 500 and status not in TRY_AGAIN:
                logger.error(
                    "%s refuses alert %s (HTTP %d): look at its URL and secret",
                    self._channel.name,
                    alert.id,
                    status,
                )
                return "refused"
            self._metrics.inc(metrics.NOTIFICATIONS, 1, self._channel.name, "retried")
            await asyncio.sleep(max(pause, wait))
            pause = min(2 * pause, LONGEST_PAUSE)
        return "expired"

    async def _post(self, alert: Alert) -> tuple[int, float]:
        """The status, 0 where none came, and the seconds that the receiver asks us to wait."""
        channel = self._channel
        body = channel.render(alert, self._settings.grafana_url)
        headers = {"content-type": "application/json"}
        if channel.secret:
            now = int(self._clock())
            headers |= {
                "webhook-id": alert.id,
                "webhook-timestamp": f"{now}",
                "webhook-signature": notices.signature(channel.secret, alert.id, now, body),
            }
        else:
            headers["idempotency-key"] = alert.id
        try:
            async with self._http.post(channel.url, data=body, headers=headers) as answer:
                asked = answer.headers.get("retry-after", "")
                return answer.status, min(float(asked), LONGEST_PAUSE) if asked.isdigit() else 0.0
        except (aiohttp.ClientError, TimeoutError):
            return 0, 0.0


class _Shown(NamedTuple):
    alert: Alert
    ended: float | None
    labels: dict[str, str]  # by what its incident was about when it opened


class Incidents:
    """What Alertmanager is to know: each incident by its severity, and when it was over.

    Labels name an alert there, so one of another severity is another one, and ends the former.
    """

    def __init__(self) -> None:
        self._shown: dict[tuple[str, str], _Shown] = {}

    def take(self, alert: Alert, now: float) -> None:
        """Takes the next alert of an incident."""
        mine = (alert.incident, notices.severity(alert))
        over = alert.state == "resolved"
        labels = notices.about(alert)
        for key, shown in self._shown.items():
            if key[0] == alert.incident:
                labels = shown.labels
                if shown.ended is None and (over or key != mine):
                    self._shown[key] = shown._replace(ended=min(alert.ts, now) if over else now)
        if not over:
            self._shown[mine] = _Shown(alert, None, labels)

    def entries(self, now: float, grafana: str) -> list[dict[str, Any]]:
        """All that is on or was lately; forgets the rest."""
        self._shown = {
            key: shown
            for key, shown in self._shown.items()
            if shown.ended is None or shown.ended > now - ENDED
        }
        return [
            notices.alertmanager(
                shown.alert,
                now + VALID if shown.ended is None else shown.ended,
                grafana,
                shown.labels,
            )
            for shown in self._shown.values()
        ]


class AlertmanagerFeed:
    """Tells Alertmanager, API v2, what is on; each worker does, and it merges what is equal."""

    def __init__(
        self,
        settings: Settings,
        counts: Metrics,
        http: aiohttp.ClientSession,
        clock: Callable[[], float],
    ) -> None:
        self._settings, self._metrics = settings, counts
        self._http, self._clock = http, clock
        self._incidents = Incidents()

    async def run(self) -> None:
        """Works until it is cancelled.

        Raises:
            UnavailableError: Kafka does not answer; it is told the rest later.
        """
        topic = Topics(self._settings).alerts
        partitions = (await partition_counts(self._settings))[topic]
        consumer = AIOKafkaConsumer(
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            **kafka_options(self._settings),
        )
        self._incidents = Incidents()
        async with _reading(consumer):
            consumer.assign([TopicPartition(topic, number) for number in range(partitions)])
            due = float("-inf")
            while True:
                found = await consumer.getmany(timeout_ms=1000)
                self._take(found)
                if found:
                    due = float("-inf")
                if self._clock() >= due and await self._caught_up(consumer):
                    pause = REFRESH if await self._tell() else ASK_AGAIN
                    due = self._clock() + pause

    def _take(self, found: Mapping[TopicPartition, Sequence[ConsumerRecord]]) -> None:
        for records in found.values():
            for record in records:
                alert = _decoded(record)
                if alert is not None:
                    self._incidents.take(alert, self._clock())

    async def _caught_up(self, consumer: AIOKafkaConsumer) -> bool:
        """Whether all is read: an old incident must not seem open for a moment."""
        ends = await consumer.end_offsets(list(consumer.assignment()))
        return all([await consumer.position(tp) >= end for tp, end in ends.items()])

    async def _tell(self) -> bool:
        entries = self._incidents.entries(self._clock(), self._settings.grafana_url)
        if not entries:
            return True
        url = f"{self._settings.alertmanager_url.rstrip('/')}/api/v2/alerts"
        try:
            async with self._http.post(url, json=entries) as answer:
                delivered = answer.status == 200
                if not delivered:
                    logger.error("Alertmanager refuses alerts (HTTP %d)", answer.status)
        except (aiohttp.ClientError, TimeoutError) as error:
            logger.warning("Alertmanager does not answer (%s)", type(error).__name__)
            delivered = False
        outcome = "delivered" if delivered else "retried"
        self._metrics.inc(metrics.NOTIFICATIONS, len(entries), "alertmanager", outcome)
        return delivered
