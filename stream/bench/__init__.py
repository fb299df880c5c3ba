"""``flywheel bench``: what the job and its parts cost and find, beside others, in one run.

``job`` (with ``memory``), ``scrub``, ``dedup`` and ``alerts`` are what may be asked for: each measures,
and has a table of its figures for a person. Contenders of the job run in processes of their own,
``python -m stream.bench NAME``, so this package itself imports nothing.
"""
