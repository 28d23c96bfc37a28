/* The row over the roll from which a piece is edited: Edit, tools, grid, track, what can be done, Keep changes and Discard. */

const EDIT_ICONS = {
  edit: '<path d="M4 20h4L19 9a2.1 2.1 0 0 0-4-4L4 16z"/><path d="M13.5 6.5l4 4"/>',
  select: '<path d="M5 3l6 16 2.3-6.7L20 10z"/>',
  draw: '<path d="M4 20h4L19 9a2.1 2.1 0 0 0-4-4L4 16z"/>',
  undo: '<path d="M8 5L4 9l4 4"/><path d="M4 9h9a6 6 0 0 1 0 12h-3"/>',
  redo: '<path d="M16 5l4 4-4 4"/><path d="M20 9h-9a6 6 0 0 0 0 12h3"/>',
  all: '<path d="M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M8 10h8M8 14h5"/>',
  quantize: '<path d="M5 4v16M12 4v16M19 4v16"/><path d="M5 9h5M12 15h5" stroke-width="4"/>',
  split: '<path d="M3 9h7v6H3M21 9h-7v6h7M12 4v16"/>',
  join: '<path d="M3 9h18v6H3zM9 5l3 3 3-3"/>',
  lock: '<rect x="5" y="11" width="14" height="9" rx="2"/><path d="M8 11V7.5a4 4 0 0 1 8 0V11"/>',
  duplicate: '<path d="M8 8h12v12H8zM4 16V4h12"/>',
  remove: '<path d="M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13"/>',
  hear: '<path d="M4 9v6h4l5 4V5L8 9zM17 9a4 4 0 0 1 0 6"/>',
  help: '<path d="M9 9a3 3 0 1 1 4 3c-1 .5-1 1-1 2M12 18v.5"/>',
};
const editIcon = (name) => `<svg viewBox="0 0 24 24" class="line" aria-hidden="true">${EDIT_ICONS[name]}</svg>`;

class EditBar {
  constructor(editor) {
    this.editor = editor;
  }

  /* Fills freshly made HTML. */
  mount(box) {
    const { editor } = this;
    this.box = box;
    const make = (tag, name, attributes = {}) => Object.assign(document.createElement(tag), { className: name, ...attributes });
    const button = (name, icon, title, text, act) => {
      const made = make('button', name, { type: 'button', title, innerHTML: icon ? editIcon(icon) : '', onclick: act });
      made.append(text);
      if (!text) made.setAttribute('aria-label', title);
      return made;
    };
    const command = (name, text = '') => {
      const { title, keys } = EDIT_COMMANDS[name];
      const made = button(name, name, `${title} (${keysInWords(keys[0])})`, text, () => editor.run(EDIT_COMMANDS[name]));
      made.setAttribute('aria-label', title);
      return made;
    };
    const choice = (name, label, act) => {
      const made = make('select', name, { title: label, onchange: () => act(made.value) });
      made.setAttribute('aria-label', label);
      return made;
    };
    this.toggle = button('edits', 'edit', 'Edit the notes by hand', '', () => editor.toggle());
    this.label = make('span', '');
    this.toggle.append(this.label);
    this.tools = make('div', 'tools');
    this.pointer = button('pointer', 'select', 'Select and move notes', '', () => editor.setTool('select'));
    this.pencil = button('pencil', 'draw', 'Draw notes (B)', '', () => editor.setTool('draw'));
    this.grid = choice('grid', 'Snap to', (value) => editor.setSnap(value));
    this.grid.append(...Object.keys(SNAPS).map((name) => make('option', '', { value: name, textContent: name === 'Off' ? 'Grid off' : `Grid ${name}` })));
    this.track = choice('which', 'Track to edit', (value) => editor.setTrack(value));
    this.player = choice('who', 'Instrument of the track', (value) => editor.setProgram(Number(value)));
    const names = ['undo', 'redo', 'all', 'quantize', 'split', 'join', 'duplicate', 'lock', 'remove', 'hear'];
    this.commands = Object.fromEntries(names.map((name) => [name, command(name)]));
    this.help = command('help');
    this.keep = button('keep', '', 'Make a take of the piece as it is now', 'Keep changes', () => editor.keep());
    this.discard = button('discard', '', 'Go back to the piece as it was', 'Discard', () => editor.discard());
    this.tools.append(this.pointer, this.pencil, this.grid, this.track, this.player, ...Object.values(this.commands), this.help);
    this.words = make('span', 'words');
    this.words.setAttribute('role', 'status');
    this.end = make('div', 'end');
    this.end.append(this.words, this.discard, this.keep);
    this.list = make('div', 'shortcuts', { hidden: true });
    this.list.setAttribute('role', 'region');
    this.list.setAttribute('aria-label', 'Keyboard shortcuts');
    this.list.append(...this._rows());
    box.replaceChildren(this.toggle, this.tools, this.end, this.list);
  }

