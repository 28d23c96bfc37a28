/* A tone for a note that is touched, and for notes that are heard before they are kept: plain waves made in the browser, at
   once. The sound of the piece itself is made anew when the edits are kept. */

const TOUCH_S = 0.3; // how long a touched note sounds
const FADE_S = 0.08;
const AHEAD_S = 0.05; // notes that are heard are told to the sound card so early

class Audition {
  constructor(transport) {
    this.transport = transport;
    this.voices = [];
    this.until = 0; // of the context's clock
    this.count = 0; // of tones so far
  }

  get sounding() {
    return this.until > 0 && audioContext().currentTime < this.until;
  }

  touch(pitch, velocity, drums) {
    this.stop();
    this._tone(pitch, velocity, drums, audioContext().currentTime, TOUCH_S);
  }

  /* Plays notes of { start, length, pitch, velocity, drums } in seconds, the first of them now. */
  play(notes) {
    this.stop();
    if (!notes.length) return;
    const first = notes.reduce((least, { start }) => Math.min(least, start), Infinity);
    const now = audioContext().currentTime + AHEAD_S;
    for (const { start, length, pitch, velocity, drums } of notes) this._tone(pitch, velocity, drums, now + start - first, length);
  }

  stop() {
    const now = sharedContext?.currentTime ?? 0;
    for (const { gain, source } of this.voices) {
      gain.gain.cancelScheduledValues(now);
      gain.gain.setTargetAtTime(0, now, 0.01);
      source.stop(now + 0.05);
    }
    this.voices = [];
    this.until = 0;
  }

  _tone(pitch, velocity, drums, when, seconds) {
    const context = audioContext();
    context.resume();
    const loud = 0.22 * (velocity / 127) ** 1.5; // by ear, not measured: about as loud as the mix
    const gain = new GainNode(context, { gain: 0 });
    const length = drums ? 0.12 : Math.max(0.06, seconds);
    gain.gain.setValueAtTime(0, when);
    gain.gain.linearRampToValueAtTime(loud, when + 0.008);
    gain.gain.setTargetAtTime(drums ? 0 : loud * 0.5, when + 0.01, drums ? 0.03 : 0.15);
    gain.gain.setTargetAtTime(0, when + length, FADE_S / 3);
    const source = drums ? this._knock(pitch) : new OscillatorNode(context, { type: 'triangle', frequency: 440 * 2 ** ((pitch - 69) / 12) });
    source.connect(gain).connect(this.transport.input);
    source.start(when);
    source.stop(when + length + FADE_S * 2);
    const voice = { gain, source };
    source.onended = () => (this.voices = this.voices.filter((each) => each !== voice));
    this.voices.push(voice);
    this.until = Math.max(this.until, when + length + FADE_S);
    this.count++;
  }

  /* A short noise, higher for higher keys of the drum kit. */
  _knock(pitch) {
    const context = audioContext();
    const rate = context.sampleRate;
    const buffer = new AudioBuffer({ length: Math.round(rate * 0.3), sampleRate: rate, numberOfChannels: 1 });
    const samples = buffer.getChannelData(0);
    const smooth = pitch < 38 ? 0.03 : pitch < 42 ? 0.3 : 0.9; // by ear, not measured
    let value = 0;
    for (let i = 0; i < samples.length; i++) {
      value += smooth * (Math.random() * 2 - 1 - value);
      samples[i] = value * (pitch < 38 ? 6 : 1.5);
    }
    return new AudioBufferSourceNode(context, { buffer });
  }
}
