/* The song on MIDI instruments: each track on a channel of its own, in time with the transport. */

const OUT_TICK_MS = 40;
const OUT_AHEAD_S = 0.12; // what is sent so early is not heard late, and is little to take back at a stop
const OUT_AHEAD_BEHIND_S = 1.2; // browsers wake a tab behind others once a second
const JUMP_S = 0.25; // a playhead that is so far from where it should be has jumped; sound that streams stumbles by 0.1 s on a busy machine
const DRUM_CHANNEL = 9;
const PITCHED_CHANNELS = Array.from({ length: 16 }, (_, channel) => channel).filter((channel) => channel !== DRUM_CHANNEL);

/* Returns the channel of each track: drums on the tenth, the others one after another; a sixteenth shares with the first. */
function channelsOf(tracks) {
  let next = 0;
  return new Map(tracks.map(({ track, drums }) => [track, drums ? DRUM_CHANNEL : PITCHED_CHANNELS[next++ % PITCHED_CHANNELS.length]]));
}

class MidiOut {
  /* `clock` gives milliseconds, as timestamps of MIDI are. */
  constructor(clock = () => performance.now()) {
    this.clock = clock;
    this.output = null;
    this.song = null;
    this.last = null; // { at, seconds }: the playhead at the last look
    this.sounding = []; // notes whose end is still to be sent
    this.sent = 0; // until when something was sent, on the clock
    this.settings = new Map(); // `track control` -> value
  }

  /* `song` has tracks of { track, program, drums } and notes of { start, end, track, pitch, velocity } in seconds. */
  load(song) {
    if (song === this.song) return;
    this.song = song;
    this.notes = [...song.notes].sort((a, b) => a.start - b.start);
    this.channels = channelsOf(song.tracks);
    this.last = null;
  }

  /* Sends what is due. `loopEnd` is where the playhead will jump, `gain` tells how loud a track is, `rate` how fast it
     plays, and `mix` the level, pan and reverb of a track where these are written. */
  play(seconds, ahead, loopEnd, gain, rate = 1, mix = () => ({})) {
    const now = this.clock();
    const jumped = !this.last || Math.abs(seconds - this.last.seconds - (rate * (now - this.last.at)) / 1000) > JUMP_S;
    if (jumped) {
      this.silence();
      if (!this.last) this._prepare();
      const slack = this.last ? 0 : 0.02; // the first look may come a moment after the first note
      this.next = this.notes.findIndex(({ start }) => start >= seconds - slack);
      if (this.next < 0) this.next = this.notes.length;
    }
    this.last = { at: now, seconds };
    this._mix(gain, mix);
    const at = (second) => now + (Math.max(0, second - seconds) * 1000) / rate;
    const until = Math.min(seconds + ahead, loopEnd);
    const coming = [];
    while (this.next < this.notes.length && this.notes[this.next].start < until) {
      const note = this.notes[this.next++];
      if (gain(note.track) <= 0) continue;
      coming.push(note);
    }
    this.sounding.push(...coming);
    const ending = this.sounding.filter(({ end }) => end < until);
    this.sounding = this.sounding.filter(({ end }) => end >= until);
    const events = [
      ...coming.map((note) => [note.start, [0x90 | this._channel(note), note.pitch, note.velocity]]),
      ...ending.map((note) => [note.end, [0x80 | this._channel(note), note.pitch, 0]]),
    ].sort(([a, first], [b, second]) => a - b || first[0] - second[0]); // an end comes before a new beginning
    for (const [second, bytes] of events) this._send(bytes, at(second));
  }

  /* Ends all that sounds, and what was sent ahead. */
  silence() {
    if (!this.output || !this.channels) return;
    for (const when of [this.clock(), ...(this.sent > this.clock() ? [this.sent + 1] : [])]) {
      for (const note of this.sounding) this._send([0x80 | this._channel(note), note.pitch, 0], when);
      for (const channel of new Set(this.channels.values())) {
        this._send([0xb0 | channel, 64, 0], when);
        this._send([0xb0 | channel, 123, 0], when); // all notes off
      }
    }
    this.sounding = [];
    this.sent = 0;
  }

  stop() {
    if (this.last) this.silence();
    this.last = null;
  }

  _prepare() {
    this.settings.clear();
    for (const { track, program, drums } of this.song.tracks) {
      this._send([0xc0 | this.channels.get(track), drums ? 0 : program], this.clock());
    }
  }

  /* Sends what has changed of the mix: instruments hear controller 7 as a square, and 100 is usual. */
  _mix(gain, mix) {
    for (const { track } of this.song.tracks) {
      const { level = 100 * Math.sqrt(gain(track)), pan, reverb } = mix(track);
      for (const [control, value] of [[7, Math.min(127, Math.round(gain(track) > 0 ? level : 0))], [10, pan], [91, reverb]]) {
        const place = `${track} ${control}`;
        if (value === undefined || this.settings.get(place) === value) continue;
        this.settings.set(place, value);
        this._send([0xb0 | this.channels.get(track), control, value], this.clock());
      }
    }
  }

  _channel({ track }) {
    return this.channels.get(track);
  }

  _send(bytes, when) {
    this.output.send(bytes, when);
    this.sent = Math.max(this.sent, when);
  }
}
