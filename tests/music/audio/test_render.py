"""What one hears: every control reaches the sound, nothing is cut or clipped, and files decode to what was made."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile
import symusic

from music.audio import fluidsynth as fluid
from music.audio.encoding import MIME_TYPES, Audio, AudioStream, encode
from music.audio.mastering import CEILING, LOUDNESS_LUFS, loudness, master
from music.audio.performance import perform
from music.audio.render import MAX_MIX_BYTES, Stopped, mix_stems, raw_mix, raw_stems, render, render_stems
from music.audio.soundfonts import bundled_soundfont
from music.errors import StudioError
from music.piece import Piece
from tests.music.audio.sounding import (
    NOTE,
    QUARTER,
    RATE,
    level_db,
    needs_fluidsynth,
    piece,
    pitch_hz,
    run,
    span,
    track,
)


def raw(one_track, seconds=2.0):
    """Returns the sound of a track before mastering, ``[frames, 2]``, so that levels can be compared."""
    performance = perform(piece(one_track).score, RATE)
    chunks, parts = fluid.play(performance, [bundled_soundfont()], stems=False), []
    while len(parts) * fluid.CHUNK_FRAMES < seconds * RATE:
        parts.append(next(chunks)[0])
    chunks.close()
    return np.concatenate(parts)[: round(seconds * RATE)]


@pytest.fixture(scope="module")
def band():
    """Eight beats of piano, bass and drums, a track without notes, and a tempo change."""
    return piece(
        track([(beat, 1, 60 + beat, 90) for beat in range(8)], 0, name="Keys"),
        track([(beat, 2, 36, 100) for beat in range(0, 8, 2)], 33),
        track([], 48, name="Nobody"),
        track([(beat / 2, 0.25, 42 if beat % 4 else 36, 110) for beat in range(16)], 0, True),
        tempos=((0, 120), (4, 90)),
    )


@pytest.fixture(scope="module")
def mix(band):
    return render(band, bundled_soundfont(), RATE)


@needs_fluidsynth
class TestMix:
    def test_is_loud_enough_and_never_clips(self, mix):
        assert mix.samples.dtype == np.float32
        assert mix.samples.shape[1] == 2
        assert np.isfinite(mix.samples).all()
        assert mix.peak <= CEILING
        assert loudness(mix.samples, RATE) == pytest.approx(LOUDNESS_LUFS, abs=0.3)

    def test_is_stereo(self):
        sound = render(piece(track([NOTE], 0), track([NOTE], 40, controls=[(0, 10, 20)])), rate=RATE).samples
        assert np.abs(sound[:, 0] - sound[:, 1]).max() > 0.01

    def test_rings_out_after_the_last_note(self, band, mix):
        assert band.seconds < mix.seconds < band.seconds + 9
        assert np.abs(mix.samples[-200:]).max() < 0.002

    def test_keeps_the_pedal_ring(self):
        held = render(piece(track([NOTE], controls=[(0, 64, 127), (8, 64, 0)])), rate=RATE)
        assert held.seconds > render(piece(track([NOTE])), rate=RATE).seconds

    def test_is_the_same_each_time_and_in_threads(self, band, mix):
        with ThreadPoolExecutor(2) as pool:
            for again in pool.map(lambda _: render(band, bundled_soundfont(), RATE), range(2)):
                assert np.array_equal(again.samples, mix.samples)

    def test_leaves_the_piece_alone(self, band):
        before = Piece(band.score.copy()).fingerprint
        render_stems(band, bundled_soundfont(), 8_000)
        assert Piece(band.score).fingerprint == before

    def test_tells_progress_and_stops_when_asked(self, band):
        seen = []
        render(band, bundled_soundfont(), RATE, progress=seen.append)
        assert seen == sorted(seen)
        assert seen[-1] == 1
        assert len(seen) > 10
        asked = []
        with pytest.raises(Stopped):
            render(band, bundled_soundfont(), RATE, stop=lambda: asked.append(1) or len(asked) > 3)
        assert len(asked) == 4

    @pytest.mark.parametrize("rate", [8_000, 48_000])
    def test_other_rates(self, rate):
        sound = render(piece(track([NOTE])), bundled_soundfont(), rate)
        assert sound.rate_hz == rate
        assert 1 < sound.seconds < 4

    def test_refuses_a_senseless_rate(self, band):
        with pytest.raises(StudioError, match="8000"):
            render(band, rate=100)

    def test_refuses_what_no_music_is_as_long_as(self):
        with pytest.raises(StudioError, match="too long"):
            render(piece(track([(0, 1, 60, 90), (100_000, 1, 60, 90)])))


def read_whole(stream):
    """Returns the samples of a stream, which must be as long as it says."""
    assert isinstance(stream, AudioStream)
    samples = np.concatenate(list(stream.chunks()))
    assert samples.shape == (stream.frames, 2) and samples.dtype == np.float32
    return samples


@needs_fluidsynth
class TestRaw:
    def test_mastering_the_raw_mix_gives_the_mix(self, band, mix):
        raw_sound = raw_mix(band, bundled_soundfont(), RATE)
        assert loudness(raw_sound.samples, RATE) != pytest.approx(LOUDNESS_LUFS, abs=0.5)
        master(raw_sound.samples, RATE)
        assert np.array_equal(raw_sound.samples, mix.samples)

    def test_raw_stems_add_up_to_the_raw_mix(self, band):
        stems = raw_stems(band, bundled_soundfont(), RATE)
        assert [(stem.name, stem.track_index) for stem in stems[:2]] == [("Keys", 0), ("Electric Bass (finger)", 1)]
        together = raw_mix(band, bundled_soundfont(), RATE).samples
        assert np.abs(mix_stems(stems).samples - together).max() < 1e-4

    def test_what_is_too_long_is_refused_and_stop_is_heard(self, band, monkeypatch):
        with pytest.raises(Stopped):
            raw_mix(band, bundled_soundfont(), RATE, stop=lambda: True)
        assert raw_stems(piece(track([])), bundled_soundfont(), RATE) == []
        monkeypatch.setattr("music.audio.render.MAX_STEMS_BYTES", 10**7)
        assert raw_mix(band, bundled_soundfont(), RATE).frames
        with pytest.raises(StudioError, match="Choose fewer bars"):
            raw_stems(band, bundled_soundfont(), 96_000)
        monkeypatch.setattr("music.audio.render.MAX_MIX_BYTES", 0)
        with pytest.raises(StudioError, match="Choose fewer bars"):
            raw_mix(band, bundled_soundfont(), RATE)


@needs_fluidsynth
class TestStreams:
    """What is too long to be held sounds as if it were held."""

    @pytest.fixture
    def streaming(self, monkeypatch):
        monkeypatch.setattr("music.audio.render.MAX_MIX_BYTES", 0)

    def test_a_mix_is_that_of_memory_but_for_a_hair_of_loudness(self, band, mix, streaming):
        samples = read_whole(render(band, bundled_soundfont(), RATE))
        assert samples.shape == mix.samples.shape
        assert level_db(samples - mix.samples) < level_db(mix.samples) - 40
        assert loudness(samples, RATE) == pytest.approx(loudness(mix.samples, RATE), abs=0.1)
        assert np.abs(samples).max() <= CEILING

    def test_sudden_hits_are_limited_as_in_memory(self, monkeypatch):
        hits = piece(track([(beat, 0.1, 36, 127) for beat in range(0, 40, 5)], 0, True), track([(0, 40, 60, 20)], 48))
        held = render(hits, bundled_soundfont(), RATE)
        monkeypatch.setattr("music.audio.render.MAX_MIX_BYTES", 0)
        samples = read_whole(render(hits, bundled_soundfont(), RATE))
        assert loudness(samples, RATE) == pytest.approx(loudness(held.samples, RATE), abs=0.2)
        assert np.abs(samples).max() <= CEILING

    def test_stems_add_up_to_the_mix_and_one_that_ends_early_is_silent_to_the_end(self, band, streaming):
        stems = render_stems(band, bundled_soundfont(), RATE)
        together = read_whole(render(band, bundled_soundfont(), RATE))
        assert [stem.name for stem in stems][:2] == ["Keys", "Electric Bass (finger)"]
        apart = read_whole(mix_stems(stems))
        assert np.array_equal(apart, sum(read_whole(stem.audio) for stem in stems))
        assert np.corrcoef(apart[:, 0], together[:, 0])[0, 1] > 0.98
        assert level_db(apart) == pytest.approx(level_db(together), abs=0.2)

    def test_many_stems_of_a_short_mix_have_its_gain(self, band, mix, monkeypatch):
        monkeypatch.setattr("music.audio.render.MAX_STEMS_BYTES", 0)
        apart = read_whole(mix_stems(render_stems(band, bundled_soundfont(), RATE)))
        assert np.corrcoef(apart[:, 0], mix.samples[:, 0])[0, 1] > 0.98
        assert level_db(apart) == pytest.approx(level_db(mix.samples), abs=0.2)

    def test_half_an_hour_between_two_notes_is_silent_and_the_second_is_there(self):
        song = render(piece(track([(0, 1, 69, 100), (3600, 1, 69, 100)], 73)), bundled_soundfont(), 8_000)
        assert isinstance(song, AudioStream) is (song.frames * 8 > MAX_MIX_BYTES)
        sound = np.concatenate([chunk[:, 0] for chunk in song.chunks()])
        assert np.abs(span(sound, 60, 1799, 8_000)).max() < 1e-5
        assert np.abs(span(sound, 0, 0.4, 8_000)).max() > 0.1 < np.abs(span(sound, 1800, 1800.4, 8_000)).max()

    def test_a_stream_can_be_stopped_while_it_is_read(self, band, streaming):
        stopped = []
        stream = render(band, bundled_soundfont(), RATE, stop=lambda: bool(stopped))
        chunks = stream.chunks()
        assert next(chunks).any()
        stopped.append(True)
        with pytest.raises(Stopped):
            list(chunks)

    def test_a_stream_is_encoded_whole(self, band, streaming):
        stream = render(band, bundled_soundfont(), RATE)
        for format in ("ogg", "wav", "flac"):
            assert soundfile.info(io.BytesIO(encode(stream, format))).frames == stream.frames

    @pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells how much memory was taken")
    def test_hours_take_less_than_half_a_gigabyte(self):
        """Measured, and as much of it read as shows that reading needs no more."""
        done = run(
            "import itertools, re\n"
            "from pathlib import Path\n"
            "from music.audio.render import render\n"
            "from music.audio.soundfonts import bundled_soundfont\n"
            "from tests.music.audio.sounding import piece, track\n"
            "stream = render(piece(track([(0, 1, 60, 90), (21_598, 1, 64, 90)])), bundled_soundfont())\n"
            "assert stream.seconds > 3 * 3600\n"
            "assert sum(len(chunk) for chunk in itertools.islice(stream.chunks(), 20_000)) > 1e7\n"
            "print(re.search(r'VmHWM:\\s+(\\d+) kB', Path('/proc/self/status').read_text())[1])"
        )
        assert int(done.stdout) < 500 * 1024, done.stderr

    def test_a_file_of_gigabytes_is_refused_before_it_is_made(self):
        hours = AudioStream(2**29, 44_100, lambda: pytest.fail("it was read"))
        with pytest.raises(StudioError, match="too long for one wav file"):
            encode(hours, "wav")


@needs_fluidsynth
class TestStems:
    def test_add_up_to_the_mix(self, band, mix):
        stems = render_stems(band, bundled_soundfont(), RATE)
        assert [(stem.name, stem.track_index) for stem in stems] == [
            ("Keys", 0),
            ("Electric Bass (finger)", 1),
            (stems[2].name, 3),
        ]
        assert "drum" in stems[2].name.lower()
        assert {len(stem.audio.samples) for stem in stems} == {len(mix.samples)}
        assert np.abs(mix_stems(stems).samples - mix.samples).max() < 1e-5

    def test_forty_tracks_keep_their_own_sound(self):
        """Also the tenth, which a plain MIDI file would play as drums, and those past sixteen."""
        tracks = [track([(index / 4, 0.24, 69, 100)], 73, name=str(index)) for index in range(40)]
        stems = render_stems(piece(*tracks), bundled_soundfont(), RATE)
        assert [stem.name for stem in stems] == [str(index) for index in range(40)]
        for index in (0, 9, 15, 16, 25, 39):
            sound = stems[index].audio.samples[:, 0]
            start = index / 8
            assert np.abs(span(sound, 0, start)).max(initial=0) < 1e-4
            assert pitch_hz(span(sound, start + 0.02, start + 0.14)) == pytest.approx(440, rel=0.03)

    def test_more_tracks_than_one_synthesizer_has_channels(self):
        tracks = [track([(index / 64, 0.1, 60, 100)], 0) for index in range(130)]
        score = piece(*tracks)
        stems = render_stems(score, bundled_soundfont(), 8_000)
        assert len(stems) == 130
        assert np.abs(mix_stems(stems).samples - render(score, bundled_soundfont(), 8_000).samples).max() < 1e-4

    def test_none_without_notes(self):
        assert render_stems(Piece.empty()) == []


@needs_fluidsynth
class TestControls:
    def test_tempo_changes_move_notes(self):
        slow_second_half = piece(track([(0, 0.2, 60, 100), (4, 0.2, 60, 100)]), tempos=((0, 120), (2, 30)))
        sound = np.abs(render(slow_second_half, bundled_soundfont(), RATE).samples[:, 0])
        assert span(sound, 4.0, 4.95).max() < 0.02 < span(sound, 5.0, 5.2).max()

    def test_velocity_volume_and_expression(self):
        for quiet, least_db in (
            (track([(0, 2, 69, 40)]), 12),
            (track([NOTE], controls=[(0, 7, 40)]), 12),
            (track([NOTE], controls=[(0, 11, 40)]), 15),
        ):
            assert level_db(raw(track([NOTE]))) - level_db(raw(quiet)) > least_db

    def test_pan(self):
        left = raw(track([NOTE], controls=[(0, 10, 0)]))
        assert level_db(left[:, 0]) - level_db(left[:, 1]) > 15

    def test_reverb(self):
        dry, wet = (raw(track([(0, 0.5, 69, 100), (4, 0.1, 20, 1)], controls=[(0, 91, send)])) for send in (0, 127))
        assert level_db(span(wet, 0.8, 1.4)) - level_db(span(dry, 0.8, 1.4)) > 6

    def test_sustain_pedal(self):
        short = (0, 0.5, 69, 100)
        held = raw(track([short, (4, 0.1, 20, 1)], controls=[(0, 64, 127), (3, 64, 0)]))
        dry = raw(track([short, (4, 0.1, 20, 1)]))
        assert level_db(span(held, 1, 1.4)) - level_db(span(dry, 1, 1.4)) > 20

    def test_pedals_without_control_changes_count(self):
        pedalled = track([(0, 0.5, 69, 100), (4, 0.1, 20, 1)])
        pedalled.pedals.append(symusic.Pedal(0, 3 * QUARTER))
        dry = raw(track([(0, 0.5, 69, 100), (4, 0.1, 20, 1)]))
        assert level_db(span(raw(pedalled), 1, 1.4)) - level_db(span(dry, 1, 1.4)) > 20

    def test_pitch_bend_is_two_semitones(self):
        plain = pitch_hz(span(raw(track([(0, 4, 69, 100)], 73)), 0.3, 1.5)[:, 0])
        bent = pitch_hz(span(raw(track([(0, 4, 69, 100)], 73, bends=[(0, 8191)])), 0.3, 1.5)[:, 0])
        assert bent / plain == pytest.approx(2 ** (2 / 12), rel=0.01)

    def test_modulation_wheel_wobbles(self):
        calm, wobbly = raw(track([(0, 4, 69, 100)], 73)), raw(track([(0, 4, 69, 100)], 73, controls=[(0, 1, 127)]))
        assert np.abs(calm - wobbly).max() > 0.01

    def test_programs_and_drums_sound_different(self):
        piano, organ, drum = (
            raw(track([NOTE], program, is_drum)) for program, is_drum in ((0, False), (19, False), (0, True))
        )
        assert np.abs(piano - organ).max() > 0.01
        assert pitch_hz(span(piano, 0.1, 0.9)[:, 0]) == pytest.approx(440, rel=0.02)
        assert pitch_hz(span(drum, 0.0, 0.5)[:, 0]) != pytest.approx(440, rel=0.02)

    def test_bank_selects_do_not_change_the_instrument(self):
        assert np.array_equal(raw(track([NOTE], controls=[(0, 0, 64), (0, 32, 3)])), raw(track([NOTE])))

    def test_a_long_note_does_not_cut_a_later_one_of_its_pitch(self):
        both = raw(track([(0, 1.5, 69, 100), (1, 3, 69, 100)], 19))
        assert level_db(span(both, 1.2, 1.9)) > level_db(span(both, 0.1, 0.4)) - 6


class TestEdges:
    def test_silence_stays_silence(self):
        for quiet in (Piece.empty(), piece(track([(0, 1, 60, 0)]))):
            sound = render(quiet, rate=RATE)
            assert sound.seconds > 0
            assert sound.peak < 1e-6  # a reverb is never quite still
            for format in MIME_TYPES:
                assert encode(Audio(sound.samples, 44_100), format)

    def test_a_very_short_piece(self):
        sound = render(piece(track([(0, 0.01, 76, 120)], 115)), rate=RATE)
        assert np.isfinite(sound.samples).all()
        assert 0.05 < sound.peak <= CEILING

    def test_a_very_quiet_piece_becomes_audible(self):
        sound = render(piece(track([(0, 4, 60, 8)], controls=[(0, 7, 60)])), rate=RATE)
        assert 0.05 < sound.peak <= CEILING

    def test_notes_and_controls_at_odd_places(self):
        odd = track(
            [(0, 0, 60, 90), (0, 4, 60, 90), (1, 1, 0, 127), (1, 1, 127, 127)], controls=[(900, 7, 0), (0, 126, 1)]
        )
        sound = render(piece(odd), rate=RATE)
        assert 2 < sound.seconds < 11

    def test_mastering_holds_the_ceiling_on_any_sound(self):
        random = np.random.default_rng(1)
        for frames in (1, 63, 64, 65, 5_000, 50_001):
            sound = random.standard_normal((frames, 2)).astype(np.float32) * random.random((frames, 1), np.float32) ** 8
            plain = sound.copy()
            gain = master(sound, RATE)
            assert np.abs(sound).max() <= CEILING
            assert np.array_equal(sound, plain * gain)

    @pytest.mark.parametrize("target", [-30.0, -22.0, -16.0, -11.0])
    def test_mastering_to_another_loudness_holds_the_ceiling_too(self, target):
        random = np.random.default_rng(2)
        sound = random.standard_normal((3 * RATE, 2)).astype(np.float32) * 0.05
        sound[::5000] *= 5  # sudden hits
        gain = master(sound, RATE, target)
        assert loudness(sound, RATE) == pytest.approx(target, abs=0.3)
        assert np.abs(sound).max() <= CEILING and gain.shape == (len(sound), 1)
