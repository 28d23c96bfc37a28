"""Downloads are there when the browser asks for them, however many other pages have run since they were made."""

from __future__ import annotations

import pytest
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.media_file_storage import MediaFileKind, MediaFileStorageError

from studio.kept_files import KEPT_S, KeptFiles


class Hand:
    """A clock whose hand is moved."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def files(clock) -> KeptFiles:
    return KeptFiles("/media", clock)


def test_a_download_outlasts_the_pages_of_others_and_goes_in_the_end(files, clock):
    manager = MediaFileManager(files)
    url = manager.add(b"song", "audio/midi", "", "song.mid", is_for_static_download=True)
    manager.clear_session_refs()
    for _ in range(5):  # pages of others end, and each end tidies up
        manager.remove_orphaned_files()
    name = url.rpartition("/")[2]
    assert files.get_file(name).content == b"song"
    clock.now = KEPT_S
    files.delete_file("another")
    with pytest.raises(MediaFileStorageError):
        files.get_file(name)


def test_one_that_is_made_again_stays(files, clock):
    file_id = files.load_and_get_id(b"song", "audio/midi", MediaFileKind.DOWNLOADABLE, "song.mid")
    files.delete_file(file_id)
    clock.now = KEPT_S - 1
    assert files.load_and_get_id(b"song", "audio/midi", MediaFileKind.DOWNLOADABLE, "song.mid") == file_id
    clock.now = KEPT_S
    files.delete_file("another")
    assert files.get_file(file_id).content == b"song"


def test_what_a_page_shows_goes_at_once(files):
    file_id = files.load_and_get_id(b"picture", "image/png", MediaFileKind.MEDIA)
    files.delete_file(file_id)
    with pytest.raises(MediaFileStorageError):
        files.get_file(file_id)
