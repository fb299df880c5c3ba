"""``flywheel bench dedup`` on a small scale: its figures are counted, and its keys go."""

import redis as redis_client

from stream.bench.dedup import PREFIX, bench_dedup, table
from stream.settings import load_settings


def test_every_rotation_stays_below_the_stated_rate_and_nothing_stays_behind(
    redis_url: str,
) -> None:
    settings = load_settings(dedup_capacity=10_000, dedup_index=10_000, dedup_error_rate=1e-2)
    found = bench_dedup(settings, fingerprints=40_000, redis=redis_url)
    assert [row["calls"] for row in found["rotations"]] == [5_000] * 8
    # The rate of one generation is a sample: its standard deviation is 7 of 50 at the stated rate.
    assert all(row["rate"] <= 1.5 * found["stated_rate"] for row in found["rotations"])
    assert sum(row["false"] for row in found["rotations"]) <= 40_000 * found["stated_rate"]
    (grown,) = found["overflow"]
    assert grown["calls"] == 50_000
    assert grown["rate"] <= found["stated_rate"]
    assert grown["index_bytes"] < 2 * found["rotations"][0]["index_bytes"]  # bounded
    assert grown["bloom_bytes"] > found["rotations"][0]["bloom_bytes"]  # grew
    assert "10 x capacity" in table(found)
    with redis_client.Redis.from_url(redis_url) as client:
        assert not list(client.scan_iter(match=f"{PREFIX}*"))
