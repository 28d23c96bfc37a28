/* The sound of a piece, and a transport that plays it in one of two ways:
   - the mix, streamed by an <audio> element: ready first, and the same as the download;
   - decoded buffers through gains, one a track: exact to the sample, so tracks stay together and loops have no gap. */

const POLL_MS = 500; // the mix takes seconds to make; half of one more is not noticed
const DECODED_BYTES = 512e6; // beyond this, tracks are decoded at a lower rate rather than fill the visitor's memory
const GLIDE_S = 0.015; // gains move this slowly, so that nothing clicks
const FORMAT = new Audio().canPlayType('audio/ogg; codecs="vorbis"') ? 'ogg' : 'wav'; // older Safari knows no OGG

let sharedContext = null; // browsers allow few AudioContexts
const audioContext = () => (sharedContext ??= new AudioContext());

/* What the server knows of one piece's sound, asked until it is all there. */
class Sound {
  constructor(statusUrl, changed) {
    this.url = new URL(statusUrl, document.baseURI).href;
    this.changed = changed;
    this.state = 'idle'; // idle, preparing, ready, failed
    this.progress = null;
    this.message = '';
    this.advice = '';
    this.element = null; // streams the mix
    this.stems = []; // [track, url]
    this.buffers = null; // Map of track -> AudioBuffer
    this.mixBuffer = null;
    this.closed = false;
  }

  prepare() {
    if (this.state !== 'idle') return;
    this.state = 'preparing';
    this._ask();
  }

  async _ask() {
    while (!this.closed && this.state === 'preparing') {
      try {
        const reply = await fetch(this.url);
        if (reply.status === 404) throw new Error('The sound of this piece is gone. Reload the page to make it again.');
        if (reply.ok) this._take(await reply.json());
      } catch (error) {
        if (!(error instanceof TypeError)) this._take({ state: 'failed', message: error.message }); // TypeError: no network now
      }
      if (this.state === 'preparing') await new Promise((done) => setTimeout(done, POLL_MS));
    }
  }

  _take(status) {
    if (this.closed) return;
    this.state = status.state;
    this.progress = status.progress ?? null;
    this.message = status.message ?? '';
    this.advice = status.advice ?? '';
    this.stems = status.stems ?? [];
    if (status.mix && !this.element) {
      this.element = new Audio();
      this.element.preload = 'auto';
      this.element.src = this._file(status.mix);
      this.element.onerror = () => this._take({ state: 'failed', message: 'The browser cannot play this sound. Download the MIDI or MP3 file instead.' });
    }
    this.changed(this);
  }

  _file(name) {
    return `${this.url}/${name}.${FORMAT}`;
  }

  async _decode(url, rate) {
    const reply = await fetch(url);
    if (!reply.ok) throw new Error(`${reply.status}`);
    return new OfflineAudioContext(2, 1, rate).decodeAudioData(await reply.arrayBuffer());
  }

  async decodeTracks() {
    if (this.buffers || this._decoding || this.state !== 'ready' || !this.stems.length) return;
    this._decoding = true;
    try {
      const rate = audioContext().sampleRate;
      const whole = this.stems.length * (this.element?.duration || 60) * rate * 8;
      const affordable = Math.max(8000, Math.round(rate * Math.min(1, DECODED_BYTES / whole)));
      const buffers = new Map();
      for (const [track, name] of this.stems) {
        buffers.set(track, await this._decode(this._file(name), affordable)); // one by one: decoding needs memory too
        if (this.closed) return;
      }
      this.buffers = equalLengths(buffers);
    } catch {
      this.message = 'The tracks could not be loaded, so the whole mix plays. Check the connection and reload the page.';
    }
    this._decoding = false;
    this.changed(this);
  }

  async decodeMix() {
    if (this.mixBuffer || this._decodingMix || !this.element) return;
    this._decodingMix = true;
    try {
      this.mixBuffer = await this._decode(this.element.src, audioContext().sampleRate);
      this.changed(this);
    } catch {
      // the stream still plays, with a short gap where the loop returns
    }
  }

