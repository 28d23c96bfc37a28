/* Drawing: notes over a keyboard and a bar ruler. Times are seconds, sizes CSS pixels. */

const BLACK_KEYS = new Set([1, 3, 6, 8, 10]);
const RULER = 24;
const GUTTER = 50;
const DRUM_ROW = 13;

/* Returns a 2D context in CSS pixels, cleared, for a canvas of whatever size it has on the page now. */
function brush(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
  const g = canvas.getContext('2d');
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  g.clearRect(0, 0, width, height);
  return { g, width, height };
}

const darkness = new Map(); // by background color

/* Whether a color is a dark one. */
function isDark(color) {
  if (!darkness.has(color)) {
    const probe = document.createElement('canvas').getContext('2d');
    probe.fillStyle = color;
    probe.fillRect(0, 0, 1, 1);
    const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
    darkness.set(color, r * 0.3 + g * 0.6 + b * 0.1 < 128);
  }
  return darkness.get(color);
}

/* Returns the colors of Streamlit's present theme. */
function themeOf(element) {
  const style = getComputedStyle(element);
  const pick = (name, otherwise) => style.getPropertyValue(name).trim() || otherwise;
  const text = pick('--st-text-color', '#31333f');
  return {
    text,
    dark: isDark(pick('--st-background-color', '#fff')),
    primary: pick('--st-primary-color', '#ff4b4b'),
    back: pick('--st-secondary-background-color', '#f0f2f6'),
    font: pick('--st-font', 'sans-serif'),
  };
}

/* Where things are: x of a time, y of a row. */
class Layout {
  constructor(piece, view, width, height, { gutter = GUTTER, ruler = RULER, drumRow = DRUM_ROW } = {}) {
    Object.assign(this, { width, height, gutter, ruler, from: view.from, span: view.span });
    const drums = piece.drum_rows.length;
    this.drumRow = piece.has_pitches ? Math.min(drumRow, (0.45 * (height - ruler)) / Math.max(1, drums)) : (height - ruler) / Math.max(1, drums);
    this.floor = height - drums * this.drumRow; // pitches above, drums below
    this.low = piece.low;
    this.row = (this.floor - ruler) / (piece.high - piece.low + 1);
    this.perSecond = (width - gutter) / view.span;
  }
  x(seconds) {
    return this.gutter + (seconds - this.from) * this.perSecond;
  }
  seconds(x) {
    return this.from + (x - this.gutter) / this.perSecond;
  }
  y(pitch) {
    return this.floor - (pitch - this.low + 1) * this.row;
  }
  yDrum(row) {
    return this.height - (row + 1) * this.drumRow;
  }
}

function block(g, x, y, width, height) {
  if (width > 5 && height > 4) {
    g.beginPath();
    g.roundRect(x, y, width, height, Math.min(2.5, height / 3));
    g.fill();
  } else g.fillRect(x, y, width, height);
}

function outline(g, x, y, width, height, color) {
  g.strokeStyle = color;
  g.lineWidth = 1.25;
  g.strokeRect(x + 0.6, y + 0.6, Math.max(1, width - 1.2), Math.max(1, height - 1.2));
}

/* Calls visit(x, y, width, height, velocity, start, duration, index) for each note of a track that can be seen. */
function eachNote(track, at, visit) {
  const { notes } = track;
  for (let i = 0; i < notes.length; i += 4) {
    const x = at.x(notes[i]);
    const width = track.drums ? Math.max(3, Math.min(8, 0.09 * at.perSecond)) : Math.max(2, notes[i + 1] * at.perSecond - 1);
    if (x + width < at.gutter || x > at.width) continue;
    const height = track.drums ? Math.max(2, at.drumRow - 3) : Math.max(2, at.row - 0.6);
    const y = track.drums ? at.yDrum(notes[i + 2]) + 1.5 : at.y(notes[i + 2]) + 0.3;
    if (!track.drums && (y < at.ruler - 1 || y + height > at.floor + 1)) continue; // while it is edited not all rows are seen
    visit(x, y, width, height, notes[i + 3], notes[i], notes[i + 1], i / 4);
  }
}

function drawNotes(g, piece, at, audible = () => true, left = () => false) {
  g.save();
  g.beginPath();
  g.rect(at.gutter, at.ruler, at.width - at.gutter, at.height - at.ruler);
  g.clip();
  piece.tracks.forEach((track) => {
    const heard = audible(track);
    g.fillStyle = track.color;
    eachNote(track, at, (x, y, width, height, velocity, start, duration, index) => {
      if (left(track, index)) return; // to who draws it otherwise
      const changed = track.changed?.[index];
      const known = track.changed ? !changed : piece.new_from !== null && start < piece.new_from - 0.001;
      g.globalAlpha = (heard ? 0.55 + (0.45 * velocity) / 127 : 0.13) * (known ? 0.42 : 1);
      if (changed && piece.is_before) outline(g, x, y, width, height, track.color);
      else block(g, x, y, width, height);
    });
  });
  g.restore();
}

