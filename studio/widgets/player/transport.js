/* Plays a Sound from any position; knows nothing of pages or pictures. It sounds in one of these modes:
   - mix: an <audio> element streams the whole, which is ready first and is the same as the download; half speed keeps its pitch here;
   - whole: the same, decoded: loops without a gap, and is exact for clicks that go along;
   - tracks: decoded, each through gain and pan of its own;
   - head: the first seconds, decoded, while the rest is still made. */

const START_S = 0.03; // decoded sound is told to the sound card so early; what sounded until then goes over to it
const EVEN_S = 3; // as long takes it from the loudness of the head to that of the whole: too slow to be noticed, by ear
const LATE_S = 0.06; // a beat that is just over is still told at the start
const BLEND_MS = 250; // after the last move of a fader

class Transport {
  constructor(changed) {
    this.changed = changed;
    this.sound = null;
    this.playing = false;
    this.waiting = false; // whether it plays as soon as there is sound
    this.mode = 'none'; // what the ear hears now
    this.position = 0; // where it stands when it does not play
    this.loop = { on: false, from: 0, to: 0 };
    this.gains = new Map(); // track -> gain, as the mixer wants it
    this.pans = new Map(); // track -> how far from where it is written, -1 to 1
    this.reverbs = new Map(); // track -> how much reverb, 0 to 1, now and as written
    this.room = null; // where dry tracks sound in
    this.volume = 1;
    this.rate = 1;
    this.exact = false; // whether something else has to be in time with it
    this.sources = [];
    this.turn = 0; // counts starts, so that a late answer of an older one is ignored
    this.epoch = 0; // counts all that moves the sound against the clock
    this.blend = null; // the tracks mixed as the mixer says, as an <audio> element, for half speed
  }

  get canPlay() {
    if (!this.sound || this.sound.state === 'failed') return false;
    return !!this.sound.element || (!!this.sound.head && this.rate === 1);
  }

  get mixed() {
    const moved = [...this.gains.values()].some((gain) => gain !== 1) || [...this.pans.values()].some((pan) => pan !== 0);
    return moved || [...this.reverbs].some(([track, [now, written]]) => now !== written && this.sound?.reverbs.has(track));
  }

  /* The element that streams. */
  get element() {
    return this.blend?.element ?? this.sound?.element ?? null;
  }

  _wire() {
    if (this.master) return;
    const context = audioContext();
    this.limiter = softLimiter(context);
    this.master = new GainNode(context, { gain: this.volume });
    this.meter = new AnalyserNode(context, { fftSize: 2048 });
    this.limiter.last.connect(this.master).connect(this.meter).connect(context.destination);
    this._samples = new Float32Array(this.meter.fftSize);
  }

  /* Where else sound may join the mix. */
  get input() {
    this._wire();
    return this.limiter.first;
  }

  /* The loudness now, as the root of the mean square of what leaves for the loudspeakers. */
  level() {
    if (!this.meter) return 0;
    this.meter.getFloatTimeDomainData(this._samples);
    return Math.sqrt(this._samples.reduce((sum, x) => sum + x * x, 0) / this._samples.length);
  }

  now() {
    if (!this.playing) return this.position;
    if (this.mode === 'mix') return this.element.paused ? this.position : this.element.currentTime;
    const context = audioContext();
    return this._place(context.currentTime - (context.outputLatency || 0));
  }

  /* Where decoded sound is at a time of the context's clock. */
  _place(time) {
    const at = this._from + Math.max(0, time - this._began);
    const { on, from, to } = this.loop;
    return on && this.mode !== 'head' && this._from < to && at >= to ? from + ((at - to) % (to - from)) : Math.min(at, this._length);
  }

