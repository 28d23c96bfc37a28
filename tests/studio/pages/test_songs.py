from __future__ import annotations

import pytest

from checkpoints.store import register
from music.errors import StudioError
from pipelines.song.brief import Brief
from pipelines.song.planning import plan_song
from studio import session, songs, visitors
from studio.jobs import registry
from studio.projects.library import new_id
from studio.projects.project import Place, Project, Take, project_bytes
from studio.projects.song import Song
from studio.visitors import autosave
from tests.studio.projects.test_project import tune
from tests.studio.visitor import GENERATE, press, song_of, until_written

SONGS = "studio/pages/songs.py"


@pytest.fixture
def listed(monkeypatch):
    monkeypatch.setenv("DEEPMUSIC_SHARED", "0")


@pytest.fixture
def with_take(page):
    """The Generate page of a visitor who has a take of two versions."""
    return until_written(press(page, "Generate"))


def to_songs(page):
    page.switch_page(SONGS).run()
    assert not page.exception
    return page


def words(page) -> list[str]:
    """Returns all that is written on the page."""
    return [each.value for kind in ("markdown", "caption", "error") for each in page.get(kind)]


def keyed(page, key: str):
    return next(button for button in page.button if button.key == key)


def click(page, key: str):
    keyed(page, key).click()
    page.run()
    assert not page.exception
    return page


def written(title: str) -> str:
    """Returns the id of a song in the folder that nobody has open."""
    song_id = new_id()
    takes = (Take(1, "hymn.mid", "", (tune(60),)), Take(2, "Take 2", "", (tune(62),), tune(60)))
    autosave().library.write(song_id, Project(title, takes, Place(2), past=(None, Place(1)), controls={"bars": 5}))
    autosave().library.close(song_id)
    return song_id


def test_without_songs_the_page_says_what_will_be_there(page, listed):
    page = to_songs(page)
    assert any("Songs appear here once they have a take." in text for text in words(page))
    assert keyed(page, "new song").disabled and not page.error


def test_a_song_is_put_away_and_opened_again(with_take, listed):
    mine = song_of(with_take)
    page = click(to_songs(with_take), "new song")
    assert song_of(page) is not mine and not song_of(page).takes
    page = click(page, f"open {mine.id}")
    assert song_of(page) is mine
    assert keyed(page, f"open {mine.id}").disabled


def test_a_song_opens_from_disk_with_its_controls(page, listed):
    song_id = written("Hymn")
    page = click(to_songs(page), f"open {song_id}")
    assert song_of(page).name == "Hymn" and song_of(page).take.number == 2
    page.switch_page(GENERATE).run()
    assert not page.exception
    assert next(w for w in page.number_input if w.key == "control bars").value == 5


def test_the_current_song_gets_a_title_that_the_list_shows(with_take, listed):
    page = to_songs(with_take)
    page.text_input[-1].set_value("  Evening   waltz ").run()
    assert song_of(page).title == "Evening waltz" and "**Evening waltz**" in words(page)
    autosave().flush()
    assert autosave().library.read(song_of(page).id).title == "Evening waltz"


def test_a_title_that_is_too_long_is_cut_and_that_is_said(with_take, listed):
    page = to_songs(with_take)
    page.text_input[-1].set_value("x" * 200).run()
    assert song_of(page).title == "x" * 120 == page.text_input[-1].value
    assert sum("up to 120 letters" in text for text in words(page)) == 1
    page.text_input[-1].set_value("Evening waltz").run()
    assert song_of(page).title == "Evening waltz" and not any("120 letters" in text for text in words(page))


def test_another_song_is_renamed_duplicated_and_deleted(page, listed):
    song_id = written("Hymn")
    page = to_songs(page)
    next(field for field in page.text_input if field.key == f"title {song_id}").set_value("Psalm").run()
    assert visitors.project_of(song_id).title == "Psalm" and "**Psalm**" in words(page)
    page = click(page, f"duplicate {song_id}")
    assert "**Psalm (copy)**" in words(page)
    page = click(page, f"deletion {song_id}")
    assert not autosave().library.has(song_id) and "**Psalm**" not in words(page)
    assert "**Psalm (copy)**" in words(page)


