"""Clusters: assignment, forgetting, names, River's interface and exact restoration."""

import gzip
import json
import math
import random
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray
from river.checks import check_estimator, common

from flywheel_stream import clusters
from flywheel_stream.clusters import Assignment, Clusters
from flywheel_stream.embedding import HashingEmbedder
from flywheel_stream.errors import StateError
from flywheel_stream.lineage import cluster_id
from flywheel_stream.merging import neighbour_groups
from flywheel_stream.subspace import principal
from flywheel_stream.vectors import unit_rows

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "real"
DAY = 86_400.0


def axis(place: int, dims: int = 256) -> NDArray[np.float32]:
    vector = np.zeros(dims, dtype=np.float32)
    vector[place] = 1
    return vector


def near(place: int, wobble: float = 0.3) -> NDArray[np.float32]:
    return axis(place) + np.float32(wobble) * axis(255)


def traffic(count: int, themes: int = 40, seed: int = 3) -> Iterator[dict[str, object]]:
    """Yield keyword arguments of ``assign``: themes with noise, late records, users, texts."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(themes, 256))
    for n in range(count):
        theme = int(rng.integers(themes))
        noise = rng.normal(scale=rng.uniform(0.2, 1.5), size=256)
        yield {
            "record_id": f"t{n}",
            "vector": (centres[theme] + noise).astype(np.float32),
            "ts": 1_700_000_000.0 + n * 600.0 - float(rng.integers(0, 3_000)),
            "text": f"theme{theme:c} broke the thing number{n % 7}" if n % 3 else "",
            "user": f"u{int(rng.integers(50))}" if n % 5 else None,
        }


def feed(model: Clusters, records: Iterator[dict[str, object]]) -> list[Assignment]:
    return [model.assign(**record) for record in records]  # type: ignore[arg-type]  # one dict, many types


def packed(model: Clusters) -> bytes:
    return msgspec.msgpack.encode(model.dump())


def v_measure(truth: list[str], found: list[str]) -> float:
    """Twice the mutual information over the sum of both entropies."""

    def entropy(labels: list[str] | list[tuple[str, str]]) -> float:
        counts = np.array(list(Counter(labels).values())) / len(labels)
        return float(-(counts * np.log(counts)).sum())

    both = entropy(truth) + entropy(found)
    return 2 * (both - entropy(list(zip(truth, found, strict=True)))) / both


def test_alike_join_and_unlike_found() -> None:
    model = Clusters()
    first = model.assign("a", axis(0), 0.0)
    joined = model.assign("b", near(0), 1.0)
    other = model.assign("c", axis(1), 2.0)
    assert first == Assignment(cluster_id("a"), 0.0, new=True)
    assert (joined.cluster, joined.new) == (first.cluster, False)
    assert joined.similarity == pytest.approx(1 / math.hypot(1, 0.3), abs=1e-6)
    assert other == Assignment(cluster_id("c"), 0.0, new=True)
    assert list(model) == [first.cluster, other.cluster]
    assert len(model) == 2
    assert first.cluster in model
    assert "c_000000000000" not in model


def test_a_vector_exactly_at_the_threshold_joins() -> None:
    model = Clusters(threshold=1.0)
    model.assign("a", axis(0), 0.0)
    assert not model.assign("b", axis(0), 0.0).new
    assert model.assign("c", near(0, 0.01), 0.0).new


def test_an_id_is_derived_from_the_founding_record() -> None:
    assert cluster_id("trace-1") == Clusters().assign("trace-1", axis(0), 0.0).cluster
    assert len(cluster_id("é🤖")) == len("c_") + 12
    int(cluster_id("x").removeprefix("c_"), 16)


def test_the_length_of_a_vector_does_not_matter() -> None:
    short, long = Clusters(), Clusters()
    for scale, model in ((1, short), (8, long)):
        for n in range(5):
            model.assign(f"t{n}", near(0, n / 5) * np.float32(scale), 0.0)
    assert packed(short) == packed(long)


def test_the_centroid_is_the_mean_direction_of_its_records() -> None:
    model = Clusters(threshold=0.1)
    vectors = [near(0, wobble) for wobble in (0.0, 0.5, 1.0, 0.2)]
    for n, vector in enumerate(vectors):
        model.assign(f"t{n}", vector, 0.0)
    mean = np.mean([v / np.linalg.norm(v) for v in vectors], axis=0)
    found = model.nearest(mean.astype(np.float32))
    assert found is not None
    assert found[1] == pytest.approx(1.0, abs=1e-6)


def test_weight_halves_with_event_time_and_late_records_count_as_if_in_time() -> None:
    in_time, late = Clusters(half_life=DAY), Clusters(half_life=DAY)
    for n, day in enumerate((0, 1, 2)):
        in_time.assign(f"t{n}", axis(0), 1.7e9 + day * DAY)
    for n, day in enumerate((0, 2, 1)):
        late.assign(f"t{n}", axis(0), 1.7e9 + day * DAY)
    for model in (in_time, late):
        info = model.info(cluster_id("t0"))
        assert info.weight == pytest.approx(1 + 0.5 + 0.25, rel=1e-9)
        assert (info.size, info.born, info.last) == (3, 1.7e9, 1.7e9 + 2 * DAY)


def test_weight_falls_while_other_clusters_are_fed() -> None:
    model = Clusters(half_life=DAY)
    model.assign("a", axis(0), 1.7e9)
    model.assign("b", axis(1), 1.7e9 + 3 * DAY)
    assert model.info(cluster_id("a")).weight == pytest.approx(1 / 8)


def test_a_centroid_follows_drift_and_forgets() -> None:
    def angle_after(days: float) -> float:
        model = Clusters(threshold=0.3, half_life=DAY)
        for n in range(50):
            model.assign(f"a{n}", axis(0), 0.0)
        for n in range(5):
            model.assign(f"b{n}", axis(0) + axis(1), days * DAY)
        found = model.nearest(axis(1))
        assert found is not None
        return found[1]

    assert angle_after(0) < 0.1
    assert angle_after(10) > 0.65


def test_when_full_the_least_decayed_weight_is_forgotten() -> None:
    model = Clusters(capacity=3, half_life=DAY)
    for n in range(4):
        model.assign(f"old{n}", axis(0), 0.0, "stale words")
    model.assign("b", axis(1), 9 * DAY)
    model.assign("c", axis(2), 9 * DAY)
    model.assign("d", axis(3), 9 * DAY)  # four records of nine days ago weigh 4 / 512
    assert set(model) == {cluster_id(r) for r in ("b", "c", "d")}
    with pytest.raises(KeyError):
        model.info(cluster_id("old0"))
    assert model.assign("old0", axis(0), 9 * DAY).new


def test_memory_stays_bounded_however_many_found() -> None:
    model = Clusters(capacity=20, exemplars=2, window=128)
    feed(model, traffic(600))  # past the first regrouping
    before = len(packed(model))
    feed(model, traffic(2_000, themes=400, seed=4))
    assert len(model) == 20
    assert len(packed(model)) < 1.2 * before


def test_a_founder_that_comes_again_never_founds_twice() -> None:
    model = Clusters()
    model.assign("a", axis(0), 0.0)
    again = model.assign("a", -axis(0), 0.0)
    assert (again.cluster, again.new) == (cluster_id("a"), False)
    assert model.info(cluster_id("a")).size == 2
    assert model.nearest(axis(0)) == (cluster_id("a"), 1.0)


def test_texts_without_content_share_one_cluster_which_nothing_else_joins() -> None:
    model = Clusters()
    empty = np.zeros(256, dtype=np.float32)
    model.assign("a", axis(0), 0.0)
    assert model.assign("e1", empty, 0.0).new
    assert model.assign("e2", empty, 0.0) == Assignment(cluster_id("e1"), 1.0, new=False)
    assert model.assign("b", axis(1), 0.0).new
    assert len(model) == 3


@pytest.mark.parametrize(
    "vector", [np.zeros(255), np.zeros((1, 256)), np.full(256, np.nan), np.full(256, np.inf)]
)
def test_a_wrong_vector_is_refused_and_changes_nothing(vector: NDArray[np.float32]) -> None:
    model = Clusters()
    model.assign("a", axis(0), 0.0)
    before = packed(model)
    with pytest.raises(ValueError, match="a vector of"):
        model.assign("b", vector, 0.0)
    assert packed(model) == before


@pytest.mark.parametrize(
    "wrong",
    [{"threshold": 0.0}, {"threshold": 1.1}, {"capacity": 0}, {"half_life": 0.0}, {"dims": 0}],
)
def test_parameters_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Clusters(**wrong)  # type: ignore[arg-type]  # one dict for floats and integers


def test_nearest_learns_nothing_and_is_none_at_first() -> None:
    model = Clusters()
    assert model.nearest(axis(0)) is None
    model.assign("a", axis(0), 0.0)
    before = packed(model)
    assert model.nearest(axis(1)) == (cluster_id("a"), 0.0)
    assert packed(model) == before


def test_exemplars_are_few_distinct_and_the_clearest() -> None:
    model = Clusters(exemplars=2)
    model.assign("a", axis(0), 0.0, "the founder")
    assert model.info(cluster_id("a")).exemplars == [("a", "the founder")]
    model.assign("b", near(0, 1.0), 0.0, "far off")
    model.assign("c", near(0, 0.4), 0.0, "closest")
    model.assign("d", near(0, 0.4), 0.0, "closest")
    model.assign("e", near(0, 0.1), 0.0, "close")
    model.assign("f", near(0, 0.4), 0.0)
    exemplars = model.info(cluster_id("a")).exemplars
    assert exemplars == [("c", "closest"), ("e", "close")]


def test_fresh_exemplars_replace_old_ones_and_long_ones_are_cut() -> None:
    model = Clusters(exemplars=1, half_life=DAY)
    model.assign("a", axis(0), 0.0, "what it was")
    model.assign("b", near(0, 0.5), 5 * DAY, "x" * 10_000)
    assert model.info(cluster_id("a")).exemplars == [("b", "x" * 400)]
    none = Clusters(exemplars=0)
    none.assign("a", axis(0), 0.0, "text")
    assert none.info(cluster_id("a")).exemplars == []


def test_the_label_is_of_the_words_that_set_a_cluster_apart() -> None:
    model = Clusters()
    for n, text in enumerate(("refund my card", "the refund is late", "Refund? The card!")):
        model.assign(f"r{n}", near(0, n / 10), 0.0, text)
    for n, text in enumerate(("card is lost", "where's the card", "my card stolen, card gone")):
        model.assign(f"l{n}", near(1, n / 10), 0.0, text)
    assert model.info(cluster_id("r0")).label == "refund, card, late"
    assert model.info(cluster_id("l0")).label.startswith("card, ")
    silent = Clusters()
    silent.assign("s", axis(0), 0.0, "to be or not to be 42")
    assert silent.info(cluster_id("s")).label == ""


def test_words_that_recur_side_by_side_are_one_term_of_the_label() -> None:
    model = Clusters()
    for n, text in enumerate(("my credit card is lost", "lost a credit card?", "Credit card gone")):
        model.assign(f"r{n}", near(0, n / 10), 0.0, text)
    for n, text in enumerate(("a lost parcel", "where's the parcel", "parcel late")):
        model.assign(f"l{n}", near(1, n / 10), 0.0, text)
    assert model.info(cluster_id("r0")).label == "credit card, lost, gone"
    assert model.info(cluster_id("l0")).label.startswith("parcel, ")


def test_words_of_forgotten_clusters_and_replaced_exemplars_leave_the_labels() -> None:
    model = Clusters(capacity=5, exemplars=2)
    feed(model, traffic(300))
    live = Clusters.load(model.dump())
    assert [model.info(name) for name in model] == [live.info(name) for name in live]


@pytest.mark.parametrize("users", [0, 1, 20, 300])
def test_distinct_users_are_estimated_within_five_per_cent(users: int) -> None:
    model = Clusters()
    model.assign("t", axis(0), 0.0)
    for n in range(3 * users):
        model.assign("t", axis(0), 0.0, user=f"user-{n % users}")
    assert model.info(cluster_id("t")).users == pytest.approx(users, rel=0.05)


def test_the_same_calls_give_the_same_bytes() -> None:
    models = Clusters(capacity=30), Clusters(capacity=30)
    decided = [feed(model, traffic(800)) for model in models]
    assert decided[0] == decided[1]
    assert packed(models[0]) == packed(models[1])


@pytest.mark.parametrize("capacity", [8, 500])  # with and without forgetting
def test_a_restored_model_goes_on_as_if_it_had_never_stopped(capacity: int) -> None:
    records = list(traffic(900))
    undisturbed = Clusters(capacity=capacity, threshold=0.4, half_life=DAY)
    expected = feed(undisturbed, iter(records))
    stopped = Clusters(capacity=capacity, threshold=0.4, half_life=DAY)
    decided = []
    for start, end in pairwise((0, 0, 1, 333, 700, 900)):
        decided += feed(stopped, iter(records[start:end]))
        stopped = Clusters.load(msgspec.msgpack.decode(packed(stopped)))
    assert decided == expected
    assert packed(stopped) == packed(undisturbed)
    assert [stopped.info(name) for name in stopped] == [undisturbed.info(n) for n in undisturbed]


def themed(
    count: int, themes: int, seed: int = 5, noise: float = 0.06
) -> tuple[list[int], NDArray[np.float32]]:
    """Themes and vectors, each theme's centre with noise."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(themes, 64)) / 8
    truth = rng.integers(themes, size=count)
    rows = centres[truth] + rng.normal(scale=noise, size=(count, 64))
    return truth.tolist(), rows.astype(np.float32)


