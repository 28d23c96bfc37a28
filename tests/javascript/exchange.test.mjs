import assert from 'node:assert/strict';
import test from 'node:test';

import { load } from './load.mjs';

const { Exchange } = await load('exchange.js');

test('one message at a time is sent, until the page has dealt with it', () => {
  const sent = [];
  const exchange = new Exchange('chord');
  const send = (name, message) => sent.push([name, message]);
  exchange.load({ id: 'a', answered: 4, problem: '' }, send); // another page sent four
  exchange.ask('a', { bar: 0 });
  exchange.ask('a', { bar: 1 });
  assert.deepEqual(sent, [['chord', { piece: 'a', serial: 5, bar: 0 }]]);
  assert.equal(exchange.load({ id: 'a', answered: 4, problem: '' }, send), false); // the page ran for another reason
  assert.equal(exchange.load(null, send), false);
  assert.equal(exchange.load({ id: 'b', answered: 5, problem: '' }, send), true);
  assert.deepEqual([exchange.accepted, exchange.sending], [true, false]);
  exchange.load({ id: 'c', answered: 5, problem: '' }, send); // later, by Undo or a model
  assert.equal(exchange.accepted, false);
});

test('what was refused, or left the piece as it is, is not taken for another piece', () => {
  const exchange = new Exchange('edit');
  for (const [id, problem] of [['b', 'No such bar.'], ['a', '']]) {
    exchange.load({ id: 'a', answered: exchange.serial }, () => {});
    exchange.ask('a', {});
    assert.equal(exchange.load({ id, answered: exchange.serial, problem }, () => {}), true);
    assert.equal(exchange.accepted, false);
  }
});
