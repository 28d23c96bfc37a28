"""What fingerprints are taken of: command lines of ``python -m pipelines``, and the music that they begin from.

Lines run in their order in one folder; OUT stands for the line's name, and a line may read what an earlier one wrote.
"""

from __future__ import annotations

import shlex
from pathlib import Path

import symusic

GRID: dict[str, str] = {
    "sheet-tune": "sheet tune.mid OUT.musicxml",
    # From nothing
    "generate-free": "generate --out OUT.mid --bars 12 --seed 1",
    "generate-jazz": "generate --out OUT.mid --bars 12 --seed 2 --genre jazz --key 'D minor' --tempo 96 --instruments piano,bass,drums",
    "generate-waltz": "generate --out OUT.mid --bars 12 --seed 3 --time-signature 3/4 --key F# --stay-in-key --genre classical",
    "generate-jig": "generate --out OUT.mid --bars 12 --seed 4 --time-signature 6/8 --genre folk --instruments fiddle,guitar",
    "generate-melody": "generate --out OUT.mid --bars 12 --seed 5 --monophonic --instruments flute --key Bb --density low",
    "generate-dense": "generate --out OUT.mid --bars 6 --seed 6 --genre electronic --density high --variants 3 --tempo 128",
    "generate-seconds": "generate --out OUT.mid --seconds 20 --seed 7 --genre rock --density medium --memory 64 --guidance 2",
    "generate-likeliest": "generate --out OUT.mid --bars 8 --seed 8 --temperature 0 --genre pop",
    "generate-latin": "generate --out OUT.mid --bars 8 --seed 13 --genre latin --instruments drums,'nylon guitar',trumpet,bass",
    "generate-five": "generate --out OUT.mid --bars 6 --seed 14 --time-signature 5/4 --key 'Eb minor' --density high --stay-in-key",
    "generate-bold": "generate --out OUT.mid --bars 8 --seed 9 --temperature 1.2 --temperature-notes 1.1 --temperature-durations 0.8 "
    "--temperature-instruments 1.3 --top-p 0.97 --top-k 40 --guidance 0",
    "generate-again": "generate --out OUT.mid --recipe generate-jazz.recipe.json",
    # Continuing
    "continue-tune": "generate tune.mid --out OUT.mid --bars 8 --seed 10",
    "continue-cut": "generate band.mid --out OUT.mid --bars 4 --seed 11 --keep-bars 5 --stay-in-key --variants 2",
    "continue-waltz": "generate waltz.mid --out OUT.mid --bars 4 --seed 12 --keep-bars 3 --monophonic --instruments violin",
    # Remixing
    "remix-notes": "remix band.mid --out OUT.mid --seed 1",
    "remix-rhythm": "remix band.mid --out OUT.mid --seed 2 --change rhythm --amount 50 --tracks 0,2 --keep-a-bar",
    "remix-loudness": "remix band.mid --out OUT.mid --seed 3 --change velocity --amount 100 --lock 3",
    "remix-players": "remix band.mid --out OUT.mid --seed 4 --change instruments --amount 100 --instrument 0=trumpet --bars 3-6",
    "remix-players-free": "remix band.mid --out OUT.mid --seed 5 --change instruments --amount 70 --temperature-instruments 1.4",
    "remix-everything": "remix band.mid --out OUT.mid --seed 6 --change everything --bars 2,5-7 --lock 3 --stay-in-key --variants 2",
    "remix-waltz": "remix waltz.mid --out OUT.mid --seed 7 --change everything --amount 40 --passes 3 --temperature 1.1 "
    "--temperature-notes 0.9 --temperature-rhythm 1.2 --temperature-velocity 0.7 --top-p 0.95 --top-k 30",
    "remix-likeliest": "remix tune.mid --out OUT.mid --seed 8 --temperature 0 --passes 1",
    "remix-song": "remix generate-jazz.mid --out OUT.mid --seed 9 --change everything --amount 80 --bars 3-9",
    "remix-again": "remix band.mid --out OUT.mid --recipe remix-everything-2.recipe.json",
    # Harmonizing
    "harmonize-chords": "harmonize tune.mid --out OUT.mid --seed 1",
    "harmonize-typed": "harmonize tune.mid --out OUT.mid --seed 2 --style piano --chords 'Am / / G/B | C F | % | D7sus4 G7 C/E'",
    "harmonize-bass": "harmonize waltz.mid --out OUT.mid --seed 3 --style bass --instruments 'fretless bass' --complexity low",
    "harmonize-piano": "harmonize waltz.mid --out OUT.mid --seed 4 --style piano --complexity high --variants 2",
    "harmonize-band": "harmonize tune.mid --out OUT.mid --seed 5 --style band",
    "harmonize-players": "harmonize band.mid --out OUT.mid --seed 6 --style band --instruments strings,guitar,bass,drums "
    "--melody Solo --chords 'Dm | Bb C | Gm7/F | A7' --key 'D minor'",
    "harmonize-chorale": "harmonize tune.mid --out OUT.mid --seed 7 --style chorale --temperature 0.7 --temperature-notes 0.9 "
    "--temperature-rhythm 1.1 --top-p 0.8 --top-k 20",
    "harmonize-bars": "harmonize harmonize-chords.mid --out OUT.mid --seed 8 --bars 3-5 --melody 0 --complexity high",
    "harmonize-jig": "harmonize generate-melody.mid --out OUT.mid --seed 9 --style band --complexity high",
    "harmonize-sheet": "harmonize sheet-tune.musicxml --out OUT.mid --seed 10 --style bass --bars 2-6 --chords 'C | F G | C/E | Dm7'",
    "harmonize-again": "harmonize waltz.mid --out OUT.mid --recipe harmonize-piano-1.recipe.json",
    # Whole songs; ``reroll`` is a word of the fingerprints alone, see there
    "compose-waltz": "compose --out OUT --seed 1 --length 20 --text 'a sad waltz in A minor for violin and piano'",
    "compose-rock": "compose --out OUT --seed 2 --length 24 --text 'an upbeat rock song, verse and chorus, 140 bpm, no keyboards'",
    "compose-jazz": "compose --out OUT --seed 3 --length 24 --form ABA --title Night --without drums "
    "--instruments flute,guitar,bass --key Eb --tempo 130 --genre jazz --style band --text 'calm and dreamy'",
    "compose-sketch": "compose --out OUT --seed 4 --length 30 --midi tune.mid --text 'playful folk music with a band'",
    "compose-hymn": "compose --out OUT --seed 5 --length 20 --style chorale --form through-composed --text 'a solemn hymn in F'",
    "compose-jig": "compose --out OUT --seed 6 --length 20 --time-signature 6/8 --midi waltz.mid --text 'piano, bass and drums, latin'",
    "compose-again": "compose --out OUT --recipe compose-waltz/recipe.json",
    "reroll-harmony": "reroll compose-waltz/recipe.json harmony 9 OUT.json",
    "compose-rerolled": "compose --out OUT --recipe reroll-harmony.json",
    # Sheets and reports
    "sheet-band": "sheet band.mid OUT.musicxml",
    "sheet-waltz": "sheet waltz.mid OUT.musicxml",
    "sheet-lead": "sheet harmonize-typed.mid OUT.musicxml --view 'lead sheet'",
    "sheet-closed": "sheet harmonize-chorale.mid OUT.musicxml --view 'closed score'",
    "sheet-read": "sheet compose-waltz/score.musicxml OUT.musicxml",
    "inspect-song": "inspect compose-rock/song.mid --json",
    "inspect-band": "inspect band.mid",
}