  /* Returns [second, time of the context's clock] of each of these seconds that will sound within so many seconds. */
  coming(seconds, ahead) {
    const context = audioContext();
    if (!this.playing || (this.mode === 'mix' && this.element.paused)) return [];
    const early = this.mode !== 'mix' && context.currentTime < this._began;
    const base = early ? this._began : context.currentTime;
    const at = this.mode === 'mix' ? this.element.currentTime : this._place(base);
    const until = at + (ahead - (base - context.currentTime)) * this.rate;
    const { on, from, to } = this.loop;
    const loops = on && at < to && until > to;
    const told = seconds.filter((each) => each >= at - LATE_S && each < (loops ? to : until)).map((each) => [each, each - at]);
    if (loops) told.push(...seconds.filter((each) => each >= from && each < from + until - to).map((each) => [each, to - at + each - from]));
    return told.map(([each, later]) => [each, Math.max(context.currentTime, base + later / this.rate)]);
  }

  _best() {
    if (this.rate !== 1) return 'mix';
    if (this.mixed && this.sound.buffers) return 'tracks';
    if (!this.sound.element) return 'head';
    const onHead = this.playing && this.mode === 'head';
    if (this.loop.on || this.exact || onHead) return this.sound.mixBuffer ? 'whole' : onHead && !this.sound.isLong ? 'head' : 'mix';
    return this.playing && this.mode === 'whole' ? 'whole' : 'mix';
  }

  /* Goes over to another sound, at the same place, which `place` tells where the tempo differs; and plays on, if not yet then
     as soon as it can. */
  setSound(sound, place = (seconds) => seconds) {
    if (sound === this.sound) return;
    const going = this.playing || this.waiting;
    this.pause();
    this.sound = sound;
    this.position = place(this.position);
    const { on, from, to } = this.loop;
    if (to) this.loop = { on, from: place(from), to: place(to) };
    this._reblend();
    this.waiting = going;
    if (going) this.play();
    this._want();
  }

  /* Plays, from silence after so many seconds. */
  async play(wait = 0) {
    if (!this.canPlay) return;
    this.waiting = false;
    this._wire();
    const context = audioContext();
    const turn = ++this.turn;
    this.epoch++;
    const { sound } = this;
    const onHead = this.playing && this.mode === 'head';
    const going = this.playing && this.mode !== 'none';
    const best = this._best();
    let at = this.now();
    if (best === 'head' && at >= sound.head.duration - 0.01) {
      if (going) this.pause();
      this.waiting = true;
      return;
    }
    const start = context.currentTime + Math.max(START_S, wait);
    if (going) at = this.mode === 'mix' ? at + START_S : this._place(start);
    if (best === 'mix') at = this.now(); // it starts when it can
    this._silence(going && best !== 'mix' ? start : context.currentTime);
    if (this.loop.on && at >= this.loop.to - 0.005) at = this.loop.from;
    this.mode = best;
    this.playing = true;
    this.position = at;
    Object.assign(this, { _from: at, _began: Infinity, _length: Infinity }); // until it starts
    try {
      if (context.state !== 'running') await context.resume();
      if (turn !== this.turn) return;
      if (best === 'mix') await this._stream(this.element, at, wait, turn);
      else this._schedule(at, Math.max(start, context.currentTime), going, turn, onHead ? sound.headGain : 1);
    } catch (error) {
      if (turn !== this.turn || error.name === 'AbortError') return;
      this.pause();
    }
    this.changed();
    this._want();
  }

  async _stream(element, at, wait, turn) {
    if (!element._wired) {
      audioContext().createMediaElementSource(element).connect(this.master);
      element._wired = true;
      element.addEventListener('timeupdate', () => this.keepLoop()); // also where no picture is drawn: in a tab behind
      element.addEventListener('ended', () => this.element === element && this.mode === 'mix' && this.ended());
    }
    element.preservesPitch = true;
    element.playbackRate = this.rate;
    if (Math.abs(element.currentTime - at) > 0.005) element.currentTime = at;
    if (wait) await new Promise((done) => setTimeout(done, wait * 1000));
    if (turn === this.turn) await element.play();
  }