def arrive(model: Clusters, vectors: NDArray[np.float32]) -> list[str]:
    return [model.assign(f"t{n}", v, float(n), f"text {n}").cluster for n, v in enumerate(vectors)]


@pytest.mark.parametrize("sort", [False, True])
def test_clusters_too_fine_merge_and_old_names_lead_to_the_new(*, sort: bool) -> None:
    truth, vectors = themed(2_500, 12, noise=0.09)
    if sort:
        vectors = vectors[np.argsort(truth, kind="stable")]
        truth.sort()
    apart = Clusters(threshold=0.8, capacity=2_500, dims=64, window=0)
    model = Clusters(threshold=0.8, capacity=2_500, dims=64)
    fine, arrived = arrive(apart, vectors), arrive(model, vectors)
    assert len(set(fine)) > 100
    assert not apart.merged_into
    final = model.settle(list(vectors), arrived)
    assert v_measure([str(t) for t in truth], final) > 0.95
    assert v_measure([str(t) for t in truth], final) > v_measure([str(t) for t in truth], fine)
    assert model.merged_into
    assert all(old not in model for old in model.merged_into)
    assert {model.resolve(name) for name in set(arrived)} >= set(final)
    assert sum(model.info(name).size for name in model) == len(vectors)


def test_a_regrouped_cluster_takes_in_what_a_new_one_does_not() -> None:
    truth, vectors = themed(200, 2)
    model = Clusters(dims=64)
    found = model.settle(list(vectors), arrive(model, vectors))
    theme = truth.index(0)
    centre = vectors[[n for n, name in enumerate(found) if name == found[theme]]].mean(axis=0)
    centre /= np.linalg.norm(centre)
    aside = np.random.default_rng(1).normal(size=64).astype(np.float32)
    for known in (centre, vectors[truth.index(1)]):
        aside -= known * (aside @ known) / (known @ known)
    aside /= np.linalg.norm(aside)
    far, farther = (cosine * centre + math.sqrt(1 - cosine**2) * aside for cosine in (0.45, 0.25))
    fresh = Clusters(dims=64)
    fresh.assign("founder", centre, 0.0)
    assert fresh.assign("far", far, 0.0).new
    assert model.assign("far", far, 200.0).cluster == found[theme]
    assert model.assign("farther", farther, 200.0).new


