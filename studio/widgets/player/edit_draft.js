/* A piece while it is edited by hand: its notes in ticks, what is selected, undo and redo, and what is to be kept. Knows
   nothing of pages or pictures. Notes are never changed but replaced, so a state is a list of them that can be held. */

const UNDO_STEPS = 200; // more than anybody presses the keys for; a state is a list of references
const ROOM_AFTER = 2; // empty bars that are shown after the last note, to draw into
const MOST_AFTER = 64; // bars after the end of the piece beyond which no note goes: the server refuses 256

class Draft {
  /* `source` is what editing.py makes of a piece. */
  constructor(source) {
    Object.assign(this, { source, id: source.id, key: source.key, quarter: source.quarter, rows: source.drum_rows });
    this.map = new TickMap(source.tempo);
    this.originals = source.tracks.flatMap(({ track, notes }) => {
      const found = [];
      for (let i = 0; i < notes.length; i += 4) {
        const [time, duration, pitch, velocity] = notes.slice(i, i + 4);
        found.push({ track, note: i / 4, time, duration, pitch, velocity });
      }
      return found;
    });
    this.originals.forEach((note, id) => (note.id = id));
    this.next = this.originals.length;
    const tracks = source.tracks.map(({ track, name, program, drums }) => ({ track, name, program, drums }));
    const locks = new Set(source.locked.map((place) => place.join()));
    this.kept = new Set(this.originals.filter(({ track, note }) => locks.has([track, note].join())).map(({ id }) => id)); // locked in the piece
    this.state = { notes: this.originals, selected: new Set(), tracks, locked: this.kept };
    this.base = null; // the state before a gesture that is under way
    this.past = [];
    this.future = [];
  }

  get notes() {
    return this.state.notes;
  }

  get selected() {
    return this.state.selected;
  }

  get chosen() {
    const { notes, selected } = this;
    if (this._chosen?.notes !== notes || this._chosen.selected !== selected) {
      this._chosen = { notes, selected, found: notes.filter((note) => selected.has(note.id)) };
    }
    return this._chosen.found;
  }

  /* The ids of the notes that nothing changes until they are unlocked. */
  get locked() {
    return this.state.locked;
  }

  get chosenLocked() {
    return this.locked.size ? this.chosen.filter(({ id }) => this.locked.has(id)) : [];
  }

  /* Locks the selected notes; unlocks them where all of them are locked. */
  toggleLock() {
    const [ids, locked] = [this.chosen.map(({ id }) => id), new Set(this.locked)];
    if (!ids.length) return;
    const unlocks = ids.every((id) => locked.has(id));
    for (const id of ids) unlocks ? locked.delete(id) : locked.add(id);
    this._push(this.state, { ...this.state, locked });
  }

  get bars() {
    const { bars } = this.source;
    const length = bars.at(-1) - bars.at(-2);
    const until = this.notes.reduce((end, note) => Math.max(end, note.time + note.duration), bars.at(-1)) + ROOM_AFTER * length;
    const all = [...bars];
    while (all.at(-1) < until) all.push(all.at(-1) + length);
    return all;
  }

  /* The tick after which nothing may be. */
  get limit() {
    const { bars } = this.source;
    return bars.at(-1) + MOST_AFTER * (bars.at(-1) - bars.at(-2));
  }

  isDrum(track) {
    return this.state.tracks[track].drums;
  }

  /* Returns start and length of a note in seconds. */
  place({ time, duration }) {
    const start = this.map.seconds(time);
    return [start, this.map.seconds(time + duration) - start];
  }

  rowOf(pitch) {
    const row = this.rows.findIndex(({ keys }) => keys.includes(pitch));
    return row < 0 ? this.rows.length - 1 : row;
  }

  /* Returns which rows of drums have notes, from below; all where none has. */
  get rowsUsed() {
    if (this._used?.notes !== this.notes) {
      const used = new Set(this.notes.filter(({ track }) => this.isDrum(track)).map(({ pitch }) => this.rowOf(pitch)));
      this._used = { notes: this.notes, rows: this.rows.map((_, row) => row).filter((row) => used.has(row) || !used.size) };
    }
    return this._used.rows;
  }

  // ---- the grid ----

