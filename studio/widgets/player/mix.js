/* Level, pan and reverb of each track as MIDI has them (CC7, CC10, CC91), and the row from which they are kept in the piece: in
   its MIDI, and so in every file that is rendered of it. */

const MIX = {
  level: { control: 7, plain: 100, what: 'Volume' },
  pan: { control: 10, plain: 64, what: 'Pan' },
  reverb: { control: 91, plain: 40, what: 'Reverb' },
};

/* Returns what is written of a track, and what is set now. */
const writtenOf = (track, name) => track.mix?.[name] ?? MIX[name].plain;
const valueOf = (mixer, track, name) => mixer.of(track)[name] ?? writtenOf(track, name);

const mixOf = (mixer, track) => Object.fromEntries(Object.keys(MIX).map((name) => [name, valueOf(mixer, track, name)]));

function panInWords(value) {
  const share = Math.round(((value - 64) / (value > 64 ? 63 : 64)) * 100);
  return share ? `${Math.abs(share)} % ${share > 0 ? 'right' : 'left'}` : 'in the middle';
}

/* Returns the slider of a setting of a track; those of pan and reverb stand in a label with their name. */
function mixSlider(mixer, track, name) {
  const { what, plain } = MIX[name];
  const slider = Object.assign(document.createElement('input'), { className: name, type: 'range', min: 0, max: 127, value: plain });
  slider.setAttribute('aria-label', `${what} of ${track.name}`);
  slider.title = `${what} of ${track.name} (double click: as written)`;
  slider.oninput = () => mixer.change(track, { [name]: Number(slider.value) });
  slider.ondblclick = () => mixer.change(track, { [name]: null });
  if (name !== 'level') {
    const label = document.createElement('label');
    label.append(what, slider);
  }
  slider.refresh = () => {
    const value = valueOf(mixer, track, name);
    slider.value = value;
    slider.style.setProperty('--filled', `${(value / 127) * 100}%`);
    slider.setAttribute('aria-valuetext', name === 'pan' ? panInWords(value) : `${value}`);
  };
  return slider;
}

class MixBar {
  constructor(editor, mixer) {
    Object.assign(this, { editor, mixer, isOpen: false, sent: false });
  }

  /* Fills freshly made HTML. */
  mount(box, strips) {
    const button = (name, text, title, onclick) => Object.assign(document.createElement('button'), { className: name, type: 'button', textContent: text, title, onclick });
    this.box = box;
    this.strips = strips;
    this.toggle = button('mores', 'Pan and reverb', 'Show pan and reverb of each track', () => {
      this.isOpen = !this.isOpen;
      this.refresh();
    });
    this.reset = button('reset', 'As written', 'Set level, pan and reverb of all tracks back to what is written', () => this.clear());
    this.keep = button('keep', 'Keep mix', 'Make a take with this mix: it is in the MIDI file, and in all sound that is made of it', () => this.give());
    box.replaceChildren(this.toggle, this.reset, this.keep);
    this.refresh();
  }

  /* What is set of the tracks that are shown and is not written of them: [track, control, value] each. */
  settings() {
    return this.mixer.tracks.flatMap((track) =>
      Object.entries(MIX).flatMap(([name, { control }]) => {
        const value = valueOf(this.mixer, track, name);
        return value === writtenOf(track, name) ? [] : [[track.track, control, value]];
      }),
    );
  }

  give() {
    const mix = this.settings();
    if (!mix.length || this.editor.exchange.sending || !this.editor.isShown) return;
    this.sent = true;
    this.editor.give({ mix });
  }

  /* Told of each answer: what was kept is written from now on. */
  answered(accepted) {
    if (this.sent && accepted) this.clear();
    this.sent = this.sent && this.editor.exchange.sending;
  }

  clear() {
    for (const settings of this.mixer.settings.values()) Object.assign(settings, { level: null, pan: null, reverb: null });
    this.mixer.refresh();
    this.mixer.changed();
  }

  refresh() {
    if (!this.box) return;
    const { editor, mixer } = this;
    this.box.hidden = !editor.draft || !mixer.tracks.length;
    this.toggle.setAttribute('aria-expanded', this.isOpen);
    this.strips.classList.toggle('wide', this.isOpen);
    const some = this.settings().length > 0;
    this.reset.hidden = this.keep.hidden = !some;
    this.keep.disabled = editor.exchange.sending || !editor.isShown;
  }
}
