/* Sounds as pictures under one another: the outline of each, and below it its mel bands, low ones at the bottom. What shares
   a scale has as many seconds a pixel; decibels are on one scale in all of them. `data` is what picture.py sends. */

const OUTLINE_HEIGHT = 46;
const MEL_HEIGHT = 112;
const TIME_HEIGHT = 18;
const EDGE = 52; // for names of frequencies
const [QUIET_DB, LOUD_DB] = [-50, 30]; // what has a color of its own: a room's hum is under it, full scale at its top
const TICKS_HZ = [100, 500, 2000, 8000];
const ASK_MS = 500;
const DARK = ['#14121f', '#2b2357', '#5b4bd6', '#c4659e', '#f0a24a', '#fff1b8'];
const LIGHT = ['#ffffff', '#dcd8f7', '#a79bea', '#6a58e0', '#43308f', '#1b1238'];

const unpack = (text, kind) => new kind(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);

/* Returns 256 colors of three bytes each, the quietest first. */
function ramp(dark) {
  const stops = (dark ? DARK : LIGHT).map((color) => [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16)));
  return Array.from({ length: 256 }, (_, value) => {
    const place = (value / 255) * (stops.length - 1);
    const low = Math.min(stops.length - 2, Math.floor(place));
    return stops[low].map((from, n) => from + (stops[low + 1][n] - from) * (place - low));
  });
}

const melOf = (hz) => (hz < 1000 ? (hz * 3) / 200 : 15 + (Math.log(hz / 1000) * 27) / Math.log(6.4)); // Slaney's

class SoundPictures {
  constructor() {
    this.asked = new Map(); // address -> its picture, null until it is there
  }

  mount(root) {
    this.root = root;
    this.told = null;
    root.addEventListener('transitionend', (event) => event.target === root && this.draw()); // the theme changed
    this.observer?.disconnect();
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(root);
  }

  load(data) {
    const told = JSON.stringify(data);
    if (told === this.told) return;
    this.told = told;
    this.data = data;
    for (const address of [...this.asked.keys()]) if (!data.rows.some((row) => row.address === address)) this.asked.delete(address);
    this.root.replaceChildren(...data.rows.map((row) => this._figure(row)), this._scale());
    for (const row of data.rows) if (row.address) this._ask(row.address);
    this.draw();
  }

  picture(row) {
    return row.picture ?? this.asked.get(row.address) ?? null;
  }

  async _ask(address) {
    if (this.asked.has(address)) return;
    this.asked.set(address, null);
    const url = new URL(address, document.baseURI).href;
    while (!this.closed && this.data.rows.some((row) => row.address === address)) {
      try {
        const reply = await fetch(url);
        if (reply.status === 404) break;
        const status = reply.ok ? await reply.json() : {};
        if (status.state === 'failed') break;
        if (status.mix) {
          const picture = await fetch(`${url}/picture.json`);
          if (!picture.ok) break;
          this.asked.set(address, await picture.json());
          this.draw();
          return;
        }
      } catch (error) {
        if (!(error instanceof TypeError)) throw error; // no network now
      }
      await new Promise((done) => setTimeout(done, ASK_MS));
    }
    if (!this.asked.get(address)) this.asked.delete(address); // the next one who comes may hope again
  }

  _figure(row) {
    const make = (tag, attributes) => Object.assign(document.createElement(tag), attributes);
    const figure = make('figure', {});
    const canvas = make('canvas', {});
    canvas.setAttribute('role', 'img');
    canvas.setAttribute('aria-label', row.alt);
    figure.append(make('figcaption', { textContent: row.label }), canvas);
    if (row.address) figure.append(make('p', { className: 'waiting', textContent: 'The picture comes with the sound …' }));
    return figure;
  }

  _scale() {
    const scale = Object.assign(document.createElement('p'), { className: 'scale' });
    scale.append(`${QUIET_DB} dB`.replace('-', '−'), document.createElement('canvas'), `${LOUD_DB} dB`);
    return scale;
  }

  draw() {
    if (!this.data || !this.root.isConnected || !this.root.clientWidth) return;
    this.theme = themeOf(this.root);
    this.colors = ramp(this.theme.dark);
    const pictures = this.data.rows.map((row) => this.picture(row));
    const longest = Math.max(...pictures.map((picture) => picture?.seconds ?? 0));
    let drawn = 0;
    this.data.rows.forEach((row, number) => {
      const figure = this.root.children[number];
      const picture = pictures[number];
      if (figure.querySelector('.waiting')) figure.querySelector('.waiting').hidden = !!picture;
      this._row(figure.querySelector('canvas'), row, picture, this.data.shared ? longest : picture?.seconds);
      drawn += !!picture;
    });
    const hasMel = pictures.some((picture) => picture?.mel);
    const scale = this.root.lastElementChild;
    scale.hidden = !hasMel;
    if (hasMel) {
      const { g, width, height } = brush(scale.querySelector('canvas'));
      for (let x = 0; x < width; x++) {
        g.fillStyle = `rgb(${this.colors[Math.round((x / width) * 255)].join(' ')})`;
        g.fillRect(x, 0, 1, height);
      }
    }
    this.root.dataset.drawn = drawn;
  }

