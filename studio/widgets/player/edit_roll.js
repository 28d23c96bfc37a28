/* The roll while a piece is edited: what is shown, what the pointer and the keys do. What becomes of the notes is the
   draft's; the page hears of it when the changes are kept. */

const LANE = 64; // the strip of loudness under the notes
const ROW_PX = 12; // so high a row must be for a fingertip's aim: by eye, not measured
const EDGE_PX = 7; // near its end a note is resized
const MOVED_PX = 4;
const HELD_DRAFTS = 8; // pieces whose unkept edits are held when another is shown, or another page
const DRAWN_VELOCITY = 90;
const NEW_COLOR = '#8f9cf5';
const NOTE_LETTERS = ['C', 'C♯', 'D', 'E♭', 'E', 'F', 'F♯', 'G', 'A♭', 'A', 'B♭', 'B'];
const pitchName = (pitch) => `${NOTE_LETTERS[pitch % 12]}${Math.floor(pitch / 12) - 1}`;

const heldDrafts = new Map(); // by piece
let clipboard = null; // of all players of the page: notes in quarters, from the first one

class Editor {
  constructor(player) {
    this.player = player;
    this.audition = new Audition(player.transport);
    this.bar = new EditBar(this);
    this.song = new SongPanel(this);
    this.draft = null;
    this.wanted = false;
    this.tool = 'select';
    this.snap = '1/16';
    this.track = null; // the one that is edited; null for all
    this.exchange = new Exchange('edit');
    this.low = 0; // the lowest row that is seen
  }

  /* Whether the piece that is shown is being edited. */
  get on() {
    return this.wanted && this.isShown;
  }

  get isShown() {
    return this.draft !== null && this.player.side?.id === this.draft.id;
  }

  load(source, send) {
    const { exchange } = this;
    exchange.load(source, send, source?.key);
    if (exchange.accepted) heldDrafts.delete(exchange.sent);
    if (!source) this.draft = null;
    else if (this.draft?.key !== source.key) {
      const draft = heldDrafts.get(source.key) ?? new Draft(source);
      heldDrafts.delete(source.key);
      heldDrafts.set(source.key, draft);
      for (const id of [...heldDrafts.keys()].slice(0, -HELD_DRAFTS)) heldDrafts.delete(id);
      this.draft = draft;
      if (this.track !== null && !draft.state.tracks[this.track]) this.track = null;
    }
  }

  // ---- what the player shows ----

  /* Returns a piece as it is shown now: with its edits, room after its end, and rows high enough to aim at. */
  shown(piece) {
    if (!this.on || piece.id !== this.draft.id) return piece;
    const { draft } = this;
    const { tracks, notes } = draft.state;
    const { rows, seenDrums, low, track: edited } = this;
    const from = { notes, tracks, low, rows, edited, of: piece };
    if (this._shown && Object.keys(from).every((name) => this._shown.from[name] === from[name])) return this._shown.piece;
    const row = new Map(seenDrums.map((each, place) => [each, place]));
    const lists = tracks.map(() => []);
    const ids = tracks.map(() => []);
    let end = 0;
    for (const note of notes) {
      const [start, length] = draft.place(note);
      if (start + length > end) end = start + length;
      const line = tracks[note.track].drums ? row.get(draft.rowOf(note.pitch)) : note.pitch;
      if (line === undefined) continue;
      lists[note.track].push(start, length, line, note.velocity);
      ids[note.track].push(note);
    }
    const bars = draft.bars.map((tick) => draft.map.seconds(tick));
    const known = new Map(piece.tracks.map((track) => [track.track, track]));
    const made = {
      ...piece,
      bars,
      end,
      seconds: bars.at(-1),
      low,
      high: low + rows - 1,
      has_pitches: tracks.some(({ drums }) => !drums),
      drum_rows: seenDrums.map((each) => draft.rows[each].name),
      new_from: null,
      tracks: tracks.map(({ track, name, drums }) => ({
        ...(known.get(track) ?? { track, key: `new ${track}`, name, instrument: name, drums, color: NEW_COLOR }),
        notes: lists[track],
        held: ids[track],
        changed: null,
      })),
    };
    this._shown = { from, piece: made };
    return made;
  }

