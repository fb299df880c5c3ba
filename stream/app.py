"""The composition root: the only place that builds real parts and wires them; no module-level app."""

import asyncio
import gc
import logging
import secrets
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import faust
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code
from faust.tables import TableManager
from faust.types import TP

from flywheel_stream import metrics
from flywheel_stream.cleaning import Cleaner
from flywheel_stream.comparing import ComparePolicy
from flywheel_stream.dedup import Window
from flywheel_stream.embedding import Embedder
from flywheel_stream.errors import ConfigError, UnavailableError
from flywheel_stream.failures import KINDS
from flywheel_stream.learning import LearnPolicy
from flywheel_stream.lineage import RULES_VERSION
from flywheel_stream.rules import Rules
from flywheel_stream.scrubbing import Scrubber
from flywheel_stream.signals import TABLE_VERSION
from flywheel_stream.triage import Budget
from stream.agents import Agents
from stream.embedders import SLOW, load_embedder
from stream.evaluation_sets import load_evaluation_sets
from stream.ingest import Ingest
from stream.learn import Learn
from stream.naming_endpoint import load_namer
from stream.optional_window import OptionalWindow
from stream.prometheus import Metrics
from stream.redis_store import Redis, RedisWaitingRoom, RedisWindow, window_policy
from stream.scrubbers import build_scrubber
from stream.settings import Settings
from stream.sink import Sink
from stream.state_store import StateStore
from stream.topics import MAX_STATE_BYTES, Topics, TopicSpec
from stream.transport import Batching, Producer

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT = 8.0
"""Seconds in which Kafka has to answer before we say that it does not."""
STALLED = 120.0
"""Seconds without any progress after which something is wrong."""


# ---------------------------------------------------------------- Redis


def connect_redis(settings: Settings) -> tuple[Redis, Redis]:
    """The Redis of the waiting room and that of the rolling window, which may be the same."""

    def connection(url: str) -> Redis:
        cluster = settings.redis_cluster and url == own
        return Redis(url, settings.redis_prefix, settings.redis_shards, cluster=cluster)

    own = settings.redis.get_secret_value()
    other = settings.dedup_redis.get_secret_value()
    room = connection(own)
    return room, room if other in {"", own} else connection(other)


# ---------------------------------------------------------------- Kafka


def kafka_options(settings: Settings) -> dict[str, Any]:
    """Connection options for aiokafka's own clients."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka.split(","),
        "security_protocol": settings.kafka_security,
    }
    if "SSL" in settings.kafka_security:
        options["ssl_context"] = _tls(settings)
    if "SASL" in settings.kafka_security:
        options |= {
            "sasl_mechanism": settings.kafka_sasl_mechanism,
            "sasl_plain_username": settings.kafka_username,
            "sasl_plain_password": settings.kafka_password.get_secret_value(),
        }
    return options


def _tls(settings: Settings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.kafka_ca_file or None)
    except OSError as error:  # among them what the file holds instead
        raise ConfigError(
            f"CA certificates do not load from {settings.kafka_ca_file} ({error.strerror}): "
            "correct FLYWHEEL_KAFKA_CA_FILE."
        ) from None


def _credentials(settings: Settings) -> Any:
    if "SASL" in settings.kafka_security:
        return faust.SASLCredentials(
            username=settings.kafka_username,
            password=settings.kafka_password.get_secret_value(),
            mechanism=settings.kafka_sasl_mechanism,
            ssl_context=_tls(settings) if "SSL" in settings.kafka_security else None,
        )
    if settings.kafka_security == "SSL":
        return faust.SSLCredentials(_tls(settings))
    return None


@contextmanager
def _silenced(name: str) -> Iterator[None]:
    speaker = logging.getLogger(name)
    level = speaker.level
    speaker.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        speaker.setLevel(level)


@asynccontextmanager
async def admin(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """A connected admin client.

    Raises:
        UnavailableError: Kafka does not answer within seconds.
    """
    client = AIOKafkaAdminClient(**kafka_options(settings), request_timeout_ms=10_000)
    try:
        with _silenced("aiokafka"):  # what it would say is in our sentence
            await asyncio.wait_for(client.start(), CONNECT_TIMEOUT)
    except (KafkaError, OSError, TimeoutError) as error:
        await client.close()
        raise UnavailableError(
            f"Kafka at {settings.kafka} does not answer ({type(error).__name__}): "
            "start it or set FLYWHEEL_KAFKA."
        ) from None
    try:
        yield client
    finally:
        await client.close()


async def create_topics(settings: Settings) -> list[str]:
    """Creates the topics that are absent; returns their names.

    Raises:
        UnavailableError: Kafka does not answer or refuses one.
    """
    topics = Topics(settings)
    async with admin(settings) as client:
        present = set(await client.list_topics())
        missing = [spec for spec in topics.specs() if spec.name not in present]
        if missing:
            response = await client.create_topics(
                [_new_topic(spec, settings.replication_factor) for spec in missing]
            )
            _check_created(response)
    return [spec.name for spec in missing]


def _new_topic(spec: TopicSpec, replicas: int) -> NewTopic:
    return NewTopic(
        spec.name,
        num_partitions=spec.partitions,
        replication_factor=replicas,
        topic_configs=spec.config(),
    )


def _check_created(response: Any) -> None:
    for name, code, *rest in response.topic_errors:
        if code and for_code(code) is not TopicAlreadyExistsError:
            message = rest[0] if rest and rest[0] else for_code(code).__name__
            raise UnavailableError(f"Kafka refused to create topic {name}: {message}.")


async def partition_counts(settings: Settings) -> dict[str, int]:
    """How many partitions each of our topics has.

    Raises:
        UnavailableError: Kafka does not answer, or a topic is missing; a worker that starts before
            its topics would ignore them for good.
    """
    names = [spec.name for spec in Topics(settings).specs()]
    async with admin(settings) as client:
        present = set(await client.list_topics())
        missing = sorted(set(names) - present)
        if missing:
            raise UnavailableError(
                f"Topic {missing[0]} does not exist: run `flywheel topics` to create what is missing."
            )
        described = await client.describe_topics(names)
    return {topic["topic"]: len(topic["partitions"]) for topic in described}


# ---------------------------------------------------------------- the app


class FolderlessApp(faust.App):
    """Faust's app, without the folder for tables that it makes wherever it is started."""

    logger = logging.getLogger("faust.app")  # else it speaks in the name of this module

    def _create_directories(self) -> None:
        """Makes none: nothing of ours is kept on disk."""


