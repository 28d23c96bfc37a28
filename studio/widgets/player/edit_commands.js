/* What can be done while a piece is edited, each with the keys that DAWs have for it. The toolbar, the keyboard and the list
   under "?" read it here. "mod" is Ctrl, or Cmd on a Mac. */

const EDIT_COMMANDS = {
  undo: { title: 'Undo the last edit', keys: ['mod+z'], run: (e) => e.undo() },
  redo: { title: 'Do it again', keys: ['mod+shift+z', 'mod+y'], run: (e) => e.redo() },
  all: { title: 'Select all notes, or those of the chosen track', keys: ['mod+a'], run: (e) => e.selectAll() },
  clear: { title: 'Select nothing', keys: ['escape'], run: (e) => e.draft.select([]) },
  next: { title: 'Select the next note', keys: ['.'], run: (e) => e.selectNext(1) },
  previous: { title: 'Select the note before', keys: [','], run: (e) => e.selectNext(-1) },
  pencil: { title: 'Draw, or select, with the pointer', keys: ['b'], run: (e) => e.setTool(e.tool === 'draw' ? 'select' : 'draw') },
  insert: { title: 'Draw a note at the playhead', keys: ['n'], run: (e) => e.insert() },
  copy: { title: 'Copy', keys: ['mod+c'], run: (e) => e.copy() },
  cut: { title: 'Cut', keys: ['mod+x'], changes: true, run: (e) => e.cut() },
  paste: { title: 'Paste at the playhead', keys: ['mod+v'], run: (e) => e.paste() },
  duplicate: { title: 'Duplicate right after', keys: ['mod+d'], run: (e) => e.draft.duplicate(e.snap, false) },
  duplicateBars: { title: 'Duplicate after the end of the bar', keys: ['mod+shift+d'], run: (e) => e.draft.duplicate(e.snap, true) },
  lock: { title: 'Lock: no edit and no model changes these notes; unlock', keys: ['l'], run: (e) => e.draft.toggleLock() },
  remove: { title: 'Delete', keys: ['delete', 'backspace'], changes: true, run: (e) => e.draft.remove() },
  up: { title: 'A semitone up', keys: ['arrowup'], changes: true, run: (e) => e.nudge(0, 1) },
  down: { title: 'A semitone down', keys: ['arrowdown'], changes: true, run: (e) => e.nudge(0, -1) },
  octaveUp: { title: 'An octave up', keys: ['shift+arrowup'], changes: true, run: (e) => e.nudge(0, 12) },
  octaveDown: { title: 'An octave down', keys: ['shift+arrowdown'], changes: true, run: (e) => e.nudge(0, -12) },
  later: { title: 'A step of the grid later', keys: ['arrowright'], changes: true, run: (e) => e.nudge(1, 0) },
  earlier: { title: 'A step of the grid earlier', keys: ['arrowleft'], changes: true, run: (e) => e.nudge(-1, 0) },
  longer: { title: 'A step of the grid longer', keys: ['shift+arrowright'], changes: true, run: (e) => e.stretch(1) },
  shorter: { title: 'A step of the grid shorter', keys: ['shift+arrowleft'], changes: true, run: (e) => e.stretch(-1) },
  louder: { title: 'Louder', keys: ['mod+arrowup'], changes: true, run: (e) => e.change((draft) => draft.louder(5)) },
  softer: { title: 'Softer', keys: ['mod+arrowdown'], changes: true, run: (e) => e.change((draft) => draft.louder(-5)) },
  quantize: { title: 'Quantise: move beginnings to the grid', keys: ['q'], changes: true, run: (e) => e.change((draft) => draft.quantized(e.snap)) },
  split: { title: 'Split at the playhead, or in half', keys: ['s'], changes: true, run: (e) => e.split() },
  join: { title: 'Join notes of one pitch', keys: ['j'], changes: true, run: (e) => e.join() },
  hear: { title: 'Hear the selected notes, or those in view, as plain tones', keys: ['h'], run: (e) => e.hear() },
  help: { title: 'Show these keys', keys: ['?'], run: (e) => e.bar.toggleHelp() },
};

const POINTER_HELP = [
  ['Click, Shift+click', 'Select a note, one more note'],
  ['Drag a note', 'Move what is selected'],
  ['Drag an end of a note', 'Make it longer or shorter'],
  ['Alt+click a note', 'Split it there'],
  ['Double-click', 'Draw a note, or delete the one under the pointer'],
  ['Drag where no note is', 'Select in a rectangle; with the pencil: draw (Shift: select)'],
  ['Drag in the strip below', 'Loudness'],
  ['Press a key at the left', 'Hear that pitch'],
  ['Wheel', 'Higher and lower notes; with Shift: along the piece, with Ctrl: zoom'],
];

const MAC = globalThis.navigator?.platform?.startsWith('Mac') ?? false;
const KEY_NAMES = { mod: MAC ? '⌘' : 'Ctrl', shift: 'Shift', arrowup: '↑', arrowdown: '↓', arrowleft: '←', arrowright: '→', delete: 'Delete', backspace: 'Backspace', escape: 'Esc' };

/* Returns keys as one reads them: "Ctrl+Shift+Z". */
const keysInWords = (keys) => keys.split('+').map((key) => KEY_NAMES[key] ?? key.toUpperCase()).join('+');

/* Returns the command of a press, or nothing. */
function commandOf(event) {
  const key = event.key.toLowerCase();
  const shift = event.shiftKey && !'?,.'.includes(key); // those need it on some keyboards
  const pressed = [(event.ctrlKey || event.metaKey) && 'mod', shift && 'shift', key].filter(Boolean).join('+');
  return event.altKey ? undefined : Object.values(EDIT_COMMANDS).find(({ keys }) => keys.includes(pressed));
}
