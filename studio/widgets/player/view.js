/* The part of a piece that can be seen: from a time, so many seconds wide. */

const ROOM_BARS = 16; // what the Generate page writes by default

/* Gives a piece that is still short empty bars to grow into, so that the picture stands still while it fills. */
function leaveRoom(piece) {
  const { bars } = piece;
  const length = bars.at(-1) - bars.at(-2);
  while (bars.length <= ROOM_BARS) bars.push(bars.at(-1) + length);
  piece.seconds = Math.max(piece.seconds, bars.at(-1));
}

const TURN = 0.96; // how far across the playhead goes before the page turns

class View {
  constructor() {
    this.from = 0;
    this.span = 1;
    this.touched = false; // whether the visitor chose it
    this.piece = null;
  }

  /* Goes over to a piece; keeps what the visitor chose, where it fits. */
  show(piece, changed, live) {
    const first = !this.piece;
    this.piece = piece;
    if (live && !this.touched) this.tail();
    else if (first || (changed && !this.touched)) this.whole();
    else this._set(this.from, this.span);
  }

  whole() {
    this.touched = false;
    this._set(0, this.piece.seconds);
  }

  /* While it is written: the last bars, with room for what comes. */
  tail() {
    const { bars, seconds, end } = this.piece;
    const bar = (bars.at(-1) - bars[0]) / (bars.length - 1);
    const span = Math.min(seconds, Math.max(ROOM_BARS * bar, 12));
    this._set(end > span * 0.85 ? end - span * 0.85 : 0, span);
  }

  choose(from, span) {
    this.touched = true;
    this._set(from, span);
  }

  move(from) {
    this._set(from, this.span);
  }

  /* Narrows (factor below 1) or widens it around a time, or around its middle if that cannot be seen. */
  zoom(factor, around) {
    const { from, span } = this;
    const centre = around >= from && around <= from + span ? around : from + span / 2;
    const wide = this._bound(span * factor);
    this.choose(centre - ((centre - from) / span) * wide, wide);
    this.touched = wide < this.piece.seconds;
  }

  /* Turns the page to a time that cannot be seen; returns whether it had to. */
  reveal(time) {
    const { from, span } = this;
    const atEnd = from + span >= this.piece.seconds - 0.01;
    if (time >= from && (time <= from + span * TURN || atEnd)) return false;
    this._set(time - span * (1 - TURN), span);
    return true;
  }

  _bound(span) {
    const { seconds } = this.piece;
    return Math.max(Math.min(1, seconds), Math.min(seconds, span));
  }

  _set(from, span) {
    this.span = this._bound(span);
    this.from = Math.max(0, Math.min(from, this.piece.seconds - this.span));
  }
}
