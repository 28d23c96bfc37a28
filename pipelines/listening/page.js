/* The listening page: sound, roll, words, chords and sheet of one song go together. All of it stands in this one file; how a roll
   and the words are drawn are those of the studio (roll.js, karaoke.js, cursor.js). */

const song = JSON.parse(document.getElementById('song').textContent);
const [piece, sheet, chords] = [song.piece, song.sheet, song.chords];
const part = (name) => document.querySelector(`.${name}`);
const sound = document.querySelector('audio');
const pages = [...document.querySelectorAll('.page')];
const seen = { from: 0, span: Math.min(piece.seconds, 12), theme: null, layout: null, system: '' };
const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;

const now = () => Math.min(sound.currentTime, piece.seconds);

function seek(seconds) {
  sound.currentTime = Math.max(0, Math.min(seconds, piece.seconds));
  show();
}

function toggle() {
  if (sound.paused) sound.play();
  else sound.pause();
}

/* The notes, when another page of them is turned to, or the window or the theme has changed. */
function drawRoll() {
  const canvas = part('notes');
  seen.theme = themeOf(document.documentElement);
  const { g, width, height } = brush(canvas);
  seen.span = Math.min(piece.seconds, Math.max(6, width / 60)); // some 60 pixels a second, by eye
  seen.from = Math.max(0, Math.min(seen.from, piece.seconds - seen.span));
  const at = (seen.layout = new Layout(piece, seen, width, height));
  drawBackground(g, piece, at, seen.theme);
  drawNotes(g, piece, at);
  drawKeys(g, piece, at, seen.theme);
}

/* What moves. */
function show() {
  const time = now();
  const { from, span } = seen;
  if (time < from || (time > from + 0.96 * span && from + span < piece.seconds - 0.01)) {
    seen.from = time - 0.04 * span;
    drawRoll();
  }
  const { g, width, height } = brush(part('over'));
  g.beginPath();
  g.rect(GUTTER - 7, 0, width, height);
  g.clip();
  if (!sound.paused) drawSounding(g, piece, seen.layout, time, () => true);
  drawPlayhead(g, seen.layout.x(time), seen.layout, seen.theme);
  showKaraoke(part('karaoke'), piece, time);
  const bar = Math.max(1, piece.bars.slice(0, -1).findLastIndex((each) => each <= time + 0.005) + 1);
  const position = part('position');
  position.value = time;
  position.setAttribute('aria-valuetext', `${clock(time)}, bar ${bar}`);
  part('time').textContent = clock(time);
  showChord(time);
  const section = piece.sections.findLastIndex((each) => each.from <= time + 0.005);
  [...part('sections').children].forEach((each, index) => each.setAttribute('aria-current', index === section));
  showSheet(time);
  Object.assign(document.body.dataset, { time: time.toFixed(3), bar });
}

function showChord(time) {
  if (!chords.length) return;
  const at = chords.findLastIndex((each) => each[0] <= time + 0.005);
  part('chord').querySelector('b').textContent = chords[at]?.[1] ?? '–';
  part('next').textContent = chords[at + 1] ? `then ${chords[at + 1][1]}` : '';
}

function showSheet(time) {
  const place = sheet.bars.length ? cursorAt(sheet, time) : null;
  pages.forEach((page, index) => showCursor(page.querySelector('.frame'), page.querySelector('.line'), place?.page === index ? place : null));
  document.body.dataset.sheetBar = place ? place.bar : -1;
  const system = place ? `${place.page} ${place.top}` : '';
  if (!place || system === seen.system) return;
  seen.system = system;
  if (part('follow').getAttribute('aria-pressed') === 'true') reveal(place);
}

/* Scrolls to where a system of the sheet can be seen whole below the bar that stays on top. */
function reveal(place) {
  const box = pages[place.page].getBoundingClientRect();
  const top = box.top + place.top * box.height - part('bar').offsetHeight - 40;
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  window.scrollBy({ top, behavior: still ? 'auto' : 'smooth' });
}

function tick() {
  show();
  if (!sound.paused) requestAnimationFrame(tick);
}

function save(kind) {
  const data = kind === 'mid' ? song.midi : sound.src.slice(sound.src.indexOf(',') + 1);
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([bytes], { type: kind === 'mid' ? 'audio/midi' : 'audio/mpeg' }));
  link.download = `${song.file}.${kind}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function fillSections() {
  part('sections').replaceChildren(...piece.sections.map(({ name, from }) => {
    const button = Object.assign(document.createElement('button'), { type: 'button', textContent: name });
    button.onclick = () => seek(from);
    return button;
  }));
  part('sections').hidden = !piece.sections.length;
}

function start() {
  sound.hidden = true;
  for (const name of ['controls', 'roll']) part(name).hidden = false;
  document.querySelector('footer').hidden = false;
  part('chord').hidden = !chords.length;
  part('follow').hidden = part('print').hidden = !pages.length;
  part('position').max = piece.seconds;
  fillSections();
  part('play').onclick = toggle;
  part('position').oninput = (event) => seek(Number(event.target.value));
  part('follow').onclick = (event) => {
    const on = event.target.getAttribute('aria-pressed') !== 'true';
    event.target.setAttribute('aria-pressed', on);
    const place = cursorAt(sheet, now());
    if (on && place) reveal(place);
  };
  part('over').onpointerdown = (event) => seek(seen.layout.seconds(event.offsetX));
  pages.forEach((page, index) => {
    page.onclick = (event) => {
      const box = page.getBoundingClientRect();
      const bar = barAt(sheet, index, (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
      if (bar >= 0) seek(sheet.bars[bar][5]);
    };
  });
  for (const button of document.querySelectorAll('.save')) button.onclick = () => save(button.dataset.kind);
  part('print').onclick = () => window.print();
  document.addEventListener('keydown', (event) => {
    const free = !event.target.closest('button, input, summary, a, pre') && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (event.code !== 'Space' || !free) return;
    event.preventDefault();
    toggle();
  });
  for (const name of ['play', 'pause', 'ended']) {
    sound.addEventListener(name, () => {
      document.body.classList.toggle('playing', !sound.paused);
      part('play').setAttribute('aria-label', sound.paused ? 'Play' : 'Pause');
      tick();
    });
  }
  sound.addEventListener('seeked', show);
  sound.addEventListener('timeupdate', show);
  new ResizeObserver(() => {
    drawRoll();
    show();
  }).observe(part('roll'));
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    drawRoll();
    show();
  });
  drawRoll();
  show();
}

start();
