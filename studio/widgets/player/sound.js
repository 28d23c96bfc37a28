/* The sound of a piece, as the server makes it: its first seconds, the mix, and a stem for each track. */

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
    this.head = null; // AudioBuffer of the first seconds, until the mix is there
    this.headGain = 1; // by how much the head is louder than the mix
    this.seconds = 0;
    this.stems = []; // [track, url]
    this.reverbs = new Map(); // track -> strength of the reverb that its stem goes without
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
    this.reverbs = new Map(status.reverbs ?? []);
    this.seconds = status.seconds ?? 0;
    this.headGain = status.head_gain ?? 1;
    if (status.head && !status.mix) this._decodeHead(status.head);
    if (status.mix && !this.element) {
      this.element = new Audio();
      this.element.preload = 'auto';
      this.element.src = this._file(status.mix);
      this.element.onerror = () => this._take({ state: 'failed', message: 'The browser cannot play this sound. Download the MIDI or MP3 file instead.' });
    }
    this.changed(this);
  }

  /* What is to be said of it: how far it is, or what is wrong with it. */
  inWords(mixed) {
    const { state, message, advice, element, stems } = this;
    if (state === 'failed') return message;
    const percent = this.progress ? ` ${Math.round(this.progress * 100)} %` : '';
    if (state === 'preparing' && message) return message;
    if (state === 'preparing' && !element) return this.head ? `The beginning can be heard; preparing the rest…${percent}` : `Preparing the sound…${percent}`;
    if (state === 'preparing') return `Preparing the tracks for the mixer…${percent}`;
    if (mixed && stems.length && !this.buffers && !message) return 'Loading the tracks for the mixer…';
    return message || advice;
  }

  _file(name) {
    return `${this.url}/${name}.${FORMAT}`;
  }

  async _decode(url, rate) {
    const reply = await fetch(url);
    if (!reply.ok) throw new Error(`${reply.status}`);
    return new OfflineAudioContext(2, 1, rate).decodeAudioData(await reply.arrayBuffer());
  }

  /* Whether it is too long to be held decoded. */
  get isLong() {
    return this.seconds * audioContext().sampleRate * 8 > DECODED_BYTES;
  }

  async _decodeHead(name) {
    if (this._heading) return;
    this._heading = true;
    try {
      this.head = await this._decode(this._file(name), audioContext().sampleRate);
      this.changed(this);
    } catch {
      // the whole comes soon
    }
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
    if (this.mixBuffer || this._decodingMix || !this.element || this.isLong) return;
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
    this.buffers = this.mixBuffer = this.head = null;
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

/* Returns an element that plays a buffer, as a WAV file of 16 bits in memory. */
function waveElement(buffer) {
  const { length, sampleRate } = buffer;
  const bytes = new DataView(new ArrayBuffer(44 + 4 * length));
  const text = (at, letters) => [...letters].forEach((letter, index) => bytes.setUint8(at + index, letter.charCodeAt(0)));
  text(0, 'RIFF');
  bytes.setUint32(4, 36 + 4 * length, true);
  text(8, 'WAVEfmt ');
  [[16, 16], [24, sampleRate], [28, 4 * sampleRate], [40, 4 * length]].forEach(([at, value]) => bytes.setUint32(at, value, true));
  [[20, 1], [22, 2], [32, 4], [34, 16]].forEach(([at, value]) => bytes.setUint16(at, value, true));
  text(36, 'data');
  const samples = new Int16Array(bytes.buffer, 44);
  for (let channel = 0; channel < 2; channel++) {
    const from = buffer.getChannelData(channel);
    for (let i = 0; i < length; i++) samples[2 * i + channel] = Math.max(-1, Math.min(1, from[i])) * 32767;
  }
  const element = new Audio(URL.createObjectURL(new Blob([bytes.buffer], { type: 'audio/wav' })));
  element.preload = 'auto';
  return element;
}
