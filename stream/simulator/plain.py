"""Plain traffic for benches: fast to make, a kilobyte a call, no conversation."""

from collections.abc import Callable, Iterator
from random import Random

from stream.simulator.personal import personal_sentence
from stream.simulator.questions import SLOTS
from stream.simulator.scenario import START

_POOL = 1_024
_SENTENCES = (
    "The {product} came {damage} and I would like to know what happens next. ",
    "We have tried it on {weekday} with the {language} client and saw the same result. ",
    "Our contract says {days} days, but the page still shows {amount} dollars. ",
    "Please look at the second answer, it is about the {product} from {supplier}. ",
    "After {days} attempts the report was complete, although slower than on {weekday}. ",
    "The settings are under General, the export to {language} is on the next page. ",
)


def bench_trace_id(seed: int, number: int) -> str:
    """The id of the call that ``bench_calls`` yields as its ``number``-th."""
    return f"b{seed}-{number:08d}"


def bench_calls(n: int, seed: int = 7) -> Iterator[bytes]:
    """Call records for benches: about 1 KB each, 15 % with personal data, 5 % failing.

    One in 200 repeats the one before it under another id; all other texts are distinct.

    Args:
        n: how many.
        seed: the same seed gives the same bytes.
    """
    rng = Random(seed)  # noqa: S311 - sample texts, not secrets
    pool = [_paragraph(rng) for _ in range(_POOL)]
    personal = [personal_sentence(rng) for _ in range(_POOL)]
    bits, draw = rng.getrandbits, rng.random
    body = ""
    for number in range(n):
        picked = bits(40)
        one, two, three = pool[picked & 1023], pool[picked >> 10 & 1023], pool[picked >> 20 & 1023]
        if number % 200 != 199:
            told = personal[picked >> 30] if draw() < 0.15 else ""
            answer, rest = f"About case {number}: {two}", '"finish_reason":"stop"'
            if draw() < 0.05:
                answer, rest = _BENCH_FAILURES[picked & 3](answer)
            body = (
                f'"app":"{_BENCH_APPS[picked & 3]}","model":"{_BENCH_MODELS[number & 1]}",'
                f'"variant":"{"ab"[number & 1]}","user_id":"u{picked >> 27}",'
                f'"messages":[{{"role":"user","content":"Case {number}. {one}{three}{told}"}}],'
                f'"response":"{answer}",{rest},"latency_ms":{picked & 4095},"tokens_in":180,'
                f'"tokens_out":90,"attributes":{{"locale":"en-US","plan":"plus"}}'
            )
        ts = START + number * 0.002
        yield f'{{"trace_id":"{bench_trace_id(seed, number)}","ts":{ts:.3f},{body}}}'.encode()


def bench_feedback(n: int, seed: int = 7, *, share: float = 0.05) -> Iterator[bytes]:
    """Signals about the calls of ``bench_calls(n, seed)``, in order of ``ts``.

    Args:
        n: how many calls there are.
        seed: of the calls.
        share: of the calls that have a signal.
    """
    rng = Random(seed + 1)  # noqa: S311 - as above
    for number in range(n):
        if rng.random() < share:
            value = "up" if rng.random() < 0.8 else "down"
            ts = START + number * 0.002 + 5.0
            yield (
                f'{{"trace_id":"{bench_trace_id(seed, number)}","ts":{ts:.3f},"kind":"thumb",'
                f'"value":"{value}","user_id":"r{number}"}}'
            ).encode()


def clean_text(rng: Random, size: int) -> str:
    """A text of ``size`` characters without personal data."""
    return _sentences(rng, size)[:size]


def personal_text(rng: Random, size: int) -> str:
    """A text of about ``size`` characters with one piece of personal data, somewhere in it."""
    told = personal_sentence(rng)
    before, after = f"{_sentences(rng, size)[: max(0, size - len(told) - 1)]} ", told
    return before + after if rng.random() < 0.5 else f"{after} {before}"


def _sentences(rng: Random, size: int) -> str:
    text = f"Case {rng.getrandbits(16)}. "
    while len(text) < size:
        slots = {name: rng.choice(words) for name, words in SLOTS.items()}
        text += rng.choice(_SENTENCES).format_map(slots)
    return text


def _paragraph(rng: Random) -> str:
    slots = {name: rng.choice(words) for name, words in SLOTS.items()}
    return "".join(rng.sample(_SENTENCES, 4)).format_map(slots)[:270]


_BENCH_APPS = ("support", "docs", "search", "mail")
_BENCH_MODELS = ("aurora-1", "breeze-1")
_BENCH_FAILURES: tuple[Callable[[str], tuple[str, str]], ...] = (
    lambda answer: ("", '"finish_reason":"error","error":"upstream timed out"'),
    lambda answer: ("", '"finish_reason":"stop"'),
    lambda answer: (answer[:120], '"finish_reason":"length"'),
    lambda answer: (answer, '"finish_reason":"stop","expect":{"format":"json"}'),
)
