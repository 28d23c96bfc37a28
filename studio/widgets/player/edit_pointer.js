/* What a pointer does on the roll while a piece is edited, and what is drawn for that: the grid, the selection, loudness. */

/* Takes a press on the roll if it is for the editor; returns whether it was. */
function pressEdit(player, event) {
  const { editor, layout } = player;
  const { over } = player.parts;
  const box = over.getBoundingClientRect();
  const point = (e) => ({ x: e.clientX - box.left, y: e.clientY - box.top });
  const from = point(event);
  if (!editor.on || event.button > 0 || from.y < RULER) return false;
  if (editor.busy) return true; // another finger
  editor.player.midi.keyboard.stop();
  over.focus({ preventScroll: true });
  editor.said = '';
  const gesture = gestureFor(editor, layout, from, event);
  editor.busy = gesture !== null;
  if (!gesture) editor.refresh();
  if (!gesture) return true;
  over.setPointerCapture(event.pointerId);
  const state = { moved: false };
  const move = (e) => {
    const to = point(e);
    if (!state.moved && Math.hypot(to.x - from.x, to.y - from.y) < MOVED_PX) return;
    state.moved = true;
    gesture.move?.(to, e);
    followPointer(player, to);
    editor.refresh();
  };
  const end = (e) => {
    for (const type of ['pointermove', 'pointerup', 'pointercancel']) over.removeEventListener(type, type === 'pointermove' ? move : end);
    if (e.type === 'pointercancel') editor.draft.cancel();
    else gesture.end?.(state.moved, point(e));
    editor.draft.end();
    editor.tellBlocked();
    editor.rubber = null;
    editor.busy = false;
    editor.refresh();
  };
  over.addEventListener('pointermove', move);
  over.addEventListener('pointerup', end);
  over.addEventListener('pointercancel', end);
  editor.refresh();
  return true;
}

/* A drag over the edge of the roll takes the view along. */
function followPointer(player, { x }) {
  const { layout, view } = player;
  const by = x > layout.width - 24 ? 0.02 : x < GUTTER + 8 ? -0.02 : 0;
  if (by) player.scroll(view.from + by * view.span);
}

/* Returns what a press begins: an object with what a move does and what its end does. */
function gestureFor(editor, at, point, event) {
  const { draft } = editor;
  if (point.x < GUTTER) return pressKey(editor, at, point);
  if (point.y > at.height) return dragLoudness(editor, point);
  const hit = noteAt(editor, at, point);
  const more = event.shiftKey || event.ctrlKey || event.metaKey;
  if (hit && event.altKey) {
    draft.select([hit.note.id]);
    draft.split(splitTick(editor, at, point, hit.note), editor.snap);
    return null;
  }
  if (hit && more) {
    const ids = new Set(draft.selected);
    if (!ids.delete(hit.note.id)) ids.add(hit.note.id);
    draft.select(ids);
    return null;
  }
  if (hit) return dragNotes(editor, point, hit);
  return editor.tool === 'draw' && !more ? drawNote(editor, at, point) : selectIn(editor, point, more);
}

function splitTick(editor, at, { x }, note) {
  const tick = editor.draft.map.ticks(at.seconds(x));
  const line = editor.draft.snapped(tick, editor.snap);
  return line > note.time && line < note.time + note.duration ? line : Math.round(tick);
}

/* Returns the note under a point, and whether it is near an end of it; of several the one that was drawn last. */
function noteAt(editor, at, { x, y }) {
  let found = null;
  for (const track of editor.player.piece.tracks) {
    if (!editor.lights(track)) continue;
    eachNote(track, at, (left, top, width, height, velocity, start, duration, index) => {
      const slack = Math.max(0, (8 - width) / 2); // short notes can be hit too
      if (x < left - slack || x > left + width + slack || y < top - 1 || y > top + height + 1) return;
      const edge = track.drums || width < 2 * EDGE_PX + 4 ? (x > left + width - 4 && width >= 10 && !track.drums ? 'end' : null) : x > left + width - EDGE_PX ? 'end' : x < left + EDGE_PX ? 'start' : null;
      found = { note: track.held[index], edge };
    });
  }
  return found;
}

/* Returns the pitch of a place, and whether it is among the drums; null where no track has it. */
function pitchAt(editor, at, { y }) {
  const { draft } = editor;
  if (y >= at.floor) {
    const row = draft.rows[editor.seenDrums[Math.floor((at.height - y) / at.drumRow)]];
    return row ? { pitch: row.key, drums: true } : null;
  }
  const pitch = at.low + Math.floor((at.floor - y) / at.row);
  return pitch >= 0 && pitch <= 127 ? { pitch, drums: false } : null;
}

function pressKey(editor, at, point) {
  const sound = (to) => {
    const found = pitchAt(editor, at, to);
    if (!found || found.pitch === sound.last) return;
    sound.last = found.pitch;
    editor.audition.touch(found.pitch, DRAWN_VELOCITY, found.drums);
    editor.player.keepMoving();
  };
  sound(point);
  return { move: sound };
}

