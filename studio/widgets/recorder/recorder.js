/* A recorder with a count-in and a level meter: the microphone's samples as they are, sent as a WAV file once it is stopped.
   `data` is what recorder.py sends. */

const BEATS = 4; // of the count-in
const LONGEST_S = 300; // of a recording: beyond it a browser's message would grow past use
const CAPTURE = `registerProcessor('capture', class extends AudioWorkletProcessor {
  process([[samples]]) {
    if (samples) this.port.postMessage(samples.slice());
    return true;
  }
});`;
const DENIED = 'The browser gives no microphone to this page. Allow it beside the address and press Record again, or drop a sound file above.';
const NO_MICROPHONE = 'No microphone was found. Plug one in and press Record again, or drop a sound file above.';
const INSECURE = 'This browser records only on pages of https or of this machine. Open the studio there, or drop a sound file above.';

/* Returns a WAV file of 16-bit samples, one channel. */
function wavOf(samples, rate) {
  const view = new DataView(new ArrayBuffer(44 + samples.length * 2));
  const text = (at, letters) => [...letters].forEach((letter, n) => view.setUint8(at + n, letter.charCodeAt(0)));
  text(0, 'RIFF');
  view.setUint32(4, 36 + samples.length * 2, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, 'data');
  view.setUint32(40, samples.length * 2, true);
  samples.forEach((sample, n) => view.setInt16(44 + n * 2, Math.max(-1, Math.min(1, sample)) * 32767, true));
  return view.buffer;
}

/* Returns bytes as a data URL, without its head. */
function asText(buffer) {
  return new Promise((done) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.slice(reader.result.indexOf(',') + 1));
    reader.readAsDataURL(new Blob([buffer]));
  });
}

class Recorder {
  constructor() {
    this.state = 'idle'; // idle, asking, counting, recording, sending
    this.counts = true;
    this.tempo = 100;
    this.message = '';
    this.level = 0;
    this.serial = 0;
  }

  mount(root) {
    this.root = root;
    const part = (name) => root.querySelector(`.${name}`);
    this.parts = Object.fromEntries(['record', 'label', 'counting', 'tempo', 'clock', 'meter', 'said', 'again'].map((name) => [name, part(name)]));
    this.parts.record.onclick = () => (this.state === 'idle' ? this.start() : this.stop());
    this.parts.counting.onchange = () => (this.counts = this.parts.counting.checked);
    this.parts.tempo.onchange = () => {
      this.tempo = Math.max(this.data.slowest, Math.min(this.data.fastest, Math.round(this.parts.tempo.value) || this.tempo));
      this.show();
    };
  }

  load(data, send) {
    this.data = data;
    this.send = send;
    if (this.state === 'sending' && data.answered === this.serial) this.state = 'idle';
    if (this.state !== 'sending') this.serial = Math.max(this.serial, data.answered);
    this.show();
  }

