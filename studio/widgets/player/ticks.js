/* Ticks and seconds of a piece, and the grids that notes snap to. */

const SNAPS = { '1/4': 1, '1/8': 2, '1/16': 4, '1/32': 8, '1/4 triplet': 1.5, '1/8 triplet': 3, '1/16 triplet': 6, Off: 0 }; // lines in a quarter
const FINE = 48; // steps in a quarter where nothing snaps: the finest that a 1/32 triplet falls on

/* Seconds of ticks and ticks of seconds. `tempo` is a list of [tick, second, seconds a tick], the first at tick 0. */
class TickMap {
  constructor(tempo) {
    this.tempo = tempo;
  }
  seconds(tick) {
    const { tempo } = this;
    let [low, high] = [0, tempo.length - 1]; // the last one that begins by then is between
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (tempo[middle][0] <= tick) low = middle;
      else high = middle - 1;
    }
    return tempo[low][1] + (tick - tempo[low][0]) * tempo[low][2];
  }
  ticks(seconds) {
    const [at, second, each] = this.tempo.findLast(([, from]) => from <= seconds) ?? this.tempo[0];
    return at + (seconds - second) / each;
  }
}
