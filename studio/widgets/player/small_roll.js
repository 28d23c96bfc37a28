/* A small still picture of a piece, to tell variants apart at a glance. */

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector('.small-roll');
  const canvas = root.firstElementChild;
  root.style.height = `${data.height}px`;
  root.hidden = !data.height;
  root.setAttribute('aria-label', data.piece.label);
  root.dataset.notes = data.piece.tracks.reduce((sum, track) => sum + track.notes.length / 4, 0);
  root.draw = () => {
    if (!canvas.clientWidth) return; // not to be seen now
    const theme = themeOf(root);
    const { g, width, height } = brush(canvas);
    const at = new Layout(data.piece, { from: 0, span: data.piece.seconds }, width, height, { gutter: 0, ruler: 0, drumRow: 4 });
    g.fillStyle = theme.back;
    g.fillRect(0, 0, width, height);
    g.fillStyle = theme.dark ? 'rgba(255,255,255,.10)' : 'rgba(0,0,0,.08)';
    for (const bar of data.piece.bars) g.fillRect(Math.round(at.x(bar)), 0, 1, height);
    drawNotes(g, data.piece, at);
    g.fillStyle = theme.dark ? 'rgba(255,255,255,.45)' : 'rgba(0,0,0,.35)';
    for (const { from } of data.piece.sections.slice(1)) g.fillRect(Math.round(at.x(from)), 0, 1.5, height);
  };
  root.observer ??= new ResizeObserver(() => root.draw());
  root.observer.observe(root);
  root.ontransitionend = () => root.draw();
  root.draw();
  return () => root.observer.disconnect();
}
