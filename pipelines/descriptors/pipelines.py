"""What the studio knows of each pipeline, in one place that all others read.

Worker, command line, history, takes, projects, cards, player and progress ask here, so that a new pipeline is named
once. Imports no model: pages read it too, and what runs a pipeline is imported when it first runs.
"""

from __future__ import annotations

from typing import Any

from pipelines.descriptors import descriptions
from pipelines.descriptors.kinds import Descriptor, PipelineDescriptor, SongDescriptor
from pipelines.descriptors.stages import STAGES, stage_in_work
from pipelines.options.audio import AudioOptions
from pipelines.options.edit import EditOptions
from pipelines.options.generate import GenerateOptions
from pipelines.options.harmonize import HarmonizeOptions
from pipelines.options.lyrics import LyricsOptions
from pipelines.options.rearrange import RearrangeOptions
from pipelines.options.reharmonize import ReharmonizeOptions
from pipelines.options.remix import RemixOptions
from pipelines.options.transcribe import TranscribeOptions
from pipelines.song.plan import Plan

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
            progress=stage_in_work,
        ),
        PipelineDescriptor(
            name="generate",
            title="Generate",
            options=GenerateOptions,
            run="pipelines.generate:generate",
            task="generate",
            command="pipelines.commands.generate:add_generate",
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
            command="pipelines.commands.remix:add_remix",
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
            command="pipelines.commands.harmonize:add_harmonize",
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

STEPS: dict[str, Descriptor] = {
    **{name: each for name, each in PIPELINES.items() if not isinstance(each, SongDescriptor)},
    **STAGES,
}
"""What leaves a recipe in the history of a piece; composing leaves those of its stages."""


def descriptor_of(options: Any) -> PipelineDescriptor | None:
    """Returns the pipeline that takes such options; None for music that no pipeline made."""
    return next((each for each in PIPELINES.values() if type(options) is each.options), None)