  _schedule(at, start, going, turn, louder) {
    const { sound, mode } = this;
    const context = audioContext();
    const buffers = mode === 'tracks' ? sound.buffers : new Map([['mix', mode === 'head' ? sound.head : sound.mixBuffer]]);
    Object.assign(this, { _began: start, _from: at, _length: Math.max(...[...buffers.values()].map((b) => b.duration)) });
    this.room = mode === 'tracks' ? reverbRoom(context, this.limiter.first) : null;
    for (const [track, buffer] of buffers) {
      const strip = this._strip(context, track, buffer, mode === 'tracks' ? this.limiter.first : this.master, this.room);
      const { source, gain } = strip;
      if (going) {
        const loud = gain.gain.value;
        gain.gain.setValueAtTime(0, start);
        gain.gain.linearRampToValueAtTime(loud * louder, start + GLIDE_S);
        if (louder !== 1) gain.gain.exponentialRampToValueAtTime(Math.max(loud, 1e-4), start + EVEN_S);
      }
      if (this.loop.on && mode !== 'head') Object.assign(source, { loop: true, loopStart: this.loop.from, loopEnd: Math.min(this.loop.to, this._length) });
      source.start(start, Math.min(at, buffer.duration));
      this.sources.push(strip);
    }
    if (this.sources.length) this.sources[0].source.onended = () => turn === this.turn && this.playing && (this.mode === 'head' ? this._starve() : this.ended());
  }

  /* Connects a decoded track, with the mixer's gain, pan and reverb, or the whole mix. */
  _strip(context, track, buffer, into, room) {
    const isMix = track === 'mix';
    const source = new AudioBufferSourceNode(context, { buffer });
    const gain = new GainNode(context, { gain: isMix ? 1 : (this.gains.get(track) ?? 1) });
    const pan = new StereoPannerNode(context, { pan: isMix ? 0 : (this.pans.get(track) ?? 0) });
    source.connect(gain).connect(pan).connect(into);
    const send = new GainNode(context, { gain: this._sent(track) });
    if (room) gain.connect(send).connect(room.first);
    return { track, source, gain, pan, send };
  }

  /* How much of a track goes into the room: nothing where its reverb is in its stem already. */
  _sent(track) {
    return (this.reverbs.get(track)?.[0] ?? 0) * (this.sound.reverbs.get(track) ?? 0);
  }

  /* The first seconds are over, and the rest is not there yet: it goes on when it is. */
  _starve() {
    const at = this._length;
    this.pause();
    this.position = at;
    this.waiting = true;
    this.refresh();
  }

  /* Lets what sounds end at this time of the context's clock. */
  _silence(when) {
    const context = sharedContext;
    const { element } = this;
    if (element && !element.paused) {
      const later = (when - context.currentTime) * 1000;
      if (later > 1) setTimeout(() => (this.mode !== 'mix' || !this.playing) && element.pause(), later);
      else element.pause();
    }
    for (const { source, gain } of this.sources) {
      source.onended = null;
      gain.gain.cancelScheduledValues(when);
      gain.gain.setValueAtTime(gain.gain.value, when);
      gain.gain.linearRampToValueAtTime(0, when + GLIDE_S);
      source.stop(when + GLIDE_S * 2);
    }
    this.sources = [];
    this.room?.last.gain.setTargetAtTime(0, when, GLIDE_S); // what is heard next has its own
    this.room = null;
  }

  pause() {
    this.position = this.now();
    this.turn++;
    this.epoch++;
    if (sharedContext) this._silence(sharedContext.currentTime);
    this.playing = this.waiting = false;
    this.changed();
  }

  stop() {
    this.pause();
    this.position = 0;
    this.changed();
  }

  ended() {
    this.stop();
    if (this.loop.on) this.play();
  }

