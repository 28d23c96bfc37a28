"""The words that a prompt may use, and what each means for a song: data only, from which docs/prompts.md is made.

Words stand in lower case, without accents, hyphens and apostrophes; a comma parts synonyms. Plurals of instruments are
understood without being listed. Numbers are read by ``pipelines.prompt.numbers``, keys and
forms in letters by ``pipelines.prompt.keys_and_forms``.
"""

from __future__ import annotations

from typing import Any

from music.instruments import DRUMS

TEMPOS: dict[float, str] = {
    40: "grave, gravely, extremely slow, extremely slowly, super slow, glacial",
    50: "largo, very slow, very slowly, really slow, really slowly, so slow",
    60: "larghetto",
    63: "lento, adagio",
    68: "slow, slowly, slower, adagietto, quite slow, rather slow, pretty slow, slow tempo, downtempo, slow paced",
    80: "slowish, a bit slow, a little slow, fairly slow, slightly slow, medium slow, moderately slow",
    84: "andante, relaxed tempo",
    92: "andantino, walking pace, walking tempo, leisurely",
    96: "andante con moto",
    104: "moderato, medium, medium tempo, mid tempo, midtempo, moderate, moderately, moderate tempo, mid paced, "
    "average tempo",
    112: "allegretto, medium fast, moderately fast, a bit fast, fairly fast, fastish, allegro moderato, "
    "allegro ma non troppo",
    120: "brisk, briskly",
    132: "allegro, up tempo, uptempo, quick, quickly, lively, pretty fast, quite fast, rather fast",
    144: "fast, faster, rapid, rapidly, fast paced, fast tempo, speedy, allegro molto, allegro con brio",
    152: "vivace, vivo",
    176: "presto, very fast, really fast, so fast, very quick, super fast, high speed",
    200: "prestissimo, extremely fast, blazing, breakneck, as fast as possible",
}
"""Beats a minute. In 6/8, 9/8 and 12/8 the beat is a dotted quarter note, so the tempo in quarter notes is 3/2 of this."""

LENGTHS: dict[float, str] = {
    15: "very short, really short",
    30: "short, shorter, brief, quick sketch",
    120: "longer, longish",
    180: "long, full length",
    240: "very long, really long, epic length",
}
"""Seconds."""

SIGNATURES: dict[str, str] = {
    "4/4": "common time, four four, four four time, quadruple time, four time, four quarter time",
    "2/2": "cut time, cut common, cut common time, alla breve, two two time",
    "3/4": "three four, three four time, three quarter time, triple time, triple meter, triple metre, waltz time, "
    "three time",
    "2/4": "two four, two four time, two quarter time, duple time, duple meter, duple metre",
    "6/8": "six eight, six eight time, compound time, compound meter, compound metre, compound duple",
    "5/4": "five four, five four time, five time, quintuple time",
    "7/8": "seven eight, seven eight time",
    "7/4": "seven four, seven four time",
    "5/8": "five eight, five eight time",
    "9/8": "nine eight, nine eight time",
    "12/8": "twelve eight, twelve eight time",
    "3/8": "three eight, three eight time",
    "6/4": "six four time",
    "3/2": "three two time",
    "4/2": "four two time",
}

FORM_WORDS: dict[str, str] = {
    "verse-chorus": "verse chorus, verse and chorus, verses and chorus, verses and choruses, verse and a chorus, "
    "verses and a chorus, verse chorus form, chorus, choruses, verse, verses, refrain, pop song form, "
    "verse chorus verse chorus, verse chorus verse, chorus and verse, a verse and a chorus, a chorus",
    "verse-chorus-bridge": "bridge, a bridge, middle eight, middle 8, verse chorus bridge, verse chorus and bridge",
    "verse-pre-chorus-chorus": "pre chorus, prechorus, a pre chorus, pre choruses, verse pre chorus chorus",
    "blues": "12 bar blues form, twelve bar blues form, blues form, blues progression",
    "march": "march form, trio section, a trio section",
    "through-composed": "through composed, throughcomposed, durchkomponiert, no repetition, no repetitions, "
    "no repeats, without repetition, without repetitions, without repeats, never repeating",
    "loop": "loop, loops, looped, looping, loopable, seamless loop, ostinato",
    "AABA": "song form, 32 bar form, 32 bar song form, thirty two bar form",
    "AB": "binary, binary form",
    "ABA": "ternary, ternary form, three part form, da capo form",
    "ABACA": "rondo, rondo form, rondeau",
    "AAAA": "strophic, strophic form",
}

