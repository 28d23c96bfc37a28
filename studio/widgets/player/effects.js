/* What sound goes through on its way from the tracks to the loudspeakers: reverb, and a limiter.

   The reverb is as near to what FluidSynth renders as noise comes: dry tracks are sent into it, each by its CC91. Measured of
   short strokes of a drum kit with CC91 at 127 and at 0 (FluidSynth 2, in the room that it has by itself): nothing for 59 ms, then
   3.1 dB less every 50 ms, equal in all octaves, the two sides alike by 0.6. How strong it is the server tells of each track. */

const REVERB = { after: 0.059, fades: 0.97, alike: 0.6, lasts: 1.2 }; // seconds; fades is to -60 dB

/* Returns an impulse response of two sides of energy 1 at a rate: the same each time. */
function reverbImpulse(rate) {
  const { after, fades, alike, lasts } = REVERB;
  const [first, length] = [Math.round(after * rate), Math.round(lasts * rate)];
  let state = 1;
  const noise = () => (state = (state * 48271) % 2147483647) / 1073741823.5 - 1; // Lehmer's, of known quality and short
  const sides = [new Float32Array(length), new Float32Array(length)];
  const shared = Math.sqrt(alike);
  const own = Math.sqrt(1 - alike);
  for (let n = first; n < length; n++) {
    const level = 10 ** ((-3 * (n - first)) / (fades * rate));
    const both = noise();
    for (const side of sides) side[n] = level * (shared * both + own * noise());
  }
  for (const side of sides) {
    const scale = 1 / Math.sqrt(side.reduce((sum, x) => sum + x * x, 0));
    for (let n = 0; n < length; n++) side[n] *= scale;
  }
  return sides;
}

const rooms = new Map(); // by rate: the buffer of the response

/* Returns a reverb that plays into a node; what is sent into `first` comes out of it, as loud as `last` lets it. */
function reverbRoom(context, into) {
  const { sampleRate } = context;
  if (!rooms.has(sampleRate)) {
    const sides = reverbImpulse(sampleRate);
    const buffer = new AudioBuffer({ length: sides[0].length, numberOfChannels: 2, sampleRate });
    sides.forEach((side, channel) => buffer.copyToChannel(side, channel));
    rooms.set(sampleRate, buffer);
  }
  const mono = { channelCount: 1, channelCountMode: 'explicit' };
  const first = new ConvolverNode(context, { buffer: rooms.get(sampleRate), disableNormalization: true, ...mono });
  const last = new GainNode(context);
  first.connect(last).connect(into);
  return { first, last };
}

/* Keeps many loud tracks from clipping. */
function softLimiter(context) {
  const first = new DynamicsCompressorNode(context, { threshold: -2, knee: 0, ratio: 20, attack: 0.002, release: 0.1 });
  const last = new GainNode(context, { gain: 10 ** ((-0.6 * 1.9) / 20) }); // takes back the gain that browsers add to a compressor
  first.connect(last);
  return { first, last };
}
