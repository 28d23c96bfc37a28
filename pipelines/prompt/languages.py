"""Prompts in German, French, Spanish, Italian and Portuguese: their words for keys, tempi, lengths, players and moods.

A prompt is taken for one of these languages by its own words in it. Then each of them is read as the English word, and
what is small talk in it is passed over; all other rules are those of English.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.prompt.tokenize import Token

LANGUAGES: dict[str, dict[str, str]] = {
    "German": {
        "louder and louder": "lauter crescendo", "quieter and quieter": "leiser diminuendo", "denser": "dichter voller",
        "thins out": "lichter",
        "ritardando": "ritardando", "fade out": "ausblenden ausgeblendet ausklingend ausklingen", "intro": "vorspiel intro einleitung",
        "outro": "nachspiel outro schluss", "pickup": "auftakt",
        "the": "ein eine einen einem einer der die das den dem des im in ist sei soll sollte sein bitte mach mache schreib schreibe "
        "komponiere komponier stuck lied musikstuck song melodie musik etwas mir ich mochte hatte gerne wird werden immer am ende fur von "
        "aus auf zum zur so sehr recht eher etwa ungefahr ca lang lange dauer tonart tempo takt stil art ganz auch dazu dann es wie",
        "and": "und", "with": "mit", "without": "ohne", "no": "kein keine keinen keiner", "not": "nicht", "or": "oder", "but": "aber",
        "waltz": "walzer", "march": "marsch", "lullaby": "wiegenlied schlaflied", "ballad": "ballade", "folk": "volkslied "
        "volksmusik volkstumlich", "hymn": "kirchenlied", "chorale": "choral", "fugue": "fuge", "dance": "tanz",
        "slow": "langsam langsame langsamer langsames langsamen", "fast": "schnell schnelle schneller schnelles schnellen flott "
        "flottes", "moderate": "massig mittelschnell gemassigt", "happy": "frohlich frohliche frohlicher frohliches heiter heiteres "
        "heiterer lustig lustiges lustiger", "sad": "traurig traurige trauriger trauriges traurigen melancholisch "
        "melancholische melancholisches", "dark": "dunkel dunkle dunkles dunkler duster dusteres dustere", "calm": "ruhig ruhige "
        "ruhiges ruhiger sanft sanfte sanftes entspannt entspanntes", "energetic": "energisch energiegeladen kraftvoll lebhaft "
        "lebhaftes", "dreamy": "vertraumt vertraumtes vertraumte", "romantic": "romantisch romantisches romantische romantischer",
        "playful": "verspielt verspieltes", "epic": "episch episches heroisch", "tense": "spannend spannendes dramatisch",
        "piano": "klavier flugel", "violin": "geige violine geigen", "cello": "cello violoncello", "flute": "flote querflote",
        "recorder": "blockflote", "clarinet": "klarinette", "oboe": "oboe", "bassoon": "fagott", "trumpet": "trompete trompeten",
        "trombone": "posaune", "horn": "waldhorn", "guitar": "gitarre gitarren", "electric guitar": "egitarre",
        "acoustic guitar": "akustikgitarre",
        "bass": "bass", "contrabass": "kontrabass", "drums": "schlagzeug", "organ": "orgel",
        "harp": "harfe", "strings": "streicher streichern", "choir": "chor", "accordion": "akkordeon", "saxophone": "saxofon "
        "saxophon", "harpsichord": "cembalo", "viola": "bratsche", "string quartet": "streichquartett", "minutes": "minuten",
        "minute": "minute", "seconds": "sekunden sekunde sek", "bars": "takte takten", "verse": "strophe strophen", "chorus": "refrain",
        "half": "halbe", "one": "eins", "two": "zwei", "three": "drei", "four": "vier", "five": "funf", "six": "sechs", "seven": "sieben",
        "eight": "acht", "nine": "neun", "ten": "zehn", "twelve": "zwolf", "sixteen": "sechzehn", "twenty": "zwanzig",
        "thirty": "dreissig", "forty": "vierzig", "fifty": "funfzig", "ninety": "neunzig", "dorian": "dorisch dorische",
        "phrygian": "phrygisch phrygische", "lydian": "lydisch lydische", "mixolydian": "mixolydisch mixolydische",
        "classical": "klassisch klassische klassisches", "electronic": "elektronisch elektronische elektronisches",
        "harmonica": "mundharmonika",
        "voice": "gesang stimme",
        "twice": "zweimal",
        "brisk": "flotter flotte",
    },
    "French": {
        "louder and louder": "crescendo", "quieter and quieter": "decrescendo diminuendo", "denser": "dense", "fade out": "fondu estompe",
        "ritardando": "ritardando ralentit rallentando", "intro": "intro introduction", "outro": "coda", "pickup": "anacrouse levee",
        "in": "en",
        "the": "un une le la les l des du de d au aux pour qui que est soit ecris compose fais moi s il vous plait morceau chanson "
        "musique piece environ tres assez plutot style ton mode duree dure ce cette  j aimerais je voudrais joue",
        "and": "et", "with": "avec", "without": "sans", "no": "aucun aucune", "not": "pas", "or": "ou", "but": "mais",
        "waltz": "valse", "march": "marche", "lullaby": "berceuse", "ballad": "ballade", "folk": "folklorique", "dance": "danse",
        "slow": "lent lente lentement", "fast": "rapide vite vif vive", "moderate": "modere moderee", "happy": "joyeux joyeuse gai gaie "
        "heureux heureuse", "sad": "triste tristes melancolique", "dark": "sombre", "calm": "calme doux douce tranquille paisible",
        "energetic": "energique entrainant entrainante", "dreamy": "reveur reveuse onirique", "romantic": "romantique passionne passionnee",
        "playful": "enjoue enjouee ludique", "epic": "epique heroique", "tense": "tendu dramatique", "piano": "piano",
        "violin": "violon violons", "cello": "violoncelle", "viola": "alto", "flute": "flute", "clarinet": "clarinette",
        "oboe": "hautbois", "bassoon": "basson", "trumpet": "trompette trompettes", "trombone": "trombone", "horn": "cor cors",
        "guitar": "guitare guitares", "bass": "basse", "contrabass": "contrebasse", "drums": "batterie", "organ": "orgue",
        "harp": "harpe", "strings": "cordes", "choir": "choeur chœur", "accordion": "accordeon", "saxophone": "saxophone saxo",
        "harpsichord": "clavecin", "minutes": "minutes", "minute": "minute", "seconds": "secondes seconde", "bars": "mesures",
        "verse": "couplet couplets", "chorus": "refrain", "half": "demie demi", "two": "deux", "three": "trois", "four": "quatre",
        "five": "cinq", "six": "six", "eight": "huit", "ten": "dix", "twelve": "douze", "sixteen": "seize", "twenty": "vingt",
        "thirty": "trente", "forty": "quarante", "fifty": "cinquante", "major": "majeur", "minor": "mineur", "sharp": "diese",
        "flat": "bemol", "dorian": "dorien dorienne", "phrygian": "phrygien", "lydian": "lydien", "mixolydian": "mixolydien",
        "classical": "classique", "electronic": "electronique",
        "voice": "voix chant",
    },
    "Spanish": {
        "louder and louder": "crescendo", "quieter and quieter": "decrescendo diminuendo", "denser": "denso densa", "fade out":
        "desvanece desvaneciendo", "ritardando": "ritardando ralentizando", "intro": "intro introduccion", "outro": "coda", "pickup":
        "anacrusa",
        "in": "en",
        "the": "un una el la los las unos unas de del para por que es sea al lo escribe compon haz hazme quiero quisiera cancion pieza "
        "musica melodia unos muy bastante mas estilo tono modo tonalidad duracion dure mi su se  favor",
        "and": "y e", "with": "con", "without": "sin", "no": "ningun ninguna", "or": "o", "but": "pero", "waltz": "vals", "march": "marcha",
        "lullaby": "nana", "ballad": "balada", "folk": "folclorica folclore", "dance": "baile", "slow": "lento lenta "
        "despacio", "fast": "rapido rapida rapidamente", "moderate": "moderado moderada", "happy": "alegre alegres feliz", "sad": "triste "
        "melancolico melancolica", "dark": "oscuro oscura sombrio sombria", "calm": "tranquilo tranquila calmado calmada suave relajado "
        "relajada", "energetic": "energico energica", "dreamy": "sonador sonadora", "romantic": "romantico romantica apasionado apasionada",
        "playful": "jugueton juguetona divertido divertida", "epic": "epico epica heroico", "tense": "tenso tensa dramatico dramatica",
        "violin": "violin violines", "cello": "violonchelo chelo", "viola": "viola", "flute": "flauta", "clarinet": "clarinete",
        "oboe": "oboe", "bassoon": "fagot", "trumpet": "trompeta trompetas", "trombone": "trombon", "horn": "trompa", "guitar": "guitarra "
        "guitarras", "bass": "bajo", "contrabass": "contrabajo", "drums": "bateria tambores", "organ": "organo", "harp": "arpa",
        "strings": "cuerdas", "choir": "coro", "accordion": "acordeon", "saxophone": "saxofon saxo", "harpsichord": "clavecin clave",
        "minutes": "minutos", "minute": "minuto", "seconds": "segundos segundo", "bars": "compases", "verse": "estrofa estrofas",
        "chorus": "estribillo", "half": "medio media", "two": "dos", "three": "tres", "four": "cuatro", "five": "cinco", "six": "seis",
        "eight": "ocho", "ten": "diez", "twelve": "doce", "twenty": "veinte", "thirty": "treinta", "forty": "cuarenta",
        "fifty": "cincuenta", "major": "mayor", "minor": "menor", "sharp": "sostenido", "flat": "bemol", "dorian": "dorico",
        "phrygian": "frigio", "lydian": "lidio", "mixolydian": "mixolidio", "classical": "clasica clasico",
        "electronic": "electronica electronico",
        "voice": "voz",
        "harmonica": "armonica",
    },
    "Italian": {
        "louder and louder": "crescendo", "quieter and quieter": "decrescendo diminuendo", "denser": "denso densa", "fade out":
        "dissolvenza sfumando sfumato", "ritardando": "ritardando rallentando", "intro": "intro introduzione", "outro": "coda",
        "pickup": "anacrusi",
        "the": "un una uno il la lo gli i le di del della dei in per che sia al alla scrivi componi fammi vorrei canzone brano pezzo "
        "musica melodia circa molto piuttosto stile tono modo tonalita durata dura mi si favore da",
        "and": "e ed", "with": "con", "without": "senza", "no": "nessun nessuna", "not": "non", "or": "o", "but": "ma", "waltz": "valzer",
        "march": "marcia", "lullaby": "ninnananna", "ballad": "ballata", "folk": "popolare", "dance": "danza", "slow": "lento lenta",
        "fast": "veloce rapido rapida svelto", "moderate": "moderato moderata", "happy": "allegro allegra allegri felice gioioso "
        "gioiosa", "sad": "triste tristi malinconico malinconica", "dark": "scuro scura cupo cupa oscuro", "calm": "calmo calma "
        "tranquillo tranquilla dolce rilassante", "energetic": "energico energica vivace", "dreamy": "sognante sognanti",
        "romantic": "romantico romantica", "playful": "giocoso giocosa scherzoso", "epic": "epico epica eroico", "tense": "teso tesa "
        "drammatico drammatica", "piano": "pianoforte", "violin": "violino violini", "cello": "violoncello", "flute": "flauto",
        "clarinet": "clarinetto", "oboe": "oboe", "bassoon": "fagotto", "trumpet": "tromba trombe", "trombone": "trombone", "horn": "corno",
        "guitar": "chitarra chitarre", "bass": "basso", "contrabass": "contrabbasso", "drums": "batteria", "organ": "organo",
        "harp": "arpa", "strings": "archi", "choir": "coro", "accordion": "fisarmonica", "saxophone": "sassofono",
        "harpsichord": "clavicembalo", "minutes": "minuti", "minute": "minuto", "seconds": "secondi secondo", "bars": "battute",
        "verse": "strofa strofe", "chorus": "ritornello", "half": "mezzo mezza", "two": "due", "three": "tre", "four": "quattro",
        "five": "cinque", "six": "sei", "eight": "otto", "ten": "dieci", "twelve": "dodici", "twenty": "venti", "thirty": "trenta",
        "forty": "quaranta", "fifty": "cinquanta", "major": "maggiore", "minor": "minore", "sharp": "diesis", "flat": "bemolle",
        "dorian": "dorico", "phrygian": "frigio", "lydian": "lidio", "mixolydian": "misolidio", "classical": "classica classico",
        "electronic": "elettronica elettronico",
        "voice": "voce",
        "harmonica": "armonica",
    },
    "Portuguese": {
        "louder and louder": "crescendo", "quieter and quieter": "decrescendo diminuendo", "denser": "denso densa", "fade out":
        "desvanece desvanecendo", "ritardando": "ritardando ralentando", "intro": "intro introducao", "outro": "coda", "pickup":
        "anacruse",
        "in": "em",
        "the": "um uma o a os as uns de do da dos das no na para por que seja ao escreve componha compoe faca quero queria cancao "
        "peca musica melodia cerca muito bastante estilo tom modo tonalidade duracao dura me se favor",
        "and": "e", "with": "com", "without": "sem", "no": "nenhum nenhuma", "not": "nao", "or": "ou", "but": "mas", "waltz": "valsa",
        "march": "marcha", "ballad": "balada", "folk": "folclorica", "dance": "danca", "slow": "lento lenta "
        "devagar", "fast": "rapido rapida", "moderate": "moderado moderada", "happy": "alegre alegres feliz", "sad": "triste tristes "
        "melancolico melancolica", "dark": "escuro escura sombrio sombria", "calm": "calmo calma tranquilo tranquila suave",
        "energetic": "energico energica", "dreamy": "sonhador sonhadora", "romantic": "romantico romantica", "playful": "brincalhao "
        "brincalhona divertido", "epic": "epico epica heroico", "tense": "tenso tensa dramatico", "violin": "violino violinos",
        "cello": "violoncelo", "viola": "viola", "flute": "flauta", "clarinet": "clarinete", "oboe": "oboe", "bassoon": "fagote",
        "trumpet": "trompete trompetes", "trombone": "trombone", "horn": "trompa", "nylon guitar": "violao violoes", "guitar": "guitarra "
        "guitarras", "bass": "baixo", "contrabass": "contrabaixo", "drums": "bateria", "organ": "orgao", "harp": "harpa",
        "strings": "cordas", "choir": "coro", "accordion": "acordeao sanfona", "saxophone": "saxofone", "harpsichord": "cravo",
        "minutes": "minutos", "minute": "minuto", "seconds": "segundos segundo", "bars": "compassos", "verse": "estrofe estrofes",
        "chorus": "refrao", "half": "meio meia", "two": "dois duas", "three": "tres", "four": "quatro", "five": "cinco", "six": "seis",
        "eight": "oito", "ten": "dez", "twelve": "doze", "twenty": "vinte", "thirty": "trinta", "forty": "quarenta",
        "fifty": "cinquenta", "major": "maior", "minor": "menor", "sharp": "sustenido", "flat": "bemol", "dorian": "dorico",
        "phrygian": "frigio", "lydian": "lidio", "mixolydian": "mixolidio", "classical": "classica classico",
        "electronic": "eletronica eletronico",
        "voice": "voz",
        "harmonica": "gaita",
        "lullaby": "acalanto",
    },
}  # fmt: skip
"""For each language, its words by the English one; without accents, as prompts are read."""

PHRASES: dict[str, dict[str, str]] = {
    "German": {
        "ritardando": "am ende langsamer, wird am ende langsamer, am schluss langsamer, zum schluss langsamer, langsamer werdend",
        "fade out": "wird ausgeblendet, am ende ausgeblendet, am ende ausblenden, langsam ausklingend",
        "louder and louder": "immer lauter, wird lauter, lauter werdend",
        "quieter and quieter": "immer leiser, wird leiser, leiser werdend", "denser": "immer dichter, immer voller",
        "very slow": "sehr langsam, sehr langsamer, sehr langsame, sehr langsames", "very fast": "sehr schnell, sehr schneller, "
        "sehr schnelle, sehr schnelles", "enters at bar": "setzt in takt, setzen in takt, beginnt in takt", "brass band": "blaskapelle, "
        "blasorchester, blasmusik", "two times": "zwei mal",
    },
    "French": {
        "ritardando": "ralentir a la fin, ralentit a la fin, ralentissant a la fin, plus lent a la fin", "fade out": "en fondu, fondu a la "
        "fin, en fondu a la fin, fondu final", "louder and louder": "de plus en plus fort, de plus en plus forte",
        "quieter and quieter": "de plus en plus doux, de plus en plus douce, de moins en moins fort",
        "denser": "de plus en plus dense", "very slow": "tres lent, tres lente, tres lentement", "very fast": "tres rapide, tres vite",
        "comes in at bar": "entre a la mesure", "two times": "deux fois", "three times": "trois fois",
    },
    "Spanish": {
        "ritardando": "mas lento al final, ralentiza al final, ralentizando al final", "fade out": "se va apagando, se va apagando al "
        "final, se desvanece al final, va desapareciendo", "louder and louder": "cada vez mas fuerte",
        "quieter and quieter": "cada vez mas suave", "denser": "cada vez mas denso, cada vez mas densa",
        "very slow": "muy lento, muy lenta", "very fast": "muy rapido, muy rapida", "comes in at bar": "entra en el compas",
        "two times": "dos veces", "three times": "tres veces",
    },
    "Italian": {
        "ritardando": "rallentando alla fine, piu lento alla fine", "fade out": "in dissolvenza, sfumando alla fine",
        "louder and louder": "sempre piu forte", "quieter and quieter": "sempre piu piano", "very slow": "molto lento, molto lenta",
        "very fast": "molto veloce, molto rapido", "two times": "due volte", "three times": "tre volte",
    },
    "Portuguese": {
        "ritardando": "mais lento no final, ralentando no final", "fade out": "desvanece no final",
        "louder and louder": "cada vez mais forte", "quieter and quieter": "cada vez mais suave",
        "very slow": "muito lento, muito lenta", "very fast": "muito rapido, muito rapida", "two times": "duas vezes",
        "three times": "tres vezes",
    },
}  # fmt: skip
"""For each language, what it says in several words by the English, as LANGUAGES has single words."""

_LEAST = 2  # words of a language by which it is known; one does where it is half of all
_NOT_TELLING = frozenset(
    [
        "a",
        "in",
        "so",
        "i",
        "do",
        "me",
        "no",
        "on",
        "as",
        "die",
        "den",
        "per",
        "e",
        "o",
        "la",
        "en",
        "as",
        "du",
        "war",
        "am",
        "an",
        "by",
    ]
)
"""Words that are English, or names of notes, too."""


@cache
def _words(language: str) -> dict[str, str]:
    return {word: english for english, text in LANGUAGES[language].items() for word in text.split()}


@cache
def _phrases(language: str) -> dict[tuple[str, ...], str]:
    """Returns what a language says in several words, the longest first, with the English for it."""
    found = {
        tuple(phrase.split()): english for english, text in PHRASES[language].items() for phrase in text.split(", ")
    }
    return dict(sorted(found.items(), key=lambda pair: -len(pair[0])))


def _is_word_by_word(words: Sequence[str], english: str) -> bool:
    """Whether each word of a phrase stands for one of the English, as where a number is to follow."""
    return len(words) > 1 and len(words) == len(english.split()) and english.split()[-1] in ("bar", "times")


def phrases() -> dict[tuple[str, ...], str]:
    """Returns the words of all languages that stand for several English ones, or several for them, with these."""
    found = {(word,): english for name in LANGUAGES for word, english in _words(name).items() if " " in english}
    own = (pair for name in PHRASES for pair in _phrases(name).items())
    return found | {words: english for words, english in own if not _is_word_by_word(words, english)}


def language_of(words: Sequence[str], known: frozenset[str]) -> str | None:
    """Returns the language that most words are of, None for English and for what is of none.

    Args:
        words: of the prompt, in lower case, without accents.
        known: English words of the vocabulary, which do not tell.
    """
    telling = [
        word for word in words if len(word) > 1 and word.isalpha() and word not in _NOT_TELLING
    ]  # a letter is a key
    own = {
        name: sum(word in _words(name) and (word not in known or _words(name)[word] != word) for word in telling)
        for name in LANGUAGES
    }
    foreign = {name: sum(word in _words(name) and word not in known for word in telling) for name in LANGUAGES}
    best = max(LANGUAGES, key=lambda name: (foreign[name], own[name]))
    enough = foreign[best] >= _LEAST or 0 < len(telling) <= 2 * foreign[best]
    return best if enough else None


def translated(written: Sequence[Token], language: str) -> list[str]:
    """Returns how each word is looked up: the English word for one of the language, others as they are."""
    table, found = _words(language), list[str]()
    plains, skip = tuple(token.plain for token in written), 0
    for number, token in enumerate(written):
        phrase = next((words for words in _phrases(language) if plains[number : number + len(words)] == words), ())
        if phrase and number >= skip:
            english = _phrases(language)[phrase]
            found += english.split() if _is_word_by_word(phrase, english) else phrase
            skip = number + len(phrase)
        if number < skip:
            continue
        after = written[number + 1].plain if number + 1 < len(written) else ""
        plain = token.plain
        if not (plain in _NOTES and after in _MODE_WORDS.get(language, ())):  # "la mineur" is a key
            english = table.get(plain, plain)
            plain = plain if " " in english else english
        found.append(plain)
    return found


_NOTES = frozenset(
    (
        "do",
        "re",
        "mi",
        "fa",
        "sol",
        "la",
        "si",
        "ut",
        *"abcdefgh",
        "es",
        "as",
        "des",
        "ges",
        "cis",
        "dis",
        "fis",
        "gis",
        "ais",
    )
)
_MODE_WORDS = {
    "German": ("moll", "dur", "dorisch", "phrygisch", "lydisch", "mixolydisch"),
    "French": ("majeur", "mineur", "diese", "bemol", "dorien"),
    "Spanish": ("mayor", "menor", "sostenido", "bemol", "dorico"),
    "Italian": ("maggiore", "minore", "diesis", "bemolle", "dorico"),
    "Portuguese": ("maior", "menor", "sustenido", "bemol", "dorico"),
}
