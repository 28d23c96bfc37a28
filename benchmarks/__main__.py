"""The benchmarks' command line: python -m benchmarks VERB [options]."""

from __future__ import annotations

import importlib
import os
import sys

from music.errors import StudioError

VERBS = {
    "compose": "seconds for a whole song, stage by stage and file by file, beside its length; peak memory",
    "decode": "notes per second of our decoder, beside GPT-2 of the same size on REMI tokens",
    "fingerprints": "which of the notes that the studio makes are still those of an earlier run; 1 if any are not",
    "fuzz": "what the studio does with damaged and hostile files of every kind; 1 if any crashes it or takes too long",
    "interface": "milliseconds of what a page does while a visitor waits: prompts, plans, takes, lists, self-tests",
    "notation": "faults of the score that we write of a piece, beside music21's",
    "page": "milliseconds until each page stands in a browser, cold and warm, and from a click to its answer beside a job",
    "peer": "nats a note of GPT-2 on REMI+BPE tokens after the same core minutes on the same music, beside ours",
    "render": "seconds of music per second of our renderer, beside the fluidsynth command line",
    "roll": "frames a second of the piano roll in a browser while the notes of a long piece are scrolled and dragged",
    "sound": "how near each synthesis comes to sound whose true features it is given, and processor seconds a second",
    "tokenize": "notes per second from file to octuples, beside pretty_midi and plain Python",
    "visitors": "twenty visitors at once: seconds of waiting, of a click and of a new page, memory, errors",
}
"""What each benchmark prints. Each is a module of this room with ``main(arguments)``, which may return an exit code."""


def main(arguments: list[str]) -> int:
    """Runs one benchmark and returns the exit code: its own, or 2 after an error that a user can mend."""
    verb = arguments[0] if arguments else "--help"
    if verb in ("-h", "--help"):
        print(__doc__ + "\n\n" + "\n".join(f"  {name:<14}{text}" for name, text in VERBS.items()))
        return 0
    if verb not in VERBS:
        print(f"There is no benchmark {verb!r}. Choose one of {', '.join(VERBS)}.", file=sys.stderr)
        return 2
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # NumPy's BLAS reads it once, when it is imported
    try:
        return importlib.import_module(f"benchmarks.{verb}").main(arguments[1:]) or 0
    except StudioError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
