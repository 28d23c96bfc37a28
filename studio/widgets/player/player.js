/* The player: piano roll, transport and mixer in one. `data` is what player.py makes of the pieces.
   All that the visitor set (position, loop, zoom, mixer) lives here, so a rerun of the page disturbs nothing. */

const players = new Map(); // by component key: they outlive a page that is drawn anew around them
let active = null; // the one that the keyboard plays

const clock = (s) => `${Math.floor(s / 60)}:${(s % 60).toFixed(1).padStart(4, '0')}`;
const clamp = (x, low, high) => Math.max(low, Math.min(high, x));

class Player {
  constructor() {
    this.transport = new Transport(() => this.show());
    this.sounds = new Map(); // status url -> Sound
    this.selection = new Selection(() => this.picked());
    this.mixer = new Mixer(() => {
      this.transport.setGains(this.mixer.gains(), this.mixer.pans(), this.mixer.reverbs());
      this.mix.refresh();
      this.draw();
    }, this.selection);
    this.view = new View();
    this.editor = new Editor(this);
    this.midi = new Midi(this);
    this.practice = new Practice(this);
    this.mix = new MixBar(this.editor, this.mixer);
    this.chords = new ChordLane(this);
    this.sections = new SectionBar(this);
    this.label = null;
    this.piece = null;
  }

  /* Connects to freshly made HTML; again, when the page made it anew. */
  mount(root) {
    this.root = root;
    this.parts = {};
    for (const name of ['play', 'stop', 'loop', 'time', 'length', 'where', 'sides', 'volume', 'meter', 'out', 'fit', 'in', 'form', 'roll', 'notes', 'over', 'empty', 'overview', 'karaoke', 'selection', 'legend', 'status', 'halves', 'mixer', 'edit', 'midi', 'songs', 'song', 'mixing', 'click', 'count', 'slow', 'help', 'keylist', 'section-tools', CHORDS]) {
      this.parts[name] = root.querySelector(`.${name}`);
    }
    const p = this.parts;
    p.play.onclick = () => this.toggle();
    p.stop.onclick = () => this.stop();
    p.loop.onclick = () => this.toggleLoop();
    p.out.onclick = () => this.zoom(2);
    p.in.onclick = () => this.zoom(0.5);
    p.fit.onclick = () => {
      this.view.whole();
      this.draw();
    };
    p.volume.value = Math.round(Math.sqrt(this.transport.volume) * 100);
    p.volume.oninput = () => this.transport.setVolume((p.volume.value / 100) ** 2);
    p.over.onpointerdown = (event) => pressEdit(this, event) || pressRoll(this, event);
    p.over.onpointermove = (event) => hoverEdit(this, event);
    p.over.ondblclick = (event) => doubleEdit(this, event);
    p.over.onkeydown = (event) => {
      // in braces: a handler that returns false takes every other key away, Tab too
      if (event.key !== 'Home') return;
      event.preventDefault();
      this.seek(0);
    };
    p.over.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
    p.overview.onpointerdown = (event) => pressOverview(this, event);
    root.addEventListener('pointerdown', () => (active = this));
    root.addEventListener('focusin', () => (active = this));
    root.addEventListener('transitionend', (event) => event.target === root && this.draw()); // the theme changed
    this.observer = new ResizeObserver(() => this.piece && this.draw());
    this.observer.observe(p.roll);
    this.mixer.mount(p.mixer, p.halves);
    this.selection.mount(p.selection);
    this.editor.bar.mount(p.edit);
    this.midi.mount(p.midi);
    this.editor.song.mount(p.songs, p.song);
    this.mix.mount(p.mixing, p.mixer);
    this.practice.mount(p);
    this.chords.mount(p[CHORDS]);
    this.sections.mount(p.form, p['section-tools']);
    root.classList.toggle('editing', this.editor.wanted);
    active ??= this;
  }

