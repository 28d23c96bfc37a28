"""Prompts as people write them, and what each asks for."""

from __future__ import annotations

from pipelines.prompt import words as prompt_words

PIANO, GUITAR, ELECTRIC, BASS, DOUBLE_BASS = (
    "Acoustic Grand Piano", "Acoustic Guitar (steel)", "Electric Guitar (clean)", "Electric Bass (finger)", "Contrabass",
)  # fmt: skip
STRINGS, CHOIR, HARP, HORN, ORGAN = "String Ensemble 1", "Choir Aahs", "Orchestral Harp", "French Horn", "Drawbar Organ"
QUARTET = ("Violin", "Viola", "Cello")
RHYTHM = (PIANO, "Acoustic Bass", "Drums")

# The prompt, what it asks for besides the defaults, and the words that are not understood.
PROMPTS = [
    (
        "a slow, dark waltz for strings and piano, one minute",
        {"tempo_bpm": 68.0, "moods": ("dark",), "time_signature": "3/4", "instruments": (STRINGS, PIANO)},
        (),
    ),
    (
        "Make me a happy pop song in G major at 120 bpm with drums, bass and electric guitar",
        {
            "moods": ("happy",),
            "genre": "pop",
            "key": "G major",
            "tempo_bpm": 120.0,
            "instruments": ("Drums", BASS, ELECTRIC),
        },
        (),
    ),
    (
        "Jazz trio in Bb, medium swing, AABA, 90 seconds",
        {
            "genre": "jazz",
            "instruments": RHYTHM,
            "key": "Bb major",
            "tempo_bpm": 104.0,
            "form": "AABA",
            "seconds": 90.0,
        },
        (),
    ),
    ("sad piano music", {"moods": ("sad",), "instruments": (PIANO,)}, ()),
    (
        "Solo piano, E-flat minor, adagio, two minutes",
        {"instruments": (PIANO,), "style": "piano", "key": "Eb minor", "tempo_bpm": 63.0, "seconds": 120.0},
        (),
    ),
    (
        "an energetic rock song, 140 BPM, E minor, verse and chorus",
        {"moods": ("energetic",), "genre": "rock", "tempo_bpm": 140.0, "key": "E minor", "form": "verse-chorus"},
        (),
    ),
    (
        "Irish jig for fiddle and tin whistle",
        {"genre": "folk", "time_signature": "6/8", "tempo_bpm": 168.0, "instruments": ("Fiddle", "Whistle")},
        (),
    ),
    (
        "String quartet in D minor, andante, ternary form",
        {"instruments": QUARTET, "key": "D minor", "tempo_bpm": 84.0, "form": "ABA"},
        (),
    ),
    (
        "bossa nova with nylon guitar, flute and double bass",
        {"genre": "latin", "tempo_bpm": 132.0, "instruments": ("Acoustic Guitar (nylon)", "Flute", DOUBLE_BASS)},
        (),
    ),
    ("techno loop 128bpm 30s", {"genre": "electronic", "form": "loop", "tempo_bpm": 128.0, "seconds": 30.0}, ()),
    ("A song in a minor key, not too fast, please.", {"mode": "minor", "tempo_bpm": 96.0}, ()),
    ("in A minor", {"key": "A minor"}, ()),
    ("a waltz in a minor", {"time_signature": "3/4", "key": "A minor"}, ()),
    ("something in C for flute and harp", {"key": "C major", "instruments": ("Flute", HARP)}, ()),
    ("ballad in F# major, 1:30", {"tempo_bpm": 72.0, "key": "F# major", "seconds": 90.0}, ()),
    ("quarter = 100, 3/4, C♯ minor", {"tempo_bpm": 100.0, "time_signature": "3/4", "key": "C# minor"}, ()),
    ("♩=80 and 5/4", {"tempo_bpm": 80.0, "time_signature": "5/4"}, ()),
    (
        "four-part choir, slow, in Eb",
        {"instruments": (CHOIR,), "style": "chorale", "tempo_bpm": 68.0, "key": "Eb major"},
        (),
    ),
    ("SATB chorale in G", {"style": "chorale", "key": "G major"}, ()),
    (
        "a cappella, peaceful, half a minute",
        {"instruments": (CHOIR,), "style": "chorale", "moods": ("calm",), "seconds": 30.0},
        (),
    ),
    ("drumless pop", {"genre": "pop", "without": ("Drums",)}, ()),
    ("Pop, no drums!", {"genre": "pop", "without": ("Drums",)}, ()),
    (
        "rock band, no piano, very fast",
        {
            "genre": "rock",
            "instruments": ("Overdriven Guitar", BASS, "Drums"),
            "tempo_bpm": 176.0,
            "without": ("Acoustic Grand Piano", "Bright Acoustic Piano", "Electric Grand Piano", "Honky-tonk Piano"),
        },
        (),
    ),
    (
        "a march in 2/4 for brass quartet",
        {"time_signature": "2/4", "tempo_bpm": 112.0, "instruments": ("Trumpet", HORN, "Trombone", "Tuba")},
        (),
    ),
    (
        "baroque minuet for harpsichord and recorder",
        {"genre": "classical", "time_signature": "3/4", "tempo_bpm": 112.0, "instruments": ("Harpsichord", "Recorder")},
        (),
    ),
    (
        "lofi hip hop, mellow, 75 bpm, a minute and a half",
        {"genre": "electronic", "moods": ("calm",), "tempo_bpm": 75.0, "seconds": 90.0},
        (),
    ),
    (
        "ambient soundscape, 2 min",
        {"genre": "electronic", "moods": ("calm",), "tempo_bpm": 70.0, "seconds": 120.0},
        ("soundscape",),
    ),
    (
        "salsa with trumpets, trombone, piano, bass and congas",
        {"genre": "latin", "instruments": ("Trumpet", "Trombone", PIANO, "Acoustic Bass", "Drums"), "tempo_bpm": 184.0},
        (),
    ),
    (
        "Celtic harp, dreamy, 6/8",
        {"genre": "folk", "instruments": (HARP,), "moods": ("dreamy",), "time_signature": "6/8"},
        (),
    ),
    (
        "epic orchestral film music in C minor",
        {"moods": ("epic",), "genre": "classical", "key": "C minor", "instruments": prompt_words.ORCHESTRA},
        (),
    ),
    (
        "a cheerful country tune with banjo, fiddle and acoustic guitar",
        {"moods": ("happy",), "genre": "folk", "instruments": ("Banjo", "Fiddle", GUITAR), "tempo_bpm": 112.0},
        (),
    ),
    (
        "12/8 slow blues in A",
        {"time_signature": "12/8", "tempo_bpm": 102.0, "genre": "jazz", "key": "A major", "form": "blues"},
        (),
    ),
    ("spooky music box tune for Halloween", {"moods": ("dark",), "instruments": ("Music Box",)}, ()),
    (
        "heavy metal, distorted guitar, 180 bpm",
        {"genre": "rock", "instruments": ("Distortion Guitar",), "tempo_bpm": 180.0},
        (),
    ),
    (
        "lullaby for celesta and strings, very slow",
        {"moods": ("calm",), "tempo_bpm": 50.0, "instruments": ("Celesta", STRINGS)},
        (),
    ),
    ("tense, dramatic cello solo", {"moods": ("tense",), "instruments": ("Cello",)}, ()),
    ("drum and bass at 174", {"genre": "electronic", "tempo_bpm": 174.0}, ()),
    (
        "romantic nocturne in Db, rubato",
        {
            "moods": ("calm", "romantic"),
            "genre": "classical",
            "key": "Db major",
            "tempo_bpm": 66.0,
            "instruments": (PIANO,),
        },
        (),
    ),
    (
        "verse-chorus, guitar and voice, 3 minutes",
        {"form": "verse-chorus", "instruments": (GUITAR, CHOIR), "seconds": 180.0},
        (),
    ),
    ("through-composed piece for oboe", {"form": "through-composed", "instruments": ("Oboe",)}, ()),
    (
        "ABACA rondo, allegro, clarinet and bassoon",
        {"form": "ABACA", "tempo_bpm": 132.0, "instruments": ("Clarinet", "Bassoon")},
        (),
    ),
    (
        "flute with piano accompaniment, in 6/8",
        {"instruments": ("Flute", PIANO), "style": "piano", "time_signature": "6/8"},
        (),
    ),
    ("melody with just chords", {"style": "chords"}, ()),
    ("trumpet and only a bass line", {"instruments": ("Trumpet",), "style": "bass"}, ()),
    ("a song with a full band", {"style": "band"}, ()),
    ("three-four time, moderately fast, folk song", {"time_signature": "3/4", "tempo_bpm": 112.0, "genre": "folk"}, ()),
    ("common time, tempo 90, B flat major", {"time_signature": "4/4", "tempo_bpm": 90.0, "key": "Bb major"}, ()),
    ("16 bars at 120 bpm in 4/4", {"tempo_bpm": 120.0, "time_signature": "4/4", "seconds": 32.0, "bars": 16}, ()),
    (
        "twenty-four measures, 3/4, crotchet = 60",
        {"time_signature": "3/4", "tempo_bpm": 60.0, "seconds": 72.0, "bars": 24},
        (),
    ),
    (
        "chiptune, fast and playful, loopable",
        {
            "genre": "electronic",
            "tempo_bpm": 144.0,
            "moods": ("playful",),
            "form": "loop",
            "instruments": ("Lead 1 (square)", "Lead 2 (sawtooth)", "Synth Bass 1", "Drums"),
        },
        (),
    ),
    (
        "I'd like a gentle tune for my daughter's birthday, with glockenspiel",
        {"moods": ("calm",), "instruments": ("Glockenspiel",)},
        ("daughter's", "birthday"),
    ),
    ("a song about my grandmother's garden", {}, ("grandmother's", "garden")),
    ("accordion-ish vibes like Tom Waits", {"instruments": ("Accordion",)}, ("Tom", "Waits")),
    ("Zydeco", {"genre": "folk", "tempo_bpm": 126.0}, ()),
    (
        "An upbeat 80s synthpop track, 116 bpm, A minor, synths and drum machine",
        {
            "moods": ("energetic",),
            "genre": "electronic",
            "tempo_bpm": 116.0,
            "key": "A minor",
            "instruments": ("Lead 2 (sawtooth)", "Drums"),
        },
        ("80s",),
    ),
    ("something relaxing for studying", {"moods": ("calm",)}, ("studying",)),
    ("anything but jazz", {}, ()),
    ("calm but not sad", {"moods": ("calm",)}, ()),
    ("ragtime!", {"genre": "jazz", "tempo_bpm": 96.0, "instruments": (PIANO,)}, ()),
    (
        "a tango with bandoneon, violin, piano and upright bass; no drums",
        {
            "genre": "latin",
            "tempo_bpm": 120.0,
            "mode": "minor",
            "instruments": ("Tango Accordion", "Violin", PIANO, "Acoustic Bass"),
            "without": ("Drums",),
        },
        (),
    ),
    ("short happy tune, uptempo", {"seconds": 30.0, "moods": ("happy",), "tempo_bpm": 132.0}, ()),
    ("largo, organ, D dorian", {"tempo_bpm": 50.0, "instruments": (ORGAN,), "key": "D dorian"}, ()),
    ("do you have something with pan flute & sitar?", {"instruments": ("Pan Flute", "Sitar")}, ()),
    ("house music, 124 bpm, five minutes", {"genre": "electronic", "tempo_bpm": 124.0, "seconds": 300.0}, ()),
    ("a song about my house in the country", {}, ("house", "country")),
    ("dotted quarter = 60 in 6/8", {"tempo_bpm": 90.0, "time_signature": "6/8"}, ()),
    (
        "sax quartet, swing, in f",
        {
            "instruments": ("Soprano Sax", "Alto Sax", "Tenor Sax", "Baritone Sax"),
            "genre": "jazz",
            "key": "F major",
            "tempo_bpm": 132.0,
        },
        (),
    ),
    (
        "EPIC CINEMATIC TRAILER, 100 BPM, D MINOR",
        {"moods": ("epic",), "genre": "classical", "tempo_bpm": 100.0, "key": "D minor"},
        (),
    ),
    (
        "“Melancholic” piano–violin duet — 70 bpm",
        {"moods": ("sad",), "instruments": (PIANO, "Violin"), "tempo_bpm": 70.0},
        (),
    ),
    (
        "viola, cello and harpsichord: a Menuet in G.",
        {
            "instruments": ("Viola", "Cello", "Harpsichord"),
            "time_signature": "3/4",
            "tempo_bpm": 112.0,
            "genre": "classical",
            "key": "G major",
        },
        (),
    ),
    (
        "gospel choir with organ, 2½ minutes",
        {"genre": "pop", "instruments": (CHOIR, ORGAN), "seconds": 150.0, "tempo_bpm": 92.0},
        (),
    ),
    ("🎸🥁 120 bpm", {"instruments": (GUITAR, "Drums"), "tempo_bpm": 120.0}, ()),
    ("piano trio, 100-120 bpm", {"instruments": (PIANO, "Violin", "Cello"), "tempo_bpm": 110.0}, ()),
    ("", {}, ()),
]
