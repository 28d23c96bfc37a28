"""From MusicXML, plain or compressed, to a score as it sounds: ties joined, repeats played, pitches at concert pitch."""

from __future__ import annotations

import io
import warnings
import zipfile
from bisect import bisect_right
from collections import Counter
from fractions import Fraction
from typing import Any
from xml.etree import ElementTree

import symusic

from music.bars import score_end
from music.chords import NO_CHORD, Chord, ChordSpan, with_chords
from music.errors import StudioError
from music.files.midi_reader import Parsed
from music.files.smf import MAX_BYTES
from music.instruments import parse_instrument
from music.notation.chord_symbols import Degree, read_symbol
from music.piece import TICKS_PER_QUARTER
from music.theory import written_key

_GRACE_TICKS = TICKS_PER_QUARTER // 8
_DEFAULT_VELOCITY = 80
_VOICES = frozenset(("soprano", "alto", "tenor", "bass", "treble", "baritone"))
_CHOIR = 52


def is_sheet(data: bytes) -> bool:
    """Returns whether these bytes look like MusicXML or a compressed score."""
    return data[:4] == b"PK\3\4" or data.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0")[:1] == b"<"


def parse_sheet(data: bytes) -> Parsed:
    """Returns what stands in a MusicXML file.

    Raises:
        StudioError: the file is no MusicXML, is damaged, or exceeds a limit.
    """
    text = _xml(data)
    from music21 import converter

    try:
        with warnings.catch_warnings(action="ignore"):  # what it warns of, it also raises
            return _to_score(converter.parse(text, format="musicxml", forceSource=True))
    except StudioError:
        raise
    except Exception as error:  # music21 fails in as many ways as files can be wrong
        raise StudioError(
            "This MusicXML file cannot be read. Export it again from your notation program, or as MIDI."
        ) from error


def _xml(data: bytes) -> str:
    """Returns the score's XML, checked, unpacked if need be."""
    try:
        if data[:2] == b"PK":
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                container = ElementTree.fromstring(_unpack(archive, "META-INF/container.xml"))
                names = [e.get("full-path", "") for e in container.iter() if e.tag.endswith("rootfile")]
                data = _unpack(archive, names[0])
        if len(data) > MAX_BYTES:
            raise StudioError(f"The file is larger than {MAX_BYTES // 2**20} MB. Split it and try again.")
        root = ElementTree.fromstring(data)
    except StudioError:
        raise
    except Exception as error:  # zip and XML fail in as many ways as bytes can be wrong
        raise StudioError("This is neither MIDI nor MusicXML. Choose a .mid, .kar, .musicxml or .mxl file.") from error
    if root.tag not in ("score-partwise", "score-timewise"):
        raise StudioError("This XML file holds no score. Choose a .musicxml or .mxl file.")
    return ElementTree.tostring(root, encoding="unicode")


