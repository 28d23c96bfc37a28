"""The form of a song changed on the bar of its sections: what comes of it is a take, or a lock that re-rolls heed."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from music.errors import StudioError
from music.form import INTRO
from music.piece import Piece
from pipelines.descriptors.stages import STAGES
from pipelines.options.rearrange import RearrangeOptions
from pipelines.rearrange import Form, change_form, rearrange
from pipelines.song.again_options import AgainOptions, check_unlocked
from pipelines.song.plan import Plan, Stage
from studio.projects.project import Take
from studio.projects.song import Song
from studio.widgets.compose.locked_sections import follow_sections, lock_section, locked_sections
from studio.widgets.compose.stage_labels import finished
from studio.widgets.job_progress import begin
from studio.widgets.player.exchange import answer_to, asked_piece, deal_with
from studio.widgets.sampling import drawn_seed

_KIND = "sections"
_MOST_HELD = 16  # pieces that visitors look at now, as the player holds

_ORDERS: dict[str, Callable[[Form, int], RearrangeOptions]] = {
    "earlier": lambda form, number: form.moved(number, number - 1),
    "later": lambda form, number: form.moved(number, number + 1),
    "repeat": Form.repeated,
    "longer": Form.longer,
    "shorter": Form.shorter,
    "remove": Form.removed,
}
"""What a button of a section does to the form."""

_CHANGING = ("again", "longer", "shorter", "remove")
"""What does not go with a section that is locked."""

_LOCKED_NOTE = "Locked: no model changes it, here or on another page."


def on_the_bar(song: Song) -> dict[str, Any] | None:
    """Returns what the player needs so that the form of the current piece can be changed; None where it marks no sections."""
    piece = song.piece
    form = _form(piece)
    if not form.sections:
        return None
    answer = answer_to(_KIND)
    whole, locked = _is_whole(song.take), _locked(song.take)
    return {
        "id": piece.fingerprint,
        "answered": answer.serial,
        "problem": answer.problem,
        "sections": [_offered(form, number, whole, number in locked) for number in range(len(form.sections))],
    }


@functools.lru_cache(maxsize=_MOST_HELD)
def _form(piece: Piece) -> Form:
    return Form(piece.score)


def _is_whole(take: Take) -> bool:
    """Whether a take is a composed song, finished."""
    return isinstance(take.options, Plan) and finished(take.options, take.stages) == len(take.options.stages)


def _locked(take: Take) -> list[int]:
    """Returns the sections that are locked, where re-rolls are possible at all: elsewhere nobody could unlock them."""
    return locked_sections(take) if _is_whole(take) else []


def _offered(form: Form, number: int, whole: bool, locked: bool) -> dict[str, Any]:
    """Returns what can be done with a section: an action, its label, and what it does, for each button."""
    if number not in form.body:
        gone = [("remove", "Remove", "Takes the intro out.")] if form.sections[number].name == INTRO else []
        return {"actions": gone, "movable": False, "locked": False, "note": ""}
    others = sum(part.name.rstrip("'") == form.sections[number].name.rstrip("'") for part in form.sections) > 1
    alone = "Only this one; its returns stay as they are." if others else "All else stays as it is."
    actions = []
    if whole and not locked:
        actions.append(("again", "Write again", f"Another melody and other chords for this section. {alone}"))
    if whole:
        text = (
            "Re-rolls and other pages may change it again."
            if locked
            else "Re-rolls, Remix and Harmonize leave it as it is, note for note."
        )
        actions.append(("unlock" if locked else "lock", "Unlock" if locked else "Lock", text))
    phrase, bars = form.phrase(number), form.sections[number].last - form.sections[number].first
    if phrase and not locked:
        actions.append(("longer", "Longer", f"Its first phrase comes twice: {phrase} bars more. {alone}"))
        if bars > phrase:
            actions.append(("shorter", "Shorter", f"Goes without its first phrase: {phrase} bars less. {alone}"))
    if number - 1 in form.body:
        actions.append(("earlier", "Earlier", f"Before {form.name(number - 1)}. Or drag it."))
    if number + 1 in form.body:
        actions.append(("later", "Later", f"After {form.name(number + 1)}. Or drag it."))
    actions.append(("repeat", "Repeat", "Comes twice in a row, with the same notes."))
    if len(form.body) > 1 and not locked:
        actions.append(("remove", "Remove", "Takes this section out of the song."))
    return {"actions": actions, "movable": len(form.body) > 1, "locked": locked, "note": _LOCKED_NOTE if locked else ""}


def take_over(message: Any) -> None:
    """Does with a section what was asked for, or notes what is wrong with that; for the player's callback.

    Args:
        message: ``piece``, the fingerprint of what was shown; ``serial``, its number; ``action``, ``section``, counted from 0, and
            where it is to stand, ``to``. A browser may say anything.
    """
    deal_with(_KIND, message, _change)


def _change(song: Song, message: Mapping[str, Any]) -> None:
    form, whole = _form(asked_piece(song, message)), _is_whole(song.take)
    action, number, to = message.get("action"), message.get("section"), message.get("to")
    if type(number) is not int or not 0 <= number < len(form.sections):
        raise StudioError("There is no such section in this piece. Reload the page and try again.")
    if action in _CHANGING and number in _locked(song.take):
        raise StudioError("This section is locked. Unlock it first.")
    if action == "move" and type(to) is int:
        _arrange(song, form.moved(number, to))
    elif isinstance(action, str) and action in _ORDERS:
        _arrange(song, _ORDERS[action](form, number))
    elif action in ("lock", "unlock") and whole and number in form.body:
        lock_section(song.take, number, action == "lock")
    elif action == "again" and whole:
        _write_again(song, form, number)
    else:
        raise StudioError("This cannot be done with a section. Reload the page and try again.")


def _arrange(song: Song, options: RearrangeOptions) -> None:
    """Adds the take at once: only rules work for it."""
    piece, take = song.piece, song.take
    if not _is_whole(take):
        (*_, step) = rearrange(piece, options)
        song.add(step.pieces, detail=options.words, before=piece, options=options)
    else:
        plan = Plan(take.options.brief, (*take.options.stages, Stage("arrangement", options)))
        (*_, step) = change_form(piece, options)
        follow_sections(take, step.piece, options)
        stages = (*take.stages, step.piece)
        song.add(step.pieces, detail=options.words, before=take.before, options=plan, stages=stages)
    song.notice, song.remarks = None, step.remarks


def _write_again(song: Song, form: Form, number: int) -> None:
    take = song.take
    options = AgainOptions(number, f"wrote {form.name(number)} again", drawn_seed())
    check_unlocked(song.piece, number)
    (detail,) = STAGES["again"].describe(options)
    plan = Plan(take.options.brief, (*take.options.stages, Stage("again", options)))
    begin(song, "compose", take.before or Piece.empty(), plan, detail, stages=take.stages)
