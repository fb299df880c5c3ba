"""``flywheel``: every command, its options, an example; errors as one sentence on stderr."""

import argparse
import asyncio
import errno
import json
import logging
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from flywheel_stream.errors import ConfigError, FlywheelError
from stream.settings import Settings, load_settings

OK, FAILED, USAGE = 0, 1, 2


class Command(NamedTuple):
    """One command: its row in ``flywheel --help``, an example, its options, and what it does."""

    name: str
    help: str
    example: str
    options: Callable[[argparse.ArgumentParser], None]
    run: Callable[[Settings, argparse.Namespace], int]


# ---------------------------------------------------------------- options


def _no_options(parser: argparse.ArgumentParser) -> None:
    pass


def _file_options(parser: argparse.ArgumentParser) -> None:
    for name, what in (
        ("logs", "model calls"),
        ("feedback", "signals about them"),
        ("deployments", "what went live and was withdrawn"),
    ):
        parser.add_argument(
            f"--{name}",
            type=Path,
            action="append",
            default=[],
            metavar="F",
            help=f"{what}, a JSON object a line (docs/records.md); may be given again",
        )


def _process_options(parser: argparse.ArgumentParser) -> None:
    _file_options(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for outputs")
    parser.add_argument("--json", action="store_true", help="print summary.json at the end")


def _demo_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--once", action="store_true", help="end by itself with a summary")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("out/demo"),
        metavar="DIR",
        help="folder for inputs and outputs; default: out/demo",
    )
    parser.add_argument(
        "--seed", type=int, default=7, metavar="N", help="of the sample traffic; default: 7"
    )


def _replay_options(parser: argparse.ArgumentParser) -> None:
    _file_options(parser)
    parser.add_argument("--run", required=True, metavar="NAME", help="names topics, group and keys")
    parser.add_argument("--json", action="store_true", help="print the counts as JSON")


def _json_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _dedup_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--capacity",
        type=_positive,
        default=100_000,
        metavar="N",
        help="texts that are remembered, about 3 KB each; default: 100,000",
    )


def _cluster_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--final",
        action="store_true",
        help="add the cluster after merges and splits; answers come at the end of input",
    )


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"must be a number above 0, not {text!r}")
    return int(text)


def _bench_options(parser: argparse.ArgumentParser) -> None:
    _json_option(parser)
    parser.add_argument(
        "what",
        nargs="?",
        choices=("job", "scrub", "dedup", "alerts"),
        default="job",
        help="the whole job, or a part",
    )
    parser.add_argument("--data", type=Path, metavar="F", help="scrub: labelled texts to find in")
    parser.add_argument(
        "--events",
        type=_positive,
        default=100_000,
        metavar="N",
        help="job: calls; default: 100,000",
    )
    parser.add_argument(
        "--fingerprints", type=_positive, default=10_000_000, metavar="N", help="dedup: how many"
    )
    parser.add_argument(
        "--memory", type=_positive, default=0, metavar="N", help="a worker's memory over N"
    )
    parser.add_argument("--kafka", default=None, help="a broker; default: the embedded one")
    parser.add_argument("--redis", default=None, help="a Redis URL; default: the embedded one")


# ---------------------------------------------------------------- commands
# Imports are inside: `flywheel --help` must not wait for Faust, and a filter not for Kafka.


def _demo(settings: Settings, args: argparse.Namespace) -> int:
    from stream.demo import demo

    return demo(settings, out=args.out, seed=args.seed, once=args.once)


def _process(settings: Settings, args: argparse.Namespace) -> int:
    from stream.process import process
    from stream.view import progress_view

    with progress_view() as show:
        result = process(
            settings,
            logs=args.logs,
            feedback=args.feedback,
            deployments=args.deployments,
            out=args.out,
            show=show,
        )
    if args.json:
        print(json.dumps(result.summary))
    else:
        _say(f"read {result.summary['read']} records in {result.summary['seconds']:.1f} s")
        _say(f"outcomes: {_listed(result.summary['outcomes'])}")
        _say(f"see {args.out / 'report.html'} and {args.out / 'summary.json'}")
        if not settings.secret.get_secret_value():
            _say(
                "FLYWHEEL_SECRET is not set: another run names users, ids that are hashed and "
                "examples that rest on them otherwise"
            )
    return OK


def _worker(settings: Settings, args: argparse.Namespace) -> int:
    from stream.service import run_worker

    asyncio.run(run_worker(settings))
    return OK