def test_a_merge_never_changes_the_id_of_the_larger() -> None:
    model = Clusters(threshold=0.9, dims=64)
    _, vectors = themed(900, 1)
    sizes: Counter[str] = Counter()
    for n, vector in enumerate(vectors):
        sizes[model.assign(f"t{n}", vector, 0.0).cluster] += 1
    assert len(sizes) > 3
    largest = sizes.most_common(1)[0][0]
    model.settle(list(vectors), arrive(Clusters(threshold=0.9, dims=64), vectors))
    assert largest in model
    assert largest not in model.merged_into


def test_two_subjects_in_one_cluster_split_and_the_larger_part_keeps_the_id() -> None:
    rng = np.random.default_rng(2)
    model = Clusters(threshold=0.3, dims=64)
    truth = [int(n % 3 == 0) for n in range(300)]
    vectors = rng.normal(scale=0.04, size=(300, 64))
    vectors[:, 2] += 0.9  # what both have in common
    vectors[np.arange(300), truth] += 1
    rows = list(vectors.astype(np.float32))
    arrived = [model.assign(f"t{n}", v, float(n), user=f"u{n}").cluster for n, v in enumerate(rows)]
    assert len(set(arrived)) == 1
    final = model.settle(rows, arrived)
    assert len(set(zip(truth, final, strict=True))) == 2
    assert final[1] == arrived[0]
    assert model.split_from == {final[0]: arrived[0]}
    assert model.info(final[0]).split_from == arrived[0]
    assert [model.info(name).size for name in (final[1], final[0])] == [200, 100]
    assert model.assign("later", rows[0], 300.0).cluster == final[0]


