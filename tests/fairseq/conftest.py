"""These tests need fairseq, which must never come into the studio's own environment: `make test-fairseq` runs them."""

from __future__ import annotations

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("fairseq") else ["test_*.py"]
