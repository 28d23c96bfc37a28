/* The cursor on engraved pages: which bar sounds, how far in it, and which bar a click meets.
   `sheet` is what places.py makes: bars of [page, left, top, width, height, from, to], moments of [second, bar, left]. */

/* Returns where the cursor stands at a second: page, box of the bar, and its left, as shares of the page; null before and after. */
function cursorAt(sheet, now) {
  const bar = sheet.bars.findLastIndex((each) => each[5] <= now + 0.005);
  if (bar < 0 || now > sheet.bars[bar][6] + 0.25) return null;
  const [page, left, top, width, height, from, to] = sheet.bars[bar];
  const inside = sheet.moments.filter((each) => each[1] === bar);
  const last = inside.findLastIndex((each) => each[0] <= now + 0.005);
  const [t0, , x0] = inside[last] ?? [from, bar, inside[0]?.[2] ?? left];
  const [t1, , x1] = inside[last + 1] ?? [to, bar, left + width];
  const share = t1 > t0 ? Math.max(0, Math.min(1, (now - t0) / (t1 - t0))) : 0;
  return { bar, page, left, top, width, height, x: x0 + share * (x1 - x0) };
}

/* Returns the number of the bar at a place of a page, by shares; -1 for none. A system reaches half way to its neighbors. */
function barAt(sheet, page, x, y) {
  let [best, distance] = [-1, 0.08];
  sheet.bars.forEach((bar, index) => {
    if (bar[0] !== page || x < bar[1] || x > bar[1] + bar[3]) return;
    const away = Math.max(bar[2] - y, y - bar[2] - bar[4], 0);
    if (away < distance) [best, distance] = [index, away];
  });
  return best;
}

/* Puts the two marks of a cursor, bar and line, where it stands on its page; takes them away where it stands nowhere. */
function showCursor(frame, line, place) {
  frame.hidden = line.hidden = !place;
  if (!place) return;
  const percent = (share) => `${(100 * share).toFixed(3)}%`;
  const [air, height] = [0.004, place.height + 0.008];
  for (const mark of [frame, line]) Object.assign(mark.style, { top: percent(place.top - air), height: percent(height) });
  Object.assign(frame.style, { left: percent(place.left), width: percent(place.width) });
  line.style.left = percent(place.x);
}
