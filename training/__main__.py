"""``python -m training VERB ...``: prepare, train, evaluate, quality, export."""

from __future__ import annotations

import importlib
import sys

from music.errors import StudioError

VERBS = {
    "prepare": ("training.data.prepare", "folders of MIDI files -> token shards"),
    "pairs": ("training.data.prepare_pairs", "data sets -> melody and accompaniment pairs, for the harmonizer"),
    "bands": ("training.data.prepare_bands", "data sets -> bands under melodies, for who writes bass, piano and band"),
    "ancestor": ("training.ancestor", "clips -> the audio network's ancestor, to compare with"),
    "clips": ("training.data.clips", "data sets and sound banks -> clips and notes, for the audio network"),
    "sounds": (
        "training.data.sound_clips",
        "a folder of sounds -> clips with the notes heard in them, for the audio network",
    ),
    "verses": ("training.data.verses", "poems and songs -> token shards, for the language model of lyrics"),
    "grooves": ("training.grooves", "data set grooves -> patterns of accompaniment, for music/arranging/grooves.json"),
    "lineups": ("training.data.lineups", "token shards -> who plays each genre and style, for music/lineups.py"),
    "train": ("training.train", "token shards and a recipe -> a run, resumable"),
    "finetune": (
        "training.finetuning.process",
        "a training of one's own music, as `python -m pipelines train` starts it",
    ),
    "evaluate": ("training.likelihood.report", "a checkpoint and shards -> how well it foretells, beside two floors"),
    "quality": ("training.quality.report", "a checkpoint -> what it makes, measured beside real music"),
    "repetition": ("training.quality.repetition", "data sets -> how often the bars of real music repeat"),
    "basic_pitch": ("training.basic_pitch", "the package basic-pitch -> the checkpoint that hears notes in sound"),
    "hearing": ("training.hearing", "rendered pieces -> the thresholds by which notes are heard in sound"),
    "export": ("training.export", "a run -> a checkpoint with its card"),
    "relative_mode": (
        "training.relative_mode",
        "data sets -> the weights by which minor is told from its relative major",
    ),
    "word_vectors": ("training.word_vectors", "a sentence encoder -> the table of word vectors that ships"),
    "word_attributes": (
        "training.word_attributes",
        "wordings -> what tells tempo, loudness ... from a word, in that table",
    ),
    "word_setting": ("training.word_setting", "lead sheets with words -> how songs set syllables to notes"),
    "melody_key": ("training.melody_key", "data sets -> the weights by which the key of a melody is heard"),
}
"""For each verb its module, with ``main(arguments)``, and what it makes of what."""


def main(argv: list[str]) -> int:
    """Runs one verb and returns the exit code."""
    if not argv or argv[0] not in VERBS:
        lines = [f"  {verb:17}{text}" for verb, (_, text) in VERBS.items()]
        print("usage: python -m training VERB ...\n\n" + "\n".join(lines) + "\n\neach with --help")
        return 0 if argv[:1] in (["-h"], ["--help"]) else 2
    try:
        importlib.import_module(VERBS[argv[0]][0]).main(argv[1:])
    except StudioError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
