/* What the drawing of a comparison means, in words and with how many notes of each kind there are. */

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
