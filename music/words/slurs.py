"""Words that no lyrics get: slurs and a few coarse insults, listed by their digests so that none stands here.

A word is added as ``hashlib.sha256(b"word").hexdigest()[:10]``, each form by itself.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

_DIGESTS = """
044eb98b18 08a841e996 0be9b885f4 0ce875d620 0dcc4d3364 11cf8376a1 11ee63a73f 120f6e5b4e 158869a973 16ea09fc78
17bde8b406 1c4bfd100a 1e02eec4f1 268651b3ec 27a62b6817 31506a8448 341d56384a 3b1e0d7c5d 3cb6a563b3 402f7ebd98
43508b5c03 448b303c89 457f002f92 45cd3e1bb4 46505206c3 469c0fdb60 4b18aefe82 4c58f5d5fe 517ae3f732 565ed74643
566f532d48 5a9d9dcefb 5b3ae48be1 6122fdf4ae 619bc82e0d 6939937b0a 6ac3c336e4 701033ae26 7122c9a14b 82159dd028
886d51e97a 8f5083e3e5 92a9bf818e 937d56e497 94a877e2ce 98980840dd 98b52c4b6b 9915ba2d82 9ae315a94e 9d57436661
9ee4d27487 a7bf072c97 ad64e56f21 ad6cacf3af b3cec2f6ec b690cdbe59 b9ef608311 bb87adf8aa bd331fb1d2 be00f1af52
c1b4ed0539 c1cabb6f6e c22f315f1b c2c3b68b48 c3de533e9b c709d1a287 cc02032349 d0e3cb91d2 d75a838dc7 da88439262
daec0c235d e7b98c6aa5 eda887476f eea2991640 eef3bd0916 f59e28f8bb f9d0d9b18a
"""


@lru_cache(8192)
def is_slur(word: str) -> bool:
    """Returns whether a word, in any case and without signs around it, is listed."""
    plain = re.sub(r"[^a-z]", "", word.lower().removesuffix("'s"))
    return hashlib.sha256(plain.encode()).hexdigest()[:10] in _DIGESTS.split()


def has_slur(text: str) -> bool:
    """Returns whether a listed word is in a text."""
    return any(is_slur(word) for word in re.findall(r"[^\W\d_]+(?:'s)?", text))
