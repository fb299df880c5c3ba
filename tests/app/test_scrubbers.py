"""The scrubber of the settings, and the shelf of its compiled patterns."""

from pathlib import Path

import pytest

from flywheel_stream.errors import ConfigError
from flywheel_stream.gating import PlainGate, _scanner
from flywheel_stream.hints import Row
from stream import scrubbers
from stream.scrubbers import DiskShelf, build_scrubber
from stream.settings import load_settings


def test_a_shelf_gives_back_what_is_whole(tmp_path: Path) -> None:
    shelf = DiskShelf(tmp_path / "new" / "folder")
    assert shelf.get("a") is None
    shelf.put("a", b"value")
    assert shelf.get("a") == b"value"
    (file,) = (tmp_path / "new" / "folder").iterdir()
    file.write_bytes(file.read_bytes()[:-1])
    assert shelf.get("a") is None


def test_a_shelf_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    shelf = DiskShelf(tmp_path / "file")
    shelf.put("a", b"value")
    assert shelf.get("a") is None


def test_patterns_from_the_shelf_find_the_same(tmp_path: Path) -> None:
    pytest.importorskip("hyperscan")
    rows = [Row(1, "foo"), Row(2, "b[ar]+z", caseless=True)]
    shelf = DiskShelf(tmp_path)
    found: list[int] = []
    for _ in range(2):
        _scanner(rows, lambda number, *_: found.append(number), shelf)(b"foo BARZ")
    assert sorted(found) == [1, 1, 2, 2]
    (file,) = tmp_path.iterdir()
    shelf.put(file.name, b"whole, and no database")
    _scanner(rows, lambda number, *_: found.append(number), shelf)(b"foo")
    assert found[-1] == 1


def test_the_settings_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scrubbers, "best_gate", lambda _: PlainGate())
    scrubber = build_scrubber(
        load_settings(None).model_copy(update={"placeholders": "pseudonyms"}), b"k"
    )
    assert scrubber.scrub(["jo@example.com"], ["a"])[0].text.startswith("<EMAIL_")
    with pytest.raises(ConfigError, match="FLYWHEEL_SCRUBADUB_DETECTORS"):
        build_scrubber(
            load_settings(None).model_copy(update={"scrubadub_detectors": ("nowhere:Nothing",)})
        )
