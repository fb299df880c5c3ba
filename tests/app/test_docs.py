"""README and docs against the code: the map, the examples, the links, the names of settings."""

import json
import re
import shlex
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from msgspec import Struct

from flywheel_stream import events
from stream.cli import parser
from stream.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
PAGES = [README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
LAYERS = ("flywheel_stream", "stream")


def rows(heading: str) -> Iterator[list[str]]:
    """The cells of the README's table under a heading or sentence."""
    table = README.read_text().partition(heading)[2].partition("|---|---|\n")[2]
    for line in table.splitlines():
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.strip("|").split("|")]


def test_the_map_has_each_module_once_and_nothing_else() -> None:
    named = []
    for where, _ in rows("## Where to find things"):
        first, *others = re.findall(r"`([^`]+)`", where)
        folder = first.partition("/")[0]
        named += [first, *(f"{folder}/{other}" for other in others)]
    modules = [
        f"{folder}/{path.name}"
        for folder in LAYERS
        for path in (ROOT / folder).glob("*.py")
        if path.name != "__init__.py"
    ]
    packages = [
        f"{folder}/{path.parent.name}/"
        for folder in LAYERS
        for path in (ROOT / folder).glob("*/__init__.py")
    ]
    assert sorted(named) == sorted(modules + packages)


def test_each_place_to_add_something_exists() -> None:
    for _, place in rows("One place to add:"):
        found = re.search(r"`([A-Z]+)` in `([\w/]+)\.py`", place)
        if found:
            assert getattr(import_module(found[2].replace("/", ".")), found[1])
        else:
            assert (ROOT / re.findall(r"`(\w+/\w+\.py)`", place)[0]).is_file()


def examples() -> Iterator[str]:
    """The calls of ``flywheel`` in blocks of shell, without comments, pipes and redirections."""
    for page in PAGES:
        for block in re.findall(r"^```sh\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL):
            for line in block.splitlines():
                found = re.search(r"(?:^|\s)flywheel (?P<args>.*)", line)
                if found and not line.startswith("#"):
                    yield re.split(r" [#<>|]", found["args"])[0]


@pytest.mark.parametrize("example", sorted(set(examples())))
def test_each_example_is_a_command(example: str) -> None:
    parser().parse_args(shlex.split(example))


def test_the_smallest_input_of_the_readme_is_one() -> None:
    (block,) = re.findall(r"^```json\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)
    call, signal = block.splitlines()
    for decoder, line in ((events.calls, call), (events.signals, signal)):
        found, unknown = decoder.decode(json.dumps(json.loads(line)).encode())
        assert isinstance(found, Struct)
        assert unknown == 0


def test_configurations_of_the_docs_load(tmp_path: Path) -> None:
    file = tmp_path / "flywheel.toml"
    blocks = [
        block
        for page in PAGES
        for block in re.findall(r"^```toml\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    ]
    assert blocks
    for block in blocks:
        file.write_text(block)
        load_settings(str(file))


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub makes of headings."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CHANGELOG.md"], ids=lambda page: str(page.name))
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" not in link:
            name, _, anchor = link.partition("#")
            target = page.parent / name if name else page
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_variables_that_are_named_are_settings(page: Path) -> None:
    known = {f"FLYWHEEL_{name.upper()}" for name in Settings.model_fields} | {"FLYWHEEL_CONFIG"}
    assert set(re.findall(r"FLYWHEEL_[A-Z_]*[A-Z]", page.read_text())) <= known
