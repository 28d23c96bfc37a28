/* What the page tells of an edit in its data- attributes: whether there is one, how much, and where things are. */
function editState({ editor, layout, piece, view }) {
  const { draft, on } = editor;
  const { low, row = 0, floor = 0, drumRow = 0, height = 0 } = layout ?? {};
  return {
    editing: on,
    unkept: draft?.count ?? 0,
    selected: on ? draft.selected.size : 0,
    locked: draft?.locked.size ?? 0,
    undoable: on ? draft.past.length : 0,
    auditions: editor.audition.count,
    place: JSON.stringify({ from: view.from, span: view.span, low: low ?? piece.low, row, floor, drumRow, height }),
  };
}