MOOD_WORDS: dict[str, str] = {
    "happy": "happy, happily, happier, happiness, joy, cheerful, cheery, joyful, joyous, glad, merry, jolly, sunny, "
    "bright, uplifting, positive, "
    "optimistic, feel good, feelgood, festive, celebratory, jubilant, giocoso, hopeful, summery",
    "sad": "sad, sadly, sadder, sadness, sorrow, grief, sorrowful, melancholic, melancholy, melancholia, mournful, "
    "tearful, heartbroken, "
    "heartbreaking, depressing, depressed, unhappy, wistful, blue, lonely, plaintive, grieving, mesto, doloroso, "
    "bittersweet, crying, weeping, moody, sombre, somber, elegiac",
    "dark": "dark, darker, darkly, gloomy, gloom, darkness, sinister, ominous, brooding, evil, grim, spooky, scary, "
    "creepy, haunted, haunting, "
    "eerie, gothic, menacing, macabre, noir, horror, halloween",
    "calm": "calm, peace, calming, calmly, calmer, peaceful, relaxing, relaxed, relax, quiet, quietly, gentle, "
    "gently, soft, softly, "
    "soothing, tranquil, serene, mellow, chill, chilled, chillout, laid back, meditative, meditation, restful, "
    "tranquillo, sleep, relaxation, "
    "sleepy, contemplative, tender, delicate, easy going, easygoing, smooth, still",
    "energetic": "energetic, energetically, energy, driving, upbeat, powerful, exciting, vigorous, dynamic, pumping, "
    "intense, aggressive, wild, animato, con brio, high energy, danceable, angry, furious, fiery, punchy, groovy, "
    "groove, rousing",
    "dreamy": "dreamy, dreamlike, dream like, ethereal, floating, floaty, hazy, mystical, mysterious, mysteriously, "
    "magical, nostalgic, nostalgia, "
    "otherworldly, misterioso, spacey, spacy, atmospheric, celestial, surreal, enchanted",
    "epic": "epic, heroic, grand, grandiose, majestic, triumphant, triumphal, glorious, monumental, maestoso, noble, "
    "victorious, anthemic, larger than life",
    "tense": "tense, tension, suspenseful, suspense, nervous, anxious, dramatic, agitated, agitato, restless, "
    "thrilling, "
    "urgent, uneasy, thriller, unsettling",
    "romantic": "romantic, romantically, love song, love songs, about love, in love, of love, loving, passionate, "
    "passionately, sensual, sentimental, amoroso, "
    "appassionato, dolce, heartfelt, warm, sweet, intimate",
    "playful": "playful, playfully, fun, funny, lighthearted, light hearted, humorous, humoristic, comical, comic, "
    "quirky, mischievous, whimsical, "
    "cute, silly, "
    "scherzando, goofy, bouncy, cartoon, cartoonish, childlike",
}
OPPOSITE_MOODS = (("happy", "sad"), ("calm", "energetic"), ("calm", "tense"), ("epic", "playful"))
"""Of two of these the later one counts."""

