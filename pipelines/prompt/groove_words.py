"""Words for the styles that a band plays by pattern (``music.arranging.grooves``), beside what else they say.

A word that stands in ``pipelines.prompt.words`` too, as "reggae" does, keeps what it says there, its genre above all.
"""

from __future__ import annotations

from pipelines.prompt.words import GROUPS

GROOVE_WORDS: dict[str, str] = {
    "bossa nova": "bossa nova, bossa",
    "samba": "samba, sambas",
    "tango": "tango, tangos, milonga",
    "rumba": "rumba, rhumba",
    "cha-cha": "cha cha, cha cha cha, chacha",
    "mambo": "mambo, mambos",
    "salsa": "salsa",
    "son": "son cubano, cuban son",
    "merengue": "merengue",
    "beguine": "beguine",
    "bolero": "latin bolero, cuban bolero, romantic bolero",
    "spanish bolero": "bolero, boleros, spanish bolero",
    "lullaby": "lullaby, lullabies, cradle song, berceuse",
    "calypso": "calypso, soca",
    "reggae": "reggae, roots reggae, rocksteady, one drop, reggae skank, skank",
    "ska": "ska, two tone ska",
    "swing": "swing, swinging, swung, swing music, swing band, swing trio, walking bass, walking bass line, walking bassline",
    "fast swing": "fast swing, up tempo swing, uptempo swing",
    "big band": "big band, big band jazz",
    "bebop": "bebop, hard bop",
    "modern jazz": "modern jazz, cool jazz, smooth jazz",
    "slow jazz": "slow jazz, jazz ballad",
    "jazz waltz": "jazz waltz",
    "jazz fusion": "jazz fusion",
    "gypsy jazz": "gypsy jazz",
    "dixieland": "dixieland, dixie, trad jazz",
    "charleston": "charleston",
    "ragtime": "ragtime, rag",
    "foxtrot": "foxtrot, fox trot",
    "quickstep": "quickstep",
    "blues": "blues, bluesy, 12 bar blues, twelve bar blues, delta blues",
    "slow blues": "slow blues",
    "shuffle": "shuffle, blues shuffle, shuffle blues",
    "boogie-woogie": "boogie woogie, boogie",
    "rhythm and blues": "r b, r&b, rnb, r & b, r n b, r and b, rhythm and blues",
    "soul": "soul, soulful, neo soul, motown",
    "gospel": "gospel, gospel music",
    "funk": "funk, funky",
    "disco": "disco",
    "hip hop": "hip hop, hiphop, rap, boom bap, lofi hip hop, lo fi hip hop, trap",
    "house": "house, house music, deep house, dance music, dance track, electronic dance, electronic dance music, edm, "
    "eurodance, club music",
    "techno": "techno",
    "trance": "trance",
    "rock": "classic rock, rock beat, rock groove",
    "hard rock": "hard rock, stoner rock",
    "metal": "metal, heavy metal, death metal, metal band",
    "punk": "punk, punk rock, pop punk, punk band",
    "soft rock": "soft rock",
    "folk rock": "folk rock",
    "rock ballad": "rock ballad, power ballad",
    "piano ballad": "piano ballad",
    "rock and roll": "rock n roll, rock and roll, rocknroll, rock & roll, rockabilly",
    "slow twelve-eight": "doo wop",
    "twist": "twist",
    "country": "country, country music, country and western, americana, alternating bass",
    "slow country": "slow country, country ballad",
    "bluegrass": "bluegrass, bluegrass band",
    "western swing": "western swing",
    "zydeco": "zydeco, cajun music",
    "polka": "polka, polkas",
    "march": "march, marches, marching, military march, marching band",
    "waltz": "waltz, waltzes, waltzing, valse",
    "viennese waltz": "viennese waltz",
    "french waltz": "french waltz, valse musette, musette",
    "country waltz": "country waltz",
    "show tune": "show tune, musical theatre, musical theater, broadway",
}

GROOVE_TEMPOS: dict[str, float] = {
    "reggae": 76, "ska": 144, "blues": 96, "slow blues": 68, "shuffle": 120, "swing": 132, "fast swing": 200, "bebop": 208,
    "big band": 144, "slow jazz": 72, "jazz waltz": 138, "gypsy jazz": 176, "dixieland": 176, "charleston": 200, "foxtrot": 120,
    "quickstep": 200, "boogie-woogie": 144, "hip hop": 88, "house": 124, "techno": 130, "trance": 136, "metal": 152, "punk": 176,
    "rock and roll": 164, "country": 112, "bluegrass": 132, "western swing": 144, "zydeco": 126, "rumba": 108, "mambo": 176,
    "salsa": 184, "merengue": 140, "son": 112, "calypso": 112, "beguine": 112, "disco": 118, "funk": 104, "soul": 96, "gospel": 92,
    "viennese waltz": 174, "french waltz": 162, "country waltz": 108, "slow twelve-eight": 72, "rock ballad": 72, "piano ballad": 70,
    "slow country": 72, "bolero": 92,
}  # fmt: skip
"""Quarter notes a minute at which a style is usually played, where nothing else says how fast; by ear, not measured."""

GROOVE_GENRES: dict[str, str] = {
    "jazz waltz": "jazz", "slow jazz": "jazz", "fast swing": "jazz", "jazz fusion": "jazz", "foxtrot": "jazz", "quickstep": "jazz",
    "charleston": "jazz", "big band": "jazz", "western swing": "folk", "zydeco": "folk", "country waltz": "folk",
    "french waltz": "folk", "slow blues": "jazz", "shuffle": "jazz", "beguine": "latin", "son": "latin", "calypso": "latin",
    "rock ballad": "rock", "slow twelve-eight": "pop", "twist": "rock", "show tune": "pop", "modern jazz": "jazz",
    "slow country": "folk", "bolero": "latin",
}  # fmt: skip
"""The genre of a style, where its words do not say one."""

GROUP_GENRES = {"swing trio": "jazz", "big band": "jazz", "bluegrass band": "folk"}
"""The genre of groups of players whose name does not say it."""

IN_GENRES: dict[str, dict[str, tuple[str, ...]]] = {
    "rock": {"guitar": ("Overdriven Guitar",)},
    "jazz": {"guitar": ("Electric Guitar (jazz)",), "bass": ("Acoustic Bass",), "piano trio": GROUPS["jazz trio"]},
    "latin": {"guitar": ("Acoustic Guitar (nylon)",), "bass": ("Acoustic Bass",)},
}
"""Who is meant by words for players in some genres."""