  get lane() {
    return this.on ? LANE : 0;
  }

  /* Which rows of drums are seen: all while they are edited alone, none while another track is. */
  get seenDrums() {
    const { draft, track } = this;
    if (track !== null) return draft.isDrum(track) ? draft.rows.map((_, row) => row) : [];
    return draft.state.tracks.some(({ drums }) => drums) ? draft.rowsUsed : [];
  }

  /* How many rows of pitches are seen. */
  get rows() {
    const height = (this.player.parts?.over.clientHeight || 480) - RULER - LANE;
    return Math.max(13, Math.min(128, Math.floor((height - this.seenDrums.length * DRUM_ROW) / ROW_PX)));
  }

  /* Puts the middle of the notes into the middle of the roll, or moves it just so far that these pitches are seen. */
  reveal(pitches = null) {
    const { rows } = this;
    const bounded = (low) => Math.max(0, Math.min(128 - rows, low));
    const all = pitches ?? this.draft.notes.filter(({ track }) => !this.draft.isDrum(track) && (this.track === null || track === this.track)).map(({ pitch }) => pitch);
    if (!all.length) return;
    const [least, most] = extent(all);
    if (!pitches) this.low = bounded(Math.round((least + most) / 2 - rows / 2));
    else if (most - least < rows) this.low = bounded(Math.max(Math.min(this.low, least - 1), most + 2 - rows));
  }

  lights(track) {
    return !this.on || this.track === null || track.track === this.track;
  }

  /* Shows what the draft is now. */
  refresh() {
    const { player } = this;
    if (player.side) {
      player.piece = this.shown(player.side);
      player.view.show(player.piece, false, false);
    }
    this.bar.refresh();
    showLegend(player.parts.legend, player.piece);
    player.show();
    player.draw();
  }

  inWords() {
    const { draft } = this;
    if (this.said) return this.said;
    const { chosen, count } = draft;
    const unkept = count ? `${count} change${count > 1 ? 's' : ''} not kept` : 'Nothing changed yet';
    if (!chosen.length) return unkept;
    const [{ pitch, time, track }] = chosen;
    const bar = draft.barAt(time) + 1;
    const what = draft.isDrum(track) ? draft.rows[draft.rowOf(pitch)].name : pitchName(pitch);
    const locked = draft.chosenLocked.length;
    const held = locked ? `, ${locked === chosen.length ? 'locked' : `${locked} of them locked`}` : '';
    return `${chosen.length > 1 ? `${chosen.length} notes` : `${what} in bar ${bar}`} selected${held} · ${unkept}`;
  }

  // ---- what can be asked for ----

  toggle() {
    const { player } = this;
    if (this.wanted && !this.isShown) return player.choose(player.data.pieces.findLast(({ id }) => id === this.draft.id));
    this.wanted = !this.wanted;
    player.root.classList.toggle('editing', this.wanted);
    if (!this.isShown) player.choose(player.data.pieces.findLast(({ id }) => id === this.draft.id));
    if (this.wanted) {
      audioContext(); // else the first note that is touched waits for it
      this.reveal();
      player.parts.over.focus({ preventScroll: true });
    } else this.audition.stop();
    this.refresh();
  }

  run(command) {
    if (command !== EDIT_COMMANDS.record) this.player.midi.keyboard.stop();
    this.said = '';
    const locked = command.changes ? this.draft.chosenLocked.length : 0;
    command.run(this);
    if (locked) this.said = `${locked > 1 ? `${locked} locked notes stay` : 'A locked note stays'} as ${locked > 1 ? 'they are' : 'it is'}. Unlock with L.`;
    this.tellBlocked();
    this.refresh();
    if (!this.player.root.contains(document.activeElement)) this.player.parts.over.focus({ preventScroll: true });
  }

