/* The cursor on engraved pages: where it stands at a second, and which bar a click meets. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './load.mjs';

const { cursorAt, barAt } = await load('../../../music/notation/cursor.js');

/* Two systems of two bars on the first page, one bar on the second; bar 1 lasts from second 2 to 4. */
const sheet = {
  bars: [
    [0, 0.1, 0.1, 0.4, 0.1, 0, 2], [0, 0.5, 0.1, 0.4, 0.1, 2, 4], [0, 0.1, 0.4, 0.4, 0.1, 4, 6], [0, 0.5, 0.4, 0.4, 0.1, 6, 8],
    [1, 0.1, 0.1, 0.4, 0.1, 8, 10],
  ],
  moments: [[0, 0, 0.2], [1, 0, 0.4], [2, 1, 0.55], [4, 2, 0.15], [8, 4, 0.2]],
};

test('it goes from note to note, and to the bar line after the last', () => {
  assert.equal(cursorAt(sheet, 0).x, 0.2);
  assert.ok(Math.abs(cursorAt(sheet, 0.5).x - 0.3) < 1e-9);
  assert.ok(Math.abs(cursorAt(sheet, 1.5).x - 0.45) < 1e-9);
  assert.deepEqual([cursorAt(sheet, 3).bar, cursorAt(sheet, 4).bar, cursorAt(sheet, 9).page], [1, 2, 1]);
});

test('in a bar of rest it goes on evenly, and after the end it is gone', () => {
  assert.ok(Math.abs(cursorAt(sheet, 7).x - 0.7) < 1e-9);
  assert.equal(cursorAt(sheet, 12), null);
  assert.equal(cursorAt({ bars: [], moments: [] }, 0), null);
});

test('a click meets the bar of the nearest system, and none beside them', () => {
  assert.equal(barAt(sheet, 0, 0.6, 0.15), 1);
  assert.equal(barAt(sheet, 0, 0.2, 0.38), 2); // words over the staff
  assert.equal(barAt(sheet, 0, 0.2, 0.9), -1);
  assert.equal(barAt(sheet, 0, 0.02, 0.15), -1);
  assert.equal(barAt(sheet, 1, 0.2, 0.15), 4);
});
