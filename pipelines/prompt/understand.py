"""What a song is to be, understood from free text by the documented vocabulary of ``pipelines.prompt.words``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from music.arranging.course import COURSES
from music.bars import parse_signature
from music.instruments import BASSES, DRUMS, instrument_name, parse_instrument
from music.theory import parse_key
from pipelines.options.checks import TEMPO_RANGE_BPM, TIME_SIGNATURES
from pipelines.options.harmonize import MAX_PLAYERS
from pipelines.prompt import words
from pipelines.prompt.groove_words import IN_GENRES
from pipelines.prompt.reading import HINTED, MEANT, Claim, Found, Reading, read
from pipelines.prompt.vocabulary import split
from pipelines.song.brief import MOODS, SONG_SECONDS, Brief, lyrics_checks


@dataclass(frozen=True)
class Understanding:
    """What was understood of a prompt.

    Attributes:
        brief: what the song is to be, always valid.
        found: the words that were understood and count, in the order of the text.
        unknown: words of meaning that were not understood, in the order of the text.
        notes: sentences on what was read into the words, corrected or given up.
    """

    brief: Brief
    found: tuple[Found, ...]
    unknown: tuple[str, ...]
    notes: tuple[str, ...]


def understand(text: str) -> Understanding:
    """Returns what a song is to be according to a text; any text will do, and nothing in it is silently ignored."""
    reading = read(text)
    values = _settle(reading)
    return Understanding(
        Brief(text=reading.text, **values),
        tuple(sorted(reading.found, key=lambda found: found[:2])),
        tuple({word.casefold(): word for _, word in sorted(reading.unknown, reverse=True)}.values())[::-1],
        tuple(reading.notes),
    )


def _settle(reading: Reading) -> dict[str, Any]:
    """Returns the fields of the Brief that the claims agree on, contradictions settled."""
    values: dict[str, Any] = {}
    _at_home(reading)
    values["instruments"], values["without"] = _players(reading)
    players = set(map(parse_instrument, values["instruments"]))
    if players and players <= {DRUMS, *BASSES}:
        reading.note(f"{' and '.join(values['instruments'])} carry no melody: others of the usual band play with them.")
    for start, raw, size in reading.sizes:
        if len(values["instruments"]) < size:
            reading.unknown.append((start, raw))
    values["moods"] = _moods(reading)
    if len(values["instruments"]) > 1:  # "just piano and flute" is no piano alone
        alone = [claim.span for claim in reading.claims if claim.field == "instruments" and "accomp" not in claim.plain]
        reading.claims = [c for c in reading.claims if c.field != "style" or c.value != "piano" or c.span not in alone]
    _merge_forms(reading)
    values["entries"] = _entries(reading)
    _turn_around(reading)
    values["course"] = _course(reading)
    values["pickup"] = bool(_one(reading, "pickup", ("pickup",)))
    for name in ("intro_bars", "outro_bars", "drop_seconds", "drop_bar", "ending", "swing"):
        values[name] = _one(reading, name, (name,))
    for name in ("genre", "form", "style", "groove", "texture", "lyrics"):
        values[name] = _one(reading, name, (name,), lambda value: _FORM_TEXTS.get(value, value))
    values["words"] = _words(reading, values["moods"])
    for bad, why in lyrics_checks(values["lyrics"] or "", values["words"] or ""):
        if bad:
            reading.note(why)
            values["lyrics"] = values["words"] = None
    values["time_signature"] = _time_signature(reading)
    values["tempo_bpm"] = _tempo(reading, values["time_signature"])
    values["key"], values["mode"] = _key(reading)
    values["bars"] = None
    values["seconds"] = _seconds(reading, values)
    named = " ".join(reading.notes)
    for claim in reading.claims:
        if (
            claim.rank == HINTED
            and f"'{claim.words}'" not in named
            and claim.span not in {f[:2] for f in reading.found}
        ):
            reading.note(f"What '{claim.words}' suggests gives way to other words.")
    return values


def _at_home(reading: Reading) -> None:
    """Makes of players who are others in some genres those of the genre that is asked for, in place; notes it."""
    genres = [claim.value for claim in reading.claims if claim.field == "genre" and not claim.negated]
    table = IN_GENRES.get(genres[-1], {}) if genres else {}
    entries = {claim.span: claim for claim in reading.claims if claim.field == "entries"}
    for claim in reading.claims:
        plain = claim.plain.split()[0] if claim.span in entries else claim.plain
        own = table.get(plain) or table.get(plain.removesuffix("s"))
        if claim.field == "instruments" and own and not claim.negated:
            claim.value = own
            reading.note(f"'{plain}' is {', '.join(own)} in {genres[-1]}.")
            if claim.span in entries:
                entries[claim.span].value = tuple((own[0], bar) for _, bar in entries[claim.span].value)


def _asked(reading: Reading, *names: str) -> list[Claim]:
    """Returns the claims on these fields that are not ruled out, the weightiest last; notes those that are."""
    claims = [claim for claim in reading.claims if claim.field in names]
    for claim in claims:
        if claim.negated:
            reading.note(f"Not '{claim.words}': it is not asked for.")
    return sorted((claim for claim in claims if not claim.negated), key=lambda claim: claim.rank)


def _one(reading: Reading, name: str, fields: tuple[str, ...], show: Any = str, close: float = 1.0) -> Any:
    """Returns the value of the weightiest, then latest claim; notes those that contradict it.

    Args:
        reading: what was read.
        name: the field of the Brief.
        fields: the fields of the claims.
        show: how a value is written in a note.
        close: numbers that differ by less than this factor do not contradict each other where one is but a word.
    """
    claims = _asked(reading, *fields)
    if not claims:
        return None
    winner = claims[-1]
    for claim in claims:
        same = claim.value == winner.value
        if not same and close > 1 and claim.rank != winner.rank:
            same = max(claim.value, winner.value) / min(claim.value, winner.value) <= close
        if claim.rank > HINTED and same:
            reading.keep(claim, name, winner.value)
        elif claim.rank > HINTED:
            what = (
                "cannot both be had"
                if name in ("genre", "form", "style", "groove", "texture")
                else "contradict each other"
            )
            reading.note(f"'{claim.words}' and '{winner.words}' {what}: '{winner.words}' counts.")
    if winner.rank == HINTED:
        reading.note(f"'{winner.words}' suggests {show(winner.value)}.")
        reading.keep(winner, name, winner.value)
    return winner.value


def _words(reading: Reading, moods: tuple[str, ...]) -> str | None:
    """Returns what words to sing are about: where that is not said what else no list knows, else the moods."""
    for claim in reading.claims:
        if claim.field == "words" and not claim.value:
            unknown = " ".join(word for _, word in sorted(reading.unknown))
            reading.unknown.clear()
            claim.value = unknown or " ".join(moods) or "love"
            reading.note(f"'{claim.words}' asks for words about: {claim.value}.")
    return _one(reading, "words", ("words",))


_FORM_TEXTS = {"blues": "the twelve bars of a blues"}
_FORMS_IN_FORMS = ("verse-chorus", "verse-chorus-bridge", "verse-pre-chorus-chorus")
"""Forms of which each has what those before it have."""


def _merge_forms(reading: Reading) -> None:
    """Makes one form of parts that are named one by one, "verse, pre-chorus, chorus and bridge", in place."""
    named = [c for c in reading.claims if c.field == "form" and c.value in _FORMS_IN_FORMS and not c.negated]
    for claim in named:
        claim.value = max((other.value for other in named), key=_FORMS_IN_FORMS.index)


def _entries(reading: Reading) -> tuple[tuple[str, int], ...]:
    """Returns who enters in which bar, from 1."""
    found: dict[str, int] = {}
    for claim in _asked(reading, "entries"):
        found |= dict(claim.value)
        reading.keep(claim, "entries", claim.value)
    return tuple(found.items())


def _turn_around(reading: Reading) -> None:
    """Makes of what is ruled out what is asked for instead, in place: no ritardando is an end in tempo, no swing straight eighths."""
    for claim in [claim for claim in reading.claims if claim.negated]:
        if claim.field == "ending" and claim.value == "ritardando":
            claim.value, claim.negated = "in tempo", False
        elif claim.field == "swing":
            claim.value, claim.negated = not claim.value, False
        elif claim.field == "groove" and claim.value == "swing":
            reading.claims.append(replace(claim, field="swing", value=False, negated=False))


def _course(reading: Reading) -> tuple[str, ...]:
    """Returns how the song is to change; of two that contradict each other the later one, which is noted."""
    found: dict[str, Claim] = {}
    for claim in _asked(reading, "course"):
        for name in claim.value:
            other = next((a for pair in (COURSES[:2], COURSES[2:]) if name in pair for a in pair if a != name), "")
            if other in found:
                lost = found.pop(other)
                reading.note(f"'{lost.words}' and '{claim.words}' contradict each other: '{claim.words}' counts.")
            found[name] = claim
    for claim in {id(claim): claim for claim in found.values()}.values():
        reading.keep(claim, "course", tuple(name for name, own in found.items() if own is claim))
    return tuple(name for name in COURSES if name in found)


def _times(reading: Reading, form: str | None) -> float:
    """Returns how many times what is counted in bars is played; the choruses of a blues are twelve bars each, in place."""
    found = 1.0
    bars = any(claim.field == "bars" and not claim.negated for claim in reading.claims)
    for claim in [claim for claim in reading.claims if claim.field == "times" and not claim.negated]:
        if bars or form == "blues":
            found = claim.value
            reading.keep(claim, "seconds", found)
            if not bars:
                reading.claims.append(replace(claim, field="bars", value=12.0))
        elif claim.plain.endswith("choruses"):
            reading.keep(claim, "form", form)
        else:
            reading.unknown.append((claim.span[0], claim.words))
    return found


def _time_signature(reading: Reading) -> str | None:
    for claim in [c for c in reading.claims if c.field == "time_signature" and c.value not in TIME_SIGNATURES]:
        reading.claims.remove(claim)
        reading.note(f"'{claim.words}' is not possible. Choose one of {', '.join(TIME_SIGNATURES)}.")
    signature = _one(reading, "time_signature", ("time_signature",))
    for found in reading.found:
        if found.field == "time_signature" and not any(sign.isdigit() for sign in found.words):
            reading.note(f"'{found.words}' means {signature}.")
    return signature


def _tempo(reading: Reading, signature: str | None) -> float | None:
    """Returns the tempo in quarter notes a minute; claims of a beat are turned where negated, and counted in quarters, in place."""
    beats = [claim for claim in reading.claims if claim.field == "beat"]
    turned = [claim for claim in beats if claim.negated and not 90 < claim.value < 110]
    for claim in turned:  # "not too fast" is moderate; "fast, but not too fast" lies between
        reading.note(f"Not '{claim.words}': the tempo is more moderate.")
        claim.value, claim.negated = 96.0 if claim.value >= 110 else 112.0, False
    if turned:
        said = [claim for claim in beats if not claim.negated and claim.rank == MEANT]
        middle = float(round(sum(claim.value for claim in said) / len(said)))
        for claim in said:
            claim.value = middle
    for claim in reading.claims:
        if claim.field == "beat":
            claim.value = claim.value * (1.5 if signature in ("6/8", "9/8", "12/8") else 1.0)
        elif claim.field == "tempo_bpm":
            claim.value = _within(reading, claim, TEMPO_RANGE_BPM, "BPM")
    return _one(reading, "tempo_bpm", ("tempo_bpm", "beat"), lambda bpm: f"{bpm:g} BPM", close=1.6)


def _within(reading: Reading, claim: Claim, limits: tuple[float, float], unit: str) -> float:
    """Returns the claim's number, or the limit that it passes."""
    low, high = limits
    value = min(max(round(claim.value, 2), low), high)
    if value != round(claim.value, 2):
        reading.note(f"'{claim.words}' is out of range: {value:g} {unit} is taken.")
    return value


