/* What a pointer does on the roll: on the bar numbers a drag sets the loop; below them it selects bars, or moves the
   view; a press without a drag goes there. */

function pressRoll(player, event) {
  const { over } = player.parts;
  const { selection, layout } = player;
  const box = over.getBoundingClientRect();
  const at = (e) => layout.seconds(clamp(e.clientX - box.left, GUTTER, box.width));
  const start = at(event);
  const onRuler = event.clientY - box.top < RULER;
  const selects = !onRuler && selection.on && selection.dragging;
  const from = player.view.from;
  const bars = player.piece.bars;
  let [dragged, chosen] = [false, null];

  const move = (e) => {
    if (!dragged && Math.abs(e.clientX - event.clientX) < 5) return;
    if (!dragged) over.setPointerCapture(event.pointerId);
    dragged = true;
    if (!onRuler && !selects) return player.scroll(from - (e.clientX - event.clientX) / layout.perSecond);
    const [a, b] = [start, at(e)].sort((x, y) => x - y);
    const first = Math.max(0, bars.findLastIndex((time) => time <= a + 0.001));
    const next = bars.findIndex((time) => time >= b - 0.001);
    chosen = { bars: [first, next < 0 ? bars.length - 1 : Math.max(next, first + 1)] };
    if (onRuler) player.pending = e.altKey ? { from: a, to: b } : { from: bars[chosen.bars[0]], to: bars[chosen.bars[1]] };
    else player.pendingBars = chosen.bars;
    player.overlay();
  };
  const end = (e) => {
    for (const type of ['pointermove', 'pointerup', 'pointercancel']) over.removeEventListener(type, type === 'pointermove' ? move : end);
    const loop = player.pending;
    player.pending = player.pendingBars = null;
    if (e.type === 'pointercancel') chosen = null; // the browser scrolls the page instead
    else if (selects && chosen) selection.pick(...chosen.bars, e.shiftKey || e.ctrlKey || e.metaKey);
    else if (dragged && loop && loop.to - loop.from > 0.05) player.transport.setLoop({ on: true, ...loop });
    else if (Math.abs(e.clientX - event.clientX) < 8 && Math.abs(e.clientY - event.clientY) < 8) player.seek(start);
    player.overlay();
  };
  if (onRuler) over.setPointerCapture(event.pointerId);
  over.addEventListener('pointermove', move);
  over.addEventListener('pointerup', end);
  over.addEventListener('pointercancel', end);
}

/* On the overview a drag moves the view. */
function pressOverview(player, event) {
  const { overview } = player.parts;
  const move = (e) => {
    const box = overview.getBoundingClientRect();
    player.scroll(((e.clientX - box.left) / box.width) * player.piece.seconds - player.view.span / 2);
  };
  overview.setPointerCapture(event.pointerId);
  overview.onpointermove = move;
  overview.onpointerup = overview.onpointercancel = () => (overview.onpointermove = null);
  move(event);
}
