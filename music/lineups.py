"""Who plays a genre or a style of music, by the names of ``music.instruments``, where nobody was asked for.

What a model writes well is what it has read, so line-ups are made of players that stand together in the music Generate
learned from; ``python -m training lineups SHARDS`` counts in how many pieces. Its melodies are each played by one of
many instruments there, so that the one chosen here is a matter of taste.
"""

from __future__ import annotations

GENRE_LINEUPS: dict[str, tuple[str, ...]] = {
    "pop": ("piano", "nylon guitar", "bass", "drums"),
    "rock": ("distortion guitar", "clean guitar", "bass", "drums"),
    "jazz": ("tenor sax", "piano", "upright bass", "drums"),
    "folk": ("harmonica", "nylon guitar", "upright bass", "drums"),
    "electronic": ("brass section", "nylon guitar", "warm pad", "synth bass", "drums"),
    "latin": ("piano", "nylon guitar", "upright bass", "drums"),
    "classical": ("violin", "viola", "cello"),
}

_FIDDLER = ("violin", "acoustic guitar")
_PIANIST = ("piano",)

STYLE_LINEUPS: dict[str, tuple[str, ...]] = {
    **{name: GENRE_LINEUPS[name] for name in ("rock", "pop", "folk")},
    "hard rock": ("distortion guitar", "overdriven guitar", "picked bass", "drums"),
    "soft rock": ("flute", "electric grand piano", "jazz guitar", "fretless bass", "drums"),
    "folk rock": ("voice oohs", "piano", "nylon guitar", "upright bass", "drums"),
    "rock and roll": ("tenor sax", "electric grand piano", "clean guitar", "upright bass", "drums"),
    "punk": ("distortion guitar", "overdriven guitar", "picked bass", "drums"),
    "ballad": ("piano", "nylon guitar", "synth strings", "bass", "drums"),
    "disco": ("strings", "clean guitar", "picked bass", "drums"),
    "funk": ("brass section", "clean guitar", "fretless bass", "drums"),
    "soul": ("choir", "bright piano", "clean guitar", "fretless bass", "drums"),
    "rhythm and blues": ("organ", "bright piano", "clean guitar", "bass", "drums"),
    "hip hop": ("bright piano", "clean guitar", "bass", "drums"),
    "gospel": ("piano", "organ", "upright bass", "drums"),
    "blues": ("harmonica", "piano", "upright bass", "drums"),
    "boogie-woogie": ("tenor sax", "bright piano", "muted guitar", "slap bass", "drums"),
    "reggae": ("organ", "clean guitar", "bass", "drums"),
    "ska": ("alto sax", "piano", "upright bass", "drums"),
    "afrobeat": ("brass section", "clean guitar", "fretless bass", "drums"),
    "show tune": ("clarinet", "bright piano", "strings", "upright bass", "drums"),
    "trance": ("brass section", "nylon guitar", "warm pad", "synth bass", "drums"),
    "swing": ("alto sax", "piano", "jazz guitar", "upright bass", "drums"),
    "bebop": ("alto sax", "piano", "upright bass", "drums"),
    "big band": ("muted trumpet", "trombone", "piano", "upright bass", "drums"),
    "modern jazz": ("muted trumpet", "bright piano", "jazz guitar", "upright bass", "drums"),
    "jazz waltz": ("vibraphone", "piano", "jazz guitar", "upright bass", "drums"),
    "jazz fusion": ("trumpet", "piano", "fretless bass", "drums"),
    "gypsy jazz": ("violin", "jazz guitar", "clean guitar", "upright bass"),
    "dixieland": ("trumpet", "clarinet", "banjo", "honky-tonk piano", "tuba", "drums"),
    "ragtime": _PIANIST,
    "foxtrot": ("tenor sax", "piano", "nylon guitar", "upright bass", "drums"),
    "bossa nova": ("flute", "nylon guitar", "piano", "upright bass", "drums"),
    "samba": ("bandoneon", "piano", "jazz guitar", "fretless bass", "drums"),
    "baiao": ("bandoneon", "piano", "jazz guitar", "fretless bass", "drums"),
    "tango": ("bandoneon", "violin", "piano", "upright bass", "drums"),
    "bolero": ("piano", "nylon guitar", "acoustic guitar", "bass", "drums"),
    "beguine": ("slow strings", "pizzicato", "bright piano", "fretless bass", "drums"),
    "rumba": ("marimba", "bright piano", "strings", "fretless bass", "drums"),
    "cha-cha": ("flute", "piano", "upright bass", "drums"),
    "mambo": ("alto sax", "piano", "upright bass", "drums"),
    "merengue": ("bandoneon", "brass section", "piano", "upright bass", "drums"),
    "salsa": ("trumpet", "piano", "upright bass", "drums"),
    "son": ("trumpet", "jazz guitar", "strings", "bass"),
    "calypso": ("synth voice", "jazz guitar", "upright bass", "drums"),
    "afro-cuban": ("muted trumpet", "piano", "upright bass", "drums"),
    "country": ("violin", "bright piano", "jazz guitar", "bass", "drums"),
    "bluegrass": ("violin", "banjo", "nylon guitar", "upright bass"),
    "western swing": ("violin", "nylon guitar", "bass", "drums"),
    "zydeco": ("accordion", "jazz guitar", "fretless bass", "drums"),
    "polka": ("accordion", "jazz guitar", "tuba", "drums"),
    "reel": _FIDDLER,
    "jig": _FIDDLER,
    "slip jig": _FIDDLER,
    "hornpipe": _FIDDLER,
    "strathspey": _FIDDLER,
    "air": _FIDDLER,
    "march": ("trumpet", "trombone", "tuba", "drums"),
    "waltz": ("flute", "nylon guitar", "upright bass", "drums"),
    "hymn": ("choir", "church organ"),
    "lullaby": ("violin", "jazz guitar", "slow strings"),
    "mazurka": _PIANIST,
    "polonaise": _PIANIST,
    "krakowiak": _PIANIST,
    "nocturne": _PIANIST,
    "prelude": _PIANIST,
    "etude": _PIANIST,
    "sonata": _PIANIST,
    "fugue": _PIANIST,
    "baroque": ("harpsichord",),
    "sacred": ("choir", "violin", "church organ"),
}
"""Of punk, hip hop, reggae, afrobeat and baiao that music has the drums alone, of reels and other such dances the tunes
alone: their bands are those of related styles, by ear, not measured. So are those of bossa nova, salsa, mambo and cha-cha,
which have no bass there; in other Latin styles without one the jazz guitar plays it."""

