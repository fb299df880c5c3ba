"""The application: Faust, Kafka, Redis, HTTP, files and processes around ``flywheel_stream``.

If you are here to read the code, start with ``agents`` (the story of an event), then ``transport``
(the batched Faust driver), ``ingest`` and ``learn`` (what the agents do), ``redis_store`` and
``state_store`` (what they remember), ``app`` (how all of it is wired), ``cli`` (how it is started).
"""