GENRE_WORDS: dict[str, str] = {
    "pop": "pop, poppy, pop music, pop song, pop rock, k pop, j pop, kpop, jpop, britpop, brit pop, indie, indie pop, "
    "singer songwriter, chart, boy band, girl band, soft pop, pop punk",
    "rock": "rock, rocky, rocking, rock music, rock n roll, rock and roll, rocknroll, rock & roll, rockabilly, "
    "hard rock, "
    "classic rock, soft rock, indie rock, folk rock, prog rock, progressive rock, prog, alternative, alt rock, "
    "surf rock, "
    "punk, punk rock, grunge, metal, heavy metal, death metal, hardcore, stoner rock, blues rock, post rock",
    "jazz": "jazz, jazzy, smooth jazz, cool jazz, jazz music, big band jazz, bebop, hard bop, gypsy jazz, "
    "free jazz, jazz standard, "
    "swing, swinging, swung, swing music",
    "folk": "folk, folky, folksy, folk music, folk song, folk tune, traditional, celtic, irish, scottish, gaelic, "
    "sea shanty, shanty, folk ballad",
    "electronic": "electronic, electronica, electronic music, techno, house, house music, deep house, edm, trance, "
    "electro, "
    "dance music, dance track, club, club music, dubstep, synthwave, synth wave, retrowave, synthpop, synth pop, "
    "electropop, idm, eurodance, rave, hardstyle, big room, vaporwave, dance pop",
    "latin": "latin, latino, latin music, latin american, salsa, mambo, rumba, merengue, bachata, cumbia, reggaeton, "
    "afro cuban, cuban, brazilian, latin jazz, latin pop",
    "classical": "classical, classical music, classic, classical style, baroque, romantic era, classical era, "
    "art music, "
    "early music, viennese, impressionist, impressionistic, chamber music, prelude, etude, invention, bagatelle, "
    "neoclassical, neo classical, contemporary classical, toccata, divertimento, serenade, rhapsody, romantic period",
}

NEAR_GENRES: dict[str, str] = {
    "pop": "r b, r&b, rnb, r & b, r n b, r and b, rhythm and blues, soul, soulful, neo soul, motown, gospel, disco, "
    "funk, funky, reggae, musical, musical theatre, musical theater, broadway, christmas, schlager, chanson, easy listening",
    "rock": "ska, dub, emo, psychedelic, shoegaze",
    "jazz": "blues, bluesy, 12 bar blues, twelve bar blues, delta blues, dixieland, dixie, boogie woogie, boogie, "
    "cabaret",
    "folk": "country, country music, country and western, americana, bluegrass, honky tonk music, klezmer, gypsy, "
    "balkan, "
    "medieval, mediaeval, renaissance, world music, western, pirate",
    "electronic": "hip hop, hiphop, rap, trap, lofi, lo fi, lofi hip hop, lo fi hip hop, boom bap, drum and bass, "
    "drum n bass, drum & bass, dnb, jungle, video game, videogame, video game music, game music, chip music",
    "latin": "flamenco, spanish, mexican, mariachi, calypso, caribbean",
    "classical": "film music, film score, movie music, movie score, soundtrack, cinematic, orchestral score, "
    "trailer music, "
    "trailer, minimalist, minimalism, minimal music, opera, operatic, new age",
}
"""Styles that no genre of the studio is called after, under the one that comes nearest."""

_QUARTET = ("Violin", "Viola", "Cello")
ORCHESTRA = ("Flute", "Clarinet", "French Horn", "Trumpet", "String Ensemble 1", "Contrabass")
GROUPS: dict[str, tuple[str, ...]] = {
    "string quartet, string quintet, string trio, violin viola and cello": _QUARTET,
    "piano trio, classical trio": ("Acoustic Grand Piano", "Violin", "Cello"),
    "piano quartet, piano quintet": ("Acoustic Grand Piano", *_QUARTET),
    "jazz trio": ("Acoustic Grand Piano", "Acoustic Bass", "Drums"),
    "swing trio": ("Acoustic Grand Piano", "Acoustic Bass", "Drums"),
    "jazz quartet, jazz band, jazz combo": ("Alto Sax", "Acoustic Grand Piano", "Acoustic Bass", "Drums"),
    "jazz quintet": ("Alto Sax", "Trumpet", "Acoustic Grand Piano", "Acoustic Bass", "Drums"),
    "big band": (
        "Alto Sax", "Tenor Sax", "Trumpet", "Trombone", "Acoustic Grand Piano", "Acoustic Bass", "Drums",
    ),
    "rock band, rock trio, power trio, metal band, punk band": ("Overdriven Guitar", "Electric Bass (finger)", "Drums"),
    "pop band": ("Acoustic Grand Piano", "Electric Guitar (clean)", "Electric Bass (finger)", "Drums"),
    "rhythm section": ("Acoustic Grand Piano", "Electric Bass (finger)", "Drums"),
    "orchestra, symphony orchestra, full orchestra, symphonic orchestra, philharmonic": ORCHESTRA,
    "chamber orchestra": ("Flute", "Oboe", "String Ensemble 1", "Contrabass"),
    "woodwinds, woodwind, woodwind section, winds, woodwind quartet": ("Flute", "Oboe", "Clarinet", "Bassoon"),
    "woodwind quintet, wind quintet": ("Flute", "Oboe", "Clarinet", "French Horn", "Bassoon"),
    "brass quartet, brass quintet, brass ensemble, brass band": ("Trumpet", "French Horn", "Trombone", "Tuba"),
    "sax quartet, saxophone quartet": ("Soprano Sax", "Alto Sax", "Tenor Sax", "Baritone Sax"),
    "marching band": ("Trumpet", "Trombone", "Tuba", "Drums"),
    "mariachi band": ("Trumpet", "Violin", "Acoustic Guitar (nylon)", "Acoustic Bass"),
    "bluegrass band": ("Fiddle", "Banjo", "Acoustic Guitar (steel)", "Acoustic Bass"),
}  # fmt: skip
"""Groups of players; each instrument plays one part, so a string quartet has one violin."""