  seek(seconds) {
    const at = Math.max(0, seconds);
    this.epoch++;
    if (this.playing && this.mode === 'mix') {
      this.element.currentTime = this.position = at;
    } else if (this.playing) this._moved(() => (this.position = at));
    else this.position = at;
    this.changed();
  }

  /* Changes something about what plays, and plays on. */
  _moved(change) {
    const going = this.playing;
    if (going) this.pause();
    change();
    this.waiting ||= going;
    if (going) this.play();
  }

  keepLoop() {
    const { on, from, to } = this.loop;
    if (!this.playing || this.mode !== 'mix' || !on) return;
    if (this.element.currentTime < to) return;
    this.element.currentTime = from;
    this.epoch++;
  }

  setLoop(loop) {
    if (this.mode === 'mix') this.loop = loop;
    else this._moved(() => (this.loop = loop));
    this._want();
    this.changed();
  }

  setRate(rate) {
    this._moved(() => {
      this.rate = rate;
      this._reblend();
    });
    this._want();
    this.changed();
  }

  setExact(exact) {
    this.exact = exact;
    this._want();
  }

  setGains(gains, pans = new Map(), reverbs = new Map()) {
    Object.assign(this, { gains, pans, reverbs });
    for (const { track, gain, pan, send } of this.sources) {
      if (track === 'mix') continue;
      send.gain.setTargetAtTime(this._sent(track), audioContext().currentTime, GLIDE_S);
      gain.gain.setTargetAtTime(gains.get(track) ?? 1, audioContext().currentTime, GLIDE_S);
      pan.pan.setTargetAtTime(pans.get(track) ?? 0, audioContext().currentTime, GLIDE_S);
    }
    this._reblend();
    this._want();
    this.changed();
  }

  setVolume(volume) {
    this.volume = volume;
    this.master?.gain.setTargetAtTime(volume, audioContext().currentTime, GLIDE_S);
  }

  /* Decodes what the present wishes need, and changes over to it while it plays. */
  _want() {
    if (!this.sound) return;
    if (this.mixed) this.sound.decodeTracks();
    else if (this.loop.on || this.exact || this.mode === 'head') this.sound.decodeMix();
    const best = this.playing && this._best();
    const settled = this.mode === best || (this.mode === 'tracks' && this.rate === 1); // tracks can do all that the others can
    if (this.playing && this.sources.length + (this.mode === 'mix') && !settled) this.play();
  }

  refresh() {
    this._reblend();
    if (this.waiting && this.canPlay) this.play();
    this._want();
  }

  /* At half speed only an <audio> element keeps the pitch: what the mixer says is mixed for one, anew after each change. */
  _reblend() {
    const wanted = this.rate !== 1 && this.mixed && this.sound?.buffers ? JSON.stringify([this.sound.url, [...this.gains], [...this.pans], [...this.reverbs]]) : '';
    if (wanted === this._wanted) return;
    this._wanted = wanted;
    clearTimeout(this._blending);
    if (!wanted) return this._setBlend(null);
    this._blending = setTimeout(async () => {
      const { buffers } = this.sound;
      const [first] = buffers.values();
      const context = new OfflineAudioContext(2, first.length, first.sampleRate);
      const limiter = softLimiter(context);
      limiter.last.connect(context.destination);
      const room = reverbRoom(context, limiter.first);
      for (const [track, buffer] of buffers) this._strip(context, track, buffer, limiter.first, room).source.start();
      const element = waveElement(await context.startRendering());
      if (wanted === this._wanted) this._setBlend({ element });
    }, this.blend ? BLEND_MS : 0);
  }

  _setBlend(blend) {
    if (blend === this.blend) return;
    const old = this.blend;
    this._moved(() => (this.blend = blend));
    if (old) URL.revokeObjectURL(old.element.src);
    this.changed();
  }

  close() {
    if (this.playing) this.pause();
    this._setBlend(null);
  }
}
