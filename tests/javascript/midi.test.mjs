import assert from 'node:assert/strict';
import test from 'node:test';

import { load } from './load.mjs';

const { Draft, MidiOut, Playing, beatsOf, channelsOf, onTheGrid, readMidi } = await load('ticks.js', 'edit_draft.js', 'midi_notes.js', 'midi_out.js');

const BAR = { '4/4': 1920, '6/8': 1440, '7/8': 1680 };
const draftIn = (signature) =>
  new Draft({ id: 'a', key: 'a', quarter: 480, bars: [0, BAR[signature], 2 * BAR[signature]], tempo: [[0, 0, 1 / 960]], drum_rows: [], locked: [], tracks: [] });

test('messages are read, with a press of no velocity as a release', () => {
  assert.deepEqual(readMidi([0x93, 60, 101]), { kind: 'on', pitch: 60, velocity: 101 });
  assert.deepEqual(readMidi([0x90, 60, 0]), { kind: 'off', pitch: 60 });
  assert.deepEqual(readMidi([0x85, 60, 64]), { kind: 'off', pitch: 60 });
  assert.deepEqual(readMidi([0xb0, 64, 63]), { kind: 'pedal', down: false });
  assert.equal(readMidi([0xf8]), null);
});

test('the pedal holds what fingers let go, and a key that is pressed again ends its note', () => {
  const playing = new Playing();
  playing.on(60, 90, 1);
  assert.equal(playing.off(60, 2), true);
  playing.press(true, 2);
  playing.on(62, 80, 3);
  playing.on(64, 70, 3);
  assert.equal(playing.off(62, 4), false);
  playing.on(62, 60, 5);
  assert.ok(playing.held);
  assert.deepEqual(playing.press(false, 6), []); // all that sound are under fingers
  playing.off(64, 7);
  playing.finish(8);
  assert.deepEqual(playing.notes.map(({ pitch, velocity, from, to }) => [pitch, velocity, from, to]), [[60, 90, 1, 2], [62, 80, 3, 5], [64, 70, 3, 7], [62, 60, 5, 8]]);
});

test('notes go to the grid at both ends, are a step long at least, and none begins before the first', () => {
  const draft = draftIn('4/4'); // two quarters a second
  const at = (from, to, snap) => Object.values(onTheGrid(draft, { from, to }, snap, 0));
  assert.deepEqual(at(0.49, 1.02, '1/4'), [480, 480]);
  assert.deepEqual(at(0.51, 0.53, '1/16'), [480, 120]);
  assert.deepEqual(at(-0.1, 0.2, '1/8'), [0, 240]);
  assert.deepEqual(at(0.51, 0.53, 'Off'), [490, 19]);
});

test('a bar is counted in quarters, or in eighths where quarters do not fill it', () => {
  assert.deepEqual(beatsOf(draftIn('4/4'), 2000), [1920, 2400, 2880, 3360]);
  assert.equal(beatsOf(draftIn('6/8'), 0).length, 3);
  assert.equal(beatsOf(draftIn('7/8'), 0).length, 7);
});

const SONG = {
  tracks: [{ track: 0, program: 40, drums: false }, { track: 1, program: 0, drums: true }],
  notes: [
    { start: 0, end: 1, track: 0, pitch: 60, velocity: 90 },
    { start: 1, end: 2, track: 0, pitch: 60, velocity: 80 },
    { start: 0.5, end: 0.6, track: 1, pitch: 36, velocity: 100 },
  ],
};

/* An instrument, and the transport that it follows. */
class Studio {
  constructor(song = SONG) {
    this.now = 5000;
    this.sent = [];
    this.out = new MidiOut(() => this.now);
    this.out.output = { send: (bytes, when) => this.sent.push([Math.round(when), ...bytes]) };
    this.out.load(song);
    this.gain = () => 1;
  }
  play(from, to, loopEnd = Infinity, mix = {}) {
    for (let seconds = from; seconds < to; seconds += 0.04) {
      this.out.play(seconds, 0.12, loopEnd, this.gain, 1, () => mix);
      this.now += 40;
    }
  }
  notes() {
    return this.sent.filter(([, status]) => status < 0xb0);
  }
}

test('each note is sent once, at its time, and an end before the next beginning', () => {
  const studio = new Studio();
  studio.play(0, 2.2);
  assert.deepEqual(studio.notes(), [[5000, 0x90, 60, 90], [5500, 0x99, 36, 100], [5600, 0x89, 36, 0], [6000, 0x80, 60, 0], [6000, 0x90, 60, 80], [7000, 0x80, 60, 0]]);
  assert.deepEqual(studio.sent.filter(([, status]) => (status & 0xf0) === 0xc0).map(([, ...bytes]) => bytes), [[0xc0, 40], [0xc9, 0]]);
});

test('a jump ends what sounds and goes on from there; a stumble of the sound does not', () => {
  const studio = new Studio();
  studio.play(0, 0.3);
  studio.now += 90;
  studio.play(0.3, 0.4);
  assert.equal(studio.notes().length, 1);
  studio.play(0.9, 1.2);
  assert.deepEqual(studio.notes().slice(1).map(([, status]) => status), [0x80, 0x90]);
});

test('in a loop nothing after its end is sent', () => {
  const studio = new Studio();
  studio.play(0, 0.48, 0.5);
  assert.deepEqual(studio.notes().map(([, status]) => status), [0x90]);
});

test('a stop ends all, also what was sent ahead', () => {
  const studio = new Studio();
  studio.play(0.3, 0.44);
  studio.sent.length = 0;
  studio.out.stop();
  const ends = studio.sent.filter(([, , number]) => number === 123);
  assert.ok(Math.max(...ends.map(([when]) => when)) > 5000 + 200); // the drum at 0.5 s was on its way
  assert.deepEqual([...new Set(ends.map(([, status]) => status))], [0xb0, 0xb9]);
});

test('a mute is heard, and levels are controller 7', () => {
  const studio = new Studio();
  studio.gain = (track) => (track ? 0 : 0.25);
  studio.play(0, 0.6);
  assert.deepEqual(studio.notes().map(([, status]) => status), [0x90]);
  assert.deepEqual(studio.sent.filter(([, , number]) => number === 7).map(([, ...bytes]) => bytes), [[0xb0, 7, 50], [0xb9, 7, 0]]);
});

test('pan and reverb of the mix are sent, and again only when they change', () => {
  const studio = new Studio();
  const mix = { level: 90, pan: 20, reverb: 60 };
  const told = () => studio.sent.splice(0).filter(([, status, number]) => status === 0xb0 && [7, 10, 91].includes(number)).map(([, , ...bytes]) => bytes);
  studio.play(0, 0.1, Infinity, mix);
  assert.deepEqual(told(), [[7, 90], [10, 20], [91, 60]]);
  studio.play(0.12, 0.2, Infinity, { ...mix, pan: 100 });
  assert.deepEqual(told(), [[10, 100]]);
});

test('drums have the tenth channel, and more tracks than channels share', () => {
  const channels = channelsOf(Array.from({ length: 18 }, (_, track) => ({ track, drums: track === 2 })));
  assert.equal(channels.get(2), 9);
  assert.deepEqual([...channels.values()].filter((channel) => channel === 9), [9]);
  assert.deepEqual([0, 1, 3, 10, 16, 17].map((track) => channels.get(track)), [0, 1, 2, 10, 0, 1]);
});
