"""A contender's process: ``python -m stream.bench NAME``."""

import sys

from stream.bench.child import child

if __name__ == "__main__":
    sys.exit(child(sys.argv[1]))
