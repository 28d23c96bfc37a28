/* MIDI in and out of the player: the row from which it is used. There is none where the browser has no MIDI. */

const HAS_MIDI = typeof navigator !== 'undefined' && typeof navigator.requestMIDIAccess === 'function';
const DENIED = 'The browser did not allow MIDI: allow it for this page in its settings and press MIDI devices again.';
let midiAccess = null; // of the page; asked for once

if (HAS_MIDI) EDIT_COMMANDS.record = { title: 'Record from the MIDI keyboard, or stop', keys: ['r'], run: (e) => e.player.midi.record() };

/* Returns the song as it is shown, as MidiOut takes it. */
function songOf(player) {
  const { editor } = player;
  const { draft } = editor;
  if (editor.isShown) {
    const notes = draft.notes.map((note) => {
      const [start, length] = draft.place(note);
      return { start, end: start + length, track: note.track, pitch: note.pitch, velocity: note.velocity };
    });
    return { tracks: draft.state.tracks, notes };
  }
  const { piece } = player;
  const notes = piece.tracks.flatMap(({ track, notes: flat, keys }) =>
    Array.from({ length: flat.length / 4 }, (_, n) => {
      const [start, length, line, velocity] = flat.slice(4 * n, 4 * n + 4);
      return { start, end: start + length, track, pitch: keys?.[n] ?? line, velocity };
    }),
  );
  return { tracks: piece.tracks, notes };
}

class Midi {
  constructor(player) {
    this.player = player;
    this.keyboard = new MidiKeyboard(player);
    this.out = new MidiOut();
    this.open = false;
    this.said = '';
  }

  get recording() {
    return this.keyboard.recording !== null;
  }

  /* Fills freshly made HTML. */
  mount(box) {
    this.box = box;
    if (!HAS_MIDI) return;
    const make = (tag, name, attributes = {}) => Object.assign(document.createElement(tag), { className: name, ...attributes });
    const button = (name, text, title, onclick) => make('button', name, { type: 'button', textContent: text, title, onclick });
    this.toggle = button('midis', 'MIDI devices', 'Play in notes with a MIDI keyboard, and play the song on MIDI instruments', () => this.connect());
    this.toggle.setAttribute('aria-label', 'MIDI devices');
    this.tools = make('div', 'tools');
    this.names = make('span', 'names');
    this.recorder = button('record', 'Record', 'Record into the draft after a bar of clicks (R)', () => this.record());
    this.steps = button('steps', 'Step input', 'Each key or chord is a note at the playhead, which goes on a step of the grid', () => {
      this.keyboard.step = !this.keyboard.step;
      if (this.keyboard.step && !player.editor.on) player.editor.toggle();
      this.refresh();
    });
    const { player } = this;
    this.where = make('select', 'out', { title: 'Where the song plays', onchange: () => this.playOn(this.where.value) });
    this.where.setAttribute('aria-label', 'Play on');
    this.words = make('span', 'words');
    this.words.setAttribute('role', 'status');
    this.tools.append(this.names, this.recorder, this.steps, this.where);
    box.replaceChildren(this.toggle, this.tools, this.words);
    this.known = null;
    this.refresh();
  }

  async connect() {
    if (this.open) this.close();
    else {
      try {
        midiAccess ??= await navigator.requestMIDIAccess();
        this.said = '';
        this.open = true;
        this._listen();
        midiAccess.onstatechange = () => {
          this._listen();
          this.refresh();
        };
      } catch {
        this.said = DENIED;
      }
    }
    this.refresh();
  }

  _listen() {
    for (const input of midiAccess.inputs.values()) input.onmidimessage = (event) => active?.midi.open && active.midi.keyboard.receive(event);
  }

  record() {
    if (this.open) this.keyboard.toggle();
    this.refresh();
  }

  playOn(id) {
    this.out.stop();
    const { volume } = this.player.parts;
    const had = this.out.output !== null;
    this.out.output = midiAccess?.outputs.get(id) ?? null;
    const { output } = this.out;
    if (!had && output) [this.loud, volume.value] = [volume.value, 0]; // else it would sound twice
    if (had && !output && Number(volume.value) === 0) volume.value = this.loud;
    volume.oninput();
    this.said = output ? `Play sends the song to ${output.name}. Volume at 0 keeps the browser silent.` : '';
    this.follow();
    this.refresh();
  }

  /* Sends to the instruments while the transport plays. */
  follow() {
    const { transport } = this.player;
    const plays = this.out.output !== null && transport.playing;
    if (plays && !this.timer) {
      this.timer = setInterval(() => this.send(), OUT_TICK_MS);
      this.send();
    } else if (!plays && this.timer) {
      clearInterval(this.timer);
      this.timer = null;
      this.out.stop();
    }
  }

  send() {
    const { player } = this;
    const { transport, mixer } = player;
    if (!transport.playing || !player.root.isConnected) return this.follow();
    const shown = player.editor.isShown ? player.editor.draft.state : player.piece;
    if (this.sent !== shown) [this.sent, this.song] = [shown, songOf(player)];
    this.out.load(this.song);
    const strips = new Map(mixer.tracks.map((track) => [track.track, { gain: mixer.gain(track), mix: mixOf(mixer, track) }]));
    const { on, to } = transport.loop;
    const ahead = document.hidden ? OUT_AHEAD_BEHIND_S : OUT_AHEAD_S;
    this.out.play(transport.now(), ahead, on ? to : Infinity, (track) => strips.get(track)?.gain ?? 1, transport.rate, (track) => strips.get(track)?.mix ?? {});
  }

  refresh() {
    if (!this.box) return;
    const { player, open } = this;
    this.box.hidden = !HAS_MIDI || !player.editor.draft || player.data?.live;
    if (this.box.hidden) return;
    this.toggle.setAttribute('aria-pressed', open);
    this.tools.hidden = !open;
    const words = this.said;
    if (this.words.textContent !== words) this.words.textContent = words;
    if (!open) return;
    const inputs = [...midiAccess.inputs.values()].map(({ name }) => name ?? 'a keyboard');
    const outputs = [...midiAccess.outputs.entries()].map(([id, { name }]) => [id, name ?? 'an instrument']);
    this.names.textContent = inputs.length ? `Keyboard: ${inputs.join(', ')}` : 'No MIDI keyboard is connected';
    this.recorder.disabled = this.steps.disabled = !inputs.length;
    this.recorder.textContent = this.recording ? 'Stop recording' : 'Record';
    this.recorder.setAttribute('aria-pressed', this.recording);
    this.steps.setAttribute('aria-pressed', this.keyboard.step);
    const known = JSON.stringify(outputs);
    if (known !== this.known) {
      this.known = known;
      const option = (value, textContent) => Object.assign(document.createElement('option'), { value, textContent });
      this.where.replaceChildren(option('', 'Play in the browser'), ...outputs.map(([id, name]) => option(id, `Play on ${name}`)));
    }
    const chosen = [...midiAccess.outputs.entries()].find(([, output]) => output === this.out.output);
    this.where.value = chosen?.[0] ?? '';
    this.where.hidden = !outputs.length;
  }

  close() {
    this.keyboard.close();
    if (this.out.output) this.playOn('');
    this.open = false;
    this.said = '';
  }
}