def test_noise_keeps_names_of_its_own() -> None:
    _, vectors = themed(600, 6)
    noise = np.random.default_rng(9).normal(size=(60, 64)).astype(np.float32)
    model = Clusters(threshold=0.6, dims=64)
    rows = [*vectors, *noise]
    arrived = [model.assign(f"t{n}", v, float(n)).cluster for n, v in enumerate(rows)]
    final = model.settle(rows, arrived)
    assert len(set(final[600:])) > 50
    subjects = {name for name, count in Counter(final[:600]).items() if count > 20}
    assert sum(name in subjects for name in final[600:]) < 6


def test_history_is_bounded_and_a_name_that_comes_back_is_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clusters, "_FIRST_REGROUP", 100)
    model = Clusters(threshold=0.9, capacity=12, half_life=100, dims=64, window=200)
    model._due = 100
    vectors = np.zeros((0, 64), dtype=np.float32)
    for seed in range(6):
        _, vectors = themed(500, 4, seed=seed, noise=0.05)
        for n, vector in enumerate(vectors):
            model.assign(f"{seed}/{n}", vector, float(500 * seed + n))
    history = model.merged_into
    assert 0 < len(history) <= 8 * 12
    assert all(model.resolve(name) not in history for name in history)
    back = next(name for name in history if model.resolve(name) not in model)
    record = next(
        f"{s}/{n}" for s in range(6) for n in range(500) if cluster_id(f"{s}/{n}") == back
    )
    assert model.assign(record, -vectors[0], 9e9).cluster == back
    assert model.resolve(back) == back