  _rows() {
    const row = (keys, what) => {
      const made = document.createElement('p');
      made.append(...keys.flatMap((key, index) => [index ? ' or ' : '', Object.assign(document.createElement('kbd'), { textContent: key })]), ` ${what}`);
      return made;
    };
    return [
      ...Object.values(EDIT_COMMANDS).map(({ keys, title }) => row(keys.map(keysInWords), title)),
      row(['Space'], 'Play or pause the piece as it was kept last'),
      ...POINTER_HELP.map(([keys, what]) => row([keys], what)),
    ];
  }

  toggleHelp() {
    this.list.hidden = !this.list.hidden;
  }

  refresh() {
    const { editor } = this;
    const { draft, on } = editor;
    editor.song.refresh();
    this.box.hidden = !draft;
    if (!draft) return;
    this.toggle.setAttribute('aria-pressed', on);
    const name = draft.count && !on ? `Edit · ${draft.count} not kept` : 'Edit';
    if (this.label.textContent !== name) this.label.textContent = name;
    this.toggle.setAttribute('aria-label', name);
    this.tools.hidden = this.end.hidden = !on;
    if (!on) this.list.hidden = true;
    if (!on) return;
    this.pointer.setAttribute('aria-pressed', editor.tool === 'select');
    this.pencil.setAttribute('aria-pressed', editor.tool === 'draw');
    this.grid.value = editor.snap;
    this._fillTracks();
    const { undo, redo, hear, all, ...others } = this.commands;
    undo.disabled = !draft.past.length;
    redo.disabled = !draft.future.length;
    hear.setAttribute('aria-pressed', editor.audition.sounding);
    const { length } = draft.chosenLocked;
    others.lock.setAttribute('aria-pressed', length > 0 && length === draft.selected.size);
    for (const button of Object.values(others)) button.disabled = !draft.selected.size;
    this.help.setAttribute('aria-expanded', !this.list.hidden);
    this.keep.disabled = !draft.count || editor.exchange.sending;
    this.discard.disabled = !draft.past.length || editor.exchange.sending;
    this.keep.textContent = editor.exchange.sending ? 'Keeping …' : 'Keep changes';
    const text = editor.inWords();
    if (this.words.textContent !== text) this.words.textContent = text;
  }

  _fillTracks() {
    const { draft, track } = this.editor;
    const { tracks } = draft.state;
    const known = JSON.stringify([draft.id, tracks]);
    if (this.track.dataset.known !== known) {
      this.track.dataset.known = known;
      const option = (value, textContent) => Object.assign(document.createElement('option'), { value, textContent });
      this.track.replaceChildren(
        option('', 'All tracks'),
        ...tracks.map(({ name, track: number }) => option(number, name)),
        option('new', 'New track …'),
        option('new drums', 'New drum track …'),
      );
      this.player.replaceChildren(...draft.source.instruments.map((name, program) => option(program, name)));
    }
    this.track.value = track ?? '';
    this.player.hidden = track === null || tracks[track].drums;
    if (!this.player.hidden) this.player.value = tracks[track].program;
  }
}