def test_the_current_song_can_be_deleted_and_stays_deleted(with_take, listed):
    mine = song_of(with_take)
    page = click(to_songs(with_take), f"deletion {mine.id}")
    autosave().flush()
    assert not autosave().library.entries()
    assert song_of(page).id != mine.id and not song_of(page).takes


def test_a_song_that_is_open_in_another_window_is_not_deleted(page, listed, monkeypatch):
    song_id = written("Hymn")
    monkeypatch.setitem(visitors._songs, song_id, Song.of(visitors.project_of(song_id), song_id))
    monkeypatch.setattr(session, "is_open_elsewhere", song_id.__eq__)
    page = click(to_songs(page), f"deletion {song_id}")
    assert any("open in another window" in text for text in words(page)) and autosave().library.has(song_id)


def test_a_damaged_song_is_shown_and_can_be_deleted(page, listed):
    song_id = written("Hymn")
    autosave().library.path(song_id).write_bytes(b"damaged")
    page = to_songs(page)
    assert "**A damaged song**" in words(page) and keyed(page, f"open {song_id}").disabled
    click(page, f"deletion {song_id}")
    assert not autosave().library.has(song_id)


def test_a_project_file_becomes_a_song_of_its_own(with_take):
    mine = song_of(with_take)
    data = songs.file_of(mine.id)
    page = to_songs(with_take)
    page.get("file_uploader")[0].upload("evening.deepmusic", data, "application/zip").run()
    assert not page.exception and song_of(page).id != mine.id
    assert [t.pieces[0].fingerprint for t in song_of(page).takes] == [t.pieces[0].fingerprint for t in mine.takes]
    autosave().flush()
    assert autosave().library.has(song_of(page).id)


def test_what_is_no_project_file_is_refused_in_words(with_take):
    page = to_songs(with_take)
    page.get("file_uploader")[0].upload("evening.deepmusic", b"not a project", "application/zip").run()
    assert "is no project of the studio" in page.error[0].value and len(song_of(page).takes) == 1


def test_others_do_not_see_my_songs(with_take, monkeypatch):
    monkeypatch.setenv("DEEPMUSIC_SHARED", "1")
    other = written("Somebody's")
    page = to_songs(with_take)
    assert not any("Somebody" in text for text in words(page)) and any(
        "songs of this visit" in text for text in words(page)
    )
    assert keyed(page, f"open {song_of(page).id}") and not any(
        other in button.key for button in page.button if button.key
    )


@pytest.mark.parametrize(
    ("address", "headers", "local"),
    [
        (None, {}, True),
        (None, {"Host": "localhost:8501", "Origin": "http://localhost:8501"}, True),
        (None, {"Host": "127.0.0.1:8501", "Origin": "http://127.0.0.1:8501"}, True),
        (None, {"Host": "[::1]:8501"}, True),
        ("192.168.1.20", {"Host": "localhost:8501"}, False),
        (None, {"Host": "127.0.0.1:8501", "Origin": "https://studio.example.org"}, False),
        (None, {"Host": "studio.example.org"}, False),
        (None, {"Host": "localhost", "X-Forwarded-For": "203.0.113.9"}, False),
        (None, {"Host": "", "Origin": "null"}, False),
    ],
)
def test_only_a_browser_on_this_machine_sees_all_songs(address, headers, local):
    assert songs.is_local(address, headers) is local


# ---- history


def test_the_history_tells_what_was_done_and_goes_back(with_take):
    mine = song_of(with_take)
    page = until_written(press(with_take, "Generate"))
    page = to_songs(page)
    told = [text for text in words(page) if text.startswith("wrote 16 bars, seed")]
    assert len(told) == 2 and keyed(page, "go 2").disabled
    click(page, "go 1")
    assert mine.place == Place(1) and mine.can_undo