def test_a_model_that_regroups_restores_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "_FIRST_REGROUP", 150)
    undisturbed = Clusters(threshold=0.8, capacity=60, dims=64, window=256)
    stopped = Clusters(threshold=0.8, capacity=60, dims=64, window=256)
    undisturbed._due = stopped._due = 150
    _, vectors = themed(1_500, 10)
    for n, vector in enumerate(vectors):
        if n % 149 == 0:
            stopped = Clusters.load(msgspec.msgpack.decode(packed(stopped)))
        expected = undisturbed.assign(f"t{n}", vector, float(n), f"text {n}")
        assert stopped.assign(f"t{n}", vector, float(n), f"text {n}") == expected
    assert undisturbed.merged_into
    assert packed(stopped) == packed(undisturbed)


def test_subjects_apart_in_few_directions_are_told_among_many_that_mean_nothing() -> None:
    rng = np.random.default_rng(8)
    truth = rng.integers(20, size=2_000)
    vectors = rng.normal(scale=0.8 / 16, size=(2_000, 256))
    vectors[:, :8] += rng.normal(size=(20, 8))[truth] / 3
    vectors += 2 * vectors[:, 100:101].mean() + 0.1  # what all have in common
    model = Clusters()
    arrived = arrive(model, vectors.astype(np.float32))
    final = model.settle(list(vectors.astype(np.float32)), arrived)
    named = [str(theme) for theme in truth]
    assert v_measure(named, final) > 0.97
    assert v_measure(named[1_024:], arrived[1_024:]) > 0.9


