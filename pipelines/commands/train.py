"""The verb of the command line that teaches a model somebody's own music."""

from __future__ import annotations

import argparse
from pathlib import Path

from music.errors import StudioError
from pipelines.commands.flags import Verbs, number_in
from pipelines.commands.running import Show
from pipelines.train import MAX_MINUTES, TrainOptions, go_on, options_of, train
from pipelines.training_run import TrainingRun, wait_for


def add_train(verbs: Verbs) -> None:
    """Adds the verb that trains."""
    parser = verbs.add_parser(
        "train",
        help="teach a model a folder or zip of your own music",
        description="Lets a model learn from a folder or zip of MIDI and MusicXML files. The result stands in every list of models.",
        epilog="Example: python -m pipelines train my-songs.zip --base generate-small --name my-style --minutes 10; then "
        "python -m pipelines generate --checkpoint my-style --out new.mid",
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument("music", metavar="FOLDER|ZIP", nargs="?", type=Path, default=None, help="what to learn from")
    parser.add_argument("--name", required=True, help="what the result is called")
    parser.add_argument(
        "--base", metavar="NAME", help=f"the checkpoint that learns on ({TrainOptions.base} unless said)"
    )
    parser.add_argument(
        "--minutes",
        metavar="M",
        type=number_in,
        help=f"how long to learn, up to {MAX_MINUTES:.0f} ({TrainOptions.minutes:.0f} unless said)",
    )
    parser.add_argument("--steps", metavar="N", type=int, help="or how many steps to take, whatever time that needs")
    parser.add_argument("--rate", metavar="F", type=number_in, help="factor on the rate of learning (1 unless said)")
    parser.add_argument("--seed", metavar="N", type=int, help="of all random choices (0 unless said)")
    further = parser.add_mutually_exclusive_group()
    further.add_argument("--resume", action="store_true", help="go on with a training that was stopped, where it stood")
    further.add_argument("--keep", action="store_true", help="make what can be made of a training that was stopped")
    parser.set_defaults(run=_train)


def _train(asked: argparse.Namespace, show: Show) -> dict[Path, bytes]:
    """Trains, prints what was found in the files and what came of it, and writes no file."""
    values = {key: value for key, value in vars(asked).items() if key in TrainOptions.__dataclass_fields__}
    run = TrainingRun(asked.name)
    if "keep" in asked:
        for _ in wait_for(run, go_on(run, keep=True)):
            pass
    else:
        _learn(run, asked, values, show)
    if run.status.phase == "failed":
        raise StudioError(run.status.message)
    verdict = run.verdict
    if verdict is None:
        raise StudioError(
            f"The training '{run.name}' was stopped. Go on with --resume, or take what there is with --keep."
        )
    for sentence in verdict.sentences:
        show.say(sentence)
    if verdict.checkpoint:
        show.say(f"It stands in every list of models as '{verdict.checkpoint}'; its samples lie in {run.folder}.")
    return {}


def _learn(run: TrainingRun, asked: argparse.Namespace, values: dict[str, object], show: Show) -> None:
    """Trains until it is done or interrupted.

    Raises:
        StudioError: it cannot be done.
    """
    resume = "resume" in asked
    if resume and (asked.music is not None or set(values) != {"name"}):
        raise StudioError("A training goes on with its own music and options. Leave out all but --name and --resume.")
    if not resume and asked.music is None:
        raise StudioError("There is nothing to learn from. Name a folder or a zip of MIDI or MusicXML files.")
    if resume and not run.exists:
        raise StudioError(f"There is no training '{run.name}' to go on with. Start it without --resume.")
    options = options_of(run) if resume else TrainOptions(**values)  # type: ignore[arg-type]
    reported = False
    try:
        for step in train(options, asked.music or Path(), resume):
            if not reported and run.found is not None:
                _report(run, show)
                reported = True
            if step.status.is_working:
                show(round(step.status.done, 1), round(step.status.total, 1), step.unit, step.status.phase)
    except KeyboardInterrupt:
        raise StudioError(
            f"Stopped; what was learned is kept. Go on with --name {run.name} --resume, or take what there is with --keep."
        ) from None


def _report(run: TrainingRun, show: Show) -> None:
    """Says what was found in the files."""
    found = run.found
    assert found is not None  # the caller looked
    kept_back = [each["name"] for each in found.used if each["split"] != "learned"]
    show.say(
        f"{len(found.used)} files are used; of them {len(kept_back)} are kept back to check on: {', '.join(kept_back)}"
    )
    for names in found.copies:
        show.say(f"The same music, so on one side: {', '.join(names)}")
    for each in found.skipped:
        show.say(f"Skipped {each['name']}: {each['why']}")
