"""What the studio knows of each pipeline and of each stage of a song, in one place that all others read.

Worker, command line, history, takes, projects, cards, player and progress ask here, so that a new pipeline is named
once. Imports no model: pages read it too, and what runs a pipeline is imported when it first runs.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines import descriptions
from pipelines.contract import Step
from pipelines.options.audio import AudioOptions
from pipelines.options.edit import EditOptions
from pipelines.options.generate import GenerateOptions
from pipelines.options.harmonize import HarmonizeOptions
from pipelines.options.lyrics import LyricsOptions
from pipelines.options.rearrange import RearrangeOptions
from pipelines.options.reharmonize import ReharmonizeOptions
from pipelines.options.remix import RemixOptions
from pipelines.options.transcribe import TranscribeOptions
from pipelines.options.values import from_mapping, to_mapping
from pipelines.song.plan import BY_HAND, Plan, plan_from_mapping, plan_to_mapping
from pipelines.song.plan import STAGES as STAGE_OPTIONS


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


PIPELINES: dict[str, PipelineDescriptor] = {
    each.name: each
    for each in (
        SongDescriptor(
            name="compose",
            title="Compose",
            options=Plan,
            run="pipelines.compose:compose",
            task="",
            command="pipelines.commands.compose:add_compose",
            icon="auto_awesome",
            about="Makes a whole song of a sentence, a melody or a sketch, stage by stage.",
            did="composed a song",
            describe=lambda plan: ["composed a song"],
            progress=lambda plan, done, total: stage_in_work(plan, done),
        ),
        PipelineDescriptor(
            name="generate",
            title="Generate",
            options=GenerateOptions,
            run="pipelines.generate:generate",
            task="generate",
            command="pipelines.commands.models:add_generate",
            icon="music_note",
            about="Writes multi-track music from nothing, or continues a piece, one note at a time.",
            did="wrote music",
            describe=descriptions.describe_generate,
            progress=descriptions.bar_in_work,
            grows=True,
        ),
        PipelineDescriptor(
            name="remix",
            title="Remix",
            options=RemixOptions,
            run="pipelines.remix:remix",
            task="remix",
            command="pipelines.commands.models:add_remix",
            icon="auto_fix_high",
            about="Writes anew what is selected of a piece, and leaves the rest as it is.",
            did="remixed it",
            describe=descriptions.describe_remix,
            progress=descriptions.share_rewritten,
            rewrites=lambda options: True,
            keeps_key=True,
        ),
        PipelineDescriptor(
            name="harmonize",
            title="Harmonize",
            options=HarmonizeOptions,
            run="pipelines.harmonize:harmonize",
            task="harmonize",
            command="pipelines.commands.models:add_harmonize",
            icon="piano",
            about="Puts chords, a bass, a piano, a band or three more voices to a melody.",
            did="harmonized it",
            describe=descriptions.describe_harmonize,
            progress=descriptions.share_harmonized,
            rewrites=lambda options: bool(options.bars),
            accompanies=True,
        ),
        PipelineDescriptor(
            name="reharmonize",
            title="Chords",
            options=ReharmonizeOptions,
            run="pipelines.reharmonize:reharmonize",
            task="",
            command="pipelines.commands.reharmonize:add_reharmonize",
            icon="queue_music",
            about="Gives some bars other chords, and an accompaniment that fits them.",
            did="changed chords",
            describe=descriptions.describe_reharmonize,
            progress=descriptions.share_rewritten,
            rewrites=lambda options: True,
            keeps_key=True,
        ),
        PipelineDescriptor(
            name="rearrange",
            title="Form",
            options=RearrangeOptions,
            run="pipelines.rearrange:rearrange",
            task="",
            command="pipelines.commands.rearrange:add_rearrange",
            lane="media",
            icon="view_week",
            about="Moves, repeats, removes, lengthens and shortens sections; each stays as it is.",
            did="put the sections in another order",
            describe=descriptions.describe_rearrange,
            keeps_key=True,
        ),
        PipelineDescriptor(
            name="audio",
            title="Audio",
            options=AudioOptions,
            run="pipelines.audio:audio",
            task="audio",
            command="pipelines.commands.audio:add_audio",
            icon="graphic_eq",
            about="Writes music after words and four seconds of sound, as notes and as sound.",
            did="wrote music after a sound and words",
            describe=descriptions.describe_audio,
            keep="pipelines.audio:keep",
            progress=descriptions.second_in_work,
            grows=True,
        ),
        PipelineDescriptor(
            name="transcribe",
            title="Transcribe",
            options=TranscribeOptions,
            run="pipelines.transcribe:transcribe",
            task="transcribe",
            command="pipelines.commands.transcribe:add_transcribe",
            icon="mic",
            about="Writes down the notes of a hum, a song or an instrument in a recording.",
            did="wrote down a recording",
            describe=descriptions.describe_transcribe,
            progress=descriptions.seconds_heard,
            grows=True,
        ),
        PipelineDescriptor(
            name="edit",
            title="Edit",
            options=EditOptions,
            run="pipelines.edit:edit",
            task="",
            command="pipelines.commands.edit:add_edit",
            lane="media",
            icon="edit",
            about="Changes notes by hand, or key, tempo, swing and mix of the whole song; all else stays as it is.",
            did="edited it by hand",
            describe=lambda options: [options.words or "edited it by hand"],
            rewrites=lambda options: not options.changes_song,
            keeps_key=True,
        ),
        PipelineDescriptor(
            name="lyrics",
            title="Lyrics",
            options=LyricsOptions,
            run="pipelines.lyrics:write_lyrics",
            task="lyrics",
            command="pipelines.commands.lyrics:add_lyrics",
            icon="lyrics",
            about="Writes verses and a chorus on a theme, in rhymes and in meter.",
            did="wrote lyrics",
            describe=descriptions.describe_lyrics,
            progress=descriptions.line_in_work,
            grows=True,
        ),
    )
}
"""The pipelines by name, in the order in which they are listed."""

STAGES: dict[str, StageDescriptor] = {
    each.name: each
    for each in (
        StageDescriptor(
            name="theme",
            title="Theme",
            options=STAGE_OPTIONS["theme"],
            run="pipelines.song.theme:write_theme",
            icon="music_note",
            about="A melody for each part of the form.",
            did="wrote themes",
            describe=descriptions.describe_theme,
            work="wrote the melodies of the sections",
            effort=13,
        ),
        StageDescriptor(
            name="sections",
            title="Sections",
            options=STAGE_OPTIONS["sections"],
            run="pipelines.song.sections:lay_out",
            icon="view_week",
            about="The themes in order. Returns are varied; intro and ending frame them.",
            did="laid out the sections",
            describe=descriptions.describe_sections,
            keeps_key=True,
            work="laid the melodies out in the order of the form and varied the returns",
            effort=2,
        ),
        StageDescriptor(
            name="harmony",
            title="Harmony",
            options=STAGE_OPTIONS["harmony"],
            run="pipelines.song.harmony:write_harmony",
            icon="piano",
            about="Chords and players under the melody.",
            did="accompanied it",
            describe=descriptions.describe_harmony,
            keeps_key=True,
            accompanies=True,
            work="chose the chords and wrote the accompaniment",
            effort=50,
        ),
        StageDescriptor(
            name="mix",
            title="Mix",
            options=STAGE_OPTIONS["mix"],
            run="pipelines.song.mix:mix",
            icon="tune",
            about="Loudness, entries and fills, section by section.",
            did="mixed it",
            describe=descriptions.describe_mix,
            keeps_key=True,
            work="shaped loudness, entries and the seams between sections, by rules",
            effort=1,
        ),
        StageDescriptor(
            name="texture",
            title="Texture",
            options=STAGE_OPTIONS["texture"],
            run="pipelines.song.texture:write_texture",
            icon="blur_on",
            about="If you ask for it: a pad under the song.",
            did="laid a texture under it",
            describe=descriptions.describe_texture,
            keeps_key=True,
            work="laid a pad under the finished song, after its sound and the words",
            effort=14,
        ),
        StageDescriptor(
            name="words",
            title="Words",
            options=STAGE_OPTIONS["words"],
            run="pipelines.song.words:write_words",
            icon="lyrics",
            about="If you ask for it: words sung to the melody.",
            did="set words to the melody",
            describe=descriptions.describe_words,
            keeps_key=True,
            work="set the words to the melody, a syllable a note, stresses on strong beats, by rules",
            effort=1,
        ),
        StageDescriptor(
            name="chords",
            title="Chords",
            options=STAGE_OPTIONS["chords"],
            run="pipelines.reharmonize:change_chords",
            icon="queue_music",
            about="Other chords for a bar.",
            did="changed chords",
            describe=descriptions.describe_reharmonize,
            keeps_key=True,
            work="changed the chords of a bar by hand, and wrote its accompaniment again",
            effort=1,
        ),
        StageDescriptor(
            name="again",
            title="Section",
            options=STAGE_OPTIONS["again"],
            run="pipelines.song.again:write_again",
            icon="casino",
            about="A section written again.",
            did="wrote a section again",
            describe=lambda o: [o.words or f"wrote section {o.section + 1} again"],
            keeps_key=True,
            work="wrote one section again, by what wrote the themes and the harmony",
            effort=10,
        ),
        StageDescriptor(
            name="kept",
            title="Locked",
            options=STAGE_OPTIONS["kept"],
            run="pipelines.song.kept:keep_section",
            icon="lock",
            about="A locked section, put back as it was.",
            did="kept a section as it was",
            describe=lambda o: [o.words or f"kept {o.name}"],
            keeps_key=True,
            work="put a locked section back as it was",
            effort=0.1,
        ),
        StageDescriptor(
            name="arrangement",
            title="Form",
            options=STAGE_OPTIONS["arrangement"],
            run="pipelines.rearrange:change_form",
            icon="view_week",
            about="Another order of the sections.",
            did="put the sections in another order",
            describe=descriptions.describe_rearrange,
            keeps_key=True,
            work="changed the order or the length of sections by hand",
            effort=0.1,
        ),
    )
}
"""The stages of a song by name, in the order in which they run."""

STEPS: dict[str, Descriptor] = {
    **{name: each for name, each in PIPELINES.items() if not isinstance(each, SongDescriptor)},
    **STAGES,
}
"""What leaves a recipe in the history of a piece; composing leaves those of its stages."""


def descriptor_of(options: Any) -> PipelineDescriptor | None:
    """Returns the pipeline that takes such options; None for music that no pipeline made."""
    return next((each for each in PIPELINES.values() if type(options) is each.options), None)


def stage_in_work(plan: Plan, done: float) -> str:
    """Returns which stage of a plan is being written after so many, such as "Theme: stage 1 of 4"."""
    number = min(int(done), len(plan.stages) - 1)
    return f"{STAGES[plan.stages[number].pipeline].title}: stage {number + 1} of {len(plan.stages)}"


def _imported(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)
