"""Styles of music by the names that musicians use, as a condition of generation beside the genre.

A genre is what a shelf of records is called, a style is what a band leader calls out: "bossa nova", "shuffle blues",
"jig". Each style belongs to at most one genre of music/tokens/conditions.py. Ids of styles follow those of all other
conditions, so that models that know no styles read the same prefix without them.
"""

from __future__ import annotations

import numpy as np

from music.tokens.conditions import PREFIX_PAD, PREFIX_SIZE

STYLES: dict[str, str | None] = {
    "rock": "rock",
    "hard rock": "rock",
    "soft rock": "rock",
    "folk rock": "rock",
    "rock and roll": "rock",
    "punk": "rock",
    "pop": "pop",
    "ballad": "pop",
    "disco": "electronic",
    "funk": "pop",
    "soul": "pop",
    "rhythm and blues": "pop",
    "hip hop": "pop",
    "gospel": None,
    "blues": None,
    "boogie-woogie": None,
    "reggae": None,
    "ska": None,
    "afrobeat": None,
    "show tune": None,
    "trance": "electronic",
    "swing": "jazz",
    "bebop": "jazz",
    "big band": "jazz",
    "modern jazz": "jazz",
    "jazz waltz": "jazz",
    "jazz fusion": "jazz",
    "gypsy jazz": "jazz",
    "dixieland": "jazz",
    "ragtime": "jazz",
    "foxtrot": "jazz",
    "bossa nova": "latin",
    "samba": "latin",
    "baiao": "latin",
    "tango": "latin",
    "bolero": "latin",
    "beguine": "latin",
    "rumba": "latin",
    "cha-cha": "latin",
    "mambo": "latin",
    "merengue": "latin",
    "salsa": "latin",
    "son": "latin",
    "calypso": "latin",
    "afro-cuban": "latin",
    "folk": "folk",
    "country": "folk",
    "bluegrass": "folk",
    "western swing": "jazz",
    "zydeco": "folk",
    "polka": "folk",
    "reel": "folk",
    "jig": "folk",
    "slip jig": "folk",
    "hornpipe": "folk",
    "strathspey": "folk",
    "air": "folk",
    "march": None,
    "waltz": None,
    "hymn": None,
    "lullaby": None,
    "mazurka": "classical",
    "polonaise": "classical",
    "krakowiak": "classical",
    "nocturne": "classical",
    "prelude": "classical",
    "etude": "classical",
    "sonata": "classical",
    "fugue": "classical",
    "baroque": "classical",
    "sacred": "classical",
}
"""Each style and its genre, None where it is at home in several. The order gives the ids: only ever append."""

STYLE_SIGNATURES: dict[str, tuple[int, int]] = {
    **dict.fromkeys(("waltz", "jazz waltz", "mazurka", "polonaise"), (3, 4)),
    **dict.fromkeys(("reel", "hornpipe", "strathspey"), (4, 4)),
    **dict.fromkeys(("march", "ragtime", "foxtrot", "dixieland", "swing", "bebop", "big band", "gypsy jazz"), (4, 4)),
    **dict.fromkeys(("tango", "mambo", "merengue", "salsa", "son", "calypso"), (4, 4)),
    **dict.fromkeys(("bluegrass", "western swing", "blues", "ska", "punk"), (4, 4)),
    **dict.fromkeys(("polka", "krakowiak"), (2, 4)),
    "jig": (6, 8),
    "slip jig": (9, 8),
}
"""The time signature of those styles that are known by it.

The model that may choose writes up to half of its marches, ragtimes, swing and Latin dances in 3/4, of which the music it
learned from has next to none.
"""

STYLE_NAMES = tuple(STYLES)


def style_id(style: str) -> int:
    """Returns the prefix id of a style."""
    return PREFIX_SIZE + STYLE_NAMES.index(style)


def with_style(prefix: np.ndarray, style: str | None) -> np.ndarray:
    """Returns prefix ids with one place more, which holds the style's id or padding."""
    return np.append(prefix, PREFIX_PAD if style is None else style_id(style)).astype(prefix.dtype)