IN_GENRE: dict[tuple[str, str], tuple[str, ...]] = {
    ("classical", "march"): _PIANIST,
    ("classical", "waltz"): _PIANIST,
    ("folk", "blues"): ("violin", "electric grand piano", "fretless bass", "drums"),
    ("jazz", "march"): ("clarinet", "banjo", "piano", "tuba", "drums"),
    ("latin", "waltz"): ("strings", "bright piano", "nylon guitar", "upright bass", "drums"),
    ("pop", "gospel"): ("piano", "church organ", "jazz guitar", "bass"),
    ("rock", "waltz"): ("strings", "clean guitar", "picked bass", "drums"),
}
"""Genre and style, where a style that is at home in several has other players in one of them."""

BANDS: dict[str | None, tuple[str, ...]] = {
    "pop": ("clean guitar", "piano", "bass", "strings", "drums"),
    "rock": ("rock guitar", "clean guitar", "picked bass", "drums"),
    "jazz": ("alto sax", "piano", "upright bass", "drums"),
    "folk": ("violin", "acoustic guitar", "upright bass"),
    "electronic": ("Lead 2 (sawtooth)", "Pad 2 (warm)", "synth bass", "drums"),
    "latin": ("trumpet", "nylon guitar", "piano", "upright bass", "drums"),
    "classical": ("violin", "piano", "strings", "cello"),
    None: ("flute", "piano", "strings", "bass", "drums"),
}
"""Who plays a genre in Compose, the melody first. A table of its own, for there Generate writes the first player's melody
alone and Harmonize all others; four of the seven genres' bands stand together in no piece that Generate learned from."""

_JAZZ = ("alto sax", "piano", "upright bass", "drums")
_LATIN = ("flute", "nylon guitar", "piano", "upright bass", "drums")
_HEAVY = ("overdriven guitar", "distortion guitar", "picked bass", "drums")
_BLUES = ("tenor sax", "piano", "clean guitar", "upright bass", "drums")
_CLUB = ("Lead 2 (sawtooth)", "bright piano", "warm pad", "synth bass", "drums")
_BRASS = ("trumpet", "clarinet", "french horn", "trombone", "tuba", "drums")
_COUNTRY = ("violin", "acoustic guitar", "clean guitar", "bass", "drums")
GROOVE_BANDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("bossa nova", "samba"), _LATIN),
    **dict.fromkeys(("metal", "hard rock", "punk"), _HEAVY),
    **dict.fromkeys(("blues", "slow blues", "shuffle", "fast blues"), _BLUES),
    **dict.fromkeys(("house", "techno", "trance"), _CLUB),
    **dict.fromkeys(("country", "slow country", "country waltz"), _COUNTRY),
    "tango": ("bandoneon", "violin", "piano", "upright bass"),
    "bolero": ("trumpet", "nylon guitar", "piano", "upright bass", "drums"),
    "spanish bolero": ("flute", "nylon guitar", "strings", "contrabass", "drums"),
    "reggae": ("alto sax", "clean guitar", "organ", "bass", "drums"),
    "ska": ("trumpet", "trombone", "clean guitar", "bass", "drums"),
    "gypsy jazz": ("violin", "jazz guitar", "acoustic guitar", "upright bass"),
    "dixieland": ("trumpet", "clarinet", "trombone", "banjo", "tuba", "drums"),
    "funk": ("alto sax", "clean guitar", "electric piano", "bass", "drums"),
    "soul": ("alto sax", "electric piano", "clean guitar", "bass", "drums"),
    "disco": ("strings", "clean guitar", "electric piano", "bass", "drums"),
    "hip hop": ("vibraphone", "electric piano", "synth bass", "drums"),
    "bluegrass": ("violin", "banjo", "acoustic guitar", "upright bass"),
    "zydeco": ("accordion", "clean guitar", "bass", "drums"),
    "polka": ("clarinet", "accordion", "tuba", "drums"),
    "march": _BRASS,
    "waltz": ("violin", "piano", "strings", "contrabass"),
    "viennese waltz": ("violin", "piano", "strings", "contrabass"),
    "french waltz": ("accordion", "acoustic guitar", "upright bass"),
    "jazz waltz": _JAZZ,
    "lullaby": ("flute", "harp", "strings"),
}
"""Who plays a style in Compose where nobody was asked for, the melody first: by ear, not measured."""

QUIET_BAND = ("flute", "piano", "strings", "cello")
"""Who plays calm, dreamy, sad or romantic music in Compose."""


def lineup(genre: str | None, style: str | None) -> tuple[str, ...]:
    """Returns who plays such music, at most six, the melody first; empty where neither genre nor style says.

    Args:
        genre: one of GENRES of ``music.tokens.conditions``, or None.
        style: one of STYLES, or None.
    """
    if style is None:
        return GENRE_LINEUPS[genre] if genre else ()
    return IN_GENRE.get((genre or "", style), STYLE_LINEUPS[style])