def test_what_is_like_a_subject_along_its_directions_alone_is_no_part_of_it() -> None:
    truth, vectors = themed(1_024, 8, noise=0.02)
    wide = np.zeros((1_024, 256), dtype=np.float32)
    wide[:, :64] = vectors
    model = Clusters()
    home = arrive(model, wide)[truth.index(0, 600)]
    centre = wide[np.array(truth) == 0].mean(axis=0)
    stranger = centre + 4 * np.linalg.norm(centre) * axis(200)
    assert model.assign("known", centre, 9e3).cluster == home
    assert model.assign("stranger", stranger, 9e3).new


def test_a_subject_is_not_cut_however_it_scatters() -> None:
    rng = np.random.default_rng(1)
    for count in (512, 1_024, 4_096):
        centres = unit_rows(rng.normal(size=(4, 64)).astype(np.float32))
        noise = rng.normal(scale=0.9 / 8, size=(count, 64)).astype(np.float32)
        vectors = unit_rows(centres[rng.integers(4, size=count)] + noise)
        sizes = np.bincount(neighbour_groups(vectors, principal(vectors)))
        assert np.count_nonzero(sizes >= 5) == 4


def test_nothing_settles_to_nothing() -> None:
    assert Clusters().settle([], []) == []
    model = Clusters()
    empty = np.zeros(256, dtype=np.float32)
    arrived = [model.assign("e", empty, 0.0).cluster, model.assign("a", axis(0), 0.0).cluster]
    assert model.settle([empty, axis(0)], arrived) == arrived


def test_a_dump_is_a_copy() -> None:
    model = Clusters()
    model.assign("a", axis(0), 0.0, "one")
    state = model.dump()
    before = msgspec.msgpack.encode(state)
    model.assign("b", near(0), 0.0, "two")
    assert msgspec.msgpack.encode(state) == before


@pytest.mark.parametrize(
    "damage",
    [
        {"version": 2},
        {"version": 4},
        {"mean": b"x"},
        {"centroids": b"\0" * 7},
        {"lengths": b""},
        {"clusters": None},
        {"dims": 3},
    ],
)
def test_a_damaged_dump_is_refused(damage: dict[str, object]) -> None:
    model = Clusters()
    model.assign("a", axis(0), 0.0)
    with pytest.raises(StateError, match="does not load"):
        Clusters.load(model.dump() | damage)


def test_river_accepts_it_as_an_estimator() -> None:
    check_estimator(Clusters())


@pytest.mark.parametrize(
    "check",
    [
        common.check_learn_one,
        common.check_pickling,
        common.check_shuffle_features_no_impact,
        common.check_emerging_features,
        common.check_radically_disappearing_features,
        common.check_no_state_aliasing_with_input,
        common.check_clone_is_independent,
        common.check_bounded_memory_growth,
    ],
    ids=lambda check: str(check.__name__),
)
def test_it_keeps_rivers_conventions_on_data_too(check: object) -> None:
    """River runs these on data sets by kind of model, and has none for clusterers."""
    rng = np.random.default_rng(5)
    rows = [({f"f{i}": float(v) for i, v in enumerate(rng.normal(size=9))}, 0) for _ in range(200)]
    assert callable(check)
    check(Clusters(capacity=20), rows)


def test_river_features_take_the_same_way_as_vectors() -> None:
    model = Clusters()
    features = {n: float(v) for n, v in enumerate(near(0))}
    assert model.predict_one(features) == -1
    model.learn_one(features)
    model.learn_one({0: 1.0})
    model.learn_one({"another": 1.0})
    assert model.predict_one({0: 2.0}) == int(next(iter(model)).removeprefix("c_"), 16)
    assert [model.info(name).size for name in model] == [2, 1]


def test_real_questions_cluster_on_arrival_with_hashed_vectors() -> None:
    path = DATA / "A_clinc150.jsonl.gz"
    if not path.exists():
        pytest.skip("the shared data sets are not here")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    random.Random(1).shuffle(rows)
    rows = rows[:600]
    model, found = Clusters(), []
    for n, vector in enumerate(HashingEmbedder().embed([row["text"] for row in rows])):
        found.append(model.assign(f"t{n}", vector, float(n)).cluster)
    assert v_measure([row["label"] for row in rows], found) > 0.8
