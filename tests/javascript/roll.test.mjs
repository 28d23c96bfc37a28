import assert from 'node:assert/strict';
import test from 'node:test';

import { load } from './load.mjs';

const { EDIT_COMMANDS, commandOf, keysInWords } = await load('edit_commands.js');
const { View, leaveRoom } = await load('view.js');
const { Selection } = await load('select.js');

const pressed = (key, ...modifiers) => commandOf({ key, ctrlKey: modifiers.includes('ctrl'), metaKey: modifiers.includes('meta'), shiftKey: modifiers.includes('shift'), altKey: modifiers.includes('alt') });

test('keys are those that DAWs have', () => {
  const { undo, redo, copy, cut, paste, duplicate, up, octaveUp, later, longer, louder, quantize, split, join, remove, lock, help } = EDIT_COMMANDS;
  assert.equal(pressed('z', 'ctrl'), undo);
  assert.equal(pressed('Z', 'meta', 'shift'), redo);
  assert.deepEqual(['c', 'x', 'v', 'd'].map((key) => pressed(key, 'ctrl')), [copy, cut, paste, duplicate]);
  assert.deepEqual([pressed('ArrowUp'), pressed('ArrowUp', 'shift'), pressed('ArrowUp', 'ctrl')], [up, octaveUp, louder]);
  assert.deepEqual([pressed('ArrowRight'), pressed('ArrowRight', 'shift')], [later, longer]);
  assert.deepEqual(['q', 's', 'j', 'l', 'Delete', 'Backspace'].map((key) => pressed(key)), [quantize, split, join, lock, remove, remove]);
  assert.equal(pressed('?', 'shift'), help);
  assert.equal(pressed('z', 'ctrl', 'alt'), undefined);
});

test('no key does two things, and each is told in words', () => {
  const keys = Object.values(EDIT_COMMANDS).flatMap(({ keys }) => keys);
  assert.equal(new Set(keys).size, keys.length);
  assert.ok(Object.values(EDIT_COMMANDS).every(({ title }) => title));
  assert.match(keysInWords('mod+shift+arrowup'), /^(Ctrl|⌘)\+Shift\+↑$/);
});

const piece = (seconds = 40, end = seconds) => ({ seconds, end, bars: Array.from({ length: seconds / 2 + 1 }, (_, n) => 2 * n) });

test('the view narrows around a time, keeps what was chosen, and turns its pages', () => {
  const view = new View();
  view.show(piece(), true, false);
  assert.deepEqual([view.from, view.span], [0, 40]);
  view.zoom(0.5, 10);
  assert.deepEqual([view.from, view.span, view.touched], [5, 20, true]);
  view.show(piece(), true, false); // another piece
  assert.equal(view.span, 20);
  assert.equal(view.reveal(24), false);
  assert.equal(view.reveal(26), true);
  assert.ok(view.from < 26 && 26 < view.from + view.span && view.from + view.span <= 40);
  view.zoom(100, 0);
  assert.deepEqual([view.from, view.span, view.touched], [0, 40, false]);
});

test('a piece that is being written has room to grow into, and its end stays in view', () => {
  const short = piece(4);
  leaveRoom(short);
  assert.deepEqual([short.bars.length, short.seconds], [17, 32]);
  const view = new View();
  view.show({ ...piece(100), end: 90 }, true, true);
  assert.ok(view.from < 90 && 90 < view.from + view.span && view.span < 100);
});

test('bars that are picked join into runs, and Shift adds to them', () => {
  const sent = [];
  const selection = new Selection(() => {});
  selection.load({ names: { 0: 'Piano', 2: 'Bass' }, count: 8, none: false, bars: [], tracks: [], locked: [], serial: 3 }, (_, told) => sent.push(told));
  assert.equal(selection.inWords(), 'All 8 bars · all tracks');
  selection.pick(1, 3, false);
  selection.pick(3, 4, true);
  selection.pick(6, 99, true);
  assert.deepEqual(selection.bars, [[1, 4], [6, 8]]);
  selection.flip('tracks', { track: 2 });
  selection.flip('locked', { track: 0 });
  assert.equal(selection.inWords(), 'Bars 2–4, 7–8 · Bass · locked: Piano');
  selection.flip('tracks', { track: 0 }); // all of them is none in particular
  assert.deepEqual(selection.tracks, []);
  selection.load({ ...selection.offered, bars: [[0, 1]], serial: 4 }, () => {}); // older than what was picked here
  assert.deepEqual(selection.bars, [[1, 4], [6, 8]]);
  assert.equal(sent.at(-1).serial, selection.serial);
});
