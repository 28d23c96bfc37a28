"""Words for how a song goes from its beginning to its end: data only, as in ``pipelines.prompt.words``.

Numbers of bars and moments ("a 4-bar intro", "drop at 0:45") are read by ``pipelines.prompt.course``.
"""

from __future__ import annotations

COURSE_WORDS: dict[tuple[str, ...], str] = {
    (
        "louder",
    ): "crescendo, a crescendo, long crescendo, big crescendo, louder and louder, ever louder, increasingly loud, swelling",
    (
        "quieter",
    ): "diminuendo, decrescendo, quieter and quieter, softer and softer, ever quieter, ever softer, dies away, dying away, "
    "morendo",
    (
        "denser",
    ): "denser, denser and denser, fuller and fuller, thicker and thicker, more and more instruments, layer by layer, "
    "instruments join one by one, players join one by one, one instrument after another, ever denser",
    ("sparser",): "thins out, thinning out, thin out, sparser, sparser and sparser, thinner and thinner, ever sparser, "
    "fewer and fewer instruments, players leave one by one, instruments leave one by one",
    (
        "louder",
        "denser",
    ): "builds up, build up, building up, buildup, builds, gradual build, slow build, slowly builds, "
    "gradually builds, builds slowly, builds gradually, builds to a climax, builds up to a climax, build up to a climax, "
    "builds towards a climax, with a build, climactic build",
}
"""``Brief.course``. "gets louder", "grows gradually denser" and the like are read too."""

ENDING_WORDS: dict[str, str] = {
    "ritardando": "ritardando, ritard, ritenuto, rallentando, allargando, molto ritardando, poco ritardando, final ritardando, "
    "ritardando at the end, rallentando at the end, slows down at the end, slow down at the end, slowing down at the end, "
    "slows at the end, slower at the end, slowing at the end, slows down towards the end, slow ending",
    "fade out": "fade out, fades out, fading out, fadeout, fade out ending, fade out at the end, fades out at the end, fades away, "
    "fade away, fading away, fades to silence, fade to silence, faded ending, fade ending, fades at the end",
    "in tempo": "ends in tempo, in tempo to the end, without slowing down, no slowing down, doesnt slow down, cold ending, "
    "abrupt ending, ends abruptly, sudden ending, sudden end",
}
"""``Brief.ending``."""

SWING_WORDS: dict[bool, str] = {
    True: "swing feel, shuffle feel, swung eighths, swung eighth notes, swing eighths, swung quavers, swung feel, swing rhythm, "
    "swung rhythm, triplet feel, with a swing",
    False: "straight eighths, straight eighth notes, straight quavers, straight feel, straight 8 ths, even eighths, unswung",
}
"""``Brief.swing``."""

PICKUP_WORDS = (
    "pickup, pick up, with a pickup, with a pick up, pickup bar, pickup beat, pickup note, pickup notes, pickup measure, starts with a "
    "pickup, begins with a pickup, anacrusis, with an anacrusis, upbeat bar"
)
"""``Brief.pickup``."""