  /* Says so where the last step was not done, because of a locked note. */
  tellBlocked() {
    if (this.draft.blocked) this.said = 'A locked note of that pitch is in the way. Unlock it with L, or go elsewhere.';
    this.draft.blocked = false;
  }

  setTool(tool) {
    this.tool = tool;
    this.refresh();
  }

  setSnap(snap) {
    this.snap = snap;
    this.refresh();
  }

  setTrack(value) {
    const { draft } = this;
    if (value.startsWith('new')) {
      const drums = value === 'new drums';
      const number = draft.state.tracks.length;
      draft.setTracks([...draft.state.tracks, { track: number, name: drums ? 'Drums' : draft.source.instruments[0], program: 0, drums }]);
      this.track = number;
    } else this.track = value === '' ? null : Number(value);
    this.reveal();
    this.refresh();
  }

  setProgram(program) {
    const { draft, track } = this;
    const isNew = track >= draft.source.tracks.length; // one that has no name of its own yet
    draft.setTracks(draft.state.tracks.map((each) => (each.track === track ? { ...each, program, name: isNew ? draft.source.instruments[program] : each.name } : each)));
    this.refresh();
  }

  undo() {
    if (!this.draft.undo()) this.said = 'Nothing to undo here. Undo above goes back to the take before.';
    this._trackStays();
  }

  redo() {
    this.draft.redo();
    this._trackStays();
  }

  _trackStays() {
    if (this.track !== null && !this.draft.state.tracks[this.track]) this.track = null;
  }

  selectAll() {
    this.draft.select(this.draft.notes.filter(({ track }) => this.track === null || track === this.track).map(({ id }) => id));
  }

  selectNext(step) {
    const order = this.draft.notes.filter(({ track }) => this.track === null || track === this.track).sort((a, b) => a.time - b.time || b.pitch - a.pitch || a.id - b.id);
    if (!order.length) return;
    const at = order.findIndex(({ id }) => this.draft.selected.has(id));
    const tick = this.tickNow();
    const near = order.findIndex(({ time }) => time >= tick - 1);
    const note = order[clamp(at < 0 ? (near < 0 ? order.length - 1 : near) : at + step, 0, order.length - 1)];
    this.draft.select([note.id]);
    this.reveal(this.draft.isDrum(note.track) ? [] : [note.pitch]);
    this.player.view.reveal(this.draft.place(note)[0]);
    this.hearNote(note);
  }

  /* Changes the selected notes in one step. */
  change(notes) {
    this.draft.do(({ selected }) => [notes(this.draft), selected]);
  }

  nudge(steps, pitches) {
    if (!this.draft.selected.size) return;
    this.change((draft) => draft.moved(Math.round(steps * draft.step(this.snap)), pitches));
    const { chosen } = this.draft;
    this.reveal(chosen.filter(({ track }) => !this.draft.isDrum(track)).map(({ pitch }) => pitch));
    if (pitches && chosen.length) this.hearNote(chosen[0]);
  }

  stretch(steps) {
    const step = Math.round(this.draft.step(this.snap));
    this.change((draft) => draft.resized(steps * step, step));
  }

  tickNow() {
    return this.draft.snapped(this.draft.map.ticks(this.player.transport.now()), this.snap);
  }

  split() {
    this.draft.split(this.tickNow(), this.snap);
  }

  join() {
    if (!this.draft.join()) this.said = 'Select two or more notes of one pitch to join them.';
  }

  copy() {
    const { chosen, quarter } = this.draft;
    if (!chosen.length) return;
    const [first] = extent(chosen.map(({ time }) => time));
    clipboard = chosen.map(({ time, duration, pitch, velocity, track }) => ({ at: (time - first) / quarter, long: duration / quarter, pitch, velocity, track, drums: this.draft.isDrum(track) }));
  }

  cut() {
    this.copy();
    this.draft.remove();
  }