  load(data, send) {
    this.data = data;
    this.selection.load(data.selection, send);
    this.editor.load(data.edit, send);
    this.mix.answered(this.editor.exchange.accepted);
    this.chords.load(data.chords, send);
    this.sections.load(data.sections, send);
    const urls = new Set(data.pieces.map((piece) => piece.sound).filter(Boolean));
    for (const [url, sound] of this.sounds) {
      if (urls.has(url)) continue;
      if (this.transport.sound === sound) this.transport.setSound(null);
      sound.close();
      this.sounds.delete(url);
    }
    for (const url of urls) if (!this.sounds.has(url)) this.sounds.set(url, new Sound(url, () => this.heard()));
    const newest = data.pieces.at(-1);
    const same = newest.id === this.newest;
    this.newest = newest.id;
    if (!same && !data.live && !this.editor.exchange.accepted && !this.chords.exchange.accepted && !this.sections.exchange.accepted) {
      this.view.touched = false;
      this.transport.stop();
    }
    this.choose((same && !this.editor.exchange.accepted && data.pieces.find((each) => each.label === this.label)) || newest, data.live);
    restorePlace(this);
  }

  choose(piece, live = false) {
    if (live && this.data.grows) leaveRoom(piece);
    const changed = piece.id !== this.piece?.id;
    const before = live || !changed ? piece.bars : (this.side?.bars ?? piece.bars);
    this.side = piece; // as it came; what is shown of it may have been edited since
    this.piece = piece = this.editor.shown(piece);
    this.editor.bar.refresh();
    this.label = piece.label;
    this.view.show(piece, changed, live && this.data.grows);
    this.transport.setSound(this.sounds.get(piece.sound) ?? null, (seconds) => samePlace(seconds, before, this.side.bars));
    const { loop, position } = this.transport;
    if (!this.transport.playing && position > piece.seconds) this.transport.position = 0;
    if (loop.on && loop.to > piece.seconds + 0.01) this.transport.setLoop({ ...loop, on: false });
    fillSides(this);
    this.mixer.fill(this.side.tracks, piece.melody);
    showLegend(this.parts.legend, piece);
    this.sections.fill(piece);
    this.chords.fill(piece);
    this.transport.setGains(this.mixer.gains(), this.mixer.pans(), this.mixer.reverbs());
    this.mix.refresh();
    this.heard();
    this.draw();
  }

  /* The sound that is shown is made first, the others of the comparison when it is ready. */
  heard() {
    const { sound } = this.transport;
    sound?.prepare();
    if (!sound || sound.state === 'ready') for (const other of this.sounds.values()) other.prepare();
    this.transport.refresh();
    this.show();
  }

  // ---- transport ----

  toggle() {
    active = this;
    if (this.transport.playing) this.transport.pause();
    else {
      if (this.transport.position > this.piece.seconds - 0.05) this.transport.position = 0;
      this.following = true;
      this.practice.play();
    }
  }

  stop() {
    this.transport.stop();
    this.view.move(0);
    this.draw();
  }

  seek(seconds) {
    this.transport.seek(clamp(seconds, 0, this.piece.seconds));
    this.following = true;
    if (this.view.reveal(this.transport.now())) this.draw();
    this.overlay();
  }

  seekBar(step) {
    const { bars } = this.piece;
    const now = this.transport.now();
    const bar = bars.findLastIndex((time) => time <= now + 0.02);
    const back = step < 0 && now - bars[bar] > 0.35 ? 0 : step; // the first press goes to the start of this bar
    this.seek(bars[clamp(bar + back, 0, bars.length - 2)]);
  }

  toggleLoop() {
    const { loop } = this.transport;
    const { bars } = this.piece;
    const chosen = this.selection.on ? this.selection.bars : [];
    if (loop.on) this.transport.setLoop({ ...loop, on: false });
    else if (chosen.length) this.loopOver(bars[chosen[0][0]], bars[Math.min(chosen.at(-1)[1], bars.length - 1)]);
    else if (loop.to - loop.from < 0.05) {
      // nothing chosen yet: the bars that can be seen
      const from = bars.findLast((time) => time <= this.view.from + 0.01) ?? 0;
      const to = bars.find((time) => time >= this.view.from + this.view.span - 0.01) ?? this.piece.seconds;
      this.transport.setLoop({ on: true, from, to });
    } else this.transport.setLoop({ ...loop, on: true, to: Math.min(loop.to, this.piece.seconds) });
    this.overlay();
  }

