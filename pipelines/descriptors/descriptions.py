"""What pipelines do, and how far they are, in plain words: for the history of a song and for progress."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from music.chords import ChordNames
from music.form import theme_of
from music.styles import STYLES
from music.words.verses import read_stanzas
from pipelines.options.audio import AudioOptions
from pipelines.options.generate import GenerateOptions
from pipelines.options.harmonize import HarmonizeOptions
from pipelines.options.lyrics import LyricsOptions
from pipelines.options.rearrange import RearrangeOptions
from pipelines.options.reharmonize import ReharmonizeOptions
from pipelines.options.remix import RemixOptions
from pipelines.options.text import bars_as_text, first_chords
from pipelines.options.transcribe import TranscribeOptions
from pipelines.song.band_options import HarmonyOptions, MixOptions
from pipelines.song.optional_stages import TextureOptions, WordsOptions
from pipelines.song.plan import SectionsOptions, ThemeOptions

_ACCOMPANIMENT = {
    "chords": "with chords",
    "bass": "with a bass line",
    "piano": "with a piano part",
    "band": "with a band",
    "chorale": "for four voices",
}


def share_done(options: Any, done: float, total: float) -> str:
    """Returns how far a pipeline is as a share of the whole."""
    return f"Writing … {done / total:.0%}"


def bar_in_work(options: Any, done: float, total: float) -> str:
    """Returns which bar is being written, of a pipeline that counts bars."""
    return f"Writing bar {min(int(done) + 1, total):.0f} of {total:.0f}"


def share_rewritten(options: Any, done: float, total: float) -> str:
    """Returns how much of a piece is rewritten."""
    return f"Rewriting … {done / total:.0%}"


def share_harmonized(options: HarmonizeOptions, done: float, total: float) -> str:
    """Returns how much of a piece is harmonized, or harmonized again where only some bars are."""
    return f"{'Rewriting' if options.bars else 'Harmonizing'} … {done / total:.0%}"


def describe_generate(o: GenerateOptions) -> list[str]:
    """Returns what was written, and in what manner; parts may be empty."""
    length = _count(o.bars, "bar") if o.bars is not None else f"{o.seconds:g} seconds"
    after = "" if o.keep_bars is None else f" after bar {o.keep_bars:d}" if o.keep_bars else " anew"
    genre = "" if STYLES.get(o.style or "") else o.genre or ""  # which the style says
    return [f"wrote {length}{after}", *_music(o), genre, o.style or "", listed(o.instruments)]


def describe_remix(o: RemixOptions) -> list[str]:
    """Returns what was written anew, and how much of it; parts may be empty."""
    swaps = [f"track {track + 1} as {name}" for track, name in o.instruments]
    return [
        f"remixed {_bars(o.bars)}",
        f"{o.change} {o.amount:g} %" if o.amount else "",
        f"track{'s' * (len(o.tracks) > 1)} {listed([str(track + 1) for track in o.tracks])}" if o.tracks else "",
        *swaps,
        f"{_count(len(o.lock_notes), 'note')} locked" if o.lock_notes else "",
    ]


def describe_harmonize(o: HarmonizeOptions) -> list[str]:
    """Returns what was accompanied, and by whom; parts may be empty."""
    where = f" {_bars(o.bars)}" if o.bars else ""
    return [
        f"harmonized{where} {_ACCOMPANIMENT[o.style]}",
        o.groove or "",
        f"chords as in {o.idiom}" if o.idiom else "",
        *_chords(o.chords),
        o.key or "",
        listed(o.instruments),
    ]


def describe_reharmonize(o: ReharmonizeOptions) -> list[str]:
    """Returns which bars got which chords."""
    return [f"changed {_bars(o.bars)} to {first_chords(o.chords)}"]


def describe_rearrange(o: RearrangeOptions) -> list[str]:
    """Returns what was done with which section."""
    return [o.words or "put the sections in another order"]


def second_in_work(options: Any, done: float, total: float) -> str:
    """Returns how many seconds are written, of a pipeline that counts seconds."""
    return f"Writing second {min(done + 1, total):.0f} of {total:.0f}"


def describe_audio(o: AudioOptions) -> list[str]:
    """Returns what was written after which sound and words; parts may be empty."""
    after = f" after {o.sound_name or 'a sound'}" if o.sound and o.follow > 0 else ""
    said = o.text.strip() or o.lyrics.strip().partition("\n")[0]
    levels = [o.loudness or "", o.brightness or "", o.density or ""]
    return [f"wrote {o.seconds:g} seconds{after}", quoted(said), *_music(o), *levels, listed(o.instruments)]


def seconds_heard(options: Any, done: float, total: float) -> str:
    """Returns how much of a recording was listened to."""
    return f"Listening: {done:.0f} of {total:.0f} s"


def describe_transcribe(o: TranscribeOptions) -> list[str]:
    """Returns what was written down, and how; parts may be empty."""
    heard = {"auto": "", "hum": "one voice", "many": "several notes at a time"}[o.mode]
    return [
        f"wrote down {o.title or 'a recording'}",
        heard,
        *_music(o),
        "as played" if o.grid == "none" else f"grid {o.grid}",
    ]


def line_in_work(options: Any, done: float, total: float) -> str:
    """Returns which line is being written, of a pipeline that counts lines."""
    return f"Writing line {min(int(done) + 1, total):.0f} of {total:.0f}"


def describe_lyrics(o: LyricsOptions) -> list[str]:
    """Returns which lyrics were written; parts may be empty."""
    said = " ".join(o.text.split())
    return [
        f"wrote lyrics of {_count(o.verses, 'verse')}",
        f"“{said[:40]}{'…' if len(said) > 40 else ''}”" if said else "",
        "with a chorus" if o.chorus else "",
        o.rhyme if o.rhyme != "free" else "",
        _count(o.syllables, "syllable") + " a line" if o.syllables else "",
        o.mood or "",
    ]


def describe_theme(o: ThemeOptions) -> list[str]:
    """Returns which themes were written; parts may be empty."""
    count = len(o.sections)
    named = f" ({', '.join(o.sections)})" if count > 1 else ""
    return [f"wrote {_count(count, 'theme')}{named} of {_count(o.bars, 'bar')}", o.lead, *_music(o), o.genre or ""]


def describe_sections(o: SectionsOptions) -> list[str]:
    """Returns how the form was laid out; parts may be empty."""
    short = all(len(theme_of(name)) == 1 for name in o.form)
    form = (" " if short else ", ").join(o.form)
    framed = [f"intro of {_count(o.intro_bars, 'bar')}"] if o.intro_bars else []
    return [f"laid out {form}", *framed, f"ending of {_count(o.ending_bars, 'bar')}", f"returns varied {o.amount:g} %"]


def describe_harmony(o: HarmonyOptions) -> list[str]:
    """Returns how the themes were accompanied; parts may be empty."""
    return [f"accompanied it {_ACCOMPANIMENT[o.style]}", o.groove or "", *_chords(o.chords), listed(o.instruments)]


def describe_mix(o: MixOptions) -> list[str]:
    """Returns how the song was mixed; parts may be empty."""
    extras = {"players join in turn": o.layers, "steady groove": o.groove, "room for the melody": o.clear}
    extras |= {"fills": o.fills, "ritardando": o.ritardando, "an upbeat": o.pickup > 0}
    extras |= {"all eighths swing": o.feel == "swing", "no eighths swing": o.feel == "straight"}
    extras |= {", ".join(o.course): bool(o.course), f"a drop in bar {o.drop}": o.drop > 0, "a fade out": o.fade > 0}
    return [f"mixed it, loudness by section {o.dynamics:g} %", *(words for words, is_on in extras.items() if is_on)]


def describe_texture(o: TextureOptions) -> list[str]:
    """Returns which texture was laid under a song; parts may be empty."""
    return ["laid a texture under it", o.instrument, o.density]


def describe_words(o: WordsOptions) -> list[str]:
    """Returns which words were set to a melody; parts may be empty."""
    first = next((line for stanza in read_stanzas(o.text) for line in stanza.lines), "")
    return ["set words to the melody", quoted(first)]


def quoted(text: str) -> str:
    """Returns the beginning of a text in quotes, "" for none."""
    return f"“{text[:40]}{'…' if len(text) > 40 else ''}”" if text else ""


def _music(o: Any) -> list[str]:
    return [o.key or "", "" if o.tempo_bpm is None else f"{o.tempo_bpm:g} BPM", o.time_signature or ""]


def _chords(chords: ChordNames) -> list[str]:
    return [f"chords {first_chords(chords)}"] if chords else []


def _bars(bars: Sequence[int]) -> str:
    return f"bar{'s' * (len(set(bars)) > 1)} {bars_as_text(bars)}" if bars else "all bars"


def _count(number: int, noun: str) -> str:
    return f"{number:d} {noun}{'s' * (number != 1)}"


def listed(names: Sequence[str]) -> str:
    """Returns names as one says them: "a, b and c"; nothing for none."""
    return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + "".join(names[-1:])
