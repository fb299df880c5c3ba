"""The library: pure, deterministic, no Kafka, no Redis, no web, no files, no loop.

If you are here to read the code, start with ``events`` (the nouns), then ``cleaning`` and
``learning``, the only ones that know the order of things; each step of theirs is a file or a
package that knows nothing of the others:
``checks``, ``scrubbing`` with its table ``pii``, ``dedup``, ``joining``, ``signals``, ``failures``,
``embedding``, ``clusters``, ``satisfaction``, ``alerts``, ``triage``, ``curation`` with its table
``rules``. ``event_time`` says what "in order" means, ``lineage`` how things are named,
``metrics`` what is counted, ``errors`` what may go wrong.
"""
