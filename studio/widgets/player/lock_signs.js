/* A padlock on each note that is locked: a sign, for color alone tells not everybody. */

const SIGN = { width: 7, height: 8 }; // CSS pixels: the least at which a padlock is told from a dot, by eye

/* Draws a padlock at the head of each locked note that can be seen. */
function drawLocks(g, editor, piece, at) {
  if (!editor.isShown) return;
  const { draft } = editor;
  if (!draft.locked.size) return;
  const places = new Set(draft.notes.filter(({ id }) => draft.locked.has(id)).map(({ track, note }) => `${track},${note}`)); // where they are in the piece
  g.save();
  g.beginPath();
  g.rect(at.gutter, at.ruler, at.width - at.gutter, at.height - at.ruler);
  g.clip();
  for (const track of piece.tracks) {
    eachNote(track, at, (x, y, width, height, velocity, start, duration, index) => {
      const locked = track.held ? draft.locked.has(track.held[index].id) : places.has(`${track.track},${index}`);
      if (locked) padlock(g, x + 1, y + (height - SIGN.height) / 2);
    });
  }
  g.restore();
}

function padlock(g, x, y) {
  const { width, height } = SIGN;
  g.lineWidth = 3;
  g.strokeStyle = 'rgba(255,255,255,.92)'; // a light edge, so that it stands out on every color
  for (const edge of [true, false]) {
    if (!edge) [g.lineWidth, g.strokeStyle] = [1.2, '#14161c'];
    g.beginPath();
    g.arc(x + width / 2, y + 3.4, 2, Math.PI, 0);
    g.stroke();
    if (edge) g.strokeRect(x, y + 3.4, width, height - 3.4);
  }
  g.fillStyle = '#14161c';
  g.fillRect(x, y + 3.4, width, height - 3.4);
}
