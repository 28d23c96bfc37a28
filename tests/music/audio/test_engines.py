"""What plays: sound banks, FluidSynth where it is, a basic synthesizer where it is not, and files of each kind of sound."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from music.audio import tinysoundfont as basic_synth
from music.audio.encoding import MIME_TYPES, Audio, encode, write_audio
from music.audio.head import head_gain, head_of
from music.audio.performance import Kind, perform
from music.audio.render import engine, raw_stems, render
from music.audio.soundfonts import bundled_soundfont, find_soundfont
from music.errors import StudioError
from music.files.midi import midi_bytes, read_midi
from music.mixing import track_mix, with_mix
from tests.music.audio.sounding import NOTE, RATE, ROOT, level_db, needs_fluidsynth, piece, run, span, track
from tests.music.files.midi_builder import chunk, file, note

REPORTS = ROOT / "tests" / "data" / "reports"
needs_basic = pytest.mark.skipif(basic_synth.library() is None, reason="tinysoundfont is not installed")


class TestFiles:
    @pytest.mark.parametrize("format", MIME_TYPES)
    def test_each_format_decodes_to_what_was_encoded(self, format, tmp_path):
        time = np.arange(44_100 * 3) / 44_100
        tone = np.stack([np.sin(2 * np.pi * 440 * time), np.sin(2 * np.pi * 660 * time)], 1).astype(np.float32) / 2
        write_audio(Audio(tone, 44_100), tmp_path / f"tone.{format}")
        samples, rate = soundfile.read(tmp_path / f"tone.{format}")
        assert (rate, samples.shape) == (44_100, tone.shape)
        assert np.abs(samples).max() == pytest.approx(0.5, abs=0.03)
        # the middle, away from the edges that lossy formats smear
        assert level_db(samples[22_050:66_150] - tone[22_050:66_150]) < -30
        assert [path.name for path in tmp_path.iterdir()] == [f"tone.{format}"]

    def test_minutes_of_ogg(self):
        """One call of libvorbis for this much would end the process."""
        data = encode(Audio(np.random.default_rng(0).random((4_000_000, 2), np.float32) / 9, 44_100), "ogg")
        assert soundfile.info(io.BytesIO(data)).frames == 4_000_000

    def test_errors_are_sentences_and_leave_no_file(self, tmp_path):
        sound = Audio(np.zeros((100, 2), np.float32), 44_100)
        with pytest.raises(StudioError, match="wav, flac, ogg, mp3"):
            write_audio(sound, tmp_path / "song.aiff")
        with pytest.raises(StudioError, match="nowhere"):
            write_audio(sound, tmp_path / "nowhere" / "song.wav")
        with pytest.raises(StudioError, match="44100"):
            encode(Audio(sound.samples, 22_050), "mp3")
        assert not list(tmp_path.iterdir())


class TestSoundfonts:
    def test_the_users_own_comes_first(self, tmp_path):
        own = tmp_path / "mine.sf2"
        own.write_bytes(bundled_soundfont().read_bytes())
        assert find_soundfont(own) == own
        assert render(piece(track([NOTE])), own, RATE).peak > 0.1

    def test_the_cache_comes_before_the_bundled_bank(self, tmp_path, monkeypatch):
        monkeypatch.setenv("DEEPMUSIC_CACHE", str(tmp_path))
        better = tmp_path / "MuseScore_General.sf3"
        better.write_bytes(bundled_soundfont().read_bytes())
        assert find_soundfont() == better

    def test_a_wrong_file_is_refused(self, tmp_path):
        wrong, broken = tmp_path / "song.sf2", tmp_path / "cut.sf2"
        wrong.write_bytes(b"MThd" + bytes(100))
        broken.write_bytes(bundled_soundfont().read_bytes()[:5_000])
        for path in (wrong, broken, tmp_path / "missing.sf2"):
            with pytest.raises(StudioError, match=path.name):
                render(piece(track([NOTE])), path, RATE)


NO_LIBRARY = "import ctypes.util; ctypes.util.find_library = lambda name: None\n"
"""What a machine without libfluidsynth looks like to pyfluidsynth."""


@needs_basic
class TestWithoutFluidSynth:
    def test_basic_sound_plays_and_says_so(self):
        done = run(
            NO_LIBRARY
            + "from music.audio.mastering import CEILING, loudness\n"
            + "from music.audio.render import engine, mix_stems, render, render_stems\n"
            + "from tests.music.audio.sounding import RATE, piece, pitch_hz, span, track\n"
            + "made = engine()\n"
            + "assert made.is_basic and 'basic' in made.advice and 'nstall' in made.advice, made\n"
            + "song = piece(track([(0, .5, 69, 100)], 73, controls=[(0, 64, 127), (3, 64, 0)]),\n"
            + "    track([(4, 1, 38, 100)], 0, True), tempos=((0, 120), (3, 60)))\n"
            + "sound, stems = render(song, rate=RATE), render_stems(song, rate=RATE)\n"
            + "assert .3 < sound.peak <= CEILING and abs(loudness(sound.samples, RATE) + 14) < 3\n"
            + "assert abs(mix_stems(stems).samples - sound.samples).max() < 1e-5\n"
            + "flute, drum = (stem.audio.samples[:, 0] for stem in stems)\n"
            # the pedal holds the flute for 1.5 s; the tempo change puts the drum at 2.5 s
            + "assert abs(pitch_hz(span(flute, .2, 1.2)) - 440) < 15\n"
            + "assert abs(span(drum, 0, 2.4)).max() < 1e-4 < .01 < abs(span(drum, 2.5, 2.7)).max()\n"
            + "print('fine')"
        )
        assert done.stdout == "fine\n", done.stderr

    def test_without_any_synthesizer_an_error_names_the_way_out(self):
        done = run(
            NO_LIBRARY
            + "import sys; sys.modules['tinysoundfont'] = None\n"
            + "from music.audio.render import *\nfrom music.piece import Piece\n"
            + "try: render(Piece.empty())\nexcept Exception as error: print(type(error).__name__, error)"
        )
        assert done.stdout.startswith("StudioError There is no synthesizer")
        assert "install" in done.stdout.lower()


@needs_fluidsynth
def test_the_library_keeps_quiet():
    """It would print where it was found when CI is set, and warn of missing presets and sound cards."""
    done = run(
        "from music.audio.render import render\nfrom music.audio.soundfonts import bundled_soundfont\n"
        "from tests.music.audio.sounding import NOTE, RATE, piece, track\n"
        "render(piece(track([NOTE], 5, True)), bundled_soundfont(), RATE)",
        CI="1",
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not engine().is_basic
    assert engine().advice == ""


def test_events_come_in_an_order_a_synthesizer_can_play():
    events = perform(piece(track([(0, 1, 60, 90), (1, 1, 60, 90)], controls=[(1, 64, 127)])).score, RATE).events
    assert events == sorted(events, key=lambda event: (event.frame, event.kind))
    at_one = [event.kind for event in events if event.frame == events[-4].frame]
    assert at_one[:1] == [Kind.NOTE_OFF]


@needs_fluidsynth
def test_a_crash_at_the_very_end_rings_out():
    sound = render(read_midi(REPORTS / "d1-crash-at-the-very-end.mid"), bundled_soundfont(), RATE)
    end = np.abs(span(sound.samples, sound.seconds - 0.1, sound.seconds - 0.05)).max()
    assert 20 * np.log10(end / np.abs(sound.samples).max()) < -60


@needs_fluidsynth
def test_the_beginning_alone_is_the_beginning_of_the_whole():
    notes = [(beat, 1, 60 + beat % 12, 90 if beat < 24 else 120) for beat in range(48)]
    song = piece(track(notes, name="Keys"), track([(beat, 0.5, 36, 100) for beat in range(48)], 0, True))
    head, whole = head_of(song, bundled_soundfont()), render(song, bundled_soundfont())
    assert head.seconds == pytest.approx(10.0, abs=0.01)
    same = whole.samples[: head.frames]
    alike = np.corrcoef(head.samples[:, 0], same[:, 0])[0, 1]
    assert alike > 0.99
    gain = head_gain(head, whole)
    assert level_db(head.samples) - level_db(same) == pytest.approx(20 * np.log10(gain), abs=0.1) and gain > 1
    assert head_of(piece(track(notes[:24])), bundled_soundfont()) is None  # so short that the whole is there as soon


@needs_fluidsynth
def test_the_mix_of_another_program_s_file_is_read_kept_changed_and_heard():
    left = chunk((0, [0xC0, 73]), (0, [0xB0, 7, 110]), (0, [0xB0, 10, 0]), (0, [0xB0, 91, 0]), *note(72, 960))
    right = chunk((0, [0xC1, 42]), (0, [0xB1, 7, 60]), (0, [0xB1, 10, 127]), *note(48, 960, channel=1))
    song = read_midi(file(left, right))
    for each in (song, read_midi(midi_bytes(song))):
        assert [track_mix(t) for t in each.score.tracks] == [{7: 110, 10: 0, 91: 0}, {7: 60, 10: 127, 91: 40}]
    flute, cello = (stem.audio.samples for stem in raw_stems(song, bundled_soundfont(), RATE))
    assert level_db(flute[:, 0]) - level_db(flute[:, 1]) > 15 < level_db(cello[:, 1]) - level_db(cello[:, 0])
    mixed = song.replace(score=with_mix(song.score, ((0, 7, 55), (0, 10, 127))))
    softer = raw_stems(read_midi(midi_bytes(mixed)), bundled_soundfont(), RATE)[0].audio.samples
    assert level_db(softer[:, 1]) - level_db(softer[:, 0]) > 15
    assert level_db(flute) - level_db(softer) == pytest.approx(20 * np.log10((110 / 55) ** 2), abs=1)