  close() {
    this.closed = true;
    this.state = 'closed';
    this.buffers = this.mixBuffer = null;
    if (this.element) {
      this.element.pause();
      this.element.onerror = null;
      this.element.removeAttribute('src');
      this.element.load();
    }
  }
}

function equalLengths(buffers) {
  // a loop would drift apart if one track ended before the loop does
  const length = Math.max(...[...buffers.values()].map((b) => b.length));
  for (const [track, buffer] of buffers) {
    if (buffer.length === length) continue;
    const longer = new AudioBuffer({ length, numberOfChannels: buffer.numberOfChannels, sampleRate: buffer.sampleRate });
    for (let c = 0; c < buffer.numberOfChannels; c++) longer.copyToChannel(buffer.getChannelData(c), c);
    buffers.set(track, longer);
  }
  return buffers;
}

/* Plays a Sound from any position; knows nothing of pages or pictures. */
class Transport {
  constructor(changed) {
    this.changed = changed;
    this.sound = null;
    this.playing = false;
    this.waiting = false; // whether it plays as soon as there is sound
    this.mode = 'none'; // mix, tracks or loop: what the ear hears now
    this.position = 0; // where it stands when it does not play
    this.loop = { on: false, from: 0, to: 0 };
    this.gains = new Map(); // track -> gain, as the mixer wants it
    this.pans = new Map(); // track -> how far from where it is written, -1 to 1
    this.volume = 1;
    this.sources = [];
    this.turn = 0; // counts starts, so that a late answer of an older one is ignored
  }

  get canPlay() {
    return !!this.sound?.element && this.sound.state !== 'failed';
  }

  get mixed() {
    return [...this.gains.values()].some((gain) => gain !== 1) || [...this.pans.values()].some((pan) => pan !== 0);
  }

  _wire() {
    if (this.master) return;
    const context = audioContext();
    this.limiter = new DynamicsCompressorNode(context, { threshold: -2, knee: 0, ratio: 20, attack: 0.002, release: 0.1 });
    const makeup = new GainNode(context, { gain: 10 ** (-0.6 * 1.9 / 20) }); // takes back the gain that browsers add to a compressor
    this.master = new GainNode(context, { gain: this.volume });
    this.meter = new AnalyserNode(context, { fftSize: 2048 });
    this.limiter.connect(makeup).connect(this.master).connect(this.meter).connect(context.destination);
    this._samples = new Float32Array(this.meter.fftSize);
  }

  /* Where else sound may join the mix. */
  get input() {
    this._wire();
    return this.limiter;
  }

  /* The loudness now, as the root of the mean square of what leaves for the loudspeakers. */
  level() {
    if (!this.meter) return 0;
    this.meter.getFloatTimeDomainData(this._samples);
    return Math.sqrt(this._samples.reduce((sum, x) => sum + x * x, 0) / this._samples.length);
  }

  now() {
    if (!this.playing) return this.position;
    if (this.mode === 'mix') return this.sound.element.paused ? this.position : this.sound.element.currentTime;
    const context = audioContext();
    const at = this._from + Math.max(0, context.currentTime - this._began - (context.outputLatency || 0));
    const { on, from, to } = this.loop;
    return on && this._from < to && at >= to ? from + ((at - to) % (to - from)) : Math.min(at, this._length);
  }

  _best() {
    if (this.mixed && this.sound.buffers) return 'tracks';
    if (this.loop.on && this.sound.mixBuffer) return 'loop';
    return 'mix';
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
    this.waiting = going;
    if (going) this.play();
    this._want();
  }

