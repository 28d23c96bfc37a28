/* A comparison: the switch between its sides, and what its drawing means, in words and with how many notes of each kind there are. */

function countChanged(piece) {
  if (!piece.tracks.some((track) => track.changed)) return null;
  return piece.tracks.reduce((sum, track) => sum + track.changed.reduce((a, b) => a + b, 0), 0);
}

function showLegend(box, piece) {
  const changed = countChanged(piece);
  box.hidden = changed === null;
  if (box.hidden) return;
  const all = piece.tracks.reduce((sum, track) => sum + track.changed.length, 0);
  const rows = piece.is_before
    ? [['gone', `outlined: gone or changed in the other (${changed} of ${all} notes)`], ['same', 'pale: stays']]
    : [['new', `bright: changed (${changed} of ${all} notes)`], ['same', 'pale: as before']];
  box.replaceChildren(...rows.map(([kind, text]) => {
    const row = document.createElement('span');
    row.append(Object.assign(document.createElement('i'), { className: kind }), text);
    return row;
  }));
}

/* Fills the switch with a button a side. */
function fillSides(player) {
  const { sides } = player.parts;
  const labels = player.data.pieces.map((piece) => piece.label);
  if (sides.dataset.labels !== JSON.stringify(labels)) {
    sides.dataset.labels = JSON.stringify(labels);
    sides.replaceChildren(...player.data.pieces.map((piece, index) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = button.title = piece.label;
      button.onclick = () => player.choose(player.data.pieces[index]);
      return button;
    }));
  }
  sides.hidden = labels.length < 2;
  [...sides.children].forEach((button, index) => button.setAttribute('aria-pressed', labels[index] === player.label));
}
