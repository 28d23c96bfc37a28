"""Who plays a part of a MusicXML score: programs by number or by name, and the drum that a note means."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple
from xml.etree.ElementTree import Element

from music.errors import StudioError
from music.files.drum_channels import DRUM_CHANNEL
from music.instruments import DRUMS, SNARE, parse_instrument

MAX_NAME = 100  # letters of an instrument's name: names are compared with all that we know
_VOICES = frozenset(("soprano", "alto", "tenor", "bass", "treble", "baritone"))
_CHOIR = 52

# Words in the name of a drum, as programs and MusicXML's own list of sounds have them ("drum.snare-drum"), and the key of
# General MIDI's drum map that they mean; the first that fits counts. Other languages: those of the big notation programs.
_DRUM_WORDS: tuple[tuple[str, int], ...] = (
    (r"(side|cross) ?stick|rim ?(shot|click)|stick click", 37),
    (r"electric(al)? snare|snare 2", 40),
    (r"snare|side drum|caisse claire|kleine trommel|rullante|tamburo|redoblante|caja", 38),
    (r"acoustic bass drum|bass drum 2|concert bass drum|gran cassa|große trommel|grosse trommel|grosse caisse", 35),
    (r"bass drum|kick|bassdrum|bombo|cassa", 36),
    (r"hand ?clap|clap", 39),
    (r"(open|half open).*hi ?hat|hi ?hat.*open", 46),
    (r"(pedal|foot).*hi ?hat|hi ?hat.*(pedal|foot)", 44),
    (r"hi ?hat|charleston", 42),
    (r"floor tom.*(low|2)|low floor tom", 41),
    (r"floor tom|stand ?tom", 43),
    (r"(low|lo) mid tom|mid(dle)? tom|tom 2|medium tom", 47),
    (r"(hi|high) mid tom", 48),
    (r"(hi|high) tom|tom 1", 50),
    (r"low tom|tom 3|tom", 45),
    (r"ride.*bell|bell of ride|bell cymbal", 53),
    (r"ride.*2", 59),
    (r"ride", 51),
    (r"china|chinese|gong|tam ?tam", 52),
    (r"splash", 55),
    (r"crash.*2", 57),
    (r"crash|cymbal|becken|piatti|cymbale|platillo", 49),
    (r"tambourine|tamburin|pandereta", 54),
    (r"cow ?bell|cencerro", 56),
    (r"vibra ?slap", 58),
    (r"low bongo|bongo.*low", 61),
    (r"bongo", 60),
    (r"mute.*conga|conga.*mute", 62),
    (r"low conga|conga.*low|tumba", 64),
    (r"conga", 63),
    (r"low timbale", 66),
    (r"timbale", 65),
    (r"low agogo", 68),
    (r"agogo", 67),
    (r"cabasa|afuche", 69),
    (r"shaker|egg", 82),
    (r"maraca", 70),
    (r"long whistle", 72),
    (r"samba whistle|short whistle", 71),
    (r"long guiro", 74),
    (r"guiro", 73),
    (r"claves?", 75),
    (r"low (wood|temple) ?block", 77),
    (r"(wood|temple) ?block", 76),
    (r"mute.*cuica", 78),
    (r"cuica", 79),
    (r"mute.*triangle", 80),
    (r"triangle|triangel|triangolo", 81),
    (r"(jingle|sleigh) ?bell|schellen", 83),
    (r"bell tree|wind chime|mark tree", 84),
    (r"castanet|kastagnetten", 85),
    (r"mute.*surdo", 86),
    (r"surdo", 87),
)
_DRUM_NAMES = tuple((re.compile(rf"\b(?:{words})s?\b"), key) for words, key in _DRUM_WORDS)
_KITS = re.compile(
    r"\b(drum|drums|drum ?(set|kit|line)|kit|percussion|perc|schlagzeug|batterie|batteria|batería|trommel)\b"
)
# What a name says beside the instrument: "Horn in F 2", "Violin I", "Bb Trumpet".
_PLAYER_NUMBER = re.compile(
    r"\s+in\s+[A-H](b|#|♭|♯|-?flat|-?sharp)?\b|^[A-H](b|♭|-?flat)?\s+|[\s.]+(\d+|[IVX]+)\.?$", re.IGNORECASE
)

# Places on a staff of five lines, counted in steps from C0, and the drum that a kit has there: with a round head, and with
# a cross (Weinberg, Guidelines for Drumset Notation, 1998).
_LETTERS = "CDEFGAB"
_ROUND = {
    "D4": 35, "E4": 35, "F4": 36, "G4": 41, "A4": 43, "B4": 45, "C5": SNARE, "D5": 47, "E5": 50, "F5": 51, "G5": 42, "A5": 49,
    "B5": 57,
}  # fmt: skip
_CROSS = {"D4": 44, "B4": 37, "C5": 37, "D5": 39, "E5": 54, "F5": 51, "G5": 42, "A5": 49, "B5": 57, "C6": 52}
_OTHER_HEADS = {("G5", "circle-x"): 46, ("G5", "circled"): 46, ("F5", "diamond"): 53, ("E5", "triangle"): 56,
                ("B5", "circle-x"): 52, ("B5", "triangle"): 81}  # fmt: skip
_CROSSES = frozenset(("x", "cross", "circle-x", "circled", "diamond", "back slashed", "slashed"))


class Voice(NamedTuple):
    """What sounds: a program from 0 and whether it is drums."""

    program: int
    is_drum: bool


@dataclass
class Sound:
    """One instrument of a part: its name, and what MIDI calls it; None where the file does not say."""

    name: str = ""
    sound: str = ""
    program: int | None = None
    channel: int | None = None
    key: int | None = None


@dataclass
class Player:
    """One part of the list of parts.

    Attributes:
        name: as it is printed.
        sounds: its instruments by id, the first one first.
        singer: one of several voices of a choir.
    """

    name: str = ""
    sounds: dict[str, Sound] = field(default_factory=dict)
    singer: bool = False

    @property
    def first(self) -> Sound:
        """The instrument that plays where a note names none."""
        return next(iter(self.sounds.values()), Sound())

    def voice(self, instrument: str | None) -> Voice:
        """Returns what plays a note with a pitch.

        Args:
            instrument: the id that the note names, None for none.
        """
        sound = self.sounds.get(instrument or "", self.first)
        named = _program(sound.name, self.name, sound.sound.rpartition(".")[2].replace("-", " "))
        if sound.channel == DRUM_CHANNEL and (named is None or named == DRUMS or sound.key is not None):
            return Voice(sound.program or 0, True)
        if self.on_the_drum_channel:
            return Voice(named or 0, False)
        if sound.program is not None:
            return Voice(sound.program, False)
        if self.singer:
            return Voice(_CHOIR, False)
        return Voice(max(named or 0, 0), named == DRUMS)

    @property
    def on_the_drum_channel(self) -> bool:
        """Whether an instrument that is no drum has the channel of the drums, as where a program ran out of channels."""
        sound = self.first
        named = _program(sound.name, self.name)
        return sound.channel == DRUM_CHANNEL and named is not None and named != DRUMS and sound.key is None

    def drum(self, instrument: str | None, place: str, head: str) -> tuple[int, bool]:
        """Returns the key of the drum that a note means, and whether only its place on the staff tells.

        Args:
            instrument: the id that the note names, None for none.
            place: where it stands on the staff, such as "C5"; "" where the file does not say.
            head: the shape of its head, "" for a round one.
        """
        sound = self.sounds.get(instrument or "")
        if sound is None and len(self.sounds) == 1:
            sound = self.first
        if sound is not None and sound.key is not None:
            return sound.key, False
        for name in (sound.name, sound.sound, self.name) if sound is not None else (self.name,):
            key = drum_named(name)
            if key is not None:
                return key, False
        return _drum_at(place, head), True


def read_players(listing: Iterable[Element]) -> dict[str, Player]:
    """Returns the parts of a list of parts (``score-part`` elements) by id."""
    players: dict[str, Player] = {}
    for part in listing:
        player = Player(_one_line(part.findtext("part-name")))
        for instrument in part.findall("score-instrument"):
            player.sounds[instrument.get("id", "")] = Sound(
                _one_line(instrument.findtext("instrument-name")), _one_line(instrument.findtext("instrument-sound"))
            )
        for midi in part.findall("midi-instrument"):
            set_sound(player.sounds.setdefault(midi.get("id", ""), Sound()), midi)
        if not player.name or player.name == "MusicXML Part":
            player.name = player.first.name
        players.setdefault(part.get("id", ""), player)
    choir = [player for player in players.values() if player.name.lower() in _VOICES]
    if len({player.name.lower() for player in choir}) > 1:
        for player in choir:
            player.singer = True
    return players


def set_sound(sound: Sound, midi: Element) -> None:
    """Takes in what a ``midi-instrument`` element says."""
    channel, program = _number(midi, "midi-channel", 16), _number(midi, "midi-program", 128)
    key, bank = _number(midi, "midi-unpitched", 128), _number(midi, "midi-bank", 16384)
    sound.channel = sound.channel if channel is None else channel
    sound.program = sound.program if program is None else program
    sound.key = sound.key if key is None else key
    if bank is not None and bank >> 7 in (120, 127):  # percussion of General MIDI 2 and of Yamaha XG
        sound.channel = DRUM_CHANNEL


@lru_cache(maxsize=4096)
def drum_named(name: str) -> int | None:
    """Returns the key of the drum that a name means, such as 38 for "Snare Drum"; None for a kit, and for what is no drum."""
    plain = " ".join(re.sub(r"[^\w]+|_", " ", name.lower()).split())
    return next((key for words, key in _DRUM_NAMES if words.search(plain)), None)


@lru_cache(maxsize=4096)
def _program(*names: str) -> int | None:
    """Returns the program that the first of these names means, DRUMS for drums, None where none means anything."""
    for name in names:
        for form in (name, _PLAYER_NUMBER.sub("", name)):
            if form and not form.isdecimal():
                try:
                    return parse_instrument(form)
                except StudioError:
                    continue
        if _KITS.search(name.lower()):
            return DRUMS
    return None


def _drum_at(place: str, head: str) -> int:
    """Returns the drum of a kit that stands at a place on the staff, or nearest to it."""
    if (place, head) in _OTHER_HEADS:
        return _OTHER_HEADS[place, head]
    drums = _CROSS if head in _CROSSES else _ROUND
    if place in drums or not place:
        return drums.get(place, SNARE)
    return drums[min(drums, key=lambda other: abs(_step(other) - _step(place)))]


def _step(place: str) -> int:
    return _LETTERS.index(place[0]) + 7 * int(place[1:])


def _number(parent: Element, tag: str, limit: int) -> int | None:
    """Returns a number that the file counts from 1, counted from 0; None where it is missing or impossible."""
    text = (parent.findtext(tag) or "").strip()
    return int(text) - 1 if re.fullmatch(r"\d{1,5}", text) and 1 <= int(text) <= limit else None


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())[:MAX_NAME]