  /* Returns the bar, by its number from 0, that a tick is in. */
  barAt(tick) {
    const { bars } = this.source;
    const last = bars.length - 2;
    if (tick < bars.at(-1)) return Math.max(0, bars.findLastIndex((start) => start <= tick));
    return last + 1 + Math.floor((tick - bars.at(-1)) / (bars[last + 1] - bars[last]));
  }

  barStart(number) {
    const { bars } = this.source;
    const last = bars.length - 1;
    return number <= last ? bars[number] : bars[last] + (number - last) * (bars[last] - bars[last - 1]);
  }

  step(snap) {
    return SNAPS[snap] ? this.quarter / SNAPS[snap] : this.quarter / FINE;
  }

  /* Returns the line of the grid that is nearest to a tick; below it with Math.floor, above with Math.ceil. Lines are counted
     from the start of each bar. */
  snapped(tick, snap, round = Math.round) {
    if (!SNAPS[snap]) return Math.max(0, Math.round(tick));
    const bar = this.barAt(Math.max(0, tick));
    const start = this.barStart(bar);
    const line = Math.round(start + round((tick - start) / this.step(snap) + (round === Math.floor ? 1e-6 : round === Math.ceil ? -1e-6 : 0)) * this.step(snap));
    return Math.max(0, Math.min(line, this.barStart(bar + 1)));
  }

  // ---- states ----

  begin() {
    this.base ??= this.state;
  }

  show(notes, selected = this.base.selected) {
    this.state = { ...this.base, notes, selected };
  }

  /* Ends a gesture: where notes that were touched run into others of their pitch, the later one ends the earlier. Does nothing,
     and says so, where that would change a locked note. */
  end() {
    const { base } = this;
    this.base = null;
    if (!base || (base.notes.length === this.notes.length && base.notes.every((note, n) => note === this.notes[n]))) return;
    const before = new Set(base.notes);
    const touched = new Set(this.notes.filter((note) => !before.has(note)).map(({ id }) => id));
    const whole = (note) => (note.duration < 1 || note.velocity < 1 ? { ...note, duration: Math.max(1, note.duration), velocity: Math.max(1, note.velocity) } : note);
    const notes = trimmed(this.notes.map((note) => (touched.has(note.id) ? whole(note) : note)), touched, base.notes); // a file may hold notes of no length
    const stays = new Set(notes);
    this.blocked = base.notes.some((note) => base.locked.has(note.id) && !stays.has(note));
    if (this.blocked) this.state = base;
    else this._push(base, { ...this.state, notes });
  }

  cancel() {
    if (this.base) this.state = this.base;
    this.base = null;
  }

  /* Does one whole step; `change` returns the notes, and the ids of those that are selected then. */
  do(change) {
    this.begin();
    const [notes, selected] = change(this.base);
    this.show(notes, selected);
    this.end();
  }

  _push(base, state) {
    this.past = [...this.past, base].slice(-UNDO_STEPS);
    this.future = [];
    this.state = state;
  }

  undo() {
    this.cancel();
    if (!this.past.length) return false;
    this.future = [this.state, ...this.future];
    this.state = this.past.pop();
    return true;
  }

  redo() {
    this.cancel();
    if (!this.future.length) return false;
    this.past.push(this.state);
    [this.state, ...this.future] = this.future;
    return true;
  }

  select(ids) {
    this.state = { ...this.state, selected: new Set(ids) };
    if (this.base) this.base = { ...this.base, selected: this.state.selected };
  }

  _each(change) {
    const { notes, selected } = this.base ?? this.state;
    return notes.map((note) => (selected.has(note.id) && !this.locked.has(note.id) ? change(note) : note));
  }

  fresh(values) {
    return { ...values, id: this.next++, note: -1 };
  }

  // ---- what can be done with the notes that are selected; each returns all notes as they are then ----

