/* What the visitor picked of a piece: whole bars, tracks, and tracks that are locked. The page's fields show the same;
   whichever side changed last wins, told by a serial number that the page sends back. */

class Selection {
  constructor(changed) {
    this.changed = changed; // the drawing, at once
    this.send = null; // the page, soon
    this.offered = null; // what the page says; null where nothing is to be selected
    this.dragging = true; // whether a drag over the roll selects, or moves the view
    this.serial = 0;
    this.clearAll();
  }

  clearAll() {
    Object.assign(this, { bars: [], tracks: [], locked: [] });
  }

  /* Connects to freshly made HTML. */
  mount(box) {
    this.box = box;
    [this.toggle, this.words, this.all] = ['drags', 'words', 'everything'].map((name) => box.querySelector(`.${name}`));
    this.toggle.onclick = () => {
      this.dragging = !this.dragging;
      this.changed();
    };
    this.all.onclick = () => this.everything();
  }

  load(offered, send) {
    this.offered = offered ?? null;
    this.send = send;
    if (!offered || offered.serial < this.serial) return; // it does not know of the last change here yet
    const { bars, tracks, locked, serial } = offered;
    Object.assign(this, { bars, tracks, locked, serial });
  }

  get on() {
    return this.offered !== null;
  }

  get some() {
    return this.on && (this.offered.none || this.bars.length + this.tracks.length > 0);
  }

  offers(track) {
    return this.on && this.offered.names[track.track] !== undefined;
  }

  /* Takes the bars from the first up to but not including the last, counted from 0; added to those there are. */
  pick(first, last, add) {
    const chosen = new Set(add ? this.bars.flatMap(([from, to]) => range(from, to)) : []);
    for (const bar of range(first, Math.min(last, this.offered.count))) chosen.add(bar);
    this.bars = [];
    for (const bar of [...chosen].sort((a, b) => a - b)) {
      if (this.bars.at(-1)?.[1] === bar) this.bars.at(-1)[1]++;
      else this.bars.push([bar, bar + 1]);
    }
    this._told();
  }

  flip(what, track) {
    const has = this[what].includes(track.track);
    this[what] = has ? this[what].filter((each) => each !== track.track) : [...this[what], track.track].sort((a, b) => a - b);
    if (what === 'tracks' && this.tracks.length === Object.keys(this.offered.names).length) this.tracks = []; // all of them
    this._told();
  }

  everything() {
    Object.assign(this, { bars: [], tracks: [] });
    this._told();
  }

  _told() {
    this.serial++;
    const { bars, tracks, locked, serial } = this;
    this.send?.('selection', { bars, tracks, locked, serial });
    this.changed();
  }

  /* Shows the row over the roll. */
  show() {
    this.box.hidden = !this.on;
    if (!this.on) return;
    this.toggle.setAttribute('aria-pressed', this.dragging);
    this.all.disabled = !this.some;
    const text = this.inWords();
    if (this.words.textContent !== text) this.words.textContent = text;
  }

  inWords() {
    const { names, count } = this.offered;
    const parts = this.bars.map(([from, to]) => (to - from > 1 ? `${from + 1}–${to}` : `${to}`));
    const single = this.bars.length === 1 && this.bars[0][1] - this.bars[0][0] === 1;
    const bars = parts.length ? `${single ? 'Bar' : 'Bars'} ${parts.join(', ')}` : this.offered.none ? 'No bars' : count > 1 ? `All ${count} bars` : 'The whole bar';
    if (!Object.keys(names).length) return bars; // no track is to be selected
    const of = (tracks) => tracks.map((track) => names[track]).filter(Boolean).join(', ');
    return `${bars} · ${of(this.tracks) || 'all tracks'}${this.locked.length ? ` · locked: ${of(this.locked)}` : ''}`;
  }
}

const range = (from, to) => Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);

/* Shades the bars that are selected. */
function drawSelection(g, ranges, piece, at, theme) {
  const { bars } = piece;
  for (const [from, to] of ranges) {
    if (from >= bars.length - 1) continue;
    const [a, b] = [at.x(bars[from]), at.x(bars[Math.min(to, bars.length - 1)])];
    const left = Math.max(a, at.gutter);
    if (b <= left) continue;
    g.fillStyle = theme.primary;
    g.globalAlpha = theme.dark ? 0.2 : 0.13;
    g.fillRect(left, at.ruler, b - left, at.height);
    g.globalAlpha = 0.22;
    g.fillRect(left, 0, b - left, at.ruler - 1);
    g.globalAlpha = 0.9;
    for (const x of [a, b - 1.5]) if (x >= at.gutter - 1) g.fillRect(x, at.ruler - 1, 1.5, at.height);
    g.fillRect(left, at.ruler - 1.5, b - left, 1.5);
    g.globalAlpha = 1;
  }
}