def _key(reading: Reading) -> tuple[str | None, str | None]:
    """Returns the key and the mode; one of them at most."""
    for claim in reading.claims:
        if claim.field == "mode" and claim.negated and claim.value in ("major", "minor"):
            claim.value, claim.negated = "major" if claim.value == "minor" else "minor", False
            reading.note(f"Not '{claim.words}': {claim.value} is taken.")
        elif claim.field == "key":
            claim.value = parse_key(claim.value).name
    tonics = [claim for claim in reading.claims if claim.field == "tonic"]
    keyed = [claim for claim in reading.claims if claim.field in ("key", "tonic") and not claim.negated]
    if not keyed:
        _asked(reading, "key", "tonic")
        return None, _one(reading, "mode", ("mode",))
    modes = [claim for claim in reading.claims if claim.field == "mode"]
    spoken = [claim for claim in modes if claim.rank > HINTED and not claim.negated]
    spoken.sort(key=lambda claim: claim.rank)
    for claim in tonics:
        claim.value = parse_key(f"{claim.value} {spoken[-1].value if spoken else 'major'}").name
    wanted = _one(reading, "key", ("key", "tonic"))
    for claim in spoken:
        if wanted.endswith(claim.value):
            reading.keep(claim, "key", wanted)
        else:
            reading.note(f"'{claim.words}' contradicts {wanted}, which counts.")
    return wanted, None


