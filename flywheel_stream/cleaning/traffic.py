"""What passed, counted by minute, slice and attributes: all the learner knows of most calls."""

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET

from flywheel_stream.events import Interaction, Traffic, TrafficCount, differences


def traffic(passed: Sequence[tuple[Interaction, int]], attributes: Sequence[str]) -> list[Traffic]:
    """Calls and their offsets, of one input partition, as a record for each app.

    Args:
        passed: calls in order, each with its offset.
        attributes: those that calls are told apart by.
    """
    groups: dict[str, dict[tuple[Any, ...], list[tuple[int, bool]]]] = {}
    for call, offset in passed:
        chosen = _chosen(call, attributes) if attributes else ()
        key = (int(call.at // 60), call.model, call.variant, call.prompt_version, chosen)
        groups.setdefault(call.app, {}).setdefault(key, []).append(
            (offset, call.duplicate_of is not UNSET)
        )
    if not passed:
        return []
    last = passed[-1][0].origin
    return [
        Traffic(
            origin=last,
            app=app,
            counts=[_count(key, offsets, attributes) for key, offsets in counts.items()],
        )
        for app, counts in groups.items()
    ]


def _chosen(call: Interaction, attributes: Sequence[str]) -> tuple[str, ...]:
    return tuple(str(call.attributes.get(name, "")) for name in attributes)


def _count(
    key: tuple[Any, ...], offsets: Sequence[tuple[int, bool]], attributes: Sequence[str]
) -> TrafficCount:
    minute, model, variant, prompt_version, chosen = key
    again = [offset for offset, duplicate in offsets if duplicate]
    return TrafficCount(
        minute=minute,
        model=model,
        variant=variant,
        prompt_version=prompt_version,
        attributes=dict(zip(attributes, chosen, strict=True)),
        calls=len(offsets),
        duplicates=len(again),
        offsets=differences(offset for offset, _ in offsets),
        duplicate_offsets=differences(again),
    )
