"""What the studio knows of each stage of a song, in one place that all others read. Imports no model."""

from __future__ import annotations

from pipelines.descriptors import descriptions
from pipelines.descriptors.kinds import StageDescriptor
from pipelines.song.plan import STAGES as STAGE_OPTIONS
from pipelines.song.plan import Plan

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


def stage_in_work(plan: Plan, done: float, total: float) -> str:
    """Returns which stage of a plan is being written after so many, such as "Theme: stage 1 of 4"."""
    number = min(int(done), len(plan.stages) - 1)
    return f"{STAGES[plan.stages[number].pipeline].title}: stage {number + 1} of {len(plan.stages)}"
