/* The sound that notes were heard in, as an outline behind them: it begins so many seconds before the first bar. */

const outlines = new WeakMap(); // wave -> its lowest and highest samples, unpacked

function outlineOf(wave) {
  if (!outlines.has(wave)) outlines.set(wave, new Int8Array(Uint8Array.from(atob(wave.outline.outline), (letter) => letter.charCodeAt(0)).buffer));
  return outlines.get(wave);
}

function drawWave(g, piece, at, theme) {
  const { wave } = piece;
  if (!wave) return;
  const ends = outlineOf(wave);
  const { columns, seconds } = wave.outline;
  const peak = ends.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  const middle = (at.ruler + at.floor) / 2;
  const tall = (at.floor - at.ruler) / 2 / peak;
  g.fillStyle = theme.text;
  g.globalAlpha = theme.dark ? 0.22 : 0.15;
  for (let x = at.gutter; x < at.width; x++) {
    const [from, to] = [x, x + 1].map((edge) => ((at.seconds(edge) + wave.begins_s) / seconds) * columns);
    if (to < 0 || from >= columns) continue;
    let [low, high] = [127, -127];
    for (let column = Math.max(0, Math.floor(from)); column < Math.min(columns, Math.max(to, Math.floor(from) + 1)); column++) {
      low = Math.min(low, ends[2 * column]);
      high = Math.max(high, ends[2 * column + 1]);
    }
    if (high >= low) g.fillRect(x, middle - high * tall, 1, Math.max(1, (high - low) * tall));
  }
  g.globalAlpha = 1;
}
