import assert from 'node:assert/strict';
import test from 'node:test';

import { load } from './load.mjs';

const { SongPanel, Transport, panInWords, samePlace } = await load('song.js', 'mix.js', 'transport.js');
const { DownloadBar } = await load('../download_bar/download_bar.js');

test('a place of a piece is the same bar and beat of it at another tempo', () => {
  const slow = [0, 4, 8, 12];
  const fast = [0, 2, 4, 6];
  assert.equal(samePlace(5, slow, fast), 2.5);
  assert.equal(samePlace(0, slow, fast), 0);
  assert.equal(samePlace(12.5, slow, fast), 6.25); // after the end, in what rings on
  assert.equal(samePlace(5, slow, [0, 2, 4]), 5); // another length: another song
});

test('sides are told as mixers show them', () => {
  assert.deepEqual([0, 32, 64, 127].map(panInWords), ['100 % left', '50 % left', 'in the middle', '100 % right']);
});

/* A transport that plays decoded sound from a second on, since a time of the sound card's clock. */
function playing(values) {
  globalThis.audioContext = () => ({ currentTime: values.now, outputLatency: 0 });
  return Object.assign(new Transport(() => {}), { playing: true, mode: 'whole', _length: 100, _began: 0, _from: 0, ...values });
}

test('beats to come are told in the time of the sound card, at every speed and over the end of a loop', () => {
  const beats = [0, 1, 2, 3, 4];
  assert.deepEqual(playing({ now: 1.5 }).coming(beats, 2), [[2, 2], [3, 3]]);
  assert.deepEqual(playing({ now: 0.9, _began: 1, _from: 2 }).coming(beats, 0.5), [[2, 1]]); // it starts in a moment
  assert.deepEqual(playing({ now: 3.75, loop: { on: true, from: 1, to: 4 } }).coming(beats, 1), [[1, 4]]);
  const streamed = { mode: 'mix', rate: 0.5, now: 10, sound: { element: { currentTime: 1.5, paused: false } } };
  assert.deepEqual(playing(streamed).coming(beats, 2), [[2, 11]]); // half a second of music is one at half speed
  assert.deepEqual(playing({ now: 1, playing: false }).coming(beats, 2), []);
});

test('only what is other than it is now is asked for of the whole song', () => {
  const tracks = [{ track: 0, program: 0, drums: false, notes: [1] }];
  const panel = new SongPanel({ draft: { source: { song: { tempo: 96.2, feel: 'straight' }, tracks } } });
  assert.deepEqual(panel.changes(), {});
  Object.assign(panel, { semitones: 0, tempo: 96, feel: 'straight', programs: new Map([[0, 0]]) });
  assert.deepEqual(panel.changes(), {});
  Object.assign(panel, { semitones: -2, tempo: 120, feel: 'swung', programs: new Map([[0, 40]]) });
  assert.deepEqual(panel.changes(), { semitones: -2, tempo: 120, feel: 'swung', programs: [[0, 40]] });
});

test('the button of a file says how far it is', () => {
  const bar = new DownloadBar();
  const button = { lastElementChild: { textContent: 'MP3' }, style: { setProperty() {} }, setAttribute() {} };
  Object.assign(bar, { offers: [{ address: 'a', label: 'MP3', help: '' }], row: { children: [button] } });
  const said = (file) => {
    bar.files.set('a', file);
    bar.show();
    return button.lastElementChild.textContent;
  };
  assert.equal(said({ state: 'making', progress: 0.337, wanted: true }), 'MP3 34 %');
  assert.equal(said({ state: 'making', progress: null, wanted: true }), 'MP3 …');
  assert.equal(said({ state: 'making', progress: 0.5, wanted: false }), 'MP3'); // begun ahead, and nobody has asked yet
  assert.equal(said({ state: 'ready', progress: null, wanted: true }), 'MP3');
});
