/* The keyboard: space plays, arrows go from bar to bar, Esc selects all, letters work the transport, wherever the focus is but in a field that needs these
   keys. While a piece is edited, its keys come first. */

const TYPING = 'input, textarea, select, [contenteditable], [role=textbox], [role=combobox], [role=listbox], [role=option], [role=slider], [role=spinbutton], [role=radio], [role=tab], [role=menu], [role=menuitem], dialog, [role=dialog]';

const LETTERS = {
  l: (player) => player.toggleLoop(),
  k: (player, shift) => player.practice.toggle(shift ? 'countIn' : 'metronome'),
  h: (player) => player.practice.toggleSlow(),
  '?': (player) => player.practice.toggleHelp(),
};

function onKey(event) {
  const target = event.composedPath()[0];
  if (!active?.piece || !active.root.isConnected) return;
  const ours = active.root.contains(target);
  if (ours && target.closest?.(`.${CHORDS}`) && event.key !== ' ') return; // its arrows go from chord to chord
  if (ours && target.matches?.('input[type=text]')) return;
  if (active.editor.key(event, ours)) {
    event.preventDefault();
    event.stopPropagation();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const onRange = ours && target.matches('input[type=range]');
  if (event.key === ' ') {
    const field = !ours && target.closest?.(TYPING);
    const button = target.closest?.('button, a, summary') && target.matches(':focus-visible');
    if (field || button || !active.transport.canPlay) return;
    if (event.type === 'keydown' && !event.repeat) active.toggle();
  } else if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
    if (onRange || (!ours && target.closest?.(TYPING))) return;
    if (event.type === 'keydown') active.seekBar(event.key === 'ArrowLeft' ? -1 : 1);
  } else if (event.key === 'Escape') {
    if (!active.selection.some || (!ours && target.closest?.(TYPING))) return;
    if (event.type === 'keydown') active.selection.everything();
  } else if (LETTERS[event.key.toLowerCase()]) {
    if (target.closest?.(TYPING) && !target.matches('.over, input[type=range]')) return;
    if (event.type === 'keydown' && !event.repeat) LETTERS[event.key.toLowerCase()](active, event.shiftKey);
  } else return;
  event.preventDefault();
  event.stopPropagation();
}
for (const type of ['keydown', 'keyup']) window.addEventListener(type, onKey, { capture: true });