function drawBackground(g, piece, at, theme) {
  const ink = theme.dark ? '255,255,255' : '0,0,0';
  g.fillStyle = theme.back;
  g.fillRect(0, 0, at.width, at.height);
  if (piece.has_pitches) {
    for (let pitch = piece.low; pitch <= piece.high; pitch++) {
      const black = BLACK_KEYS.has(pitch % 12);
      const y = at.y(pitch);
      g.fillStyle = `rgba(${ink},${black ? 0.055 : 0})`;
      g.fillRect(at.gutter, y, at.width, at.row);
      if (pitch % 12 === 0 || pitch % 12 === 5) {
        g.fillStyle = `rgba(${ink},${pitch % 12 ? 0.04 : 0.1})`;
        g.fillRect(at.gutter, y + at.row - 0.5, at.width, 1);
      }
    }
  }
  piece.drum_rows.forEach((_, row) => {
    g.fillStyle = `rgba(${ink},${row % 2 ? 0.02 : 0.07})`;
    g.fillRect(at.gutter, at.yDrum(row), at.width, at.drumRow);
  });
  if (piece.has_pitches && piece.drum_rows.length) {
    g.fillStyle = `rgba(${ink},0.25)`;
    g.fillRect(0, at.floor - 0.5, at.width, 1);
  }
  // bar lines: every bar where there is room, and numbers at least 30 pixels apart
  const { bars } = piece;
  const perBar = ((bars.at(-1) - bars[0]) / Math.max(1, bars.length - 1)) * at.perSecond;
  const step = 2 ** Math.max(0, Math.ceil(Math.log2(30 / perBar)));
  g.font = `11px ${theme.font}`;
  g.textBaseline = 'middle';
  g.textAlign = 'left';
  bars.forEach((time, index) => {
    const x = at.x(time);
    if (x < at.gutter - 1 || x > at.width + 1) return;
    const strong = index % step === 0;
    if (!strong && perBar < 6) return;
    g.fillStyle = `rgba(${ink},${strong ? 0.2 : 0.08})`;
    g.fillRect(Math.round(x), strong ? 4 : at.ruler, 1, at.height);
    if (strong && index < bars.length - 1) {
      g.fillStyle = `rgba(${ink},0.62)`;
      g.fillText(index + 1, Math.round(x) + 4, at.ruler / 2 + 1);
    }
  });
  g.fillStyle = `rgba(${ink},0.16)`;
  g.fillRect(0, at.ruler - 0.5, at.width, 1);
}

/* The keyboard at the left, with the C of each octave by name, and the names of the drums. */
function drawKeys(g, piece, at, theme) {
  const [white, black, line] = theme.dark ? ['#c9cdd8', '#262a36', 'rgba(0,0,0,.28)'] : ['#ffffff', '#3d4352', 'rgba(0,0,0,.2)'];
  g.fillStyle = theme.back;
  g.fillRect(0, 0, at.gutter, at.height);
  if (piece.has_pitches) {
    g.fillStyle = white;
    g.fillRect(0, at.ruler, at.gutter - 1, at.floor - at.ruler);
    g.textBaseline = 'middle';
    for (let pitch = piece.low; pitch <= piece.high; pitch++) {
      const [y, tone] = [at.y(pitch), pitch % 12];
      if (BLACK_KEYS.has(tone)) {
        g.fillStyle = black;
        g.fillRect(0, y + 0.3, (at.gutter - 1) * 0.6, at.row - 0.6);
      }
      if (tone === 0 || tone === 5 || at.row > 6) {
        g.fillStyle = line;
        if (!BLACK_KEYS.has(tone) && (tone === 0 || tone === 5)) g.fillRect(0, y + at.row - 0.5, at.gutter - 1, 1);
      }
      if (tone === 0 && y + at.row / 2 > at.ruler + 5) {
        g.fillStyle = '#3d4352';
        g.font = `600 ${Math.min(10, Math.max(8.5, at.row + 2))}px ${theme.font}`;
        g.textAlign = 'right';
        g.fillText(`C${pitch / 12 - 1}`, at.gutter - 5, y + at.row / 2);
      }
    }
  }
  g.fillStyle = theme.text;
  g.globalAlpha = 0.75;
  g.textAlign = 'left';
  g.textBaseline = 'middle';
  g.font = `${Math.min(10.5, at.drumRow - 2)}px ${theme.font}`;
  piece.drum_rows.forEach((name, row) => g.fillText(name, 6, at.yDrum(row) + at.drumRow / 2, at.gutter - 8));
  g.globalAlpha = 1;
}