  async play() {
    if (!this.canPlay) return;
    this.waiting = false;
    this._wire();
    const context = audioContext();
    const turn = ++this.turn;
    const { sound } = this;
    let at = this.now();
    this._silence();
    if (this.loop.on && at >= this.loop.to - 0.005) at = this.loop.from;
    this.mode = this._best();
    this.playing = true;
    this.position = at;
    try {
      if (context.state !== 'running') await context.resume();
      if (turn !== this.turn) return;
      if (this.mode === 'mix') await this._stream(sound.element, at);
      else this._schedule(this.mode === 'tracks' ? sound.buffers : new Map([['mix', sound.mixBuffer]]), at, turn);
    } catch (error) {
      if (turn !== this.turn || error.name === 'AbortError') return;
      this.pause();
    }
    this.changed();
    this._want();
  }

  async _stream(element, at) {
    if (!element._wired) {
      audioContext().createMediaElementSource(element).connect(this.master);
      element._wired = true;
      element.addEventListener('timeupdate', () => this.keepLoop()); // also where no picture is drawn: in a tab behind
      element.addEventListener('ended', () => this.sound?.element === element && this.mode === 'mix' && this.ended());
    }
    if (Math.abs(element.currentTime - at) > 0.005) element.currentTime = at;
    await element.play();
  }

  _schedule(buffers, at, turn) {
    const context = audioContext();
    this._began = context.currentTime + 0.03;
    this._from = at;
    this._length = Math.max(...[...buffers.values()].map((b) => b.duration));
    for (const [track, buffer] of buffers) {
      const source = new AudioBufferSourceNode(context, { buffer });
      const gain = new GainNode(context, { gain: track === 'mix' ? 1 : (this.gains.get(track) ?? 1) });
      const pan = new StereoPannerNode(context, { pan: track === 'mix' ? 0 : (this.pans.get(track) ?? 0) });
      source.connect(gain).connect(pan).connect(track === 'mix' ? this.master : this.limiter);
      if (this.loop.on) Object.assign(source, { loop: true, loopStart: this.loop.from, loopEnd: Math.min(this.loop.to, this._length) });
      source.start(this._began, Math.min(at, buffer.duration));
      this.sources.push({ track, source, gain, pan });
    }
    if (this.sources.length) this.sources[0].source.onended = () => turn === this.turn && this.playing && this.ended();
  }

  _silence() {
    this.sound?.element?.pause();
    const context = sharedContext;
    for (const { source, gain } of this.sources) {
      source.onended = null;
      gain.gain.setTargetAtTime(0, context.currentTime, GLIDE_S / 3);
      source.stop(context.currentTime + GLIDE_S * 2);
    }
    this.sources = [];
  }

  pause() {
    this.position = this.now();
    this.turn++;
    this._silence();
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
    if (this.playing && this.mode === 'mix') {
      this.sound.element.currentTime = at;
    } else if (this.playing) {
      this.pause();
      this.position = at;
      this.play();
    } else this.position = at;
    this.changed();
  }

  keepLoop() {
    const { on, from, to } = this.loop;
    if (!this.playing || this.mode !== 'mix' || !on) return;
    const { element } = this.sound;
    if (element.currentTime >= to) element.currentTime = from;
  }

  setLoop(loop) {
    const going = this.playing && this.mode !== 'mix';
    if (going) this.pause();
    this.loop = loop;
    if (going) this.play();
    this._want();
    this.changed();
  }

  setGains(gains, pans = new Map()) {
    Object.assign(this, { gains, pans });
    for (const { track, gain, pan } of this.sources) {
      if (track === 'mix') continue;
      gain.gain.setTargetAtTime(gains.get(track) ?? 1, audioContext().currentTime, GLIDE_S);
      pan.pan.setTargetAtTime(pans.get(track) ?? 0, audioContext().currentTime, GLIDE_S);
    }
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
    else if (this.loop.on) this.sound.decodeMix();
    const settled = this.mode === this._best() || this.mode === 'tracks'; // tracks can do all that the others can
    if (this.playing && this.sources.length + (this.mode === 'mix') && !settled) this.play();
  }

  refresh() {
    if (this.waiting && this.canPlay) this.play();
    this._want();
  }

  close() {
    if (this.playing) this.pause();
  }
}
