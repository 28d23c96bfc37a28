/* The mixer: what each track's mute, solo, level, pan and reverb are, and the strips that show and change them. All
   are heard at once; mix.js keeps them. */

const LOCK = `<svg viewBox="0 0 24 24" class="line" aria-hidden="true"><rect x="5" y="11" width="14" height="9" rx="2"/>
  <path class="open" d="M8 11V7.5a4 4 0 0 1 7.6-1.7"/><path class="shut" d="M8 11V7.5a4 4 0 0 1 8 0V11"/></svg>`;

const SPEAKER = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M4 9v6h4l5 4.5v-15L8 9z"/><path class="stroke heard" d="M16.5 8.5a5 5 0 0 1 0 7"/><path class="stroke hushed" d="M16.5 9.5l5 5M21.5 9.5l-5 5"/></svg>`;

class Mixer {
  constructor(changed, selection) {
    this.changed = changed;
    this.selection = selection;
    this.settings = new Map(); // by track key, which the pieces of a comparison share
    this.hushed = { melody: false, accompaniment: false };
    this.tracks = [];
  }

  mount(box, halves) {
    this.box = box;
    this.shown = null;
    this.halves = halves;
    halves.replaceChildren(this._half('melody', 'Melody'), this._half('accompaniment', 'Accompaniment'));
  }

  fill(tracks, melody) {
    this.tracks = tracks;
    this.melody = tracks.length > 1 && tracks.some((track) => track.track === melody) ? melody : null;
    this.halves.hidden = this.melody === null;
    const names = JSON.stringify(tracks.map((track) => [track.key, track.name, track.instrument, track.color, track.track, track.mix, this.selection.offers(track)]));
    if (names !== this.shown) this.box.replaceChildren(...tracks.map((track) => this._strip(track)));
    this.shown = names;
    this.refresh();
  }

  of(track) {
    if (!this.settings.has(track.key)) this.settings.set(track.key, { level: null, pan: null, reverb: null, muted: false, solo: false });
    return this.settings.get(track.key);
  }

  gain(track) {
    const { muted, solo } = this.of(track);
    const volume = valueOf(this, track, 'level') / Math.max(1, writtenOf(track, 'level'));
    const anySolo = this.tracks.some((each) => this.of(each).solo);
    const hushed = this.melody !== null && this.hushed[track.track === this.melody ? 'melody' : 'accompaniment'];
    return hushed || muted || (anySolo && !solo) ? 0 : volume ** 2; // the ear hears a square as even steps
  }

  gains() {
    return new Map(this.tracks.map((track) => [track.track, this.gain(track)]));
  }

  /* Where each track is to be moved from where it is written, from -1 to 1. */
  pans() {
    return new Map(this.tracks.map((track) => [track.track, Math.max(-1, Math.min(1, (valueOf(this, track, 'pan') - writtenOf(track, 'pan')) / 64))]));
  }

  /* How much reverb each track is to have, and has where it is written, from 0 to 1. */
  reverbs() {
    return new Map(this.tracks.map((track) => [track.track, [valueOf(this, track, 'reverb') / 127, writtenOf(track, 'reverb') / 127]]));
  }

  refresh() {
    for (const part of [...this.box.children, ...this.halves.children]) part.refresh();
  }

  change(track, setting) {
    Object.assign(this.of(track), setting);
    this.refresh();
    this.changed();
  }

  /* A button that mutes one half of an accompanied melody, whichever piece of a comparison is shown. */
  _half(name, text) {
    const button = Object.assign(document.createElement('button'), { type: 'button', innerHTML: SPEAKER });
    button.append(text);
    button.setAttribute('aria-label', `Mute ${name}`);
    button.onclick = () => {
      this.hushed[name] = !this.hushed[name];
      this.refresh();
      this.changed();
    };
    button.refresh = () => {
      button.setAttribute('aria-pressed', this.hushed[name]);
      button.title = this.hushed[name] ? `Let the ${name} be heard again` : `Mute the ${name}`;
    };
    return button;
  }

  _strip(track) {
    const make = (tag, name, attributes = {}) => Object.assign(document.createElement(tag), { className: name, ...attributes });
    const strip = make('div', 'strip');
    strip.style.setProperty('--track', track.color);
    strip.setAttribute('role', 'group');
    strip.setAttribute('aria-label', track.name);
    const selectable = this.selection.offers(track);
    const title = selectable ? make('button', 'title', { type: 'button', title: `Select ${track.name}` }) : make('div', 'title');
    title.append(make('i', 'dot'), make('b', '', { textContent: track.name, title: track.name }));
    if (track.instrument !== track.name) title.append(' ', make('small', '', { textContent: track.instrument, title: track.instrument }));
    const buttons = [['muted', 'M', 'Mute'], ['solo', 'S', 'Solo']].map(([what, letter, word]) => {
      const button = make('button', what, { type: 'button', textContent: letter, title: `${word} ${track.name}` });
      button.setAttribute('aria-label', `${word} ${track.name}`);
      button.onclick = () => this.change(track, { [what]: !this.of(track)[what] });
      return button;
    });
    const sliders = ['level', 'pan', 'reverb'].map((name) => mixSlider(this, track, name));
    const more = make('div', 'more');
    more.append(...sliders.slice(1).map((slider) => slider.parentElement));
    strip.append(title, ...buttons, sliders[0], more);
    if (selectable) {
      strip.classList.add('selectable');
      // its visible words too, so that who speaks to the page is understood
      title.setAttribute('aria-label', `Select ${[...new Set([track.name, track.instrument])].join(' ')}`);
      title.onclick = () => this.selection.flip('tracks', track);
      const lock = make('button', 'locked', { type: 'button', innerHTML: LOCK, title: `Lock ${track.name}: it stays as it is` });
      lock.setAttribute('aria-label', `Lock ${track.name}`);
      lock.onclick = () => this.selection.flip('locked', track);
      title.after(lock);
    }
    strip.refresh = () => {
      const { muted, solo } = this.of(track);
      buttons[0].setAttribute('aria-pressed', muted);
      buttons[1].setAttribute('aria-pressed', solo);
      for (const slider of sliders) slider.refresh();
      strip.classList.toggle('silent', this.gain(track) === 0);
      strip.querySelector('button.title')?.setAttribute('aria-pressed', this.selection.tracks.includes(track.track));
      strip.querySelector('.locked')?.setAttribute('aria-pressed', this.selection.locked.includes(track.track));
    };
    return strip;
  }
}
