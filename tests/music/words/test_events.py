"""Words to sing as events of a track: one convention, and the habits of other programs read into it."""

from __future__ import annotations

import pytest
import symusic
from hypothesis import given
from hypothesis import strategies as st

from music.files.midi import midi_bytes, read_midi
from music.files.smf import LYRIC, TEXT, read_events
from music.notation.engrave import musicxml
from music.piece import Piece
from music.words.events import Sung, events_of, is_hidden, lines_of, plain_text, read_words

Q = 480


def events(*texts: str) -> list[symusic.TextMeta]:
    return [symusic.TextMeta(number * Q, text) for number, text in enumerate(texts)]


def words(*texts: str) -> str:
    """Returns the lines that events of this text are, with a stroke between lines."""
    return " / ".join(plain_text(line) for line in lines_of(read_words(events(*texts))))


@pytest.mark.parametrize(
    "texts",
    [
        ("Twin", "kle ", "star, ", "\rhow ", "I ", "won", "der"),  # the rules of the MIDI association
        ("Twin-", "kle ", "star, ", "\rhow ", "I ", "won-", "der"),  # and with hyphens: ours
        ("Twin", "kle ", "star,\r", "how ", "I ", "won", "der\r"),  # the line ends where others begin one
        ("\\Twin", "kle", " star,", "/how", " I", " won", "der"),  # karaoke files
        ("\nTwin", "kle ", "star, ", "\r", "how ", "I ", "won", "der"),  # a break by itself
        ("Twin", "kle", " ", "star,", "\r", "how", " ", "I", " ", "won", "der"),  # and spaces
        ("Twinkle star,\rhow I wonder",),  # all at once
    ],
)
def test_other_programs_words_are_read(texts):
    assert words(*texts) == "Twinkle star, / how I wonder"


@pytest.mark.parametrize("texts", [("Twin-", "kle", "star"), ("Twin", "-kle", "star"), ("Twin-", "-kle", "star")])
def test_hyphens_join_where_nobody_writes_spaces(texts):
    assert words(*texts) == "Twinkle star"


def test_a_hyphen_of_the_word_itself_stays():
    assert words("sea- ", "shore ", "a-", "lone ") == "sea-shore alone"


def test_a_second_verse_and_holds_are_no_words_of_the_first():
    sung = read_words(events("Glo-", "_", "ri-", "@2 Ky-", "@2 _", "a ", "@2 rie "))
    assert [plain_text(line) for line in lines_of(sung)] == ["Gloria"]
    assert [plain_text(line) for line in lines_of(sung, 2)] == ["Kyrie"]
    assert [each.time // Q for each in sung if each.is_held] == [1, 4]
    assert read_words(events("@KMIDI KARAOKE FILE", "@TTitle", "\\la ")) == [Sung(2 * Q, "la", breaks=2)]


TEXT_OF_A_SYLLABLE = st.text(st.characters(categories=("L",)), min_size=1, max_size=6)


@given(st.lists(st.lists(st.lists(TEXT_OF_A_SYLLABLE, min_size=1, max_size=3), min_size=1, max_size=4), max_size=4))
def test_what_is_written_is_read_back(lines):
    sung, time = [], 0
    for number, line in enumerate(lines):
        for word in line:
            for place, text in enumerate(word):
                breaks = (2 if number == 0 else 1) if word is line[0] and place == 0 else 0
                sung.append(Sung(time, text, place == 0, place + 1 == len(word), breaks))
                time += Q
    assert read_words(events_of(sung)) == sung
    assert [plain_text(line) for line in lines_of(sung)] == [" ".join(map("".join, line)) for line in lines]


@given(st.lists(st.text(max_size=8), max_size=8))
def test_any_text_is_read_and_what_is_read_is_written(texts):
    sung = read_words(events(*texts))
    assert all(each.text.isprintable() for each in sung)
    again = read_words(events_of(sung))
    assert [(each.time, each.text) for each in again] == [(each.time, each.text) for each in sung]


SONG = ("\nGlo-", "_", "ri-", "a, ", "\rsing ", "_", "sea- ", "shore ", "\nend ")


def song(*texts: str, verse: str = "") -> Piece:
    """Returns a tune of quarter notes, one an event."""
    score = symusic.Score(Q)
    track = symusic.Track("Voice", 52, False)
    track.notes.extend(symusic.Note(n * Q, Q, 60 + (5 * n) % 12, 80) for n in range(len(texts)))
    track.lyrics.extend(events(*texts))
    if verse:
        track.lyrics.append(symusic.TextMeta((len(texts) - 1) * Q, verse))
    score.tracks.append(track)
    return Piece(score)


def test_words_survive_a_midi_file():
    piece = song(*SONG, verse="@2 too ")
    back = read_midi(midi_bytes(piece))
    assert back.fingerprint == piece.fingerprint


def test_other_programs_are_shown_the_first_verse_alone():
    chunk = read_events(midi_bytes(song(*SONG, verse="@2 too "))).tracks[-1]
    shown = [body.decode() for _, what, body in chunk.meta if what == LYRIC]
    assert words(*shown) == "Gloria, / sing sea-shore / end" and not any(map(is_hidden, shown))
    assert [body.decode() for _, what, body in chunk.meta if what == TEXT] == ["_", "_", "@2 too "]


def test_words_survive_musicxml():
    piece = song(*SONG, verse="@2 too ")
    back = read_midi(musicxml(piece)).score.tracks[0]
    first, *rest = [(each.time, each.text) for each in piece.score.tracks[0].lyrics]
    assert [(each.time, each.text) for each in back.lyrics] == [(first[0], first[1].strip()), *rest]