  /* Moves by ticks and by semitones; drums alone by rows, beside others not at all. None leaves the piece: all stop where the first one would. */
  moved(ticks, steps) {
    const { notes, selected } = this.base ?? this.state;
    const going = notes.filter((note) => selected.has(note.id) && !this.locked.has(note.id));
    if (!going.length) return notes;
    const [pitched, drums] = [false, true].map((drum) => going.filter((note) => this.isDrum(note.track) === drum));
    const [first] = extent(going.map(({ time }) => time));
    const [, last] = extent(going.map((note) => note.time + note.duration));
    const forward = ticks < 0 ? Math.max(ticks, -first) : Math.min(ticks, Math.max(0, this.limit - last));
    const within = (values, high) => (values.length ? Math.max(-extent(values)[0], Math.min(high - extent(values)[1], steps)) : 0);
    const up = within(pitched.map(({ pitch }) => pitch), 127);
    const rows = pitched.length ? 0 : within(drums.map(({ pitch }) => this.rowOf(pitch)), this.rows.length - 1);
    return this._each((note) => {
      const key = this.isDrum(note.track) ? (rows ? this.rows[this.rowOf(note.pitch) + rows].key : note.pitch) : note.pitch + up;
      return forward || key !== note.pitch ? { ...note, time: note.time + forward, pitch: key } : note;
    });
  }

  /* Moves the ends, or with `atStart` the beginnings; a note keeps at least this many ticks. */
  resized(ticks, least, atStart = false) {
    return this._each((note) => {
      const short = Math.min(least, note.duration);
      if (!atStart) return ticks ? { ...note, duration: Math.min(Math.max(short, note.duration + ticks), this.limit - note.time) } : note;
      const by = Math.max(-note.time, Math.min(ticks, note.duration - short));
      return by ? { ...note, time: note.time + by, duration: note.duration - by } : note;
    });
  }

  louder(by) {
    return this._each((note) => {
      const velocity = Math.max(1, Math.min(127, Math.round(note.velocity + by)));
      return velocity === note.velocity ? note : { ...note, velocity };
    });
  }

  quantized(snap) {
    const lines = SNAPS[snap] ? snap : '1/16';
    return this._each((note) => {
      const time = this.snapped(note.time, lines);
      return time === note.time ? note : { ...note, time };
    });
  }

  /* Splits at a tick those that sound over it; all of them in half where none does. Both halves are selected then. */
  split(tick, snap) {
    this.do(({ notes, selected }) => {
      const over = (note) => note.time < tick && tick < note.time + note.duration;
      const some = notes.some((note) => selected.has(note.id) && over(note));
      const now = new Set(selected);
      const halves = notes.flatMap((note) => {
        if (!selected.has(note.id) || this.locked.has(note.id) || note.duration < 2 || (some && !over(note))) return [note];
        const middle = note.time + note.duration / 2;
        const line = this.snapped(middle, snap);
        const at = some ? tick : line > note.time && line < note.time + note.duration ? line : Math.round(middle);
        const second = this.fresh({ ...note, time: at, duration: note.time + note.duration - at });
        now.add(second.id);
        return [{ ...note, duration: at - note.time }, second];
      });
      return [halves.length > notes.length ? halves : notes, now];
    });
  }

  /* Makes one of those that share a track and a pitch, from the first beginning to the last end. Returns whether there were any. */
  join() {
    const groups = new Map();
    for (const note of this.chosen) if (!this.locked.has(note.id)) groups.set(pitchKey(note), [...(groups.get(pitchKey(note)) ?? []), note]);
    const [longer, gone] = [new Map(), new Set()];
    for (const group of groups.values()) {
      if (group.length < 2) continue;
      const [first, ...rest] = group.sort((a, b) => a.time - b.time);
      const [, end] = extent(group.map((note) => note.time + note.duration));
      longer.set(first.id, { ...first, duration: end - first.time });
      for (const { id } of rest) gone.add(id);
    }
    if (!gone.size) return false;
    this.do(({ notes, selected }) => [
      notes.filter(({ id }) => !gone.has(id)).map((note) => longer.get(note.id) ?? note),
      new Set([...selected].filter((id) => !gone.has(id))),
    ]);
    return true;
  }

  remove(chosen = this.selected) {
    const ids = new Set([...chosen].filter((id) => !this.locked.has(id)));
    if (ids.size) this.do(({ notes, selected }) => [notes.filter(({ id }) => !ids.has(id)), new Set([...selected].filter((id) => !ids.has(id)))]);
  }

  /* Adds notes, which are selected then. */
  add(values) {
    const added = values.filter(({ time, duration }) => time + duration <= this.limit).map((value) => this.fresh(value));
    if (added.length) this.do(({ notes }) => [[...notes, ...added], new Set(added.map(({ id }) => id))]);
    return added;
  }