  async start() {
    this.message = '';
    if (!navigator.mediaDevices?.getUserMedia || !window.AudioWorkletNode) return this.fail(INSECURE);
    this.state = 'asking';
    this.show();
    try {
      // as it is: what makes speech clear spoils a tune
      this.stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } });
      this.context = new AudioContext({ sampleRate: this.data.rate });
      const code = URL.createObjectURL(new Blob([CAPTURE], { type: 'text/javascript' }));
      await this.context.audioWorklet.addModule(code);
      URL.revokeObjectURL(code);
    } catch (error) {
      return this.fail(error.name === 'NotFoundError' ? NO_MICROPHONE : DENIED);
    }
    if (this.state !== 'asking') return this.close(); // stopped meanwhile
    this.capture();
  }

  /* Counts in, if that is wished, and takes the samples from then on. */
  capture() {
    const { context } = this;
    const beat = 60 / this.tempo;
    const first = context.currentTime + 0.15;
    this.begins = this.counts ? first + BEATS * beat : context.currentTime;
    if (this.counts) for (let n = 0; n < BEATS; n++) this.click(first + n * beat, n === 0);
    this.blocks = [];
    this.taken = 0;
    const node = new AudioWorkletNode(context, 'capture', { numberOfOutputs: 1 });
    node.port.onmessage = ({ data: block }) => this.take(block);
    context.createMediaStreamSource(this.stream).connect(node);
    node.connect(new GainNode(context, { gain: 0 })).connect(context.destination); // else some browsers do not run it
    this.state = this.counts ? 'counting' : 'recording';
    this.show();
    this.watch();
  }

  take(block) {
    if (!this.context) return; // it came late
    this.level = Math.max(this.level * 0.9, Math.sqrt(block.reduce((sum, x) => sum + x * x, 0) / block.length));
    if (this.context.currentTime < this.begins) return;
    this.state = 'recording';
    this.blocks.push(block);
    this.taken += block.length;
    if (this.taken > LONGEST_S * this.context.sampleRate) this.stop();
  }

  click(when, isFirst) {
    const gain = new GainNode(this.context, { gain: 0 });
    gain.gain.setValueAtTime(0.4, when);
    gain.gain.exponentialRampToValueAtTime(0.001, when + 0.05);
    const tone = new OscillatorNode(this.context, { frequency: isFirst ? 1760 : 1320 });
    tone.connect(gain).connect(this.context.destination);
    tone.start(when);
    tone.stop(when + 0.06);
  }

  async stop() {
    const { state, blocks = [], taken = 0 } = this;
    const rate = this.context?.sampleRate;
    this.close();
    this.state = 'idle';
    if (state !== 'recording' || !taken) return this.show(); // before the first beat
    this.state = 'sending';
    this.show();
    const samples = new Float32Array(taken);
    let at = 0;
    for (const block of blocks) {
      samples.set(block, at);
      at += block.length;
    }
    const wav = wavOf(samples, rate);
    URL.revokeObjectURL(this.parts.again.src);
    this.parts.again.src = URL.createObjectURL(new Blob([wav], { type: 'audio/wav' }));
    this.serial++;
    this.send('recording', { wav: await asText(wav), serial: this.serial, tempo: this.counts ? this.tempo : null });
  }

  close() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.context?.close();
    this.stream = this.context = null;
    this.level = 0;
  }

  fail(message) {
    this.close();
    this.state = 'idle';
    this.message = message;
    this.show();
  }

  watch() {
    if (!this.root.isConnected) return this.state === 'counting' || this.state === 'recording' ? this.close() : undefined;
    this.show();
    if (this.state === 'counting' || this.state === 'recording') requestAnimationFrame(() => this.watch());
  }

  show() {
    const { record, label, counting, tempo, clock, meter, said, again } = this.parts;
    const { state } = this;
    const on = state === 'counting' || state === 'recording';
    const set = (element, text) => element.textContent !== text && (element.textContent = text);
    set(label, on ? 'Stop recording' : state === 'asking' ? 'Asking for the microphone …' : this.data.label);
    record.disabled = state === 'asking' || state === 'sending';
    record.classList.toggle('on', on);
    counting.checked = this.counts;
    counting.disabled = tempo.disabled = state !== 'idle';
    if (document.activeElement !== tempo) tempo.value = this.tempo;
    const beat = state === 'counting' ? Math.floor(BEATS - (this.begins - this.context.currentTime) / (60 / this.tempo)) + 1 : 0;
    const seconds = state === 'recording' ? this.taken / this.context.sampleRate : 0;
    set(clock, state === 'counting' ? `${Math.max(1, Math.min(BEATS, beat))} …` : `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`);
    meter.style.clipPath = `inset(0 ${Math.max(0, Math.min(100, -40 * Math.log10(this.level + 1e-6) - 10))}% 0 0)`;
    set(said, this.message || (state === 'recording' && this.taken > this.context.sampleRate && this.level < 0.002 ? 'Hardly anything is heard. Come closer to the microphone.' : ''));
    said.hidden = !said.textContent;
    again.hidden = !again.src || on;
    Object.assign(this.root.dataset, { state, seconds: seconds.toFixed(2), level: this.level.toFixed(4) });
  }
}

const recorders = new Map(); // by component key

export default function ({ data, key, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector('.recorder');
  const recorder = recorders.get(key) ?? new Recorder();
  recorders.set(key, recorder);
  if (recorder.root !== root) recorder.mount(root);
  recorder.load(data, setTriggerValue);
}
