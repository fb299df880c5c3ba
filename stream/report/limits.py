"""How much of a run is shown; what is left out is told as a number."""

MOST_ROWS = 20
"""Rows of a list that are shown; the rest is a number."""
MOST_APPS = 6
"""Apps with a chart of their own."""
MOST_LINES = 6
"""Lines in one chart: as many as there are colours that are told apart."""
MOST_KEYS = 1_000
"""Different things that are counted; beyond, they share one row."""
MOST_BUCKETS = 120
"""Points in time in one chart; hours are put together until they fit."""
FEW = 10
"""Fewer judged calls make a mean that is drawn as uncertain."""