def _topics(settings: Settings, args: argparse.Namespace) -> int:
    from stream.app import create_topics

    created = asyncio.run(create_topics(settings))
    for name in created:
        print(f"created {name}")
    if not created:
        print("all topics exist")
    return OK


def _doctor(settings: Settings, args: argparse.Namespace) -> int:
    from stream.doctor import examine

    findings = asyncio.run(examine(settings))
    if args.json:
        rows = [finding._asdict() for finding in findings]
        print(json.dumps({"findings": rows, "settings": settings.masked()}, default=str))
    else:
        for finding in findings:
            print(f"{finding.level:<5} {finding.what}: {finding.text}")
        print("\nsettings")
        for name, value in settings.masked().items():
            print(f"  {name} = {value!r}")
    return FAILED if any(finding.level == "error" for finding in findings) else OK


def _replay(settings: Settings, args: argparse.Namespace) -> int:
    from stream.replay import replay

    outcomes = asyncio.run(
        replay(
            settings,
            run=args.run,
            logs=args.logs,
            feedback=args.feedback,
            deployments=args.deployments,
        )
    )
    print(json.dumps(outcomes) if args.json else f"replayed as {args.run}: {_listed(outcomes)}")
    return OK


def _bench(settings: Settings, args: argparse.Namespace) -> int:
    if args.what == "scrub":
        from stream.bench import scrub

        figures = scrub.bench_scrub(args.data)
        print(json.dumps(figures) if args.json else scrub.table(figures))
        return OK
    if args.what == "dedup":
        from stream.bench import dedup

        figures = dedup.bench_dedup(settings, fingerprints=args.fingerprints, redis=args.redis)
        print(json.dumps(figures) if args.json else dedup.table(figures))
        return OK
    if args.what == "alerts":
        from stream.bench import alerts

        delays = alerts.bench_alerts()
        print(json.dumps(delays) if args.json else alerts.table(delays))
        return OK
    if args.memory:
        from stream.bench import memory

        curve = memory.memory_curve(
            settings, events=args.memory, kafka=args.kafka, redis=args.redis
        )
        print(json.dumps(curve) if args.json else memory.table(curve))
        return OK
    from stream.bench import job

    found = job.bench_job(settings, events=args.events, kafka=args.kafka, redis=args.redis)
    print(json.dumps(found) if args.json else job.table(found))
    return OK


def _streams() -> tuple[BinaryIO, BinaryIO]:
    """What filters read and write.

    Raises:
        ConfigError: one of them was closed before we began.
    """
    for name, stream in (("stdin", sys.stdin), ("stdout", sys.stdout)):
        if stream is None:
            raise ConfigError(f"{name} is closed: give a file or a pipe.")
    return sys.stdin.buffer, sys.stdout.buffer


def _scrub(settings: Settings, args: argparse.Namespace) -> int:
    from stream.filters import TextLine, run_filter, scrub_lines
    from stream.scrubbers import build_scrubber

    work = scrub_lines(build_scrubber(settings))
    return run_filter(*_streams(), TextLine, work)


def _cluster(settings: Settings, args: argparse.Namespace) -> int:
    from stream.embedders import AWAY, load_embedder
    from stream.filters import TimedLine, cluster_lines, run_filter
    from stream.river_clusterers import RiverClusters
    from stream.scrubbers import build_scrubber

    ours = settings.clusterer == "ours"
    work, at_end = cluster_lines(
        load_embedder(settings),
        settings.cluster_capacity,
        final=args.final,
        scrubber=build_scrubber(settings) if settings.embedder in AWAY else None,
        clusters=None if ours else RiverClusters(settings.clusterer, settings.clusterer_k),
    )
    return run_filter(*_streams(), TimedLine, work, at_end)


def _dedup(settings: Settings, args: argparse.Namespace) -> int:
    from stream.filters import TimedLine, dedup_lines, run_filter

    work = dedup_lines(settings.dedup_window_hours * 3600, args.capacity)
    return run_filter(*_streams(), TimedLine, work)