NEAR_INSTRUMENTS: dict[str, str] = {
    "Acoustic Guitar (nylon)": "ukulele, uke, lute, flamenco guitar",
    "Acoustic Guitar (steel)": "mandolin, bouzouki, twelve string guitar, 12 string guitar, dobro",
    "Electric Guitar (clean)": "lead guitar, rhythm guitar, slide guitar, pedal steel, steel guitar, lap steel",
    "Harpsichord": "spinet, virginal, clavichord",
    "Celesta": "toy piano",
    "Electric Piano 1": "fender rhodes, keytar",
    "Synth Bass 1": "808, 808 bass, moog bass, sub bass",
    "Trumpet": "cornet, bugle",
    "French Horn": "flugelhorn, alphorn",
    "Tuba": "euphonium, sousaphone",
    "Accordion": "concertina, squeezebox, melodeon",
    "Cello": "viola da gamba, gamba",
    "Choir Aahs": "female voice, male voice, children choir, childrens choir, boys choir, singing, sung, singer, vocal",
    "Synth Voice": "vocoder",
    "Lead 1 (square)": "chiptune lead",
    "Drums": "tambourine, shaker, shakers, bongo, bongos, conga, congas, cajon, cymbal, cymbals, snare, snare drum, "
    "bass drum, "
    "kick drum, hi hat, hi hats, hihat, triangle, maracas, claps, hand claps, handclaps, drum machine, "
    "electronic drums, "
    "djembe, tabla, castanets, percussive, brushes, brushed drums, beats, drum beat, drum beats, backbeat",
}
"""Instruments that are played by a near one."""

INSTRUMENT_WORDS: dict[str, str] = {
    "Distortion Guitar": "distortion guitars, distorted guitars, metal guitars",
    "Electric Bass (finger)": "electric bass guitar, bass line, bassline",
    "Acoustic Bass": "stand up bass, standup bass, contrabass pizzicato",
    "Contrabass": "double basses, basses",
    "Cello": "cellos",
    "Synth Bass 1": "synthesizer bass",
    "Lead 2 (sawtooth)": "synths, synthesizers, synthesisers, analog synth, analogue synth, modular synth, "
    "synth melody",
    "Pad 2 (warm)": "synth pads, pads",
    "Synth Strings 1": "synth string",
    "Lead 1 (square)": "square wave",
    "Tenor Sax": "tenor",
    "Choir Aahs": "chorus of voices, mixed choir, vocal group, backing vocals, choral",
    "Church Organ": "cathedral organ",
    "Tango Accordion": "bandoneons",
    "Orchestral Harp": "harps",
    "Muted Trumpet": "trumpet with mute, harmon mute trumpet",
    "Brass Section": "horn section",
    "Harmonica": "blues harp, mouth harp",
}
"""Words for instruments besides those of ``music.instruments``."""

NOT_INSTRUMENTS = "grand, lead, square, saw, kit, chorus, pipes, steel guitar"
"""Words of ``music.instruments`` that mean something else, or too much, in a sentence."""

