/* A MIDI keyboard plays into the draft: heard at once, recorded after a bar of clicks, or step by step. */

const TICK_MS = 40; // how often clicks are told ahead and the playhead is looked at
const CLICK_AHEAD_S = 0.15;
const EARLY_KEY_S = 0.15; // a first note that comes so early in the count-in is meant for the first beat: by ear, not measured

class MidiKeyboard {
  constructor(player) {
    this.player = player;
    this.tones = new Map(); // pitch -> { gain, source }
    this.playing = new Playing();
    this.recording = null; // { draft, track, first, from, zero, click, bar }
    this.step = false;
    this.stepTick = null;
  }

  /* Takes a message of the keyboard. */
  receive({ data, timeStamp }) {
    const { editor } = this.player;
    const said = readMidi(data);
    if (!said) return;
    const at = this.secondsAt(timeStamp || performance.now());
    const { playing } = this;
    if (said.kind === 'on') {
      this._sound(said.pitch, said.velocity);
      if (this.step && editor.on && !this.recording) this._enter(said, !playing.held);
      playing.on(said.pitch, said.velocity, at);
    } else if (said.kind === 'off') {
      if (playing.off(said.pitch, at)) this._hush(said.pitch);
      if (this.step && editor.on && !this.recording && !playing.held) this._advance();
    } else for (const pitch of playing.press(said.down, at)) this._hush(pitch);
    if (this.recording) this._show();
  }

  /* Returns the second of the piece that is at a time of the browser's clock. */
  secondsAt(stamp) {
    const { recording } = this;
    return recording ? recording.from + (stamp - recording.zero) / 1000 : stamp / 1000;
  }

  // ---- recording ----

  toggle() {
    if (this.recording) this.stop();
    else this.start();
  }

  start() {
    const { player } = this;
    const { editor, transport } = player;
    if (!editor.draft) return;
    if (!editor.on) editor.toggle();
    const { draft } = editor;
    const track = editor.homeTrack();
    if (track < 0) return;
    this.playing = new Playing();
    transport.pause();
    const first = draft.barStart(draft.barAt(draft.map.ticks(transport.now() + 1e-3)));
    const from = draft.map.seconds(first);
    const count = beatsOf(draft, first);
    const each = draft.map.seconds(first + 1) - from; // seconds a tick
    const bar = draft.barStart(draft.barAt(first) + 1) - first;
    audioContext().resume();
    draft.begin();
    this.recording = { draft, track, first, from, zero: performance.now() + bar * each * 1000 + 50, started: false, clicks: count.map((tick) => from + (tick - first - bar) * each), beat: first };
    editor.said = 'Counting in …';
    this.timer = setInterval(() => this._tick(), TICK_MS);
    editor.refresh();
  }

  /* Ends a recording: what was played is one edit. */
  stop() {
    const { recording, player } = this;
    if (!recording) return;
    const { draft } = recording;
    clearInterval(this.timer);
    this.playing.finish(this.secondsAt(performance.now()));
    this._show();
    this.recording = null;
    for (const pitch of [...this.tones.keys()]) this._hush(pitch);
    player.transport.pause();
    const added = draft.notes.length - draft.base.notes.length;
    draft.end();
    player.editor.said = added ? `${added} note${added > 1 ? 's' : ''} recorded.` : 'Nothing was played.';
    player.editor.refresh();
  }

  _tick() {
    const { recording, player } = this;
    const { transport, editor } = player;
    if (editor.draft !== recording.draft || !player.root.isConnected) return this.stop();
    const now = performance.now();
    if (!recording.started && now >= recording.zero) {
      recording.started = true;
      editor.said = `Recording into ${recording.draft.state.tracks[recording.track].name}`;
      transport.setLoop({ ...transport.loop, on: false });
      transport.seek(recording.from);
      if (transport.canPlay) transport.play();
      editor.refresh();
    }
    const at = transport.playing ? transport.now() : null;
    if (at !== null && at > recording.from + 0.01) recording.zero = now - (at - recording.from) * 1000; // the sound leads
    this._click(now, transport.playing);
    const tick = recording.draft.map.ticks(this.secondsAt(now));
    if (tick >= recording.draft.limit) return this.stop();
    if (recording.started && !transport.playing) transport.position = Math.min(this.secondsAt(now), player.piece.seconds);
    if (recording.started && this.playing.sounding.size) this._show();
    else player.overlay();
  }

