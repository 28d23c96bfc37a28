/* The panel "Song": key, tempo, swing and players of the whole piece, without writing anew. What is set is one take when Apply is
   pressed, together with notes that were edited and are not kept yet. */

const MOST_SEMITONES = 24;

/* Returns the second of one piece that is the same place in another with as many bars: they may differ in tempo. */
function samePlace(seconds, from, to) {
  if (from.length !== to.length) return seconds;
  const bar = Math.max(0, Math.min(from.length - 2, from.findLastIndex((time) => time <= seconds)));
  return to[bar] + ((seconds - from[bar]) / (from[bar + 1] - from[bar])) * (to[bar + 1] - to[bar]);
}

class SongPanel {
  constructor(editor) {
    this.editor = editor;
    this.isOpen = false;
    this.clear();
  }

  clear() {
    Object.assign(this, { semitones: 0, tempo: null, feel: null, track: null, programs: new Map() });
  }

  /* Fills freshly made HTML. */
  mount(toggle, box) {
    Object.assign(this, { toggle, box, known: null });
    toggle.onclick = () => {
      this.isOpen = !this.isOpen;
      this.refresh();
    };
    const make = (tag, name, attributes = {}) => Object.assign(document.createElement(tag), { className: name, ...attributes });
    const button = (name, text, title, act) => {
      const made = make('button', name, { type: 'button', textContent: text, title, onclick: act });
      made.setAttribute('aria-label', title);
      return made;
    };
    const group = (label, ...parts) => {
      const made = make('div', 'field');
      made.setAttribute('role', 'group');
      made.setAttribute('aria-label', label);
      made.append(make('span', 'label', { textContent: label }), ...parts);
      return made;
    };
    this.steps = make('output', 'steps');
    const step = (by) => () => this.set({ semitones: Math.max(-MOST_SEMITONES, Math.min(MOST_SEMITONES, this.semitones + by)) });
    this.unit = make('span', 'unit');
    this.bpm = make('input', 'bpm', { type: 'number', min: 10, max: 400, step: 1, oninput: () => this.set({ tempo: this.bpm.valueAsNumber || null }) });
    this.bpm.setAttribute('aria-label', 'Tempo in beats a minute');
    this.bpm.onkeydown = (event) => event.key === 'Enter' && this.apply();
    const feel = (name, text, title) => Object.assign(button(name, text, title, () => this.set({ feel: name })), { textContent: text });
    this.feels = { straight: feel('straight', 'Straight', 'Straight eighths'), swung: feel('swung', 'Swung', 'Swung eighths: all players') };
    this.who = make('select', 'whose', { onchange: () => this.set({ track: Number(this.who.value) }) });
    this.who.setAttribute('aria-label', 'Track whose instrument is changed');
    this.by = make('select', 'by', { onchange: () => this.set({ programs: new Map(this.programs).set(this.track, Number(this.by.value)) }) });
    this.by.setAttribute('aria-label', 'Who plays it');
    this.players = group('Player', this.who, this.by);
    this.feeling = group('Eighths', this.feels.straight, this.feels.swung);
    this.reset = button('reset', 'Reset', 'Reset: leave the song as it is', () => (this.clear(), this.refresh()));
    this.done = Object.assign(button('apply', 'Apply', 'Apply: make a take of it', () => this.apply()));
    const end = make('div', 'field end');
    end.append(this.reset, this.done);
    box.replaceChildren(
      group('Transpose', button('down', '−', 'A semitone down', step(-1)), this.steps, button('up', '+', 'A semitone up', step(1))),
      group('Tempo', this.unit, this.bpm),
      this.feeling,
      this.players,
      end,
    );
    this.refresh();
  }

  get source() {
    return this.editor.draft?.source ?? null;
  }

  set(values) {
    Object.assign(this, values);
    this.refresh();
  }

  /* What is asked for, as the page takes it; nothing of what is so already. */
  changes() {
    const { song, tracks } = this.source;
    const programs = [...this.programs].filter(([track, program]) => tracks[track] && tracks[track].program !== program);
    return {
      ...(this.semitones && { semitones: this.semitones }),
      ...(this.tempo && Math.round(this.tempo) !== Math.round(song.tempo) && { tempo: this.tempo }),
      ...(this.feel && this.feel !== song.feel && { feel: this.feel }),
      ...(programs.length && { programs }),
    };
  }

  apply() {
    const changes = this.changes();
    if (Object.keys(changes).length) this.editor.give(changes);
  }

  refresh() {
    if (!this.box) return;
    const { source, editor } = this;
    this.toggle.hidden = !source;
    this.toggle.setAttribute('aria-expanded', this.isOpen && !!source);
    this.box.hidden = !source || !this.isOpen;
    if (this.box.hidden) return;
    if (this.known !== source.id) {
      if (this.known) this.clear(); // another piece: what was set was meant for the one before
      this.known = source.id;
      this._fill();
    }
    const { song, tracks } = source;
    this.steps.textContent = this.semitones > 0 ? `+${this.semitones}` : `${this.semitones}`.replace('-', '−');
    this.unit.textContent = `${song.beat} =`;
    if (this.editor.player.root.getRootNode().activeElement !== this.bpm) this.bpm.value = Math.round(this.tempo ?? song.tempo);
    this.feeling.hidden = !song.feel;
    for (const [name, button] of Object.entries(this.feels)) button.setAttribute('aria-pressed', (this.feel ?? song.feel) === name);
    this.players.hidden = this.track === null;
    if (this.track !== null) {
      this.who.value = this.track;
      this.by.value = this.programs.get(this.track) ?? tracks[this.track].program;
    }
    const some = Object.keys(this.changes()).length > 0;
    this.done.disabled = !some || editor.exchange.sending;
    this.done.textContent = editor.exchange.sending ? 'Applying …' : 'Apply';
    this.reset.disabled = !some || editor.exchange.sending;
  }

  _fill() {
    const { tracks, instruments } = this.source;
    const option = (value, textContent) => Object.assign(document.createElement('option'), { value, textContent });
    const pitched = tracks.filter(({ drums, notes }) => !drums && notes.length);
    this.track = pitched[0]?.track ?? null;
    this.who.replaceChildren(...pitched.map(({ track, name }) => option(track, name)));
    this.by.replaceChildren(...instruments.map((name, program) => option(program, name)));
  }
}