FAMILY_WORDS: dict[str, tuple[int, ...]] = {
    "piano, pianos, keyboard, keyboards, keys": (0, 1, 2, 3),
    "electric piano, electric pianos": (4, 5),
    "guitar, guitars": tuple(range(24, 32)),
    "acoustic guitar, acoustic guitars": (25, 24),
    "electric guitar, electric guitars": (27, 26, 28, 29, 30, 31),
    "distorted guitar, distorted guitars, distortion guitar": (30, 29),
    "bass, basses": (33, 32, 34, 35, 36, 37, 38, 39, 43),
    "strings, string section": (48, 40, 41, 42, 43, 44, 45, 49, 50, 51),
    "organ, organs": (16, 17, 18, 19, 20),
    "brass, brass section, horn section": (61, 56, 57, 58, 59, 60, 62, 63),
    "choir, voice, voices, vocals, vocal, singing, singer, singers": (52, 53, 54),
    "sax, saxes, saxophone, saxophones": (65, 64, 66, 67),
    "trumpet, trumpets": (56, 59),
    "violin, violins": (40, 110),
    "synth, synths, synthesizer, synthesizers, synthesiser, synthesisers": (
        81, 80, *range(82, 96), 38, 39, 50, 51, 54, 62, 63,
    ),
    "pad, pads, synth pad, synth pads": (89, 88, *range(90, 96)),
    "percussion, percussive": (DRUMS, 47, *range(112, 120)),
    "woodwinds, woodwind, winds": (73, 68, 69, 70, 71, 72, 74),
}  # fmt: skip
"""What is left out where one of these words is excluded: "no guitar" is no guitar of any kind."""

STYLE_WORDS: dict[str, str] = {
    "chords": "just chords, only chords, chords only, block chords, with chords, simple chords, melody and chords, "
    "chordal accompaniment, chord accompaniment",
    "bass": "only a bass line, just a bass line, only bass line, just bass, only bass, bass only, only a bassline, "
    "just a bassline, bass line only, bassline only",
    "band": "band, full band, ensemble, combo, backing band, with a band, whole band, small band",
    "chorale": "chorale, chorales, satb, four part harmony, 4 part harmony, four part, 4 part, four voices, 4 voices, "
    "four part writing, part writing, hymn, hymns, hymn like, hymnlike, barbershop",
}

TEXTURE_WORDS: dict[str, str] = {
    "pad": "texture, textures, ambient texture, ambient textures, atmospheric texture, pad texture, synth texture, with a pad, "
    "with pads, with a synth pad, with synth pads, with a warm pad, with warm pads, with a soft pad, with soft pads, "
    "over a pad, over pads, over a synth pad, over synth pads, ambient pad, ambient pads, atmospheric pad, atmospheric pads, "
    "background pad, background pads, pad in the background, pads in the background, pad underneath, pads underneath, "
    "pad layer, pad layers, synth pad layer, pad track, with atmosphere, with an atmosphere, atmosphere layer, "
    "atmosphere track, background atmosphere, atmospheric layer, atmospheric layers, atmospheric background, ambience, "
    "ambiance, sound carpet, sonic carpet, sound bed, bed of sound, klangteppich, klangflache",
    "strings": "string texture, string textures, strings texture, string pad, string pads, string carpet, string bed, "
    "bed of strings, carpet of strings, streicherteppich",
    "choir": "choir texture, choir pad, choir pads, choral texture, choral pad, vocal texture, vocal textures, vocal pad, "
    "vocal pads, voice pad, voice pads, bed of voices",
    "organ": "organ texture, organ pad, organ pads, organ carpet, organ drone, bed of organ",
}
"""What lies under the whole song. "Atmosphere" alone asks for nothing: "a dark atmosphere" is a mood."""

MODE_WORDS: dict[str, str] = {
    "major": "major, major key, major mode, major scale, in a major key, in major, maj, major tonality, dur, ionian, "
    "ionian mode",
    "minor": "minor, minor key, minor mode, minor scale, harmonic minor, natural minor, melodic minor, "
    "harmonic minor scale, "
    "in a minor key, in minor, min key, minor tonality, moll, aeolian, aeolian mode",
    "dorian": "dorian, dorian mode, in dorian, dorian scale",
    "phrygian": "phrygian, phrygian mode, in phrygian, phrygian scale",
    "lydian": "lydian, lydian mode, in lydian, lydian scale",
    "mixolydian": "mixolydian, mixolydian mode, in mixolydian, mixolydian scale",
}