  /* Clicks while counting in, and where nothing of the piece is heard. */
  _click(now, isHeard) {
    const { recording } = this;
    const { draft, clicks } = recording;
    const seconds = this.secondsAt(now);
    if (!clicks.length && seconds > recording.from - 2 * CLICK_AHEAD_S) {
      clicks.push(...beatsOf(draft, recording.beat).map((tick) => draft.map.seconds(tick)));
      recording.beat = draft.barStart(draft.barAt(recording.beat) + 1);
    }
    while (clicks.length && clicks[0] < seconds + CLICK_AHEAD_S) {
      const at = clicks.shift();
      if ((at < recording.from || (recording.started && !isHeard)) && at > seconds - CLICK_AHEAD_S) this._knock(at - seconds);
      if (!clicks.length && seconds > recording.from - CLICK_AHEAD_S) break;
    }
  }

  /* Shows what has been played so far. */
  _show() {
    const { recording, player } = this;
    const { draft, track, first, from } = recording;
    const now = Math.max(from, this.secondsAt(performance.now()));
    const { editor } = player;
    const locked = draft.base.notes.filter((note) => draft.locked.has(note.id) && note.track === track);
    const notes = this.playing.notes.filter((note) => note.from >= from - EARLY_KEY_S).map((note) => {
      note.id ??= draft.next++;
      const { pitch, velocity, id } = note;
      return { track, pitch, velocity, id, note: -1, ...onTheGrid(draft, { from: note.from, to: note.to ?? now }, editor.snap, first) };
    }).filter((note) => !locked.some((each) => each.pitch === note.pitch && each.time < note.time + note.duration && note.time < each.time + each.duration));
    draft.show([...draft.base.notes, ...notes], new Set(notes.map(({ id }) => id)));
    editor.refresh();
  }

  // ---- step by step ----

  _enter({ pitch, velocity }, isFirst) {
    const { editor } = this.player;
    const track = editor.homeTrack();
    if (track < 0) return;
    if (isFirst || this.stepTick === null) this.stepTick = editor.tickNow();
    editor.draft.add([{ track, time: this.stepTick, duration: editor.usual(), pitch, velocity }]);
    editor.tellBlocked();
    if (!editor.draft.isDrum(track)) editor.reveal([pitch]);
    editor.refresh();
  }

  /* The playhead goes on a step once all keys of a chord are up. */
  _advance() {
    if (this.stepTick === null) return;
    const { editor } = this.player;
    this.player.seek(editor.draft.map.seconds(this.stepTick + editor.usual()));
    this.stepTick = null;
  }

  // ---- sound ----

  _sound(pitch, velocity) {
    this._hush(pitch);
    const context = audioContext();
    context.resume();
    const { audition, draft } = this.player.editor;
    const track = draft ? this.player.editor.homeTrack() : -1;
    if (track >= 0 && draft.isDrum(track)) return audition.touch(pitch, velocity, true);
    const gain = new GainNode(context, { gain: 0 });
    const loud = 0.22 * (velocity / 127) ** 1.5; // as an audition
    gain.gain.linearRampToValueAtTime(loud, context.currentTime + 0.008);
    gain.gain.setTargetAtTime(loud * 0.5, context.currentTime + 0.01, 0.3);
    const source = new OscillatorNode(context, { type: 'triangle', frequency: 440 * 2 ** ((pitch - 69) / 12) });
    source.connect(gain).connect(this.player.transport.input);
    source.start();
    this.tones.set(pitch, { gain, source });
    audition.count++;
  }

  _hush(pitch) {
    const tone = this.tones.get(pitch);
    if (!tone) return;
    const now = audioContext().currentTime;
    tone.gain.gain.cancelScheduledValues(now);
    tone.gain.gain.setTargetAtTime(0, now, FADE_S / 3);
    tone.source.stop(now + FADE_S * 2);
    this.tones.delete(pitch);
  }

  _knock(seconds) {
    const context = audioContext();
    const when = context.currentTime + Math.max(0, seconds);
    const gain = new GainNode(context, { gain: 0 });
    gain.gain.setValueAtTime(0.2, when);
    gain.gain.setTargetAtTime(0, when + 0.005, 0.02);
    const source = new OscillatorNode(context, { frequency: 1600 });
    source.connect(gain).connect(this.player.transport.input);
    source.start(when);
    source.stop(when + 0.15);
  }

  close() {
    this.stop();
    for (const pitch of [...this.tones.keys()]) this._hush(pitch);
  }
}