function dragNotes(editor, from, { note, edge }) {
  const { draft, player } = editor;
  const was = draft.selected.has(note.id);
  if (!was) draft.select([note.id]);
  editor.hearNote(note);
  if (draft.locked.has(note.id)) editor.said = 'This note is locked. Unlock it with L to change it.';
  if (draft.locked.has(note.id)) return null;
  draft.begin();
  const start = draft.map.ticks(player.layout.seconds(from.x));
  let heard = note.pitch;
  return {
    move(to) {
      const at = player.layout;
      const by = Math.abs(to.x - from.x) < MOVED_PX ? 0 : draft.map.ticks(at.seconds(to.x)) - start;
      const line = (tick) => (by ? draft.snapped(tick + by, editor.snap) - tick : 0);
      const least = Math.min(editor.usual(), note.duration);
      if (edge === 'end') return draft.show(draft.resized(line(note.time + note.duration), least));
      if (edge === 'start') return draft.show(draft.resized(line(note.time), least, true));
      const found = pitchAt(editor, at, to);
      const drums = draft.isDrum(note.track);
      const rows = !found || found.drums !== drums ? 0 : drums ? draft.rowOf(found.pitch) - draft.rowOf(note.pitch) : found.pitch - note.pitch;
      draft.show(draft.moved(line(note.time), rows));
      const now = draft.notes.find(({ id }) => id === note.id);
      if (now.pitch !== heard) editor.hearNote(now);
      heard = now.pitch;
    },
    end(moved) {
      if (!moved && was) draft.select([note.id]); // a click on one of many
    },
  };
}

function drawNote(editor, at, point) {
  const { draft, player } = editor;
  const found = pitchAt(editor, at, point);
  const fits = ({ drums }) => found && drums === found.drums;
  const { tracks } = draft.state;
  const last = draft.notes.findLast(({ id, track }) => draft.selected.has(id) && fits(tracks[track]))?.track;
  const track = editor.track ?? last ?? tracks.findIndex(fits);
  if (!found || track < 0 || !fits(tracks[track])) {
    editor.said = found?.drums ? 'This track has no drums. Choose a drum track to draw here.' : 'This track has drums only. Choose another track to draw here.';
    return null;
  }
  const time = draft.snapped(draft.map.ticks(at.seconds(point.x)), editor.snap, Math.floor);
  const note = draft.fresh({ track, time, duration: editor.usual(), pitch: found.pitch, velocity: DRAWN_VELOCITY });
  if (time + note.duration > draft.limit) return null;
  const drawn = (duration) => draft.show([...draft.base.notes, { ...note, duration }], new Set([note.id]));
  draft.begin();
  drawn(note.duration);
  editor.hearNote(note);
  return {
    move(to) {
      const end = draft.snapped(draft.map.ticks(player.layout.seconds(to.x)), editor.snap, Math.ceil);
      drawn(Math.max(note.duration, Math.min(end, draft.limit) - time));
    },
  };
}

/* Selects what a rectangle touches; a click without a drag selects nothing and goes there. */
function selectIn(editor, from, more) {
  const { draft, player } = editor;
  const before = more ? new Set(draft.selected) : new Set();
  return {
    move(to) {
      const [left, right] = [from.x, to.x].sort((a, b) => a - b);
      const [top, bottom] = [from.y, to.y].sort((a, b) => a - b);
      editor.rubber = { left, top, width: right - left, height: bottom - top };
      const ids = new Set(before);
      for (const track of player.piece.tracks) {
        if (!editor.lights(track)) continue;
        eachNote(track, player.layout, (x, y, width, height, velocity, start, duration, index) => {
          if (x <= right && x + width >= left && y <= bottom && y + height >= top) ids.add(track.held[index].id);
        });
      }
      draft.select(ids);
    },
    end(moved) {
      if (moved || more) return;
      draft.select([]);
      player.seek(player.layout.seconds(from.x));
    },
  };
}

/* In the strip below, a drag sets how loud the note over it is; all selected ones change as much. */
function dragLoudness(editor, from) {
  const { draft, player } = editor;
  const at = player.layout;
  let nearest = null;
  for (const track of player.piece.tracks) {
    if (!editor.lights(track)) continue;
    eachNote(track, at, (x, y, width, height, velocity, start, duration, index) => {
      const note = track.held[index];
      const far = Math.abs(from.x - x - 2) - (draft.selected.has(note.id) ? 3 : 0); // a selected one is meant before others
      if (far < 8 && (!nearest || far < nearest.far)) nearest = { far, note };
    });
  }
  if (!nearest) return null;
  const { note } = nearest;
  if (!draft.selected.has(note.id)) draft.select([note.id]);
  if (draft.locked.has(note.id)) editor.said = 'This note is locked. Unlock it with L to change it.';
  if (draft.locked.has(note.id)) return null;
  draft.begin();
  const set = ({ y }) => draft.show(draft.louder(Math.round((1 - (y - at.height - 6) / (LANE - 10)) * 127) - note.velocity));
  set(from);
  return {
    move: set,
    end() {
      const now = draft.notes.find(({ id }) => id === note.id);
      editor.hearNote(now);
    },
  };
}