NEAR_MODES: dict[str, str] = {
    "minor": "locrian, locrian mode",
}
"""Modes that come nearest to another."""

PIANO, CHOIR = "Acoustic Grand Piano", "Choir Aahs"
KINDS: tuple[tuple[str, dict[str, Any], dict[str, Any], str], ...] = (
    (
        "walking bass",
        {"instruments": ("Acoustic Bass",)},
        {},
        "",
    ),
    (
        "walking bass line, walking bassline",
        {"instruments": ("Electric Bass (finger)",)},
        {},
        "",
    ),
    # dances, by their time signature
    ("waltz, waltzes, waltzing, valse, viennese waltz", {"time_signature": "3/4"}, {}, ""),
    ("minuet, menuet, menuetto", {"time_signature": "3/4"}, {"beat": 112.0, "genre": "classical"}, ""),
    ("mazurka, mazurkas", {"time_signature": "3/4"}, {"beat": 138.0}, ""),
    ("polonaise", {"time_signature": "3/4"}, {"beat": 92.0}, ""),
    ("sarabande", {"time_signature": "3/4"}, {"beat": 60.0, "genre": "classical"}, ""),
    ("landler", {"time_signature": "3/4"}, {"beat": 112.0, "genre": "folk"}, ""),
    ("bolero", {"time_signature": "3/4"}, {"beat": 72.0}, ""),
    ("scherzo", {"time_signature": "3/4", "moods": ("playful",)}, {"beat": 152.0}, ""),
    ("jig, jigs, irish jig", {"time_signature": "6/8"}, {"beat": 112.0, "genre": "folk"}, ""),
    ("slip jig", {"time_signature": "9/8"}, {"beat": 112.0, "genre": "folk"}, ""),
    ("gigue", {"time_signature": "6/8"}, {"beat": 112.0, "genre": "classical"}, ""),
    ("tarantella", {"time_signature": "6/8"}, {"beat": 144.0, "genre": "folk"}, ""),
    ("barcarolle, barcarole, gondola song", {"time_signature": "6/8"}, {"beat": 52.0, "genre": "classical"}, ""),
    ("siciliana, siciliano, sicilienne", {"time_signature": "6/8"}, {"beat": 44.0, "genre": "classical"}, ""),
    ("reel, reels", {"time_signature": "4/4"}, {"beat": 184.0, "genre": "folk"}, ""),
    ("hornpipe", {"time_signature": "4/4"}, {"beat": 138.0, "genre": "folk"}, ""),
    ("gavotte", {"time_signature": "4/4"}, {"beat": 120.0, "genre": "classical"}, ""),
    ("march, marches, marching", {"time_signature": "4/4"}, {"beat": 112.0}, ""),
    ("funeral march, death march", {"time_signature": "4/4", "moods": ("sad",)}, {"beat": 60.0, "mode": "minor"}, ""),
    ("polka, polkas", {"time_signature": "2/4"}, {"beat": 116.0, "genre": "folk"}, ""),
    ("galop", {"time_signature": "2/4"}, {"beat": 144.0}, ""),
    ("habanera", {"time_signature": "2/4"}, {"beat": 66.0, "genre": "latin"}, ""),
    # styles that bring a tempo or players
    ("tango, tangos", {"genre": "latin"}, {"beat": 120.0, "mode": "minor"}, ""),
    ("bossa nova, bossa", {"genre": "latin"}, {"beat": 132.0}, ""),
    ("samba", {"genre": "latin"}, {"beat": 100.0}, ""),
    ("cha cha, cha cha cha, chacha", {"genre": "latin"}, {"beat": 120.0}, ""),
    ("ragtime, rag, stride", {"genre": "jazz"}, {"beat": 96.0, "instruments": (PIANO,)}, ""),
    ("ambient, drone, ambient music", {"genre": "electronic", "moods": ("calm",)}, {"beat": 70.0}, ""),
    (
        "chiptune, 8 bit, 8bit, chip tune, eight bit",
        {"genre": "electronic"},
        {"beat": 140.0, "instruments": ("Lead 1 (square)", "Lead 2 (sawtooth)", "Synth Bass 1", "Drums")},
        "",
    ),
    ("slow dance", {"beat": 68.0, "moods": ("romantic",)}, {}, ""),
    ("ballad, ballads, ballade, power ballad", {}, {"beat": 72.0}, ""),
    ("lullaby, lullabies, cradle song, berceuse", {"moods": ("calm",)}, {"beat": 66.0}, ""),
    ("nocturne, nocturnes", {"genre": "classical", "moods": ("calm",)}, {"beat": 66.0, "instruments": (PIANO,)}, ""),
    ("anthem", {"moods": ("epic",)}, {"beat": 96.0}, ""),
    ("fanfare", {"moods": ("epic",)}, {"beat": 112.0, "instruments": ("Trumpet", "French Horn", "Trombone")}, ""),
    ("nursery rhyme, childrens song, kids song, for children, for kids", {"moods": ("playful",)}, {"mode": "major"}, ""),
    ("lament, elegy, requiem, dirge", {"moods": ("sad",)}, {"beat": 60.0, "mode": "minor"}, ""),
    ("orchestral, symphonic", {"genre": "classical"}, {"instruments": ORCHESTRA}, ""),
    ("acoustic, unplugged", {}, {"instruments": ("Acoustic Guitar (steel)", PIANO, "Acoustic Bass")}, ""),
    ("dance, dancing", {"moods": ("energetic",)}, {}, ""),
    # players and how they accompany
    ("solo piano, piano solo, piano only, only piano, just piano, piano alone, just a piano, only a piano, unaccompanied piano",
     {"instruments": (PIANO,), "style": "piano"}, {}, ""),
    ("four part choir, 4 part choir, satb choir, a cappella, acappella, a capella, acapella, choir only, "
     "only choir, unaccompanied choir, choir a cappella, a cappella choir, choir alone",
     {"instruments": (CHOIR,), "style": "chorale"}, {}, ""),
    ("piano accompaniment, accompanied by piano, accompanied by a piano, accompanied by the piano",
     {"instruments": (PIANO,), "style": "piano"}, {}, ""),
    # what is asked for now and then and cannot be had
    ("sonata, sonata form, sonata allegro form", {}, {"genre": "classical"},
     "The sonata form is not possible: choose letters such as ABA."),
    ("symphony, concerto, suite, oratorio, mass", {}, {"genre": "classical"},
     "A work of several movements is not possible: this is one song."),
    ("fugue, fugues, canon, round", {}, {"genre": "classical"},
     "A fugue or canon is not possible: voices do not imitate each other here."),
    ("half time, halftime, half time feel", {}, {}, "Half time is not possible: give the tempo that the song is to have."),
    ("double time, double time feel", {}, {}, "Double time is not possible: give the tempo that the song is to have."),
    ("accelerando, speeding up, getting faster, slowing down, getting slower, rubato", {}, {},
     "A tempo that changes is not possible: the song keeps one tempo, but for a ritardando at its end."),
    ("modulation, modulations, key change, key changes, modulating", {}, {}, "A change of key is not possible: the song keeps one key."),
    ("microtonal, atonal, twelve tone, 12 tone", {}, {}, "Music outside keys and modes is not possible."),
)  # fmt: skip
"""Words that say or suggest several things: words, facts, hints, and a note; "beat" is a tempo as in TEMPOS."""

EMOJI: dict[str, str] = {
    "🎹": "piano", "🎸": "guitar", "🎻": "violin", "🎺": "trumpet", "🎷": "saxophone", "🥁": "drums", "🪕": "banjo",
    "🪗": "accordion", "🪈": "flute", "😀": "happy", "😃": "happy", "😊": "happy", "🙂": "happy", "😢": "sad", "😭": "sad",
    "😞": "sad", "💔": "sad", "😌": "calm", "😴": "calm", "🧘": "calm", "⚡": "energetic", "🔥": "energetic", "💃": "energetic",
    "😱": "tense", "❤": "romantic", "😍": "romantic", "🥰": "romantic", "🌹": "romantic", "👻": "dark", "💀": "dark", "🤪": "playful",
    "🎃": "dark", "🐢": "slow", "🐌": "slow", "🐇": "fast", "🚀": "fast", "🔁": "loop",
}  # fmt: skip