  /* Repeats the selected notes right after their end, on the grid, or after the end of their last bar. */
  duplicate(snap, byBars) {
    const { chosen } = this;
    if (!chosen.length) return;
    const [first] = extent(chosen.map(({ time }) => time));
    const [, last] = extent(chosen.map((note) => note.time + note.duration));
    const from = byBars ? this.barStart(this.barAt(first)) : this.snapped(first, snap, Math.floor);
    const to = byBars ? this.barStart(this.barAt(last - 1) + 1) : this.snapped(last, snap, Math.ceil);
    this.add(chosen.map((note) => ({ ...note, time: note.time + to - from })));
  }

  // ---- what is to be kept ----

  /* Returns what differs from the piece, as `music.edit_notes.Edits` takes it. */
  edits(state = this.state) {
    const [changed, added, removed] = [[], [], []];
    const there = new Map(state.notes.map((note) => [note.id, note]));
    for (const was of this.originals) {
      const now = there.get(was.id);
      if (!now) removed.push([was.track, was.note]);
      else if (FIELDS.some((field) => now[field] !== was[field])) changed.push([was.track, was.note, ...FIELDS.map((field) => now[field])]);
    }
    for (const note of state.notes) if (note.note < 0) added.push(noteValues(note));
    const { tracks } = this.source;
    return {
      changed,
      added,
      removed,
      tracks: state.tracks.slice(tracks.length).map(({ name, program, drums }) => [name, program, drums]),
      locked: state.notes.filter(({ id }) => state.locked.has(id) && !this.kept.has(id)).map(noteValues),
      unlocked: this.originals.filter(({ id }) => this.kept.has(id) && !state.locked.has(id)).map(noteValues),
      programs: state.tracks.slice(0, tracks.length).filter(({ program }, index) => program !== tracks[index].program).map(({ track, program }) => [track, program]),
    };
  }

  setTracks(tracks) {
    this._push(this.state, { ...this.state, tracks });
  }

  /* How many notes and tracks are other than in the piece. */
  get count() {
    const { notes, tracks, locked } = this.base ?? this.state; // a gesture that is under way counts at its end
    const known = this._counted;
    if (known?.notes !== notes || known.tracks !== tracks || known.locked !== locked) {
      this._counted = { notes, tracks, locked, count: Object.values(this.edits({ notes, tracks, locked })).reduce((sum, list) => sum + list.length, 0) };
    }
    return this._counted.count;
  }
}

const FIELDS = ['time', 'duration', 'pitch', 'velocity'];

/* Returns the least and the most of some values. */
function extent(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}
const noteValues = (note) => [note.track, ...FIELDS.map((field) => note[field])];
const pitchKey = (note) => note.track * 128 + note.pitch;

/* Returns the notes without overlaps of those that were touched with others of their track and pitch: the later one ends the
   earlier, and of two that begin together the touched one stays. Notes that overlapped before, both touched or neither, still
   may. `before` is how all notes were. */
function trimmed(notes, touched, before) {
  const groups = new Map();
  for (const note of notes) if (touched.has(note.id)) groups.set(pitchKey(note), []);
  for (const note of notes) groups.get(pitchKey(note))?.push(note);
  const was = new Map(before.filter(({ id }) => touched.has(id)).map((note) => [note.id, note]));
  const overlapped = (a, b) => {
    const [first, second] = [was.get(a.id), was.get(b.id)];
    return first && second && pitchKey(first) === pitchKey(second) && first.time + first.duration > second.time && second.time + second.duration > first.time;
  };
  const now = new Map(); // id -> the note as it is then, null for one that goes
  for (const group of groups.values()) {
    group.sort((a, b) => a.time - b.time || touched.has(b.id) - touched.has(a.id) || b.duration - a.duration);
    let last = null;
    for (const note of group) {
      const near = last && (touched.has(last.id) || touched.has(note.id)) && !overlapped(last, note);
      if (near && last.time === note.time) {
        now.set(note.id, null);
        continue;
      }
      if (near && last.time + last.duration > note.time) now.set(last.id, { ...last, duration: note.time - last.time });
      last = note;
    }
  }
  return now.size ? notes.filter(({ id }) => now.get(id) !== null).map((note) => now.get(note.id) ?? note) : notes;
}
