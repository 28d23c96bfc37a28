"""Words on an engraved page: a title that fits, and for PDF letters from the fonts that this machine has.

A browser finds a font for any letter. The program that makes PDF draws each word in one font, and boxes for what that lacks.
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache

MAX_TITLE = 120  # letters; at this length they are as small as the words under the notes
_WIDE, _NARROW = (
    1.0,
    0.6,
)  # width of a letter as a share of the font's size: Chinese, Latin (of DejaVu Serif, a wide font)
_TITLE = re.compile(
    r'(<g [^>]*class="pgHead[^>]*>.*?<tspan [^>]* x=")(\d+)(" .*?<tspan font-size=")(\d+)(px">)([^<]+)(</tspan>)',
    re.DOTALL,
)
_SYLLABLE = re.compile(r'(class="syl">\s*<text[^>]*>\s*<tspan[^>]*>\s*<tspan font-size=")(\d+)px')
_SUNG = 0.87  # size of words below notes: the engraver leaves room for letters of Times, which are so much narrower than others
_CORNER = (1200, 1000)  # right of and above the first staff, by eye
_WORDS = re.compile(r'<tspan font-size="(\d+)px">([^<]+)</tspan>')
_FOOT = re.compile(r'(<svg class="definition-scale"[^>]*viewBox="0 0 (\d+) (\d+)"[^>]*>)')
# Scripts by the first word of their letters' names in Unicode; those of them whose letters stand side by side as they are.
_SCRIPTS = {
    "HIRAGANA": "Japanese", "KATAKANA": "Japanese", "CJK": "Chinese", "HANGUL": "Korean", "HEBREW": "Hebrew", "ARABIC": "Arabic",
    "BOPOMOFO": "Chinese", "ARMENIAN": "Armenian", "GEORGIAN": "Georgian", "THAI": "Thai", "DEVANAGARI": "Hindi",
}  # fmt: skip
_SIMPLE = frozenset(("Japanese", "Chinese", "Korean", "Hebrew", "Armenian", "Georgian"))
_KNOWN = frozenset(("LATIN", "GREEK", "CYRILLIC", "DIGIT", "COMBINING"))  # which every text font has


def short_title(title: str) -> str:
    """Returns a title on one line, cut between words where it is too long for a page."""
    plain = " ".join(title.split())
    return plain if len(plain) <= MAX_TITLE else plain[:MAX_TITLE].rpartition(" ")[0].rstrip(" ,;:") + " …"


def fit_words(page: str) -> str:
    """Returns a page with its title, if it has one, in a size that fits between the margins, and words to sing apart."""

    def fitted(title: re.Match[str]) -> str:
        before, middle, between, size, px, text, after = title.groups()
        width = sum(_WIDE if unicodedata.east_asian_width(c) in "WF" else _NARROW for c in html.unescape(text))
        fits = min(int(size), int(2 * int(middle) / max(width, 1)))
        return f"{before}{middle}{between}{fits}{px}{text}{after}"

    page = _SYLLABLE.sub(lambda found: f"{found[1]}{round(_SUNG * int(found[2]))}px", page)
    return _TITLE.sub(fitted, page, count=1)


def name_player(page: str, player: str) -> str:
    """Returns a page with the name of the player whose part it is in its upper left corner; as it is where there is none."""
    if not player:
        return page
    words = f'<text x="{_CORNER[0]}" y="{_CORNER[1]}" font-size="0px"><tspan font-size="420px">{html.escape(player)}</tspan></text>'
    return _FOOT.sub(lambda svg: svg[1] + words, page, count=1)


def draw_words(page: str) -> str:
    """Returns a page for PDF: each word in a font that has its letters, and a line below that says whose there is none for."""
    missing: set[str] = set()

    def drawn(words: re.Match[str]) -> str:
        size, text = words[1], html.unescape(words[2])
        foreign = [letter for letter in text if _script(letter)]
        if not foreign:
            return words[0]
        scripts = {_script(letter) for letter in foreign}
        font = _font_with("".join(sorted(set(foreign)))) if scripts <= _SIMPLE else None
        if font is None:
            missing.update(scripts)
            text = "".join(letter for letter in text if not _script(letter)).strip()
            return f'<tspan font-size="{size}px">{html.escape(text)}</tspan>' if text else ""
        if "Hebrew" in scripts:
            text = _right_to_left(text)
        return f'<tspan font-family="{html.escape(font)}" font-size="{size}px">{html.escape(text)}</tspan>'

    page = _WORDS.sub(drawn, page)
    if not missing:
        return page
    note = f"Words in {' and '.join(sorted(missing))} are left out: this computer has no font that can draw them."
    return _FOOT.sub(
        lambda svg: (
            f'{svg[1]}<text x="{int(svg[2]) // 2}" y="{int(svg[3]) - 500}" text-anchor="middle" '
            f'font-size="300px" font-style="italic">{note}</text>'
        ),
        page,
        count=1,
    )


def _script(letter: str) -> str:
    """Returns the script of a letter that not every font has, "" for others."""
    if letter.isascii() or not (letter.isalpha() or unicodedata.combining(letter)):
        return ""
    first = re.split(r"[ -]", unicodedata.name(letter, "UNKNOWN"))[0]
    return "" if first in _KNOWN else _SCRIPTS.get(first, first.title())


def _right_to_left(text: str) -> str:
    """Returns words of letters that go from right to left in the order in which they stand on paper, from the left."""
    clusters: list[str] = []
    for letter in text:
        if unicodedata.combining(letter) and clusters:
            clusters[-1] += letter
        else:
            clusters.append(letter)
    turned = "".join(reversed(clusters))
    return re.sub(r"[A-Za-z0-9]+", lambda word: word[0][::-1], turned)  # but those go from left to right


@lru_cache(maxsize=256)
def _font_with(letters: str) -> str | None:
    """Returns the family of a font on this machine that has all these letters, None where none does."""
    from fontTools.ttLib import TTFont, TTLibError
    from matplotlib.font_manager import findSystemFonts

    for path in sorted(findSystemFonts()):
        try:
            with TTFont(path, fontNumber=0, lazy=True) as font:
                if set(map(ord, letters)) <= font.getBestCmap().keys():
                    return str(font["name"].getBestFamilyName())
        except (
            TTLibError,
            OSError,
            KeyError,
            AttributeError,
            TypeError,
        ):  # a font that is damaged, or has no such table
            continue
    return None