  _row(canvas, row, picture, span) {
    const withMel = picture ? !!picture.mel : !!row.address;
    canvas.style.height = `${OUTLINE_HEIGHT + (withMel ? MEL_HEIGHT : 0) + TIME_HEIGHT}px`;
    const { g, width, height } = brush(canvas);
    if (!picture || width <= EDGE) return;
    const { theme } = this;
    const left = EDGE;
    const x = (seconds) => left + ((width - left) * seconds) / span;
    g.font = `11px ${theme.font}`;
    this._times(g, x, span, width, height);
    if (row.window) {
      g.fillStyle = theme.primary;
      g.globalAlpha = 0.22;
      g.fillRect(x(row.window[0]), 0, Math.max(3, x(row.window[1]) - x(row.window[0])), OUTLINE_HEIGHT);
      g.globalAlpha = 1;
    }
    this._outline(g, picture, x, row.window, OUTLINE_HEIGHT);
    if (picture.mel) this._mel(g, picture, x);
  }

  _times(g, x, span, width, height) {
    const step = [0.5, 1, 2, 5, 10, 20, 30, 60, 120].find((each) => x(each) - x(0) >= 46) ?? 300;
    g.textBaseline = 'bottom';
    for (let at = 0; at <= span + 1e-6; at += step) {
      g.fillStyle = this.theme.text;
      g.globalAlpha = 0.14;
      g.fillRect(Math.round(x(at)), 0, 1, height - TIME_HEIGHT + 4);
      g.globalAlpha = 0.62;
      const text = `${Number.isInteger(at) ? at : at.toFixed(1)} s`;
      const size = g.measureText(text).width;
      g.fillText(text, Math.min(width - size - 2, Math.max(x(at) - size / 2, 2)), height - 2);
      g.globalAlpha = 1;
    }
  }

  _outline(g, picture, x, shown, height) {
    const values = unpack(picture.outline, Int8Array);
    const middle = height / 2;
    const at = (column) => x((column / picture.columns) * picture.seconds);
    for (let column = 0; column < picture.columns; column++) {
      const top = middle - (values[2 * column + 1] / 127) * (middle - 2);
      const bottom = middle - (values[2 * column] / 127) * (middle - 2);
      const time = (column / picture.columns) * picture.seconds;
      const heard = !shown || (time >= shown[0] && time < shown[1]);
      g.fillStyle = heard ? this.theme.primary : this.theme.text;
      g.globalAlpha = heard ? 1 : 0.4;
      g.fillRect(at(column), top, Math.max(0.7, at(column + 1) - at(column)), Math.max(1, bottom - top));
    }
    g.globalAlpha = 1;
  }

  _mel(g, picture, x) {
    const values = unpack(picture.mel, Uint8Array);
    const bands = values.length / picture.columns;
    const image = new ImageData(picture.columns, bands);
    for (let column = 0; column < picture.columns; column++) {
      for (let band = 0; band < bands; band++) {
        const decibels = values[column * bands + band] * this.data.step_db + this.data.floor_db;
        const share = clampTo((decibels - QUIET_DB) / (LOUD_DB - QUIET_DB), 0, 1);
        image.data.set([...this.colors[Math.round(share * 255)], 255], 4 * ((bands - 1 - band) * picture.columns + column));
      }
    }
    const still = new OffscreenCanvas(picture.columns, bands);
    still.getContext('2d').putImageData(image, 0, 0);
    const top = OUTLINE_HEIGHT;
    g.imageSmoothingQuality = 'high';
    g.drawImage(still, x(0), top, x(picture.seconds) - x(0), MEL_HEIGHT);
    g.textBaseline = 'middle';
    g.fillStyle = this.theme.text;
    g.globalAlpha = 0.62;
    const highest = melOf(this.data.top_hz);
    for (const hz of TICKS_HZ) {
      const y = top + MEL_HEIGHT * (1 - melOf(hz) / highest);
      const text = hz < 1000 ? `${hz} Hz` : `${hz / 1000} kHz`;
      g.fillText(text, EDGE - 6 - g.measureText(text).width, Math.min(top + MEL_HEIGHT - 5, y));
    }
    g.globalAlpha = 1;
  }

  close() {
    this.closed = true;
    this.observer.disconnect();
  }
}

const clampTo = (x, low, high) => Math.max(low, Math.min(high, x));
const shown = new Map(); // by component key: they outlive a page that is drawn anew around them

export default function ({ data, key, parentElement }) {
  const root = parentElement.querySelector('.pictures');
  let pictures = shown.get(key);
  if (!pictures) shown.set(key, (pictures = new SoundPictures()));
  clearTimeout(pictures.leaving);
  if (pictures.root !== root) pictures.mount(root);
  pictures.load(data);
  return () => {
    pictures.leaving = setTimeout(() => {
      if (pictures.root !== root || root.isConnected) return;
      pictures.close();
      shown.delete(key);
    }, 1000);
  };
}
