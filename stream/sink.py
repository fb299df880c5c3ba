"""Where outputs go: role to topic, key to partition; sent in batches and confirmed."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from zlib import crc32

from flywheel_stream import metrics
from flywheel_stream.events import Clock, Output, encode
from stream.prometheus import Metrics
from stream.topics import Topics
from stream.transport import Record

Send = Callable[[Sequence[Record]], Awaitable[None]]


def partition_of(key: str, partitions: int) -> int:
    """The partition of a key: CRC-32, which is librdkafka's ``consistent`` partitioner."""
    return crc32(key.encode("utf-8", "surrogatepass")) % partitions


class Sink:
    """Sends outputs to their topics.

    Args:
        topics: the names in use.
        partitions: how many partitions each topic has on the broker.
        send: sends records and returns once they are confirmed.
        counts: metrics to count what was written.
    """

    def __init__(
        self, topics: Topics, partitions: dict[str, int], send: Send, counts: Metrics
    ) -> None:
        self._names = {
            role: getattr(topics, role)
            for role in (
                "interactions",
                "learn",
                "failures",
                "alerts",
                "curated",
                "rejected",
                "requests",
                "dead_letters",
            )
        }
        self._partitions = partitions
        self._send = send
        self._metrics = counts
        self._learn = topics.learn

    async def write(self, outputs: Iterable[Output], clocks: Iterable[Clock] = ()) -> None:
        """Sends outputs, then clocks to every learn partition; returns once all are confirmed.

        Raises:
            aiokafka.errors.KafkaError: something could not be confirmed: all of it may be sent
                again, nothing may be acknowledged.
        """
        records = [self._record(output) for output in outputs]
        for clock in clocks:
            value = encode(clock)
            records += [
                Record(self._learn, partition, b"", value)
                for partition in range(self._partitions[self._learn])
            ]
        if not records:
            return
        await self._send(records)
        for topic, number in Counter(record.topic for record in records).items():
            self._metrics.inc(metrics.WRITTEN, number, topic)

    def _record(self, output: Output) -> Record:
        topic = self._names[output.topic]
        partition = partition_of(output.by, self._partitions[topic])
        return Record(topic, partition, output.key.encode("utf-8", "surrogatepass"), output.value)
