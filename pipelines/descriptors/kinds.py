"""What there is to know of a pipeline, of a song's pipeline and of a stage of a song."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.contract import Step
from pipelines.descriptors import descriptions
from pipelines.options.values import from_mapping, to_mapping
from pipelines.song.plan import BY_HAND, plan_from_mapping, plan_to_mapping


@dataclass(frozen=True, kw_only=True)
class Descriptor:
    """A pipeline, or a stage of a song.

    Attributes:
        name: in recipes; of a pipeline also its verb on the command line and in the worker.
        title: what pages call it.
        options: the class of its options.
        run: "module:function" of the generator of Steps, see ``contract.Pipeline``; transcribe alone begins with sound.
        icon: the Material symbol that stands for what it makes.
        about: what it does, in one sentence.
        did: what it did, without its settings.
        describe: returns what it did with these options, in the order in which it is told; parts may be empty.
        progress: returns how far it is, of (options, done, total).
        grows: whether its result becomes longer while it is written, rather than fuller or other.
        rewrites: whether, with these options, its result is the piece it took with some notes changed.
        keeps_key: whether its result is in the key of what it took.
        accompanies: whether the melody of what it took stands in its recipe.
    """

    name: str
    title: str
    options: type
    run: str
    icon: str
    about: str
    did: str
    describe: Callable[[Any], list[str]]
    progress: Callable[[Any, float, float], str] = descriptions.share_done
    grows: bool = False
    rewrites: Callable[[Any], bool] = lambda options: False
    keeps_key: bool = False
    accompanies: bool = False

    def load(self) -> Callable[..., Any]:
        """Returns what runs it; this imports the models' packages."""
        return _imported(self.run)

    def to_mapping(self, options: Any) -> dict[str, Any]:
        """Returns its options as plain values."""
        return to_mapping(options)

    def from_mapping(self, values: Mapping[str, Any]) -> Any:
        """Returns its options from plain values.

        Raises:
            StudioError: a key is unknown, or a value is refused.
        """
        return from_mapping(self.options, values)


@dataclass(frozen=True, kw_only=True)
class PipelineDescriptor(Descriptor):
    """A pipeline that people call by itself.

    Attributes:
        task: what a checkpoint must be made for to be used by it; empty if its stages load theirs.
        command: "module:function" that adds its verb to the command line.
        lane: of the worker; see ``worker.verbs.LANES``.
        limit_s: seconds after which the worker asks it to stop.
        keep: "module:function" that returns what is kept when it is stopped, of (piece, options, step); by default the Step
            that it had reached.
    """

    task: str
    command: str
    lane: str = "model"
    limit_s: float = 3600.0
    keep: str = ""

    def kept(self, piece: Any, options: Any, step: Step) -> Step:
        """Returns what is kept of its work on a piece: its last Step as it is, or the one at which it was stopped."""
        return _imported(self.keep)(piece, options, step) if self.keep and step.done < step.total else step

    def load_command(self) -> Callable[[Any], None]:
        """Returns what adds its verb to the command line."""
        return _imported(self.command)


@dataclass(frozen=True, kw_only=True)
class SongDescriptor(PipelineDescriptor):
    """A pipeline whose options are a plan of stages."""

    def to_mapping(self, options: Any) -> dict[str, Any]:
        """Returns a plan as plain values."""
        return plan_to_mapping(options)

    def from_mapping(self, values: Mapping[str, Any]) -> Any:
        """Returns a plan from plain values.

        Raises:
            StudioError: it is damaged, or an option is refused.
        """
        return plan_from_mapping(values)


@dataclass(frozen=True, kw_only=True)
class StageDescriptor(Descriptor):
    """A stage of a song.

    Attributes:
        work: what it did, for the README of a song's folder.
        effort: how long it takes beside the other stages, measured by ``python -m benchmarks compose``.
    """

    work: str
    effort: float

    @property
    def by_hand(self) -> bool:
        """Whether a song has it only because somebody changed the finished song by hand."""
        return self.name in BY_HAND


def _imported(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)