/* Two clicks: on a note it goes, elsewhere one is drawn; the pencil draws with one. */
function doubleEdit(player, event) {
  const { editor } = player;
  const box = player.parts.over.getBoundingClientRect();
  const point = { x: event.clientX - box.left, y: event.clientY - box.top };
  if (!editor.on || editor.tool === 'draw' || event.shiftKey || event.altKey || point.y < RULER || point.y > player.layout.height || point.x < GUTTER) return;
  const hit = noteAt(editor, player.layout, point);
  if (hit) editor.draft.remove(new Set([hit.note.id]));
  else drawNote(editor, player.layout, point);
  editor.draft.end();
  editor.tellBlocked();
  editor.refresh();
}

function hoverEdit(player, event) {
  const { editor, layout } = player;
  const { over } = player.parts;
  if (!editor.on || event.buttons || !layout) return;
  const point = { x: event.offsetX, y: event.offsetY };
  const hit = point.y > RULER && point.y < layout.height && point.x > GUTTER ? noteAt(editor, layout, point) : null;
  over.style.cursor = hit ? (hit.edge ? 'ew-resize' : 'grab') : point.y > layout.height ? 'ns-resize' : 'crosshair';
}

// ---- drawing ----

/* The lines of the grid, where there is room for them. */
function drawGrid(g, editor, at, theme) {
  const { draft, snap } = editor;
  const step = draft.step(snap);
  if (!SNAPS[snap]) return;
  const bars = draft.bars;
  g.fillStyle = theme.dark ? 'rgba(255,255,255,.07)' : 'rgba(0,0,0,.06)';
  for (let bar = 0; bar < bars.length - 1; bar++) {
    const [left, right] = [at.x(draft.map.seconds(bars[bar])), at.x(draft.map.seconds(bars[bar + 1]))];
    if (right < at.gutter || left > at.width || ((right - left) * step) / (bars[bar + 1] - bars[bar]) < 7) continue;
    for (let tick = bars[bar] + step; tick < bars[bar + 1] - 0.5; tick += step) {
      const x = at.x(draft.map.seconds(tick));
      if (x > at.gutter) g.fillRect(Math.round(x), at.ruler, 1, at.height - at.ruler);
    }
  }
}

/* The selected notes, bright and outlined, and under all the strip of loudness. */
function drawEdited(g, editor, at, theme, whole) {
  const { draft } = editor;
  const ink = theme.dark ? '255,255,255' : '0,0,0';
  g.fillStyle = theme.back;
  g.fillRect(0, at.height, at.width, whole - at.height);
  g.fillStyle = `rgba(${ink},0.25)`;
  g.fillRect(0, at.height, at.width, 1);
  g.font = `10px ${theme.font}`;
  g.textAlign = 'left';
  g.textBaseline = 'middle';
  g.save();
  g.beginPath();
  g.rect(at.gutter, at.ruler, at.width - at.gutter, whole - at.ruler);
  g.clip();
  const foot = whole - 4;
  for (const track of editor.player.piece.tracks) {
    const lit = editor.lights(track);
    const chosen = []; // drawn color by color: to change it for each note takes as long as to draw it
    g.fillStyle = track.color;
    g.globalAlpha = lit ? 0.7 : 0.12;
    eachNote(track, at, (x, y, width, height, velocity, start, duration, index) => {
      const tall = (velocity / 127) * (LANE - 10);
      if (draft.selected.has(track.held[index].id)) chosen.push({ x, y, width, height, tall });
      else g.fillRect(x, foot - tall, 3, tall);
    });
    g.globalAlpha = 1;
    g.fillStyle = theme.primary;
    for (const { x, tall } of chosen) g.fillRect(x, foot - tall, 4, tall);
    g.fillStyle = theme.text;
    for (const { x, y, width, height } of chosen) if (width < 5) g.fillRect(x, y, width, height); // no room for an outline
    g.fillStyle = track.color;
    for (const { x, y, width, height } of chosen) {
      if (width < 5) continue;
      block(g, x, y, width, height);
      outline(g, x, y, width, height, theme.text);
    }
  }
  g.restore();
  g.globalAlpha = 1;
  g.fillStyle = `rgba(${ink},0.62)`;
  g.fillText('Loud', 6, at.height + LANE / 2);
}

function drawRubber(g, rubber, theme) {
  if (!rubber) return;
  const { left, top, width, height } = rubber;
  g.fillStyle = g.strokeStyle = theme.primary;
  g.globalAlpha = 0.14;
  g.fillRect(left, top, width, height);
  g.globalAlpha = 0.9;
  g.lineWidth = 1;
  g.strokeRect(left + 0.5, top + 0.5, width, height);
  g.globalAlpha = 1;
}
