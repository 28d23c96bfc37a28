/* The mixer: what each track's mute, solo and volume are, and the strips that show and change them. */

class Mixer {
  constructor(changed) {
    this.changed = changed;
    this.settings = new Map(); // by track key, which the pieces of a comparison share
    this.tracks = [];
  }

  mount(box) {
    this.box = box;
    this.shown = null;
  }

  fill(tracks) {
    this.tracks = tracks;
    const names = JSON.stringify(tracks.map(({ key, name, instrument, colour }) => [key, name, instrument, colour]));
    if (names !== this.shown) this.box.replaceChildren(...tracks.map((track) => this._strip(track)));
    this.shown = names;
    this.refresh();
  }

  of(track) {
    if (!this.settings.has(track.key)) this.settings.set(track.key, { volume: 1, muted: false, solo: false });
    return this.settings.get(track.key);
  }

  gain(track) {
    const { volume, muted, solo } = this.of(track);
    const anySolo = this.tracks.some((each) => this.of(each).solo);
    return muted || (anySolo && !solo) ? 0 : volume ** 2; // the ear hears a square as even steps
  }

  gains() {
    return new Map(this.tracks.map((track) => [track.track, this.gain(track)]));
  }

  refresh() {
    for (const strip of this.box.children) strip.refresh();
  }

  _change(track, setting) {
    Object.assign(this.of(track), setting);
    this.refresh();
    this.changed();
  }

  _strip(track) {
    const make = (tag, name, attributes = {}) => Object.assign(document.createElement(tag), { className: name, ...attributes });
    const strip = make('div', 'strip');
    strip.style.setProperty('--track', track.colour);
    strip.setAttribute('role', 'group');
    strip.setAttribute('aria-label', track.name);
    const title = make('div', 'title');
    title.append(make('i', 'dot'), make('b', '', { textContent: track.name, title: track.name }));
    if (track.instrument !== track.name) title.append(make('small', '', { textContent: track.instrument, title: track.instrument }));
    const buttons = [['muted', 'M', 'Mute'], ['solo', 'S', 'Solo']].map(([what, letter, word]) => {
      const button = make('button', what, { type: 'button', textContent: letter, title: `${word} ${track.name}` });
      button.setAttribute('aria-label', `${word} ${track.name}`);
      button.onclick = () => this._change(track, { [what]: !this.of(track)[what] });
      return button;
    });
    const slider = make('input', 'level', { type: 'range', min: 0, max: 125, value: 100, title: `Volume of ${track.name} (double click: as written)` });
    slider.setAttribute('aria-label', `Volume of ${track.name}`);
    slider.oninput = () => this._change(track, { volume: slider.value / 100 });
    slider.ondblclick = () => this._change(track, { volume: 1 });
    strip.append(title, ...buttons, slider);
    strip.refresh = () => {
      const { volume, muted, solo } = this.of(track);
      buttons[0].setAttribute('aria-pressed', muted);
      buttons[1].setAttribute('aria-pressed', solo);
      slider.value = Math.round(volume * 100);
      slider.style.setProperty('--filled', `${(volume / 1.25) * 100}%`);
      strip.classList.toggle('silent', this.gain(track) === 0);
    };
    return strip;
  }
}