def test_a_step_is_replayed_with_the_same_notes(with_take):
    mine = song_of(with_take)
    page = until_written(click(to_songs(with_take), "replay 1 0"))
    assert len(mine.takes) == 2 and mine.takes[1].options == mine.takes[0].options
    assert [p.fingerprint for p in mine.takes[1].pieces] == [p.fingerprint for p in mine.takes[0].pieces]
    assert any("the same notes as Take 1, note for note" in text for text in words(page))


def test_a_stage_of_a_composed_song_is_branched_off_and_replayed(compose):
    page = to_songs(compose)
    plan = plan_song(Brief(text="a waltz", seconds=20, seed=1))
    made = registry().ask("compose", tune().empty(), plan, (), owner="somebody")
    mine = song_of(page)
    take = mine.add(made.pieces, detail="a waltz", options=plan, stages=made.stages)
    page.run()
    assert sum(button.label == "Replay" for button in page.button) == len(plan.stages)
    page = until_written(click(page, "replay 1 1"))
    assert mine.takes[1].pieces[0].fingerprint == take.stages[1].fingerprint
    assert any("the same notes as Take 1" in text for text in words(page))
    click(page, "branch 1 0")
    assert mine.piece is take.stages[0] and mine.take.label == "A step of Take 1"


def test_a_step_by_a_checkpoint_that_is_not_here_is_not_begun_and_the_way_to_it_is_shown(
    with_take, tmp_path, monkeypatch
):
    monkeypatch.setenv("DEEPMUSIC_CACHE", str(tmp_path / "cache"))
    values = {"file": "first.safetensors", "bytes": 3, "sha256": "01d" * 21 + "0", "sources": ["https://example.org/x"]}
    register(tmp_path / "cache" / "registry.toml", "first", values)
    mine = song_of(with_take)
    recipe = mine.takes[0].pieces[0].history[-1]
    made = {**recipe, "checkpoint": {"name": "generate-small", "sha256": values["sha256"]}}
    mine.add((tune(60, history=(made,)),), label="old.mid")
    page = click(to_songs(with_take), "replay 2 0")
    assert any(text.startswith("This recipe was made with an earlier generate-small.") for text in words(page))
    assert [link.proto.page for link in page.get("page_link")] == ["checkpoints"] and mine.writing is None
    (tmp_path / "cache" / "first.safetensors").write_bytes(b"old")
    page = until_written(click(page, "replay 2 0"))
    assert mine.takes[-1].options.checkpoint == "first" and not page.error


def test_every_control_of_every_page_is_kept(compose):
    """A control whose name the reader of projects does not know would be lost with the server."""
    page, mine = compose, song_of(compose)
    mine.add((tune(),), label="hymn.mid")
    for path in ("compose", "generate", "remix", "harmonize"):
        page.switch_page(f"studio/pages/{path}.py").run()
        assert not page.exception
    back = songs.read_project(project_bytes(mine.project)).controls
    assert len(back) > 40 and {name: value for name, value in mine.controls.items() if back.get(name) != value} == {}


def test_controls_of_a_file_that_no_page_could_show_do_no_harm(page):
    odd = {"bars": "x", "instruments": 5, "stay_in_key": "yes", "remix amount": [], "selected tracks": 3, "start": 7}
    project = Project(takes=(Take(1, "hymn.mid", "", (tune(),)),), place=Place(1), controls=odd)
    page = to_songs(page)
    page.get("file_uploader")[0].upload("odd.deepmusic", project_bytes(project), "application/zip").run()
    for path in ("generate", "remix", "harmonize"):
        page.switch_page(f"studio/pages/{path}.py").run()
        assert not page.exception and not page.error


def test_a_song_that_was_deleted_meanwhile_is_a_problem_in_words():
    with pytest.raises(StudioError, match="cannot be found"):
        songs.rename(new_id(), "x")
