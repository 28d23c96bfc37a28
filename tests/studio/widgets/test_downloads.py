"""What the files that one takes away are called, and the title on their pages."""

from __future__ import annotations

import pytest

from music.piece import Piece
from pipelines.options.generate import GenerateOptions
from pipelines.song.brief import Brief
from pipelines.song.planning import plan_song
from studio.projects.project import Place
from studio.projects.song import Song
from studio.widgets.downloads import file_stem, titled

PLAN = plan_song(Brief("a slow, dark waltz"))


def composed(count: int = 1) -> Song:
    song = Song()
    for _ in range(count):
        song.add((Piece.empty(),), options=PLAN)
    return song


def test_files_of_a_song_are_called_as_it_is():
    assert file_stem(composed()) == "a-slow-dark-waltz"
    assert file_stem(composed(2)) == "a-slow-dark-waltz-take-2"
    named = composed()
    named.rename("Evening / waltz")
    assert file_stem(named) == "evening-waltz"


def test_files_of_an_uploaded_file_are_called_as_it_was():
    song = Song()
    song.add((Piece.empty(),), label="Hymn No. 3.mid")
    assert file_stem(song) == "hymn-no-3"
    song.add((Piece.empty(), Piece.empty()), options=GenerateOptions())
    song.go(Place(2, 1))
    assert file_stem(song) == "hymn-no-3-take-2-version-2"


def test_files_of_a_song_without_a_name_are_called_as_the_take_is():
    song = Song()
    song.add((Piece.empty(),), options=GenerateOptions())
    assert file_stem(song) == "take-1"


@pytest.mark.parametrize("title", ["x" * 120, "夜" * 120])
def test_a_long_title_fits_a_file_system(title):
    song = composed()
    song.rename(title)
    assert len(f"{file_stem(song)}-lead-sheet.musicxml".encode()) <= 255


def test_the_pages_of_a_song_have_its_title_and_the_song_is_left_alone():
    song = composed()
    assert titled(song).title == "A slow, dark waltz" and not song.piece.title
    song.rename("Evening")
    assert titled(song).title == "Evening"
    own = Song()
    own.add((Piece.empty().replace(title="Greensleeves"),), label="tune.mid")
    assert titled(own) is own.piece
    bare = Song()
    bare.add((Piece.empty(),), options=GenerateOptions())
    assert titled(bare) is bare.piece
