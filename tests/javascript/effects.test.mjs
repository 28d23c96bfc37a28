import assert from 'node:assert/strict';
import test from 'node:test';

import { load } from './load.mjs';

const { reverbImpulse } = await load('effects.js');
const { Transport } = await load('transport.js');

const energy = (side, from = 0, to = side.length) => side.slice(from, to).reduce((sum, x) => sum + x * x, 0);

test('the reverb is as strong at every rate, comes late, fades, and is wider than one loudspeaker', () => {
  for (const rate of [8000, 44100, 48000]) {
    const [left, right] = reverbImpulse(rate);
    const at = (seconds) => Math.round(seconds * rate);
    assert.ok([left, right].every((side) => Math.abs(energy(side) - 1) < 1e-3));
    assert.equal(energy(left, 0, at(0.059)), 0);
    const fallen = 10 * Math.log10(energy(left, at(0.06), at(0.11)) / energy(left, at(0.545), at(0.595)));
    assert.ok(Math.abs(fallen - 30) < 3, `${fallen} dB in half of the time to -60`);
    const alike = left.reduce((sum, x, n) => sum + x * right[n], 0) / Math.sqrt(energy(left) * energy(right));
    assert.ok(Math.abs(alike - 0.6) < 0.1, `${alike}`);
  }
});

test('only what the player can change is mixed anew', () => {
  const transport = Object.assign(new Transport(() => {}), { sound: { reverbs: new Map() }, reverbs: new Map([[0, [0.5, 0.3]]]) });
  assert.ok(!transport.mixed); // the reverb is in these tracks already
  transport.sound.reverbs.set(0, 0.18);
  assert.ok(transport.mixed);
  transport.reverbs.set(0, [0.3, 0.3]);
  assert.ok(!transport.mixed);
});
