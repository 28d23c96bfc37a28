"""Registries: what is known, what is here, who may use a name, and what can be removed."""

from __future__ import annotations

import threading
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkpoints import loading, store
from checkpoints.importing import import_file
from checkpoints.registries import add, added, forget, published
from checkpoints.store import entries, entry, known, register, registry_text, remove, unregister
from music.audio.soundfonts import bundled_soundfont, find_soundfont
from music.errors import StudioError
from tests.checkpoints.shelf import bank, put
from tests.loaded import nothing_loaded
from tests.waiting import join

SHA = "ab" * 32
GOOD = {
    "kind": "checkpoint", "file": f"theirs-{SHA[:8]}.safetensors", "bytes": 10, "sha256": SHA, "task": "generate",
    "architecture": "transformer_xl", "tokenizer": "0" * 64, "sources": [f"theirs-{SHA[:8]}.safetensors"],
}  # fmt: skip
PLACE = "https://example.org/music/registry.toml"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache folder of its own that is not there yet."""
    monkeypatch.setenv("DEEPMUSIC_CACHE", str(tmp_path / "cache"))
    nothing_loaded(monkeypatch)
    return tmp_path / "cache"


def write(path, **found):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(registry_text(found), encoding="utf-8")
    return path


def theirs(name="theirs", **changes):
    file = f"{name}-{SHA[:8]}.safetensors"
    return GOOD | {"file": file, "sources": [file]} | changes


def test_what_can_be_pulled_is_known_but_not_here(cache, tmp_path):
    add(str(write(tmp_path / "pub" / "registry.toml", theirs=theirs())))
    assert "theirs" in known() and "theirs" not in entries()
    assert known()["theirs"].sources == (str(tmp_path / "pub" / GOOD["file"]),)
    assert not cache.joinpath(GOOD["file"]).exists()


def test_loading_what_is_not_here_names_the_command_and_the_page_and_downloads_nothing(cache, tmp_path):
    put(tmp_path / "pub", "theirs")
    values = tomllib.loads((tmp_path / "pub" / "registry.toml").read_text())["theirs"]
    (tmp_path / "pub" / "theirs.safetensors").rename(tmp_path / "pub" / f"theirs-{values['sha256'][:8]}.safetensors")
    file = f"theirs-{values['sha256'][:8]}.safetensors"
    write(tmp_path / "pub" / "registry.toml", theirs=values | {"file": file, "sources": [file]})
    add(str(tmp_path / "pub"))
    with pytest.raises(StudioError, match=r"`python -m checkpoints pull theirs` or on the Checkpoints page\.$"):
        loading.load("theirs")
    assert not list(cache.glob("theirs*"))


def test_nobody_takes_the_name_of_what_ships_or_is_here(cache, tmp_path):
    put(cache, "mine")
    before = known()["mine"], known()["generate-small"]
    place = write(
        tmp_path / "pub" / "registry.toml",
        mine=theirs("mine"), theirs=theirs(), **{"generate-small": theirs("generate-small")},
    )  # fmt: skip
    found = add(str(place))
    assert (found.names, set(found.taken)) == (("theirs",), {"mine", "generate-small"})
    assert (known()["mine"], known()["generate-small"]) == before
    # even a list that was put there by hand does not get them
    write(cache / "registries" / "0.toml", mine=theirs("mine"), **{"generate-small": theirs("generate-small")})
    assert (known()["mine"], known()["generate-small"]) == before


def test_of_two_published_registries_the_first_keeps_its_names(cache, tmp_path):
    add(str(write(tmp_path / "one" / "registry.toml", theirs=theirs())))
    other = theirs(sha256="cd" * 32, file="theirs-cdcdcdcd.safetensors")
    with pytest.raises(StudioError, match=r"names of other checkpoints here \(theirs\)"):
        add(str(write(tmp_path / "two" / "registry.toml", theirs=other)))
    assert known()["theirs"].sha256 == SHA and len(added()) == 1
    forget(str(tmp_path / "one"))
    assert add(str(tmp_path / "two")).names == ("theirs",)
    assert known()["theirs"].sha256 == "cd" * 32


def test_a_checkpoint_is_found_by_its_sum_best_under_its_name_and_here(cache):
    assert store.with_sum(SHA) is None
    for name in ("one", "two"):
        register(cache / "registry.toml", name, theirs(name))
    assert store.with_sum(SHA, "two").name == "two" and store.with_sum(SHA, "three").name == "one"
    entry("one").path.write_bytes(b"here")
    assert store.with_sum(SHA, "two").name == "one"
    entry("two").path.write_bytes(b"here")
    assert store.with_sum(SHA, "two").name == "two"


@pytest.mark.parametrize(
    "changes",
    [
        {"file": "../../evil.safetensors"},
        {"file": "/etc/evil.safetensors"},
        {"file": "registry.toml"},
        {"file": "theirs.safetensors"},
        {"file": "theirs-abababab.sf2"},
        {"sources": ["../secret.safetensors"]},
        {"sources": ["/etc/passwd"]},
        {"sources": ["file:///etc/passwd"]},
        {"sources": ["https://user:pass@example.org/x"]},
        {"sources": ["http://example.org/x"]},
        {"sources": ["hf://owner/name@main/x.safetensors"]},
        {"sources": ["history://" + "0" * 40]},
        {"sources": []},
        {"sources": "https://example.org/x"},
        {"kind": "program"},
        {"kind": ["checkpoint"]},
        {"sha256": "ab"},
        {"sha256": "../" * 21 + "x"},
        {"bytes": -1},
        {"bytes": True},
        {"bytes": 10**15},
        {"licence": 5},
        {"self_test_likelihood": "nan"},
        {"sources": ["hf://owner/name@" + "0" * 40 + "/a\x7f\nb"]},
        {"architecture": ""},
        {"beside": [["../theirs.md", 3, SHA]]},
        {"beside": [["registry.toml", 3, SHA]]},
        {"beside": [["theirs.md", 10**9, SHA]]},
        {"beside": "theirs.md"},
    ],
)
def test_a_registry_may_not_ask_for_more_than_it_should(changes):
    assert "theirs" in published(registry_text({"theirs": theirs()}), PLACE)
    with pytest.raises(StudioError):
        published(registry_text({"theirs": theirs(**changes)}), PLACE)


@pytest.mark.parametrize("name", ['"../x"', '"a/b"', '"."', '".hidden"', '"registry.toml"', '"a b"'])
def test_a_registry_may_not_use_paths_as_names(name):
    with pytest.raises(StudioError, match="cannot be the name"):
        published(f"[{name}]\nbytes = 1\n", PLACE)


@pytest.mark.parametrize("text", ["<html>", "a = 1\n", "[theirs]\n", "", "[theirs]\nsources = 1\nbytes = 1\n"])
def test_what_is_no_registry_is_refused_in_two_sentences(cache, tmp_path, text):
    (tmp_path / "registry.toml").write_text(text)
    with pytest.raises(StudioError, match=r"\. \S.*\.$"):
        add(str(tmp_path))
    assert added() == ()


def test_what_is_told_cannot_trouble_a_terminal_and_what_is_not_known_is_left_out():
    values = theirs(licence="MIT\x1b[2J", remarks="x" * 10_000, surprise="!", data=["a\nb", 3])
    found = published(registry_text({"theirs": values}), PLACE)["theirs"]
    assert found["licence"] == "MIT[2J" and len(found["remarks"]) == 2000 and found["data"] == ["ab"]
    assert "surprise" not in found
    assert found["sources"] == [f"https://example.org/music/{GOOD['file']}"]


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "99999999999999999999999"])
def test_a_number_that_would_spoil_the_registry_is_refused(number):
    text = registry_text({"theirs": theirs()})
    assert "theirs" in published(f"{text}parameters = 5\nself_test_likelihood = -3.5\n", PLACE)
    key = "parameters" if number.startswith("9") else "self_test_likelihood"
    with pytest.raises(StudioError, match=f"{key} is of another kind"):
        published(f"{text}{key} = {number}\n", PLACE)


def test_addresses_beside_a_registry_are_found_whatever_follows_its_name():
    found = published(registry_text({"theirs": theirs()}), f"{PLACE}?download=a/b")
    assert found["theirs"]["sources"] == [f"https://example.org/music/{GOOD['file']}"]


def test_only_what_was_added_to_the_studio_can_be_removed(cache):
    path = put(cache, "mine")
    put(cache, "mine-too")
    with pytest.raises(StudioError, match="ships with the studio"):
        remove("generate-small")
    assert entry("generate-small").is_here
    remove("mine")
    assert not path.exists() and "mine" not in known()
    assert sorted(p.name for p in cache.iterdir()) == [
        "mine-too.md", "mine-too.png", "mine-too.safetensors", "registry.toml",
    ]  # fmt: skip
    with pytest.raises(StudioError, match="no checkpoint 'mine'"):
        remove("mine")


def test_what_is_listed_but_not_here_cannot_be_removed(cache, tmp_path):
    add(str(write(tmp_path / "pub" / "registry.toml", theirs=theirs())))
    with pytest.raises(StudioError, match="nothing to remove"):
        remove("theirs")


@given(
    st.dictionaries(
        st.sampled_from("abc"),
        st.text() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.lists(st.text()),
    )
)
def test_a_registry_says_what_was_registered(values):
    assert tomllib.loads(registry_text({"mine": values})) == {"mine": values}


def test_registering_at_the_same_time_loses_nothing(tmp_path):
    registry = tmp_path / "registry.toml"
    numbers = range(12)
    writers = [threading.Thread(target=register, args=(registry, f"n{n}", {"bytes": n})) for n in numbers]
    for writer in writers:
        writer.start()
    join(writers)
    assert tomllib.loads(registry.read_text()) == {f"n{n}": {"bytes": n} for n in numbers}
    unregister(registry, "n3")
    assert "n3" not in tomllib.loads(registry.read_text())


@pytest.mark.parametrize(
    "text", ["[mine", '[mine]\nfile = "../../x.safetensors"\nbytes = 1\nsha256 = "a"\n', "[mine]\n"]
)
def test_a_spoilt_registry_of_ones_own_is_named(cache, text):
    cache.mkdir()
    (cache / "registry.toml").write_text(text)
    with pytest.raises(StudioError, match="Mend"):
        known()


def test_a_loaded_checkpoint_stays_the_same_when_its_file_changes_until_another_is_registered(cache):
    path = put(cache, "mine")
    loaded = loading.load("mine")
    path.write_bytes(b"something else")
    assert loading.load("mine") is loaded
    from tests.checkpoints.shelf import small_writer

    put(cache, "mine", small_writer(width=24))
    assert loading.load("mine").model.config.width == 24


def test_the_sound_bank_that_was_imported_last_plays_and_removing_it_brings_the_other_back(cache, tmp_path):
    import os

    before = find_soundfont()
    first = import_file(bank(tmp_path / "Grand Piano (v2).sf2"))
    os.utime(first.path, (1, 1))
    assert (first.name, first.kind) == ("Grand-Piano-v2", "soundfont")
    assert find_soundfont() == first.path
    second = import_file(bank(tmp_path / "strings.sf3", size=500), "strings")
    assert find_soundfont() == second.path and second.path.suffix == ".sf3"
    remove("strings")
    assert find_soundfont() == first.path
    remove(first.name)
    assert find_soundfont() == before and bundled_soundfont().exists()
    with pytest.raises(StudioError, match="no checkpoint 'strings'"):
        entry("strings")


def test_what_is_no_whole_sound_bank_is_refused(cache, tmp_path):
    whole = bank(tmp_path / "whole.sf2")
    (tmp_path / "cut.sf2").write_bytes(whole.read_bytes()[:-1])
    (tmp_path / "other.sf2").write_bytes(b"RIFF\x00\x00\x00\x00WAVEfmt ")
    for file, words in (("cut.sf2", "cut short"), ("other.sf2", "not a sound bank"), ("none.sf2", "not found")):
        with pytest.raises(StudioError, match=words):
            import_file(tmp_path / file)
    assert not cache.exists()


def test_a_sound_bank_does_not_take_the_name_of_another_or_of_a_checkpoint(cache, tmp_path):
    put(cache, "mine")
    import_file(bank(tmp_path / "a.sf2"), "bank")
    for name in ("mine", "bank", "generate-small"):
        with pytest.raises(StudioError, match="Choose another name"):
            import_file(bank(tmp_path / "b.sf2", size=444), name)
    assert import_file(tmp_path / "a.sf2", "bank").name == "bank"  # again is no other


def test_a_sound_bank_is_no_checkpoint(cache, tmp_path):
    import_file(bank(tmp_path / "a.sf2"), "bank")
    with pytest.raises(StudioError, match="sound bank"):
        loading.load("bank")
    assert all(found.task != "remix" or found.kind == "checkpoint" for found in entries().values())


def test_what_ships_says_where_it_is_from_and_how_it_is_tested():
    for name, found in known().items():
        if found.ships:
            assert found.path.parent == store.EMBEDDED and found.sources == ()
            assert found.details["licence"] and found.details["data"], name
            if found.kind == "checkpoint":
                assert found.details["metrics"] and found.details["self_test_margin"] > 0.1, name
