/* The words under the roll: the line that is sung, with the syllable of the moment marked, and the line after it. */

const EARLY_S = 0.8; // a line is shown before its first syllable, for who sings along

/* Puts the two lines of a moment into the strip; does nothing where they stand there already. */
function showKaraoke(strip, piece, now) {
  const { words } = piece;
  strip.hidden = !words.length;
  if (!words.length) return;
  const line = Math.max(0, words.findLastIndex((each) => each.from <= now + EARLY_S));
  const shown = `${piece.id} ${line}`;
  if (strip.dataset.shown !== shown) {
    strip.dataset.shown = shown;
    strip.replaceChildren(sungLine(words[line], 'sung'), sungLine(words[line + 1], 'after'));
  }
  const syllables = strip.firstElementChild.children;
  const { syllables: flat } = words[line];
  let current = -1;
  for (let at = 0; at < flat.length && flat[at] <= now + 0.005; at += 3) current = at / 3;
  if (strip.dataset.current === `${current}` && syllables[current]?.className === 'now') return;
  strip.dataset.current = current;
  [...syllables].forEach((each, index) => (each.className = index < current ? 'past' : index === current ? 'now' : ''));
}

function sungLine(line, name) {
  const shown = Object.assign(document.createElement('span'), { className: name });
  for (let at = 0; line && at < line.syllables.length; at += 3) {
    const [text, ends] = line.syllables.slice(at + 1, at + 3);
    shown.append(Object.assign(document.createElement('span'), { textContent: text + (ends && !text.endsWith('-') ? ' ' : '') }));
  }
  return shown;
}
