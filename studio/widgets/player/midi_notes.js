/* What is played on a MIDI keyboard, as notes. Knows nothing of pages, sound or browsers. */

const PEDAL = 64;

/* Returns what a MIDI message says: { kind: 'on' | 'off' | 'pedal', ... }, or null where it is something else. */
function readMidi([status, first, second]) {
  const kind = status & 0xf0;
  if (kind === 0x90 && second > 0) return { kind: 'on', pitch: first, velocity: second };
  if (kind === 0x80 || kind === 0x90) return { kind: 'off', pitch: first };
  if (kind === 0xb0 && first === PEDAL) return { kind: 'pedal', down: second >= 64 };
  return null;
}

/* The notes of somebody who plays: from a key's press to its end, which the pedal puts off. Times are seconds of the piece. */
class Playing {
  constructor() {
    this.sounding = new Map(); // by pitch
    this.notes = []; // in the order of their beginning; those that sound have no end yet
    this.pedal = false;
  }

  on(pitch, velocity, at) {
    this._end(this.sounding.get(pitch), at);
    const note = { pitch, velocity, from: at, to: null, lifted: false };
    this.sounding.set(pitch, note);
    this.notes.push(note);
    return note;
  }

  /* Returns whether the note ends. */
  off(pitch, at) {
    const note = this.sounding.get(pitch);
    if (!note) return false;
    note.lifted = true;
    if (!this.pedal) this._end(note, at);
    return !this.pedal;
  }

  /* Returns the pitches that end. */
  press(down, at) {
    this.pedal = down;
    const ending = down ? [] : [...this.sounding.values()].filter(({ lifted }) => lifted);
    for (const note of ending) this._end(note, at);
    return ending.map(({ pitch }) => pitch);
  }

  /* Ends all. */
  finish(at) {
    for (const note of [...this.sounding.values()]) this._end(note, at);
  }

  /* Whether a finger is on a key. */
  get held() {
    return [...this.sounding.values()].some(({ lifted }) => !lifted);
  }

  _end(note, at) {
    if (!note) return;
    note.to = Math.max(note.from, at);
    this.sounding.delete(note.pitch);
  }
}

/* Returns where a note that was played goes in a draft: on the grid at both ends, at least a step long; as it was played where
   there is no grid. None begins before `first`. */
function onTheGrid(draft, { from, to }, snap, first) {
  const { map } = draft;
  const least = SNAPS[snap] ? Math.max(1, Math.round(draft.step(snap))) : 1;
  const time = Math.max(first, draft.snapped(map.ticks(from), snap));
  return { time, duration: Math.max(least, draft.snapped(map.ticks(to), snap) - time) };
}

/* Returns the ticks of the beats of the bar that a tick is in, from its line on: quarters, or eighths where no whole number of
   quarters fills it. */
function beatsOf(draft, tick) {
  const bar = draft.barAt(tick);
  const [start, end] = [draft.barStart(bar), draft.barStart(bar + 1)];
  const beat = (end - start) % draft.quarter ? draft.quarter / 2 : draft.quarter;
  return Array.from({ length: Math.max(1, Math.round((end - start) / beat)) }, (_, n) => start + n * beat);
}