COMMANDS: tuple[Command, ...] = (
    Command(
        "demo",
        "everything on one machine with sample traffic, no server to install",
        "flywheel demo --once",
        _demo_options,
        _demo,
    ),
    Command(
        "process",
        "the main job on files",
        "flywheel process --logs logs.jsonl --feedback feedback.jsonl --out out/",
        _process_options,
        _process,
    ),
    Command(
        "worker",
        "the service, against the configured Kafka and Redis",
        "FLYWHEEL_KAFKA=kafka:9092 FLYWHEEL_REDIS=redis://redis/0 flywheel worker",
        _no_options,
        _worker,
    ),
    Command(
        "topics",
        "create the topics that are absent",
        "flywheel topics",
        _no_options,
        _topics,
    ),
    Command(
        "doctor",
        "check Kafka, topics, Redis, the Bloom module and the configuration",
        "flywheel doctor --json",
        _json_option,
        _doctor,
    ),
    Command(
        "scrub",
        "scrub texts: JSON lines with a text in, scrubbed text and entities out",
        """echo '{"text": "I am at jo@example.com"}' | flywheel scrub""",
        _no_options,
        _scrub,
    ),
    Command(
        "cluster",
        "cluster texts as they come: JSON lines with id, text and ts in, id and cluster out",
        "flywheel cluster --final < failures.jsonl",
        _cluster_options,
        _cluster,
    ),
    Command(
        "dedup",
        "find copies and near-copies: JSON lines with id, text and ts in, id, duplicate and of out",
        "flywheel dedup < texts.jsonl",
        _dedup_options,
        _dedup,
    ),
    Command(
        "replay",
        "send files through topics, groups and keys of their own",
        "flywheel replay --run before-fix --logs logs.jsonl --feedback feedback.jsonl",
        _replay_options,
        _replay,
    ),
    Command(
        "bench",
        "measure the whole job beside the per-event composition of the same packages",
        "flywheel bench --json",
        _bench_options,
        _bench,
    ),
)


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _listed(counts: dict[str, Any]) -> str:
    return ", ".join(f"{name} {number}" for name, number in counts.items()) or "nothing"


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    top = argparse.ArgumentParser(
        prog="flywheel",
        description="Turns the live traffic of an LLM product into satisfaction metrics, failure "
        "alerts and curated training data, while it happens.",
    )
    top.add_argument("--config", metavar="FILE", help="configuration; default: flywheel.toml")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        sub = commands.add_parser(
            command.name,
            help=command.help,
            description=f"{command.help[0].upper()}{command.help[1:]}.",
            epilog=f"example: {command.example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,  # an example is to be copied
        )
        command.options(sub)
        sub.set_defaults(work=command.run)  # no option may have that name
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command; returns the exit status: 0 success, 1 the work failed, 2 usage."""
    args = parser().parse_args(argv)
    try:
        settings = load_settings(args.config)
        _configure_logging(settings.log_level)
        return int(args.work(settings, args))
    except ConfigError as error:
        _say(f"flywheel: {error}")
        return USAGE
    except FlywheelError as error:
        _say(f"flywheel: {error}")
        return FAILED
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read our output has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:  # noqa: BLE001 - told as one sentence
        _say(f"flywheel: {_refused(error) or _fault(error)}")
        return FAILED


_REMEDIES = {
    errno.EACCES: "change the permissions, or take another place",
    errno.EDQUOT: "make room, or take another place",
    errno.EISDIR: "that is a folder: take a file",
    errno.EMFILE: "allow more open files (ulimit -n)",
    errno.ENOSPC: "make room, or take another place",
    errno.EPERM: "change the permissions, or take another place",
    errno.EROFS: "take another place",
}


def _refused(error: Exception) -> str:
    """What the system refused, with the remedy; empty where it is no such error."""
    if not isinstance(error, OSError) or error.errno not in _REMEDIES:
        return ""
    where = "" if error.filename is None else f" ({error.filename})"
    return f"{error.strerror}{where}: {_REMEDIES[error.errno]}."


def _fault(error: Exception) -> str:
    """What is to be reported. The error's own text stays unsaid: it may hold the text of a user."""
    logging.getLogger(__name__).debug("stopped", exc_info=error)
    return (
        f"stopped by a fault of ours, {type(error).__name__} at {_place(error)}: "
        "nothing that was not acknowledged is lost. Please report it."
    )


def _place(error: Exception) -> str:
    """Where an error was raised: file, line and function."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno} in {frame.name}"


def _configure_logging(level: str) -> None:
    logging.basicConfig(
        level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    # Libraries speak only of trouble: at INFO Faust tells of every step of a rebalance, and at DEBUG
    # the clients print the records that they move, raw.
    for name in ("faust", "mode", "aiokafka", "kafka", "asyncio", "stream.transport"):
        logging.getLogger(name).setLevel("INFO" if level == "DEBUG" else "WARNING")
    # It warns of a commit that took longer than the time between two, as one may while a large batch
    # is learnt on the same loop; a commit that fails is told by others.
    logging.getLogger("mode.timers").setLevel("INFO" if level == "DEBUG" else "ERROR")


if __name__ == "__main__":
    sys.exit(main())