def _moods(reading: Reading) -> tuple[str, ...]:
    """Returns the moods that are asked for; of two that contradict each other the later one, which is noted."""
    claims = _asked(reading, "moods")
    moods = [mood for claim in claims for mood in claim.value]
    last = {mood: place for place, mood in enumerate(moods)}
    for pair in words.OPPOSITE_MOODS:
        if set(pair) <= set(last):
            lost = min(pair, key=lambda mood: last[mood])
            kept = pair[1 - pair.index(lost)]
            winner = next(claim.words for claim in reversed(claims) if kept in claim.value)
            for claim in claims:
                if lost in claim.value:
                    reading.note(f"'{claim.words}' and '{winner}' contradict each other: '{winner}' counts.")
            del last[lost]
    for claim in claims:
        kept_moods = tuple(mood for mood in claim.value if mood in last)
        if kept_moods:
            reading.keep(claim, "moods", kept_moods)
    return tuple(mood for mood in MOODS if mood in last)


@cache
def _families() -> dict[str, tuple[str, ...]]:
    """Returns the instruments that each word of FAMILY_WORDS rules out."""
    return {
        word: tuple(map(instrument_name, programs))
        for text, programs in words.FAMILY_WORDS.items()
        for word in split(text)
    }


def _players(reading: Reading) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Returns who plays and who must not."""
    claims = [claim for claim in reading.claims if claim.field == "instruments"]
    hints = [claim for claim in claims if claim.rank == HINTED]
    claims = [claim for claim in claims if claim.rank > HINTED]
    playing: dict[str, Claim] = {}
    banned: dict[str, Claim] = {}
    for claim in claims:
        mine, theirs = (banned, playing) if claim.negated else (playing, banned)
        for name in claim.value:
            if name in theirs:
                other = theirs.pop(name)
                if not claim.negated:
                    reading.note(f"'{other.words}' is excluded, but '{claim.words}' is asked for later: it plays.")
                elif len(other.value) > 1:
                    reading.note(f"'{other.words}' plays without '{claim.words}'.")
                else:
                    reading.note(f"'{other.words}' is asked for, but 'no {claim.words}' comes later: it does not play.")
            mine.setdefault(name, claim)
    if not playing and hints:
        names = tuple(name for name in hints[-1].value if name not in banned)
        if names:
            reading.note(f"'{hints[-1].words}' suggests {', '.join(names)}.")
            playing = dict.fromkeys(names, hints[-1])
    for name in list(playing)[MAX_PLAYERS:]:
        reading.note(f"{name} ('{playing[name].words}') is left out: at most {MAX_PLAYERS} instruments play.")
        del playing[name]
    without: dict[str, None] = {}
    for claim in claims:
        if claim.negated and any(banned.get(name) for name in claim.value):
            names = (*claim.value, *_families().get(claim.plain, ()))
            names = tuple(dict.fromkeys(name for name in names if name not in playing))
            without |= dict.fromkeys(names)
            reading.keep(claim, "without", names)
        elif not claim.negated and any(name in playing for name in claim.value):
            reading.keep(claim, "instruments", tuple(name for name in claim.value if name in playing))
    for claim in hints:
        if claim in playing.values():
            reading.keep(claim, "instruments", tuple(playing))
    return tuple(playing), tuple(without)


def _seconds(reading: Reading, values: dict[str, Any]) -> float:
    """Returns how long the song is to be; a length in bars also settles a tempo and a time signature."""
    times = _times(reading, values["form"])
    said = [claim for claim in reading.claims if claim.field in ("seconds", "bars") and not claim.negated]
    frame = (values["intro_bars"] or 0) + (values["outro_bars"] or 0)
    for claim in said:
        if claim.field == "bars":
            tempo, signature = values["tempo_bpm"] or 100.0, values["time_signature"] or "4/4"
            beats, unit = parse_signature(signature)
            bars = claim.value * times
            whole = bars + (frame or values["form"] == "blues")  # the last chorus is followed by a bar that rests
            claim.value = whole * beats * 4 / unit * 60 / tempo
            reading.note(f"'{claim.words}' at {tempo:g} BPM in {signature} last {claim.value:.0f} seconds.")
            if all(other.field == "bars" or other.rank < claim.rank for other in said):
                values["tempo_bpm"], values["time_signature"], values["bars"] = tempo, signature, round(bars)
        claim.value = _within(reading, claim, SONG_SECONDS, "seconds")
    found = _one(reading, "seconds", ("seconds", "bars"), lambda seconds: f"{seconds:g} seconds", close=3.0)
    return 60.0 if found is None else found