  /* Loops from one second to another, and goes there. */
  loopOver(from, to) {
    this.transport.setLoop({ on: true, from, to });
    const now = this.transport.now();
    if (now < from || now >= to) this.seek(from);
    this.overlay();
  }

  // ---- the view ----

  zoom(factor, around = null) {
    this.view.zoom(factor, around ?? this.transport.now());
    this.draw();
  }

  wheel(event) {
    if (this.editor.wheel(event)) return;
    const sideways = event.shiftKey ? event.deltaY : event.deltaX;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      this.zoom(event.deltaY > 0 ? 1.25 : 0.8, this.layout.seconds(event.offsetX));
    } else if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY)) {
      event.preventDefault();
      this.scroll(this.view.from + sideways / this.layout.perSecond);
    }
  }

  scroll(from) {
    this.following = false;
    this.view.choose(from, this.view.span);
    this.draw();
  }

  // ---- the selection and the comparison ----

  picked() {
    this.mixer.refresh();
    this.show();
  }

  /* Whether a track is heard: always in a mix that is made as a whole. */
  hears(track) {
    const { sound } = this.transport;
    return (sound?.state === 'ready' && !sound.stems.length) || this.mixer.gain(track) > 0;
  }

  // ---- what is seen ----

  draw() {
    if (!this.piece || !this.root.isConnected) return;
    const { notes, overview } = this.parts;
    const { piece, view } = this;
    const theme = (this.theme = themeOf(this.root));
    if (notes.clientWidth <= GUTTER) return; // not to be seen now
    const { g, width, height } = brush(notes);
    const { editor } = this;
    const at = (this.layout = new Layout(piece, view, width, height - editor.lane));
    drawBackground(g, piece, at, theme);
    drawWave(g, piece, at, theme);
    if (editor.on) drawGrid(g, editor, at, theme);
    drawNotes(g, piece, at, (track) => this.hears(track) && editor.lights(track), editor.on ? (track, index) => editor.draft.selected.has(track.held[index].id) : undefined);
    if (editor.on) drawEdited(g, editor, at, theme, height);
    drawLocks(g, editor, piece, at);
    drawSeam(g, piece, at, theme);
    drawKeys(g, piece, at, theme);
    this.parts.form.inert = this.data.live;
    this.sections.place(piece, at);
    this.chords.place(at);
    if (!editor.busy) drawOverview(overview.firstElementChild, piece, view, theme);
    overview.classList.toggle('whole', view.span >= piece.seconds - 0.01);
    this.overlay();
  }

  /* What moves: loop, sounding notes, playhead. */
  overlay() {
    if (!this.layout || !this.root.isConnected || this.parts.over.clientWidth <= GUTTER) return;
    const { transport, layout: at, theme, piece, pending } = this;
    const { g, width, height } = brush(this.parts.over);
    const now = Math.min(transport.now(), piece.seconds);
    g.beginPath();
    g.rect(at.gutter - 7, 0, width, height);
    g.clip();
    if (this.selection.on && !this.editor.on) drawSelection(g, this.pendingBars ? [this.pendingBars] : this.selection.bars, piece, at, theme);
    drawLoop(g, pending ?? transport.loop, pending || transport.loop.on, at, theme);
    if (transport.playing) drawSounding(g, piece, at, now, (track) => this.hears(track));
    if (!this.data.live) drawPlayhead(g, at.x(now), at, theme);
    drawRubber(g, this.editor.rubber, theme);
    showKaraoke(this.parts.karaoke, piece, now);
    const chord = this.chords.light(now, transport.playing);
    const bar = Math.max(1, piece.bars.slice(0, -1).findLastIndex((time) => time <= now + 0.005) + 1);
    const { time, where, over, meter, overview } = this.parts;
    const text = clock(now);
    if (time.textContent !== text) time.textContent = text;
    const place = `Bar ${bar}`;
    if (where.textContent !== place) where.textContent = place;
    over.setAttribute('aria-valuenow', now.toFixed(1));
    over.setAttribute('aria-valuetext', `${place}, ${chord && `${chord}, `}${Math.round(now)} seconds`);
    const level = this.moving ? transport.level() : 0;
    meter.firstElementChild.style.clipPath = `inset(0 ${clamp(-40 * Math.log10(level + 1e-6) - 10, 0, 100)}% 0 0)`;
    overview.lastElementChild.style.left = `${(now / piece.seconds) * 100}%`;
    const state = this.root.dataset;
    state.time = transport.now().toFixed(3);
    tellTime(this, now);
    state.level = level.toFixed(5);
    state.clicks = this.practice.count;
    state.chord = chord;
    Object.assign(state, editState(this));
  }

  show() {
    if (!this.piece) return;
    const { play, stop, loop, length, over, empty, status } = this.parts;
    const { transport } = this;
    const { sound } = transport;
    play.disabled = !transport.canPlay;
    stop.disabled = !transport.canPlay;
    play.setAttribute('aria-label', transport.playing ? 'Pause' : 'Play');
    play.title = `${transport.playing ? 'Pause' : 'Play'} (space)`;
    play.classList.toggle('playing', transport.playing);
    loop.setAttribute('aria-pressed', transport.loop.on);
    this.selection.show();
    this.root.classList.toggle('unmixed', sound?.state === 'ready' && !sound.stems.length); // a mix that is made as a whole
    length.textContent = this.data.live && !this.data.grows ? '' : this.data.live ? `${clock(this.piece.end)} written` : ` / ${clock(this.piece.seconds)}`;
    over.setAttribute('aria-valuemax', this.piece.seconds.toFixed(1));
    empty.hidden = this.piece.end > 0;
    empty.textContent = this.data.live ? 'The notes appear here as they are written.' : 'There are no notes in this piece.';
    this.midi.follow();
    this.midi.refresh();
    const line = sound?.inWords(transport.mixed) ?? '';
    if (status.textContent !== line) status.textContent = line;
    status.classList.toggle('failed', sound?.state === 'failed');
    status.classList.toggle('busy', sound?.state === 'preparing');
    Object.assign(this.root.dataset, {
      playing: transport.playing,
      mode: transport.playing ? transport.mode : 'none',
      gains: JSON.stringify([...transport.gains.values()]),
      sound: sound?.state ?? 'none',
      side: this.label,
      loop: JSON.stringify(transport.loop),
      rate: transport.rate,
      live: this.data.live,
      waved: !!this.piece.wave,
      selection: this.selection.on ? this.selection.inWords() : '',
      changed: countChanged(this.piece) ?? -1,
      notes: this.piece.tracks.reduce((sum, track) => sum + track.notes.length / 4, 0),
    });
    this.practice.look();
    this.overlay();
    this.keepMoving();
  }

  /* Whether something sounds, so that the picture moves. */
  get moving() {
    return this.transport.playing || this.editor.audition.sounding;
  }

  keepMoving() {
    if (!this.moving || this.ticking) return;
    this.ticking = true;
    requestAnimationFrame(() => this.tick());
  }

  tick() {
    this.ticking = false;
    if (!this.root.isConnected) return;
    if (!this.moving) return this.overlay();
    this.transport.keepLoop();
    if (this.transport.playing && this.following && this.view.reveal(this.transport.now())) this.draw();
    this.overlay();
    this.keepMoving();
  }

  close() {
    this.midi.close();
    this.practice.close();
    this.transport.close();
    for (const sound of this.sounds.values()) sound.close();
    if (active === this) active = null;
  }
}

export default function ({ data, key, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector('.player');
  let player = players.get(key);
  if (!player) players.set(key, (player = new Player()));
  clearTimeout(player.leaving);
  if (player.root !== root) player.mount(root);
  player.load(data, setTriggerValue);
  return () => {
    // a page that is drawn anew brings the player back at once, even on a slow machine within this second; a page that was
    // left does not
    player.leaving = setTimeout(() => {
      if (player.root !== root || root.isConnected) return;
      player.close();
      players.delete(key);
    }, 1000);
  };
}
