"""Ingest's half of the order: what happens to a batch of raw records, as pure steps.

The agent does the I/O *between* these steps. For calls:

    prepare_calls → window.seen → admit → room.put_calls → (resolve, await_next) → finish_calls

and for signals the same with ``prepare_signals``, ``room.put_signals`` and ``finish_signals``.
Nothing raw leaves ``prepare_*``: what they return is scrubbed, hashed, or a place in a topic.
"""

from collections.abc import Mapping, Sequence

from flywheel_stream.cleaning.calls import CallBatch, CallCleaner
from flywheel_stream.cleaning.cleaned import Cleaned, Raw
from flywheel_stream.cleaning.passing import Passing, PassingCleaner
from flywheel_stream.cleaning.preparing import Preparer
from flywheel_stream.cleaning.signals import SignalBatch, SignalCleaner
from flywheel_stream.dedup import Seen
from flywheel_stream.events import Interaction
from flywheel_stream.joining import CallMeeting, CallPut, SignalMeeting, SignalPut, Waiting
from flywheel_stream.rules import Rules
from flywheel_stream.scrubbing import Scrubs


class Cleaner:
    """Turns batches of raw records into scrubbed outputs; holds no state but caches.

    Args:
        scrubber: replaces personal data.
        secret: keys the hashes of raw content that the waiting room compares.
        sample_rate: share of calls that the learner sees without a signal or a check.
        attributes: attributes that traffic is counted by.
        join_window: seconds that a signal may be apart from its call.
        rules: checks of the configuration, run after our own.
    """

    def __init__(
        self,
        scrubber: Scrubs,
        *,
        secret: bytes,
        sample_rate: float = 0.01,
        attributes: Sequence[str] = (),
        join_window: float = 86_400.0,
        rules: Rules | None = None,
    ) -> None:
        preparer = Preparer(scrubber, secret)
        self._calls = CallCleaner(preparer, rules, sample_rate, attributes, join_window)
        self._signals = SignalCleaner(preparer, join_window)
        self._passing = PassingCleaner(preparer)

    # ------------------------------------------------------------ calls

    def prepare_calls(self, raws: Sequence[Raw], into: CallBatch | None = None) -> CallBatch:
        """Decodes, checks and scrubs calls, after those of the same batch that came before."""
        return self._calls.prepare(raws, into)

    def admit(self, batch: CallBatch, seen: Sequence[Seen]) -> list[CallPut]:
        """Marks duplicates, those of a copy in the same batch too; returns what to put."""
        return self._calls.admit(batch, seen)

    def finish_calls(
        self,
        batch: CallBatch,
        meetings: Sequence[CallMeeting],
        waiting: Mapping[str, SignalMeeting],
        following: Mapping[str, Interaction],
    ) -> Cleaned:
        """Says what each call became, and writes the records that follow from it."""
        return self._calls.finish(batch, meetings, waiting, following)

    # ------------------------------------------------------------ signals

    def prepare_signals(self, raws: Sequence[Raw], into: SignalBatch | None = None) -> SignalBatch:
        """Decodes and scrubs signals, after those of the same batch that came before."""
        return self._signals.prepare(raws, into)

    def put_signals(self, batch: SignalBatch) -> list[SignalPut]:
        """What to put into the room."""
        return self._signals.puts(batch)

    def finish_signals(
        self,
        batch: SignalBatch,
        meetings: Sequence[SignalMeeting],
        following: Mapping[str, Interaction],
    ) -> Cleaned:
        """Says what each signal became, and writes the judged records that follow from it."""
        return self._signals.finish(batch, meetings, following)

    def orphans(self, waiting: Sequence[Waiting]) -> Cleaned:
        """Gives up waiting for the calls of these signals."""
        return self._signals.orphans(waiting)

    # ------------------------------------------------------------ deployments and decisions

    def prepare_deployments(
        self, raws: Sequence[Raw], into: Sequence[Passing] = ()
    ) -> list[Passing]:
        """Decodes and scrubs deployments, after those that came before."""
        return self._passing.prepare_deployments(raws, into)

    def prepare_decisions(self, raws: Sequence[Raw], into: Sequence[Passing] = ()) -> list[Passing]:
        """Decodes and scrubs decisions, after those that came before."""
        return self._passing.prepare_decisions(raws, into)

    def finish_passing(self, batch: Sequence[Passing], seen: Sequence[Seen]) -> Cleaned:
        """Passes deployments and decisions on once; a Bloom hit alone never drops one."""
        return self._passing.finish(batch, seen)