/* Where the new notes begin. */
function drawSeam(g, piece, at, theme) {
  if (piece.new_from === null || piece.new_from <= 0) return;
  const x = at.x(piece.new_from);
  if (x < at.gutter - 1 || x > at.width) return;
  g.save();
  g.strokeStyle = theme.primary;
  g.setLineDash([4, 3]);
  g.lineWidth = 1.5;
  g.beginPath();
  g.moveTo(x, at.ruler);
  g.lineTo(x, at.height);
  g.stroke();
  g.restore();
  g.font = `600 10px ${theme.font}`;
  g.textAlign = 'left';
  g.textBaseline = 'middle';
  const width = g.measureText('new').width + 10;
  g.fillStyle = theme.primary;
  g.beginPath();
  g.roundRect(x + 3, at.ruler + 4, width, 15, 7.5);
  g.fill();
  g.fillStyle = '#fff';
  g.fillText('new', x + 8, at.ruler + 12);
}

/* What is looped, over the bar numbers; paler while the loop is off. */
function drawLoop(g, { from, to }, on, at, theme) {
  if (to <= from) return;
  const [a, b] = [Math.max(at.gutter, at.x(from)), at.x(to)];
  if (b <= a) return;
  g.fillStyle = on ? theme.primary : 'rgba(128,128,128,.8)';
  g.globalAlpha = 0.9;
  g.beginPath();
  g.roundRect(a, 0, b - a, 5, 2.5);
  g.fill();
  g.globalAlpha = 0.05;
  if (on) g.fillRect(a, 5, b - a, at.height);
  g.globalAlpha = 1;
}

/* Lights the notes that sound now. */
function drawSounding(g, piece, at, now, audible) {
  for (const track of piece.tracks.filter(audible)) {
    eachNote(track, at, (x, y, width, height, velocity, start, duration) => {
      if (start > now || now >= start + Math.max(duration, 0.12)) return;
      const left = Math.max(x, at.gutter);
      g.fillStyle = g.shadowColor = track.color;
      g.shadowBlur = 8;
      block(g, left, y, x + width - left, height);
      g.shadowBlur = 0;
      g.fillStyle = 'rgba(255,255,255,.5)';
      block(g, left, y, x + width - left, height);
    });
  }
}

function drawPlayhead(g, x, at, theme) {
  if (x < at.gutter - 1) return;
  g.fillStyle = theme.primary;
  g.fillRect(x - 0.75, 6, 1.5, at.height);
  g.beginPath();
  g.moveTo(x - 6, 5);
  g.lineTo(x + 6, 5);
  g.lineTo(x + 6, 9);
  g.lineTo(x, 16);
  g.lineTo(x - 6, 9);
  g.fill();
}

/* The whole piece as a strip, with a frame round what the roll shows. Its notes are drawn once for each piece. */
function drawOverview(canvas, piece, view, theme) {
  const { g, width, height } = brush(canvas);
  const at = new Layout(piece, { from: 0, span: piece.seconds }, width, height - 4, { gutter: 0, ruler: 4, drumRow: 3 });
  const of = { piece, width, height, ratio: window.devicePixelRatio };
  if (!canvas.still || Object.keys(of).some((name) => canvas.still.of[name] !== of[name])) {
    const image = Object.assign(document.createElement('canvas'), { width: canvas.width, height: canvas.height });
    const still = image.getContext('2d');
    still.setTransform(g.getTransform());
    drawNotes(still, piece, at);
    canvas.still = { of, image };
  }
  if (canvas.width && canvas.height) g.drawImage(canvas.still.image, 0, 0, width, height);
  if (view.span >= piece.seconds - 0.01) return;
  g.fillStyle = theme.dark ? 'rgba(255,255,255,.12)' : 'rgba(0,0,0,.07)';
  g.strokeStyle = theme.dark ? 'rgba(255,255,255,.5)' : 'rgba(0,0,0,.4)';
  g.beginPath();
  g.roundRect(at.x(view.from) + 0.5, 0.5, Math.max(6, view.span * at.perSecond - 1), height - 1, 5);
  g.fill();
  g.stroke();
}
