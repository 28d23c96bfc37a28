"""Instruments by name: General MIDI programs, the words musicians use for them, and what each can play."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from music.errors import StudioError

if TYPE_CHECKING:
    import symusic

DRUMS = -1

# Programs that play alike. Where two sets nearly agree, their users were measured and tested with them as they are.
BASSES = range(32, 40)
"""The basses of General MIDI."""
BASS_PLAYERS = frozenset((*BASSES, 43, 58))
"""Who plays the bass of a band or an orchestra: basses, double bass and tuba."""
PADS = frozenset((*range(16, 21), *range(48, 55), *range(88, 96)))
"""Who holds long chords: organs, ensembles, choirs, synthesizer pads."""
HELD = PADS | {55}
"""Whose tones last until they are released: the pads, and orchestra hits."""
STRUCK = frozenset((*range(16), *range(21, 32), 46, *range(104, 109)))
"""Who plays chords in short notes: keys, mallets, accordions and harmonicas, guitars, harp, plucked folk instruments."""
CHORDAL = STRUCK | {*range(16, 21)}
"""Who can play melody and chords at once: those, and organs."""
CHORAL = frozenset((*range(40, 45), *range(48, 55), *range(56, 80)))
"""Of whom several make a choir of their own: bowed strings, ensembles and voices, brass, reeds, pipes."""

# Keys of the General MIDI drum map.
KICK, SNARE, CLOSED_HAT, PEDAL_HAT, OPEN_HAT, CRASH = 36, 38, 42, 44, 46, 49
FLOOR_TOM, MIDDLE_TOM, HIGH_TOM = 43, 47, 50
KICKS = (35, KICK)
HATS = (CLOSED_HAT, PEDAL_HAT, OPEN_HAT)

FAMILIES: tuple[str, ...] = (
    "Piano", "Chromatic percussion", "Organ", "Guitar", "Bass", "Strings", "Ensemble", "Brass",
    "Reed", "Pipe", "Synth lead", "Synth pad", "Synth effects", "Ethnic", "Percussive", "Sound effects",
)  # fmt: skip
"""The 16 families of General MIDI; family ``f`` holds the programs ``8 f`` to ``8 f + 7``."""

GM_NAMES: tuple[str, ...] = (
    "Acoustic Grand Piano", "Bright Acoustic Piano", "Electric Grand Piano", "Honky-tonk Piano",
    "Electric Piano 1", "Electric Piano 2", "Harpsichord", "Clavinet",
    "Celesta", "Glockenspiel", "Music Box", "Vibraphone", "Marimba", "Xylophone", "Tubular Bells", "Dulcimer",
    "Drawbar Organ", "Percussive Organ", "Rock Organ", "Church Organ",
    "Reed Organ", "Accordion", "Harmonica", "Tango Accordion",
    "Acoustic Guitar (nylon)", "Acoustic Guitar (steel)", "Electric Guitar (jazz)", "Electric Guitar (clean)",
    "Electric Guitar (muted)", "Overdriven Guitar", "Distortion Guitar", "Guitar Harmonics",
    "Acoustic Bass", "Electric Bass (finger)", "Electric Bass (pick)", "Fretless Bass",
    "Slap Bass 1", "Slap Bass 2", "Synth Bass 1", "Synth Bass 2",
    "Violin", "Viola", "Cello", "Contrabass", "Tremolo Strings", "Pizzicato Strings", "Orchestral Harp", "Timpani",
    "String Ensemble 1", "String Ensemble 2", "Synth Strings 1", "Synth Strings 2",
    "Choir Aahs", "Voice Oohs", "Synth Voice", "Orchestra Hit",
    "Trumpet", "Trombone", "Tuba", "Muted Trumpet", "French Horn", "Brass Section", "Synth Brass 1", "Synth Brass 2",
    "Soprano Sax", "Alto Sax", "Tenor Sax", "Baritone Sax", "Oboe", "English Horn", "Bassoon", "Clarinet",
    "Piccolo", "Flute", "Recorder", "Pan Flute", "Blown Bottle", "Shakuhachi", "Whistle", "Ocarina",
    "Lead 1 (square)", "Lead 2 (sawtooth)", "Lead 3 (calliope)", "Lead 4 (chiff)",
    "Lead 5 (charang)", "Lead 6 (voice)", "Lead 7 (fifths)", "Lead 8 (bass + lead)",
    "Pad 1 (new age)", "Pad 2 (warm)", "Pad 3 (polysynth)", "Pad 4 (choir)",
    "Pad 5 (bowed)", "Pad 6 (metallic)", "Pad 7 (halo)", "Pad 8 (sweep)",
    "FX 1 (rain)", "FX 2 (soundtrack)", "FX 3 (crystal)", "FX 4 (atmosphere)",
    "FX 5 (brightness)", "FX 6 (goblins)", "FX 7 (echoes)", "FX 8 (sci-fi)",
    "Sitar", "Banjo", "Shamisen", "Koto", "Kalimba", "Bagpipe", "Fiddle", "Shanai",
    "Tinkle Bell", "Agogo", "Steel Drums", "Woodblock", "Taiko Drum", "Melodic Tom", "Synth Drum", "Reverse Cymbal",
    "Guitar Fret Noise", "Breath Noise", "Seashore", "Bird Tweet", "Telephone Ring", "Helicopter", "Applause", "Gunshot",
)  # fmt: skip
"""The 128 instruments of General MIDI level 1, by program 0-127."""

_WORDS: dict[str, int] = {
    **dict.fromkeys(("drums", "drum", "drum kit", "drumkit", "drum set", "kit", "percussion"), DRUMS),
    **dict.fromkeys(("piano", "grand piano", "grand", "acoustic piano", "keyboard", "keys"), 0),
    **dict.fromkeys(("upright piano", "bright piano"), 1),
    **dict.fromkeys(("honky tonk", "saloon piano"), 3),
    **dict.fromkeys(("electric piano", "e piano", "rhodes"), 4),
    **dict.fromkeys(("fm piano", "dx7", "wurlitzer"), 5),
    **dict.fromkeys(("cembalo", "clavecin"), 6),
    **dict.fromkeys(("clav", "clavi"), 7),
    "celeste": 8,
    **dict.fromkeys(("vibes", "vibraharp"), 11),
    **dict.fromkeys(("bells", "chimes", "tubular bell"), 14),
    **dict.fromkeys(("organ", "hammond", "hammond organ"), 16),
    "pipe organ": 19,
    "harmonium": 20,
    "accordeon": 21,
    "mouth organ": 22,
    "bandoneon": 23,
    **dict.fromkeys(("nylon guitar", "classical guitar", "spanish guitar"), 24),
    **dict.fromkeys(("guitar", "acoustic guitar", "steel guitar", "folk guitar", "steel string guitar"), 25),
    "jazz guitar": 26,
    **dict.fromkeys(("electric guitar", "clean guitar"), 27),
    "muted guitar": 28,
    **dict.fromkeys(("overdrive guitar", "rock guitar"), 29),
    **dict.fromkeys(("distorted guitar", "metal guitar"), 30),
    **dict.fromkeys(("upright bass", "jazz bass", "acoustic double bass"), 32),
    **dict.fromkeys(("bass", "electric bass", "bass guitar", "finger bass", "fingered bass"), 33),
    **dict.fromkeys(("picked bass", "pick bass"), 34),
    "slap bass": 36,
    "synth bass": 38,
    **dict.fromkeys(("violoncello", "celli"), 42),
    "violins": 40,
    "violas": 41,
    **dict.fromkeys(("double bass", "string bass"), 43),
    **dict.fromkeys(("pizzicato", "pizz"), 45),
    "harp": 46,
    **dict.fromkeys(("kettle drums", "kettledrums", "timpani drums"), 47),
    **dict.fromkeys(("strings", "string ensemble", "string section", "string orchestra"), 48),
    "slow strings": 49,
    "synth strings": 50,
    **dict.fromkeys(("choir", "chorus", "voice", "voices", "vocals", "singers"), 52),
    "oohs": 53,
    **dict.fromkeys(("horn", "horns", "french horns"), 60),
    "brass": 61,
    "synth brass": 62,
    "soprano saxophone": 64,
    **dict.fromkeys(("sax", "saxophone", "alto saxophone"), 65),
    "tenor saxophone": 66,
    **dict.fromkeys(("baritone saxophone", "bari sax"), 67),
    "cor anglais": 69,
    "fagott": 70,
    "piccolo flute": 72,
    **dict.fromkeys(("panpipe", "panpipes", "pan pipe", "pan pipes"), 75),
    **dict.fromkeys(("tin whistle", "penny whistle"), 78),
    **dict.fromkeys(("square lead", "synth lead", "lead", "square"), 80),
    **dict.fromkeys(("saw lead", "sawtooth", "synth", "synthesizer", "synthesiser", "saw"), 81),
    **dict.fromkeys(("pad", "synth pad", "warm pad"), 89),
    **dict.fromkeys(("mbira", "thumb piano"), 108),
    **dict.fromkeys(("bagpipes", "pipes"), 109),
    "shehnai": 111,
    **dict.fromkeys(("steel pan", "steelpan", "steel pans"), 114),
    "taiko": 116,
    "toms": 117,
}

_RANGES: dict[int, tuple[int, int]] = {
    **dict.fromkeys(range(4), (21, 108)), 4: (28, 103), 5: (28, 103), 6: (29, 89), 7: (36, 96),
    8: (60, 108), 9: (72, 108), 10: (60, 84), 11: (53, 89), 12: (45, 96), 13: (65, 108), 14: (60, 77), 15: (60, 84),
    **dict.fromkeys(range(16, 21), (36, 96)), 19: (21, 108), 21: (53, 89), 22: (60, 96), 23: (48, 89),
    **dict.fromkeys(range(24, 32), (40, 88)),
    **dict.fromkeys(range(32, 40), (28, 60)), 32: (28, 67), 33: (23, 67), 38: (24, 72), 39: (24, 72),
    40: (55, 103), 41: (48, 88), 42: (36, 79), 43: (28, 67), 44: (28, 96), 45: (28, 96), 46: (24, 103), 47: (36, 57),
    **dict.fromkeys(range(48, 52), (28, 96)), 52: (43, 84), 53: (43, 84), 54: (36, 84), 55: (36, 84),
    56: (54, 86), 57: (40, 72), 58: (28, 60), 59: (54, 86), 60: (34, 77), 61: (34, 84), 62: (34, 96), 63: (34, 96),
    64: (56, 88), 65: (49, 81), 66: (44, 76), 67: (36, 69), 68: (58, 91), 69: (52, 81), 70: (34, 75), 71: (50, 94),
    72: (74, 108), 73: (60, 96), 74: (60, 98), 75: (60, 96), 76: (60, 96), 77: (55, 84), 78: (60, 96), 79: (60, 84),
    104: (48, 77), 105: (48, 84), 106: (50, 79), 107: (55, 84), 108: (48, 79), 109: (36, 77), 110: (55, 96), 111: (48, 72),
    112: (72, 84), 114: (52, 83),
}  # fmt: skip


def parse_instrument(text: str) -> int:
    """Returns the General MIDI program (0-127) that a name or number means, or DRUMS.

    Understands the official names in any case, the words of musicians ("bass", "strings", "rhodes") and
    program numbers from 0.

    Raises:
        StudioError: no instrument is called so; the message names those that come near.
    """
    wanted = _plain(text)
    if re.fullmatch(r"\d{1,3}", wanted) and int(wanted) < 128:
        return int(wanted)
    for candidate in (wanted, wanted.removesuffix("s")):
        if candidate in NAMES:
            return NAMES[candidate]
    near = difflib.get_close_matches(wanted, NAMES, n=8, cutoff=0.6)
    near += [name for name in NAMES if len(wanted) > 2 and wanted in name]
    names = list(dict.fromkeys(instrument_name(NAMES[name]) for name in near))[:4]
    advice = (
        f"Did you mean {', '.join(names)}?" if names else "Try piano, bass, drums, strings or any General MIDI name."
    )
    raise StudioError(f"There is no instrument called '{text.strip()}'. {advice}")


def instrument_name(program: int) -> str:
    """Returns the General MIDI name of a program, "Drums" for DRUMS."""
    return "Drums" if program == DRUMS else GM_NAMES[program]


def program_of(track: symusic.Track) -> int:
    """Returns the program of a track, DRUMS for drums."""
    return DRUMS if track.is_drum else track.program


def track_label(track: symusic.Track) -> str:
    """Returns the name of a track, or that of its instrument where it has none."""
    return track.name.strip() or instrument_name(program_of(track))


def playable_range(program: int) -> tuple[int, int]:
    """Returns the lowest and highest MIDI pitch that players of this instrument reach; synthesizers reach all."""
    if program == DRUMS:
        return 27, 87  # the General MIDI percussion map with the Roland GS additions
    return _RANGES.get(program, (0, 127))


def _plain(text: str) -> str:
    """Returns a name in lower case with single spaces and no punctuation."""
    return " ".join(re.sub(r"[^a-z0-9+]+", " ", text.lower()).split())


NAMES: dict[str, int] = {_plain(name): program for program, name in enumerate(GM_NAMES)} | _WORDS
"""Every name by which an instrument is known, in lower case, and its program."""
