"""Which style (music/styles.py) a file of a data set is in, from what the set itself says of it."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

# Style of a groove of the Musical MIDI Accompaniment library, or of a drummer's own label, by its name.
GROOVE_STYLES = {
    "rock": "basicrock 60srock bubblerock 8beat rock-128 rock rock-groove8 rock-halftime rock-indie rock-prog rock-shuffle",
    "soft rock": "softrock",
    "folk rock": "folkrock rock-folk",
    "rock and roll": "50srock twist jive rock-rockabilly",
    "punk": "punk",
    "pop": "pop pop-groove7 pop-soft",
    "ballad": "ballad ballad128 ballad68 guitarballad pianoballad popballad rockballad stringballad arpeggio44 desert",
    "disco": "boneym dance-disco",
    "funk": "bvfunk funk funk-fast funk-groove1 funk-groove2 funk-groove5 funk-latin funk-purdieshuffle funk-rock "
    "neworleans-funk neworleans-secondline",
    "soul": "dsoul soul soul-groove3 soul-groove4 soul-groove9 soul-groove10 soul-motown",
    "rhythm and blues": "rb rb-ballad r&b r&b-ballad",
    "hip hop": "hiphop hiphop-groove6",
    "gospel": "spiritual popspiritual slowspiritual gospel",
    "blues": "blues blues128 countryblues fastblues slowblues blues-shuffle",
    "boogie-woogie": "boggiewoggie shuffleboggie",
    "reggae": "reggae reggae-slow",
    "ska": "ska",
    "afrobeat": "afrobeat highlife",
    "show tune": "broadway slowbroadway showtune softshoe",
    "trance": "trance",
    "swing": "swing easyswing fastswing strut jazz jazz-fast jazz-mediumfast jazz-swing",
    "bebop": "bebop",
    "big band": "bigband",
    "modern jazz": "modernjazz evansish jazzcombo nitejazz mellowjazz slowjazz descendingjazz jazzguitar folkyjazz jazz-linear",
    "jazz waltz": "jazzwaltz fastjazzwaltz modernjazzwaltz",
    "jazz fusion": "lfusion jazzrock jazz-funk jazz-fusion",
    "gypsy jazz": "gypsyjazz",
    "dixieland": "dixie charleston",
    "ragtime": "ragtime",
    "foxtrot": "foxtrot quickstep",
    "bossa nova": "bossanova",
    "samba": "samba latin-samba latin-brazilian-samba latin-brazilian-sambareggae",
    "baiao": "latin-brazilian-baiao",
    "tango": "tango lighttango",
    "bolero": "bolero slowbolero",
    "beguine": "beguine",
    "rumba": "rhumba jazzrhumba afrocuban-rhumba",
    "cha-cha": "chacha neworleans-chacha",
    "mambo": "mambo",
    "merengue": "merengue latin-merengue latin-dominican-merengue",
    "salsa": "salsa",
    "son": "son cubanguitar",
    "calypso": "calypso afrocuban-calypso",
    "afro-cuban": "afro-cuban afrocuban afrocuban-bembe",
    "folk": "folk folkballad bluefolk",
    "country": "slowcountry hillcountry country",
    "bluegrass": "bluegrass",
    "western swing": "westernswing countryswing",
    "zydeco": "zydeco",
    "polka": "polka",
    "march": "march bwmarch dixiemarch jazz-march",
    "waltz": "waltz arpeggiowaltz broadwaywaltz countrywaltz fastwaltz frenchwaltz latinwaltz rockwaltz vienesewaltz",
    "hymn": "hymn",
    "lullaby": "lullaby",
}
_OF_GROOVE = {groove: style for style, grooves in GROOVE_STYLES.items() for groove in grooves.split()}

# Style of a Humdrum genre (``agn``) by the first of these words in it; of an ABC rhythm (``R:``) likewise.
KIND_STYLES = {
    **{word: word for word in ("mazurka", "polonaise", "krakowiak", "waltz", "march", "polka", "nocturne", "prelude")},
    **{word: word for word in ("etude", "sonata", "fugue", "hymn")},
    "requiem": "sacred",
    "sacred": "sacred",
}
RHYTHM_STYLES = {
    "slip jig": "slip jig",
    "slipjig": "slip jig",
    **{word: word for word in ("jig", "reel", "hornpipe", "strathspey", "air", "waltz", "march")},
}
ERA_STYLES = {"Baroque": "baroque", "March": "march", "Hymn": "hymn"}  # of mutopia's ``style``
DISTORTED = {29, 30}  # programs of overdriven and distorted guitars


def style_of(name: str, item: dict[str, Any], folder: Path) -> str | None:
    """Returns the style of one manifest line, None where the set says nothing of it.

    Args:
        name: of the data set.
        item: the line.
        folder: of the data set; ``folk_pd`` keeps the rhythms of its tunes beside the manifest.
    """
    meta = item.get("meta") or {}
    if name == "grooves":
        return _OF_GROOVE.get(item["style"])
    if name == "synth_band":
        return _OF_GROOVE.get(item["grooves"][0].lower())
    if name == "groove_drums":
        return _OF_GROOVE.get(item["name"].split("__")[-1].split("_")[1])
    if name == "gm_free_games":
        programs = set(item["programs"])
        return "hard rock" if -1 in programs and DISTORTED & programs else None
    if name == "folk_pd":
        return _first(RHYTHM_STYLES, _rhythms(folder).get(item["name"], ""))
    if name in ("polish_multitrack", "piano_polish_chopin"):
        return _first(KIND_STYLES, (meta.get("agn") or "").lower())
    if name == "mutopia":
        return ERA_STYLES.get(meta.get("style"))
    return None


def _first(styles: dict[str, str], text: str) -> str | None:
    return next((style for word, style in styles.items() if word in text), None)


@lru_cache(maxsize=4)
def _rhythms(folder: Path) -> dict[str, str]:
    """Returns the rhythm field of the tunes of a folder with ``abc.jsonl``, in lower case."""
    path = folder / "abc.jsonl"
    if not path.exists():
        return {}
    found = {}
    with path.open(encoding="utf-8") as lines:
        for tune in map(json.loads, lines):
            rhythm = next((line[2:] for line in tune["abc"].splitlines() if line.startswith("R:")), "")
            found[tune["name"]] = rhythm.strip().lower()
    return found