def _unpack(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > MAX_BYTES:
        raise StudioError(f"The unpacked file is larger than {MAX_BYTES // 2**20} MB. Split it and try again.")
    return archive.read(name)


def _to_score(opus: Any) -> Parsed:
    """Returns the score of a music21 stream as it sounds, with what was mended."""
    from music21 import repeat, stream

    mended: Counter[str] = Counter()
    if any(True for _ in opus.recurse().getElementsByClass(repeat.RepeatMark)):
        played = _expand_repeats(opus)
        if played is None:
            mended["Repeats that do not fit together, played once"] += 1
        else:
            opus = played
    parts = list(opus.parts) if isinstance(opus, stream.Score) else [opus]
    for part in parts:
        if any(i.transposition for i in part.recurse().getElementsByClass("Instrument")):
            part.toSoundingPitch(inPlace=True)
    score = symusic.Score(TICKS_PER_QUARTER)
    _add_signposts(score, opus, parts)
    choir = len(_VOICES & {(part.partName or "").strip().lower() for part in parts}) > 1
    for part in parts:
        score.tracks.extend(_tracks(part, choir, mended))
    score = _with_symbols(score, parts, mended)
    metadata = opus.metadata
    title = (metadata.title or metadata.movementName or "") if metadata else ""
    repairs = tuple(text.replace("#", str(count)) for text, count in mended.items())
    return Parsed(score, str(title).strip(), {}, repairs)


def _expand_repeats(opus: Any) -> Any:
    """Returns the score with its repeats written out; None where they make no sense or would part the parts."""
    from music21 import repeat

    try:
        played = opus.expandRepeats()
    except (repeat.ExpanderException, AttributeError, TypeError, ValueError):
        return None
    lengths = [{len(part.getElementsByClass("Measure")) for part in score.parts} for score in (opus, played)]
    return None if len(lengths[1]) > len(lengths[0]) else played


def _add_signposts(score: symusic.Score, opus: Any, parts: list) -> None:
    """Fills tempi and signatures; a bar shorter than its signature (a pickup) gets a signature of its own."""
    tempos: dict[int, float] = {}
    for mark in opus.flatten().getElementsByClass("MetronomeMark"):
        qpm = mark.getQuarterBPM()
        if qpm:
            tempos[_ticks(mark.offset)] = float(qpm)
    score.tempos = [symusic.Tempo(tick, qpm) for tick, qpm in sorted(tempos.items())]
    if not parts:
        return
    measures = list(parts[0].getElementsByClass("Measure"))
    nominal, written = (4, 4), None
    for measure in measures:
        if measure.timeSignature is not None:
            nominal = (measure.timeSignature.numerator, measure.timeSignature.denominator)
        length = Fraction(measure.duration.quarterLength).limit_denominator(64) / 4
        here = nominal
        if 0 < length < Fraction(*nominal):
            denominator = max(nominal[1], length.denominator)
            if denominator in (1, 2, 4, 8, 16, 32, 64):
                here = (int(length * denominator), denominator)
        if here != written:
            score.time_signatures.append(symusic.TimeSignature(_ticks(measure.offset), *here))
            written = here
    keys: dict[int, tuple[int, int]] = {}
    for sign in parts[0].flatten().getElementsByClass("KeySignature"):
        if -7 <= sign.sharps <= 7:
            key = (sign.sharps, int(getattr(sign, "mode", "major") == "minor"))
            if not keys or list(keys.values())[-1] != key:
                keys[_ticks(sign.offset)] = key
    score.key_signatures = [symusic.KeySignature(tick, *key) for tick, key in sorted(keys.items())]


def _tracks(part: Any, choir: bool, mended: Counter[str]) -> list[symusic.Track]:
    """Returns one track for each instrument that plays in a part."""
    from music21 import chord, harmony, note, percussion

    flat = part.flatten()
    name = (part.partName or "").strip()
    instruments = sorted(
        ((_ticks(i.offset), i) for i in flat.getElementsByClass("Instrument")), key=lambda pair: pair[0]
    )
    changes = [tick for tick, _ in instruments]
    dynamics = sorted((_ticks(d.offset), d.volumeScalar) for d in flat.getElementsByClass("Dynamic"))
    tracks: dict[tuple[int, bool], symusic.Track] = {}
    graces: list[tuple[list[int], int]] = []
    tied: dict[int, symusic.Note] = {}
    for element in flat.notes:
        if isinstance(element, harmony.Harmony):
            continue
        time = _ticks(element.offset)
        at = bisect_right(changes, time)
        program, drums = _program(instruments[max(at - 1, 0)][1] if instruments else None, name, choir)
        drums = drums or isinstance(element, (note.Unpitched, percussion.PercussionChord))
        at = bisect_right(dynamics, (time, 2.0))
        velocity = min(max(round(dynamics[at - 1][1] * 127), 1), 127) if at else _DEFAULT_VELOCITY
        struck = list(element.notes) if isinstance(element, chord.ChordBase) else [element]
        track = tracks.setdefault((program, drums), symusic.Track(name, program, drums))
        if element.duration.isGrace:
            graces.append(([_pitch(n) for n in struck], velocity))
            continue
        for place, (pitches, loud) in enumerate(reversed(graces), 1):  # just before the note that they adorn
            start = time - place * _GRACE_TICKS
            track.notes.extend(symusic.Note(start, _GRACE_TICKS, pitch, loud) for pitch in pitches if start >= 0)
        graces.clear()
        end = max(_ticks(element.offset + element.quarterLength), time + 1)
        for n in struck:
            pitch = _pitch(n)
            tie = n.tie.type if n.tie is not None else ""
            made = tied.pop(pitch, None) if tie in ("stop", "continue") else None
            if made is None or made.time + made.duration != time:
                track.notes.append(symusic.Note(time, end - time, pitch, velocity))
                made = track.notes[-1]
            else:
                made.duration = end - made.time
            if tie in ("start", "continue"):
                tied[pitch] = made
        if element.lyrics and element.lyrics[0].text:
            verse = element.lyrics[0]
            hyphen = "-" if verse.syllabic in ("begin", "middle") else ""
            track.lyrics.append(symusic.TextMeta(time, verse.text + hyphen))
    for track in tracks.values():
        track.notes.sort()
    return list(tracks.values())


def _with_symbols(score: symusic.Score, parts: list, mended: Counter[str]) -> symusic.Score:
    """Returns the score with the chord symbols of all parts; of two at one place the upper part's counts."""
    from music21 import harmony

    found: dict[int, Chord] = {}
    for part in parts:
        for symbol in part.flatten().getElementsByClass(harmony.Harmony):
            chord, exact = _read_harmony(symbol)
            if chord is None:
                mended["Chord symbols, left out: #"] += 1
                continue
            if not exact:
                mended["Chord symbols, simplified: #"] += 1
            found.setdefault(_ticks(symbol.offset), chord)
    if not found:
        return score
    times = sorted(found)
    ends = [*times[1:], max(score_end(score), times[-1] + 1)]
    spans = [ChordSpan(time, end, found[time]) for time, end in zip(times, ends, strict=True)]
    return with_chords(score, spans, written_key(score))


def _read_harmony(symbol: Any) -> tuple[Chord | None, bool]:
    """Returns the chord that a symbol names, or None, and whether it is that chord and not just the nearest."""
    from music21 import harmony

    if isinstance(symbol, harmony.NoChord):
        return NO_CHORD, True
    if not symbol.notes:  # it names a step of the scale; asked for a root, music21 would never return
        return None, False
    root, bass = symbol.root().pitchClass, symbol.bass().pitchClass
    plain = {alias: kind for kind, alias in harmony.CHORD_ALIASES.items()}
    degrees = [
        Degree(change.degree, round(change.interval.semitones) if change.interval else 0, change.modType)
        for change in symbol.chordStepModifications
    ]
    return read_symbol(root, bass, plain.get(symbol.chordKind, symbol.chordKind), degrees, symbol.chordKindStr)


def _program(instrument: Any, part_name: str, choir: bool) -> tuple[int, bool]:
    """Returns the program that a part asks for, by number or by name, and whether it is drums."""
    if instrument is not None and instrument.midiChannel == 9:
        return instrument.midiProgram or 0, True
    if instrument is not None and instrument.midiProgram is not None:
        return instrument.midiProgram, False
    if choir and part_name.lower() in _VOICES:
        return _CHOIR, False
    try:
        program = parse_instrument(part_name)
    except StudioError:
        return 0, False
    return max(program, 0), program < 0


def _pitch(element: Any) -> int:
    """Returns the MIDI pitch of a note; an unpitched one sounds as its instrument says, else as it is written."""
    if hasattr(element, "pitch"):
        return min(max(element.pitch.midi, 0), 127)
    struck = getattr(element.storedInstrument, "percMapPitch", None)
    return struck if struck is not None else min(max(element.displayPitch().midi, 0), 127)


def _ticks(quarters: Any) -> int:
    return round(Fraction(quarters) * TICKS_PER_QUARTER)
