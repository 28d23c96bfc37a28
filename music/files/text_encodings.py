"""Which letters the bytes of a MIDI file's texts are, which no file says: Western, Cyrillic, Greek, Chinese, Japanese, Korean."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

Decoder = Callable[[bytes], str]

_PLAIN_SIGNS = frozenset("’‘“”–—…«»°·¡¿§©®²½ªº")
_POLISH = re.compile(rb"[A-Za-z][\xb3\xb9\xbf]|[\xb3\xb9][A-Za-z]|[a-z]\x9f|\xa3[a-z\xf3]")
# The commonest letters of running text in each language; in lower case where there is one, so that case tells as well.
_COMMON = {
    "cp1251": "оеаинтсрвлкмдпу", "koi8_r": "оеаинтсрвлкмдпу", "cp866": "оеаинтсрвлкмдпу", "cp1253": "αοιετνσηρςκπάίόέύ",
    "euc_kr": "이다아는가을지고나하에도리사랑의그대너내한어자라기",
    "gb18030": "的一是我不了在人有你他这爱心天上来大中们",
    "big5": "的一是我不了在人有你他這愛心天上來大中們",
    "cp932": "ﾟﾞﾝｽｼｱﾄﾘﾙｰ人日本大一心花恋空夜月",
}  # fmt: skip

_ALPHABETS = frozenset(("cp1251", "koi8_r", "cp866", "cp1253"))
_SAMPLE = 20_000  # bytes that are looked at; the words of a song are fewer
_SHORTEST = 4  # letters of an alphabet; fewer may be an exclamation in French


def decoder(texts: Sequence[bytes]) -> Decoder:
    """Returns the function that reads a file's texts: UTF-8 or UTF-16 each by itself, else by the letters of all together."""
    sample, size = [], 0
    for text in texts:
        if size + len(text) < _SAMPLE and not text.isascii() and not _is_unicode(text):
            sample.append(text)
            size += len(text)
    encoding = _guess(sample)

    def decode(body: bytes) -> str:
        if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return body.decode("utf-16", "replace").replace("\0", "")
        # A character or two may be UTF-8 by chance.
        unicode_first = encoding in ("cp1252", "cp1250") or len(body) > 3
        for each in ("utf-8-sig", encoding, "cp1252") if unicode_first else (encoding, "utf-8-sig", "cp1252"):
            try:
                return body.decode(each).replace("\0", "")
            except UnicodeDecodeError:
                continue
        return body.decode("latin-1").replace("\0", "")

    return decode


def _is_unicode(text: bytes) -> bool:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return text[:2] in (b"\xff\xfe", b"\xfe\xff")
    return True


def _guess(texts: Sequence[bytes]) -> str:
    """Returns the encoding of texts with letters beyond ASCII."""
    joined = b"\n".join(texts)
    japanese = [letter for letter in joined.decode("cp932", "ignore") if not letter.isascii()]
    if sum(map(_is_kana, japanese)) > 0.4 * len(japanese):  # by eye: kana are most of Japanese, and nothing else
        return "cp932"
    western = "cp1250" if _POLISH.search(joined) else "cp1252"
    if _is_western(joined):
        return western
    scores = {encoding: _score(texts, encoding) for encoding in _COMMON}
    best = max(scores, key=lambda encoding: scores[encoding])
    return best if scores[best] >= 0.8 else western  # by eye: one odd letter in five is damage, not another script


def _is_western(text: bytes) -> bool:
    """Whether letters beyond ASCII stand by themselves among others, as accents do."""
    runs = re.findall(rb"[\x80-\xff]+", text)
    letters = "".join(run.decode("cp1252", "replace") for run in runs)
    if not letters:
        return True
    known = sum(letter.isalpha() or letter in _PLAIN_SIGNS for letter in letters) + len(_POLISH.findall(text))
    return known >= 0.8 * len(letters) and len(letters) < 1.5 * len(runs)


def _score(texts: Sequence[bytes], encoding: str) -> float:
    """Returns how well texts read in an encoding: the share of letters of its script, and of the commonest of them.

    Words of an alphabet mix it with no other, and have no small letter before a great one.
    """
    try:
        text = "\n".join(text.decode(encoding) for text in texts)
    except UnicodeDecodeError:
        return 0.0
    letters = [letter for letter in text if not letter.isascii()]
    fitting = sum(_fits(letter, encoding) for letter in letters)
    common = sum(letter.lower() in _COMMON[encoding] for letter in letters)
    kana = sum("\uff61" <= letter <= "\uff9f" for letter in letters) if encoding == "cp932" else 0
    if (
        kana >= max(0.9 * len(letters), _SHORTEST) and 2 * common >= kana
    ):  # of half width, as old sequencers name tracks
        fitting += kana
    if encoding in _ALPHABETS:
        if fitting < max(0.9 * len(letters), _SHORTEST):
            return 0.0
        pairs = [(first, second) for first, second in zip(text, text[1:]) if first.isalpha() and second.isalpha()]
        fitting -= sum(first.isascii() != second.isascii() for first, second in pairs)
        fitting -= sum(first.islower() and second.isupper() for first, second in pairs)
    return (fitting + common) / max(len(letters), 2)


def _fits(letter: str, encoding: str) -> bool:
    """Whether a letter belongs to the script of an encoding; of Chinese characters, to the common half."""
    if encoding == "cp1253":
        return "\u0370" <= letter <= "\u03ff"
    if encoding in _ALPHABETS:
        return "\u0400" <= letter <= "\u045f"
    if encoding == "euc_kr":
        return "\uac00" <= letter <= "\ud7a3"
    if encoding == "cp932" and _is_kana(letter):
        return True
    if not "\u4e00" <= letter <= "\u9fff":
        return letter in "，。！？、：；（）《》「」・ー～"
    code = letter.encode(encoding, "ignore")[:1]
    first, last = {"gb18030": (0xB0, 0xD7), "big5": (0xA4, 0xC6), "cp932": (0x88, 0x97)}[encoding]
    return len(code) == 1 and first <= code[0] <= last


def _is_kana(letter: str) -> bool:
    return "\u3041" <= letter <= "\u30fe"
