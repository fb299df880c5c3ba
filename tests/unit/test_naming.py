"""Names of clusters: given once, renewed seldom, kept over a restart."""

from flywheel_stream.naming import ClusterNames


def renewed(names: ClusterNames, failures: int, label: str, kind: str = "refusal") -> str:
    names.renew("c1", failures, kind, lambda: label, {"c1"})
    return names.name("c1")


def test_a_name_is_of_words_and_kind_and_an_id_where_there_are_none() -> None:
    names = ClusterNames(10)
    assert names.name("c1") == "c1"
    assert names.label("c1") == ""
    assert renewed(names, 1, "late parcel, courier") == "late parcel, courier (refusal)"
    assert names.label("c1") == "late parcel, courier"
    names.renew("c2", 1, "tone", lambda: "", {"c2"})
    assert names.name("c2") == "c2 (tone)"


def test_a_name_is_due_at_twice_the_failures() -> None:
    names = ClusterNames(10)
    renewed(names, 10, "late parcel")
    assert renewed(names, 19, "refund, card", "tone") == "late parcel (refusal)"
    assert renewed(names, 20, "refund, card", "tone") == "refund, card (tone)"
    assert renewed(names, 39, "late parcel") == "refund, card (tone)"


def test_words_stay_as_long_as_half_of_them_still_tell() -> None:
    names = ClusterNames(10)
    renewed(names, 10, "late parcel, courier")
    assert renewed(names, 20, "parcel, courier, depot") == "late parcel, courier (refusal)"
    assert renewed(names, 40, "depot, parcel, address", "tone") == "depot, parcel, address (tone)"


def test_words_of_single_texts_do_not_stay() -> None:
    names = ClusterNames(10)
    renewed(names, 1, "parcel, courier, kbl")
    assert renewed(names, 2, "parcel, courier, depot") == "parcel, courier, depot (refusal)"


def test_a_title_is_shown_while_the_words_that_it_is_for_stay() -> None:
    names = ClusterNames(10)
    renewed(names, 3, "late parcel")
    assert names.untitled("c1") is None  # of single texts
    renewed(names, 6, "late parcel, courier")
    assert names.untitled("c1") == ("late parcel, courier", "refusal")
    before = names.dump()
    names.entitle("c1", "late parcel, courier", "Parcels that come late")
    assert names.untitled("c1") is None
    assert (names.label("c1"), names.name("c1")) == (
        "Parcels that come late",
        "Parcels that come late (refusal)",
    )
    assert names.dump() == before
    assert renewed(names, 12, "courier, late, depot") == "Parcels that come late (refusal)"
    assert renewed(names, 24, "refund, card") == "refund, card (refusal)"
    assert names.untitled("c1") == ("refund, card", "refusal")


def test_the_words_are_asked_for_only_if_a_name_is_due() -> None:
    names = ClusterNames(10)
    asked: list[int] = []

    def label() -> str:
        asked.append(1)
        return "late parcel"

    for failures in range(1, 1001):
        names.renew("c1", failures, "refusal", label, {"c1"})
    assert len(asked) == 10


def test_names_of_clusters_that_are_no_more_are_forgotten_when_there_are_too_many() -> None:
    names = ClusterNames(2)
    for n in range(5):
        names.renew(f"c{n}", 1, "tone", lambda: "words", {"c3", "c4"})
    assert sorted(names.dump()) == ["c3", "c4"]


def test_a_restart_changes_no_name() -> None:
    names = ClusterNames(10)
    renewed(names, 10, "late parcel")
    again = ClusterNames.load(names.dump(), 10)
    assert again.dump() == names.dump()
    assert renewed(again, 19, "refund") == renewed(names, 19, "refund")
