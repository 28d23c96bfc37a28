"""Text from outside is shown letter by letter, wherever it lands on a page."""

from __future__ import annotations

import pytest
import symusic

from music.files.midi import read_midi
from music.piece import Piece
from pipelines.song.brief import Brief
from pipelines.song.planning import plan_song
from studio.projects.song import Song
from studio.widgets.start import summary
from studio.wording import plain
from tests.studio.visitor import small_midi, song_of


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("a *b* _c_", r"a \*b\* \_c\_"),
        ("[l](http://x.y)", r"\[l\](http\://x.y)"),
        (":red[x] :material/home: :smile:", r"\:red\[x\] \:material/home: \:smile:"),
        ("1. song, 12) song", r"1\. song, 12) song"),
        ("- a\n+ b\n# c", "\\- a\n\\+ b\n\\# c"),
        ("$a$ <b>", r"\$a\$ \<b\>"),
        ("www.example.org", r"www\.example.org"),
        ("Bar 3: 'X' is not a chord. Take F#7, A-flat, 1.5!", "Bar 3: 'X' is not a chord. Take F#7, A-flat, 1.5!"),
    ],
)
def test_marks_lose_their_meaning_and_sentences_stay_readable(text, markdown):
    assert plain(text) == markdown


LOUD = "*loud* :red[tune] [x](http://y)"


def test_names_and_words_of_a_visitor_are_shown_as_they_are_typed(compose):
    song = song_of(compose)
    piece = read_midi(small_midi())
    song.add((piece,), label=LOUD, detail=LOUD)
    song.add((piece,), label="Other")
    song.notice = f"{LOUD} is no chord."
    compose.run()
    assert not compose.exception
    assert compose.error[0].value == plain(f"{LOUD} is no chord.")
    assert plain(LOUD) in [caption.value for caption in compose.caption]
    assert plain(LOUD) in [button.label for button in compose.button]
    for page in ("generate", "remix", "harmonize", "songs"):
        compose.switch_page(f"studio/pages/{page}.py").run()
        assert not compose.exception
        for element in (*compose.markdown, *compose.caption, *compose.error, *compose.button):
            assert LOUD not in (element.label if element.type == "button" else element.value)


def test_drums_alone_are_in_no_key():
    score = symusic.Score(480)
    score.tracks.append(symusic.Track("Drums", 0, True))
    score.tracks[0].notes.extend(symusic.Note(n * 480, 240, 36, 90) for n in range(4))
    assert summary(Piece(score)) == "120 BPM · 4/4 · 1 bar · 0:02 · Drums"


def test_the_switch_of_a_composed_song_calls_its_sketch_the_sketch():
    sketch = read_midi(small_midi())
    song = Song()
    song.add((sketch,), before=sketch, options=plan_song(Brief(seconds=10, seed=1), sketch))
    assert song.other == ("Sketch", sketch)