  paste() {
    const { draft } = this;
    if (!clipboard) return;
    const from = this.tickNow();
    const home = ({ track, drums }) => {
      const tracks = draft.state.tracks;
      if (this.track !== null && tracks[this.track].drums === drums) return this.track;
      return tracks[track]?.drums === drums ? track : tracks.findIndex((each) => each.drums === drums);
    };
    const notes = clipboard.map((each) => ({ track: home(each), time: from + Math.round(each.at * draft.quarter), duration: Math.max(1, Math.round(each.long * draft.quarter)), pitch: each.pitch, velocity: each.velocity }));
    draft.add(notes.filter(({ track }) => track >= 0));
  }

  insert() {
    const { draft } = this;
    const last = draft.chosen[0];
    const track = this.homeTrack();
    if (track < 0) return;
    const drums = draft.isDrum(track);
    const pitch = last?.pitch ?? (drums ? draft.rows[0].key : this.low + Math.floor(this.rows / 2));
    const [note] = draft.add([{ track, time: this.tickNow(), duration: this.usual(), pitch, velocity: last?.velocity ?? DRAWN_VELOCITY }]);
    if (note) this.hearNote(note);
  }

  /* Returns the track that new notes go to that do not say; -1 for none. */
  homeTrack() {
    return this.track ?? this.draft.chosen[0]?.track ?? this.draft.state.tracks.findIndex(({ drums }) => !drums);
  }

  usual() {
    return Math.max(1, Math.round(SNAPS[this.snap] ? this.draft.step(this.snap) : this.draft.quarter / 4));
  }

  hear() {
    if (this.audition.sounding) return this.audition.stop();
    const { draft } = this;
    const { from, span } = this.player.view;
    const notes = draft.selected.size ? draft.chosen : draft.notes.filter((note) => this.lights(note) && draft.place(note)[0] >= from && draft.place(note)[0] < from + span);
    this.audition.play(notes.map((note) => ({ start: draft.place(note)[0], length: draft.place(note)[1], pitch: note.pitch, velocity: note.velocity, drums: draft.isDrum(note.track) })));
    this.player.keepMoving();
  }

  hearNote({ pitch, velocity, track }) {
    this.audition.touch(pitch, velocity, this.draft.isDrum(track));
    this.player.keepMoving();
  }

  keep() {
    this.player.midi.keyboard.stop();
    if (!this.draft.count || this.exchange.sending) return;
    this.give();
    this.player.parts.over.focus({ preventScroll: true }); // the button that had it can no longer be pressed
  }

  /* Sends the edits to the page, and what else is to be changed of the whole song. */
  give({ programs = [], ...song } = {}) {
    const { draft } = this;
    const edits = draft.edits();
    this.exchange.ask(draft.id, { edits: { ...edits, programs: [...edits.programs, ...programs], ...song } }, draft.key);
    this.refresh();
  }

  discard() {
    this.player.midi.keyboard.stop();
    this.draft = new Draft(this.draft.source);
    heldDrafts.set(this.draft.key, this.draft);
    this._trackStays();
    this.refresh();
    this.player.parts.over.focus({ preventScroll: true });
  }

  // ---- keyboard and wheel ----

  /* Takes a key if it is for the editor; returns whether it was. */
  key(event, ours) {
    if (!this.on || !ours || event.composedPath()[0].matches?.('select, input')) return false;
    const command = commandOf(event);
    const isArrow = event.key.startsWith('Arrow');
    if (!command || (isArrow && !this.draft.selected.size)) return false; // the arrows go from bar to bar then
    if (event.type === 'keydown') this.run(command);
    return true;
  }

  wheel(event) {
    if (!this.on || event.ctrlKey || event.metaKey || event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) return false;
    const low = Math.max(0, Math.min(128 - this.rows, this.low - Math.sign(event.deltaY) * 2));
    if (low === this.low) return false;
    this.low = low;
    event.preventDefault();
    this.refresh();
    return true;
  }
}