PROMPTS = (
    "a slow, dark waltz for strings and piano, one minute",
    "Jazz trio in Bb, medium swing, AABA, 90 seconds",
    "Solo piano, E-flat minor, adagio, two minutes",
    "Irish jig for fiddle and tin whistle",
    "something like a lullaby, 1:30, very soft, but not in C",
    "a string quartet without the viola, f sharp minor, 5/4, presto",
    "epic orchestral music with choir and horns, no drums, two and a half minutes",
    "bossa nova, nylon guitar and flute, 120 to 130 bpm",
    "verse chorus verse chorus bridge chorus, punk, fast, E minor, 180 BPM, three minutes",
    "happy but sad song for my cat called Miso",
)
"""What people ask for. The studio says what it understood; then it refuses, for the sketch has drums alone: that is quick."""

GRID |= {f"read-{n}": f"compose --out OUT --midi drums.mid --text {shlex.quote(t)}" for n, t in enumerate(PROMPTS, 1)}


def write_sources(folder: Path) -> None:
    """Writes the music that the lines begin from: a tune, a waltz with an upbeat, a band and its drums alone.

    Args:
        folder: gets the files.
    """
    tune = "64 67 69 67 | 64:2 62 60 | 62 64 65 69 | 67:4 | 72 71 69 67 | 69:1.5 67:.5 65 64 | 62 65 64 62 | 60:4"
    waltz = "_:2 76 | 81:2 80 | 81 83 84 | 83:2 76 | 79:3 | 77 76 74 | 76:2 72 | 71 74:.5 72:.5 71 | 69:2 _"
    solo = "69 74 77 76 | 74:3 72 | 70 74 72 70 | 69:4 | _ 77 76 74 | 79:2 77 76 | 74:.5 76:.5 73:2 69 | 74:4"
    chords = (
        (50, 57, 65),
        (50, 57, 65),
        (43, 58, 62),
        (45, 57, 61),
        (50, 57, 65),
        (46, 58, 65),
        (45, 55, 61),
        (50, 57, 65),
    )
    piano = [
        symusic.Note(bar * 1920 + half * 960, 900, p, 70 - 8 * half)
        for bar, c in enumerate(chords)
        for half in (0, 1)
        for p in c
    ]
    bass = [symusic.Note(b * 1920 + q * 480, 420, c[0] - 12, 85 + q) for b, c in enumerate(chords) for q in (0, 2, 3)]
    drums = [symusic.Note(e * 240, 120, (42, 36, 42, 38)[e % 8 // 2 * (e % 2 == 0)], 70 + e % 3 * 9) for e in range(64)]
    beat = symusic.Track("Drums", 0, True)
    beat.notes = drums
    band = [_track("Solo", 40, _line(solo)), _track("Piano", 0, piano), _track("Bass", 33, bass), beat]
    band[1].controls = [symusic.ControlChange(0, 7, 90), symusic.ControlChange(0, 10, 40)]
    _write(folder / "tune.mid", [_track("Tune", 73, _line(tune))], (4, 4), (100.0,), key=(0, 0))
    _write(folder / "waltz.mid", [_track("", 0, _line(waltz))], (3, 4), (150.0,))
    _write(folder / "band.mid", band, (4, 4), (116.0, 108.0), key=(-1, 1))
    _write(folder / "drums.mid", [beat], (4, 4), (120.0,))


def _line(text: str) -> list[symusic.Note]:
    """Returns the notes of a melody: pitches, each with its quarters unless it is one; _ is a rest, | is for the eye."""
    notes, now = [], 0
    for number, word in enumerate(text.replace("|", " ").split()):
        pitch, _, quarters = word.partition(":")
        length = round(float(quarters or 1) * 480)
        if pitch != "_":
            notes.append(symusic.Note(now, length * 15 // 16, int(pitch), 76 + number * 7 % 24))
        now += length
    return notes


def _track(name: str, program: int, notes: list[symusic.Note]) -> symusic.Track:
    track = symusic.Track(name, program, False)
    track.notes = notes
    return track


def _write(
    path: Path,
    tracks: list[symusic.Track],
    time: tuple[int, int],
    bpm: tuple[float, ...],
    key: tuple[int, int] | None = None,
) -> None:
    """Writes a MIDI file of 480 ticks a quarter note; each tempo lasts four bars."""
    score = symusic.Score(480)
    score.time_signatures = [symusic.TimeSignature(0, *time)]
    score.tempos = [symusic.Tempo(bar * 4 * 1920, qpm=qpm) for bar, qpm in enumerate(bpm)]
    score.key_signatures = [symusic.KeySignature(0, *key)] if key else []
    score.tracks = tracks
    score.dump_midi(path)