class NoTables(TableManager):
    """Faust's keeper of tables, which waits a second for them to be declared; we have none."""

    logger = logging.getLogger("faust.tables")  # as above

    async def on_start(self) -> None:
        """Starts what reads partitions."""
        await self._update_channels()
        await self.recovery.start()


def build_faust(settings: Settings, topics: Topics) -> faust.App:
    """Faust's app, with our transport and without its web server, tables and tracing."""
    app = FolderlessApp(
        settings.group,
        broker=";".join(f"batched://{address}" for address in settings.kafka.split(",")),
        broker_credentials=_credentials(settings),
        store="memory://",
        TableManager=NoTables,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        autodiscover=False,
        stream_wait_empty=True,
        stream_buffer_maxsize=16,
        broker_commit_every=100_000_000,  # counts batches; the timer commits
        broker_commit_interval=1.0,
        broker_session_timeout=settings.session_timeout,
        broker_heartbeat_interval=settings.session_timeout / 3,
        broker_request_timeout=max(90.0, settings.session_timeout + 10.0),
        broker_max_poll_records=None,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=MAX_STATE_BYTES,
        producer_acks=-1,
        producer_linger=0,
        producer_max_batch_size=1024 * 1024,
        producer_max_request_size=MAX_STATE_BYTES,
    )
    app.batching = Batching(  # type: ignore[attr-defined]  # read by our transport
        topics=frozenset((*topics.inputs, topics.learn)),
        max_records=settings.batch_records,
        max_bytes=settings.batch_bytes,
        idempotent=settings.kafka_idempotent,
        fetch_wait_ms=settings.fetch_wait_ms,
        sizes={topics.learn: 4 * settings.batch_records},
    )
    return app


