/* The strip over the roll that names the sections of a piece; a press goes to where one begins, two presses loop it. */

const HUES = [255, 25, 150, 330, 200, 90];
const FRAME = ['Intro', 'Ending'];

/* Fills the strip with a button a section; sections of one theme share a color. */
function fillForm(strip, piece, seek, loop) {
  const { sections } = piece;
  strip.hidden = !sections.length;
  const themes = [...new Set(sections.map(({ theme }) => theme))].filter((name) => !FRAME.includes(name));
  const known = JSON.stringify(sections);
  if (strip.dataset.known === known) return;
  strip.dataset.known = known;
  strip.replaceChildren(...sections.map(({ name, theme, from, to }) => {
    const bar = piece.bars.findLastIndex((time) => time <= from + 0.01) + 1;
    const button = Object.assign(document.createElement('button'), { type: 'button', title: `${name}, from bar ${bar}: double-click to loop it` });
    button.append(Object.assign(document.createElement('span'), { textContent: name }));
    button.setAttribute('aria-label', `${name}, from bar ${bar}`);
    if (themes.includes(theme)) button.style.setProperty('--hue', HUES[themes.indexOf(theme) % HUES.length]);
    else button.className = 'frame';
    button.onclick = () => seek(from);
    button.ondblclick = () => loop(from, to);
    return button;
  }));
}

/* Puts each section where the roll shows it. */
function placeForm(strip, piece, at) {
  piece.sections.forEach(({ from, to }, index) => {
    const button = strip.children[index];
    if (!button) return;
    const [left, right] = [Math.max(at.x(from), at.gutter), Math.min(at.x(to), at.width)];
    button.style.display = right - left < 3 ? 'none' : '';
    button.style.left = `${left}px`;
    button.style.width = `${Math.max(0, right - left - 2)}px`;
  });
}
