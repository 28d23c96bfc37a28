/* For who plays along: a metronome and a count-in in the meter and tempo of the place, half speed, and the list of keys. Clicks are
   told to the sound card ahead of time, so that they are exact however busy the page is. */

const LOOK_AHEAD_S = 0.25; // clicks are told this early: longer than a page usually stalls
const LOOK_MS = 60;
const CLICK_S = 0.04;
const BREATH_S = 0.15; // before the first click of a count-in
const SAME_S = 0.06; // clicks nearer than this are one, told twice
const SLOW = 0.5;

const TRANSPORT_KEYS = [
  ['Space', 'Play or pause'],
  ['← →', 'To the bar before, to the next bar'],
  ['Home', 'To the beginning (while the roll has the focus)'],
  ['L', 'Loop the selected bars, or those in view'],
  ['K', 'Metronome'],
  ['Shift+K', 'Count-in: one bar of clicks before it plays'],
  ['H', 'Half speed, at the same pitch'],
  ['Esc', 'Select all bars and tracks'],
  ['?', 'Show these keys; while notes are edited, the keys of the editor'],
];

class Practice {
  constructor(player) {
    Object.assign(this, { player, metronome: false, countIn: false, count: 0, until: 0, epoch: -1, voices: [] });
  }

  get slow() {
    return this.player.transport.rate !== 1;
  }

  /* Connects to freshly made HTML. */
  mount({ click, count, slow, help, keylist }) {
    this.parts = { click, count, slow, help, keylist };
    click.onclick = () => this.toggle('metronome');
    count.onclick = () => this.toggle('countIn');
    slow.onclick = () => this.toggleSlow();
    help.onclick = () => this.toggleHelp();
    keylist.replaceChildren(...TRANSPORT_KEYS.map(([keys, what]) => {
      const row = document.createElement('p');
      row.append(Object.assign(document.createElement('kbd'), { textContent: keys }), ` ${what}`);
      return row;
    }));
    clearInterval(this.timer);
    this.timer = setInterval(() => this.look(), LOOK_MS); // not with the pictures: those stand still in a tab behind
    this.show();
  }

  toggle(name) {
    this[name] = !this[name];
    this.player.transport.setExact(this.metronome || this.countIn);
    this.show();
    this.look();
  }

  toggleSlow() {
    this.player.transport.setRate(this.slow ? 1 : SLOW);
    this.show();
  }

  toggleHelp() {
    const { keylist } = this.parts;
    keylist.hidden = !keylist.hidden;
    this.show();
  }

  show() {
    const { click, count, slow, help, keylist } = this.parts;
    click.setAttribute('aria-pressed', this.metronome);
    count.setAttribute('aria-pressed', this.countIn);
    slow.setAttribute('aria-pressed', this.slow);
    help.setAttribute('aria-expanded', !keylist.hidden);
  }

  /* Plays from where the transport stands, after a bar of clicks where that is wished. */
  play() {
    const { transport } = this.player;
    if (!this.countIn) return transport.play();
    const beats = this._barAt(transport.position).map((seconds) => seconds / transport.rate);
    const start = audioContext().currentTime + BREATH_S;
    transport.play(BREATH_S + beats.at(-1));
    this.epoch = transport.epoch;
    this._cancel();
    beats.slice(0, -1).forEach((seconds, index) => this._click(start + seconds, index === 0));
  }

  /* Returns where the beats of the bar at this second are, from its beginning; the last one is its end. */
  _barAt(seconds) {
    const { bars, beats } = this.player.side;
    const bar = Math.max(0, Math.min(bars.length - 2, bars.findLastIndex((time) => time <= seconds + 0.02)));
    const inside = beats.filter((time) => time >= bars[bar] - 0.001 && time < bars[bar + 1] - 0.001);
    return [...inside, bars[bar + 1]].map((time) => time - bars[bar]);
  }

  /* Tells the sound card of the clicks of the next moment. */
  look() {
    const { transport, side } = this.player;
    if (this.epoch !== transport.epoch) {
      this.epoch = transport.epoch;
      this._cancel();
    }
    if (!this.metronome || !transport.playing || !side) return;
    for (const [seconds, when] of transport.coming(side.beats, LOOK_AHEAD_S)) {
      if (when <= this.until + SAME_S) continue;
      this.until = when;
      this._click(when, side.bars.some((time) => Math.abs(time - seconds) < 0.002));
    }
  }

  _click(when, isFirst) {
    const context = audioContext();
    const source = new OscillatorNode(context, { type: 'sine', frequency: isFirst ? 1760 : 1175 });
    const gain = new GainNode(context, { gain: 0 });
    gain.gain.setValueAtTime(isFirst ? 0.5 : 0.3, when); // by ear, not measured: over a full mix, and no pain alone
    gain.gain.exponentialRampToValueAtTime(0.001, when + CLICK_S);
    source.connect(gain).connect(this.player.transport.input);
    source.start(when);
    source.stop(when + CLICK_S);
    const voice = { source, when };
    source.onended = () => (this.voices = this.voices.filter((each) => each !== voice));
    this.voices.push(voice);
    this.count++;
  }

  /* Takes back the clicks that were told and are still to come. */
  _cancel() {
    const now = sharedContext?.currentTime ?? 0;
    for (const { source, when } of this.voices) {
      if (when <= now) continue;
      source.stop();
      this.count--;
    }
    this.until = 0;
  }

  close() {
    clearInterval(this.timer);
    this._cancel();
  }
}