def _spare_the_collector() -> None:
    """Keeps the cycle collector from walking what lives long; batches make no cycles.

    With Python's own thresholds a quarter of the time of a batch goes into it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


class Worker:
    """The service in one object: start, run until told or failed, stop.

    Args:
        settings: the configuration.
        live: False where input has an end, as in `process`: partitions are never idle, and bad
            records never stop us.
        embedder: turns texts into vectors; by default what the settings name.
        scrubber: replaces personal data; by default ours.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        live: bool = True,
        embedder: Embedder | None = None,
        scrubber: Scrubber | None = None,
    ) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.topics = Topics(settings)
        self._live = live
        self._embedder = embedder
        self._scrubber = scrubber
        self._failed: BaseException | None = None
        self._stopping = asyncio.Event()

    async def start(self) -> None:
        """Checks the servers, builds the parts and starts them.

        Raises:
            FlywheelError: a server or a topic is missing; the sentence says what to do.
        """
        settings = self.settings
        if settings.clusterer != "ours":
            raise ConfigError(
                f"Clusterer {settings.clusterer!r} is for `flywheel cluster` alone, for it cannot "
                "be saved and loaded: set clusterer to 'ours'."
            )
        self._redis, self._dedup_redis = connect_redis(settings)
        try:
            await self._redis.check(bloom=self._dedup_redis is self._redis)
            await self._check_dedup()
            partitions = await partition_counts(settings)
        except BaseException:
            await self._close_redis()
            raise
        self.app = build_faust(settings, self.topics)
        self.agents = Agents(self.app, self.topics, self.metrics)
        self._wire(partitions)
        self.agents.mount(self.fail)
        self.app.batching.hooks = self.agents  # type: ignore[attr-defined]  # as above
        self.app.finalize()
        await self._join_kafka()
        self.app.producer.alive = self._alive  # type: ignore[attr-defined]  # our own transport
        _spare_the_collector()

    async def _join_kafka(self) -> None:
        try:
            with _silenced("aiokafka"):  # what it would say is in our sentence
                await self.app.start()
        except KafkaError as error:
            with suppress(KafkaError, TimeoutError):
                await asyncio.wait_for(self.stop(), CONNECT_TIMEOUT)
            hint = " or, if it has no idempotent producers, set FLYWHEEL_KAFKA_IDEMPOTENT=false"
            raise UnavailableError(
                f"Kafka at {self.settings.kafka} refused us ({type(error).__name__}): look at its log"
                f"{hint if self.settings.kafka_idempotent else ''}."
            ) from None

    async def _check_dedup(self) -> None:
        if self._dedup_redis is self._redis:
            return
        try:
            await self._dedup_redis.check()
        except UnavailableError as error:
            if self.settings.dedup_when_away == "wait":
                raise
            logger.warning("Starting without deduplication. %s", error)

    async def _close_redis(self) -> None:
        await self._redis.close()
        if self._dedup_redis is not self._redis:
            await self._dedup_redis.close()

    def _window(self) -> Window:
        settings = self.settings
        window = RedisWindow(self._dedup_redis, window_policy(settings), settings.redis_shards)
        return (
            window if settings.dedup_when_away == "wait" else OptionalWindow(window, self.metrics)
        )

    def _wire(self, partitions: dict[str, int]) -> None:
        settings, topics, app = self.settings, self.topics, self.app
        secret = settings.secret.get_secret_value().encode()
        if not secret:
            logger.warning(
                "FLYWHEEL_SECRET is not set: users and ids that are hashed are others in each worker "
                "and after each start. Set it to a long random text, the same for all workers."
            )
            secret = secrets.token_bytes(32)
        scrubber = self._scrubber or build_scrubber(settings, secret)
        embedder = self._embedder or load_embedder(settings)
        sink = Sink(topics, partitions, self._send, self.metrics)
        join_window = settings.join_window_hours * 3600
        rules = Rules(settings.rules, KINDS)
        compare = ComparePolicy(
            slices=settings.traffic_attributes,
            sensitive=settings.sensitive_attributes,
            min_group=settings.min_group,
            max_values=settings.max_slice_values,
            settle=settings.settle_minutes * 60,
            shares=settings.arm_shares,
        )
        self.agents.ingest = Ingest(
            cleaner=Cleaner(
                scrubber,
                secret=secret,
                sample_rate=settings.sample_rate,
                attributes=compare.attributes,
                join_window=join_window,
                rules=rules,
            ),
            window=self._window(),
            room=RedisWaitingRoom(self._redis, join_window),
            sink=sink,
            topics=topics,
            counts=self.metrics,
            alive=self._alive,
            behind=self._behind,
            idle_timeout=settings.idle_timeout if self._live else None,
            dead_letter_limit=settings.dead_letter_limit if self._live else None,
            join_window=join_window,
        )
        policy = LearnPolicy(
            lateness=settings.allowed_lateness,
            revision_window=settings.revision_window_hours * 3600,
            cluster_capacity=settings.cluster_capacity,
            budget=Budget(days=settings.budget_days, cost=settings.budget_cost),
            compare=compare,
            dedup_window=settings.dedup_window_hours * 3600,
            max_per_cluster=settings.examples_per_cluster,
            near_bytes=settings.near_bytes,
            value_attribute=settings.value_attribute,
            rules=rules,
            sample_rate=settings.sample_rate,
            evaluation=load_evaluation_sets(settings.evaluation_sets),
            versions={
                "scrubber": scrubber.version,
                "rules": RULES_VERSION,
                "signals": TABLE_VERSION,
                "embedder": embedder.name,
            },
        )
        expected = frozenset(
            f"{topic}/{partition}"
            for topic in topics.inputs
            for partition in range(partitions[topic])
        )
        self.agents.learn = Learn(
            topic=topics.learn,
            policy=policy,
            embedder=embedder,
            store=StateStore(
                topics.state,
                self._send,
                kafka_options(settings),
                topic_ids=lambda: self.agents.topic_ids,
            ),
            sink=sink,
            counts=self.metrics,
            alive=self._alive,
            generation=lambda: int(app.consumer_generation_id),
            earliest=self._earliest,
            expected=expected,
            interval=settings.snapshot_interval,
            accept_gap=settings.accept_gap,
            ahead=self._embedder is None and settings.embedder in SLOW,
            namer=load_namer(settings, lambda text: scrubber.scrub([text])[0].text),
        )

    async def _send(self, records: Any) -> None:
        producer = self.app.producer
        assert isinstance(producer, Producer)  # noqa: S101 - our own transport
        await producer.send_many(records)

    async def _earliest(self, tps: Iterable[TP]) -> Mapping[TP, int]:
        return await self.app.consumer.earliest_offsets(*tps)

    def _alive(self) -> bool:
        return bool(self.app.consumer.alive)  # type: ignore[attr-defined]  # our own transport

    def _behind(self, tp: TP) -> bool:
        end: int | None = self.app.consumer.highwater(tp)  # None until the first fetch
        position = self.app.consumer.position_of(tp)  # type: ignore[attr-defined]  # as above
        return end is None or bool(end > (position or 0))

    def ready(self) -> tuple[bool, str]:
        """Whether records are being worked, and why not."""
        if self._failed is not None:
            return False, f"stopped: {type(self._failed).__name__}"
        if not self.agents.assigned:
            return False, "no partitions are assigned yet"
        return True, "working"

    def read(self) -> int:
        """Records read and worked since the start."""
        return int(sum(self.metrics.totals(metrics.READ).values()))

    async def until(
        self, reached: Callable[[], bool], moved: Callable[[], None] = lambda: None
    ) -> None:
        """Waits for something, as long as anything moves.

        Args:
            reached: whether it has come.
            moved: called a few times a second.

        Raises:
            UnavailableError: nothing has moved for minutes.
        """
        moved_at, last = time.monotonic(), (-1.0, -1.0)
        while not reached():
            await asyncio.sleep(0.05)
            state = (float(self.read()), sum(self.metrics.totals(metrics.WRITTEN).values()))
            if state != last:
                moved_at, last = time.monotonic(), state
            elif time.monotonic() - moved_at > STALLED:
                raise UnavailableError(
                    f"Nothing has moved for {STALLED:.0f} s: look at the log with "
                    "FLYWHEEL_LOG_LEVEL=DEBUG, at Kafka and at Redis."
                )
            moved()

    async def run_out(self, total: int, moved: Callable[[], None] = lambda: None) -> None:
        """At the end of input: waits until all of it is worked, learnt and acknowledged.

        Args:
            total: records that were sent.
            moved: called a few times a second.

        Raises:
            UnavailableError: nothing has moved for minutes.
        """
        await self.until(lambda: self.read() >= total, moved)
        await self.agents.ingest.finish()
        await self.until(self.agents.learn.ended, moved)
        self.agents.learn.show()
        moved()

    async def fail(self, error: BaseException) -> None:
        """Notes what stops the worker."""
        if self._failed is None:
            self._failed = error
        self._stopping.set()

    def request_stop(self) -> None:
        """Asks the worker to stop cleanly."""
        self._stopping.set()

    async def wait(self) -> None:
        """Waits until the worker is asked to stop or fails.

        Raises:
            FlywheelError: what stopped it, as one sentence.
            Exception: what stopped it, where no sentence of ours exists.
        """
        crashed = asyncio.ensure_future(self.app._crashed.wait())  # noqa: SLF001 - mode has no other
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait((crashed, stopping), return_when=asyncio.FIRST_COMPLETED)
        finally:
            crashed.cancel()
            stopping.cancel()
        if self._failed is None and self.app.crash_reason is not None:
            self._failed = self.app.crash_reason
        if self._failed is not None:
            raise self._failed

    async def stop(self) -> None:
        """Finishes what is under way, commits and disconnects."""
        try:
            await self.app.stop()
        finally:
            await self._close_redis()
