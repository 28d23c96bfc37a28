"""SHIM until the text helper's reading lands."""

from dataclasses import dataclass, field
import numpy as np
from pipelines.wording.encoder import encode


@dataclass(frozen=True)
class Words:
    vector: np.ndarray
    attributes: dict
    tempo_bpm: float | None = None
    key: str | None = None
    time_signature: str | None = None
    instruments: tuple[str, ...] = ()
    drums: bool | None = None
    title: str = ""


def read_words(text, lyrics=""):
    from pipelines.wording.captions import wordings

    a = {}
    for k, t in wordings().items():
        for c, w in t.items():
            if any(x in text.lower() for x in w):
                a[k] = c
    fam = a.pop("family", None)
    dr = a.pop("drums", None)
    inst = {
        "piano": "piano",
        "guitar": "guitar",
        "bass": "bass",
        "strings": "strings",
        "brass": "brass",
        "wind": "flute",
        "organ": "organ",
        "synth": "lead 2 (sawtooth)",
        "bells": "vibraphone",
    }
    return Words(
        encode([text])[0], a, instruments=(inst[fam],) if fam else (), drums=True if dr else None, title=text[:60]
    )
