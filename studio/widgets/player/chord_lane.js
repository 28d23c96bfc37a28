/* The lane of chords over the roll: symbols where they sound, the present one lit. A press, or Enter, opens a card in which the
   chords of a bar are typed or chosen; the page writes that bar again, and says there what it could not read. */

const CHORDS = 'chord-lane';
const SHORT_PX = 24; // where a chord that is held on has less room, no line says so
const MOST_LETTERS = 120; // of a bar: more than its beats have room for
const RESTORED_MS = 180_000; // a bar that a model writes again takes less; by then the visitor has gone elsewhere
let leftPlace = null; // where the visitor was when something was sent off: the page may draw another player meanwhile

class ChordLane {
  constructor(player) {
    this.player = player;
    this.offered = null; // what the page says of the piece whose chords can be changed; null where none can
    this.exchange = new Exchange('chord');
    this.symbols = [];
    this.buttons = [];
    this.at = null; // the symbol whose card is open
    this.stop = 0; // the one that Tab reaches
  }

  mount(root) {
    this.root = root;
    root.innerHTML = `<span class="name" aria-hidden="true">Chords</span><div class="symbols" role="toolbar" aria-label="Chords"></div>
      <button class="show" type="button"></button>
      <form class="chord-card" role="dialog" hidden novalidate>
        <div class="line"><b></b><button class="close" type="button" aria-label="Close" title="Close (Esc)">✕</button></div>
        <div class="line"><input type="text" autocomplete="off" autocapitalize="off" spellcheck="false" enterkeyhint="done" maxlength="${MOST_LETTERS}"><button class="apply" type="submit">Apply</button></div>
        <p class="wrong" role="alert"></p>
        <div class="choices" role="group"></div>
        <p class="how"></p>
      </form>`;
    const part = (name) => root.querySelector(name);
    this.parts = { row: part('.symbols'), show: part('.show'), card: part('form'), title: part('b'), field: part('input'), wrong: part('.wrong'), choices: part('.choices'), how: part('.how'), apply: part('.apply') };
    const { row, show, card, field } = this.parts;
    row.onkeydown = (event) => this.walk(event);
    show.onclick = () => this.exchange.ask(this.offered.id, { show: !this.offered.shown });
    part('.close').onclick = () => this.close(true);
    card.onsubmit = (event) => {
      event.preventDefault();
      this.apply(field.value);
    };
    card.onkeydown = (event) => {
      if (event.key !== 'Escape') return;
      event.preventDefault();
      this.close(true);
    };
    this.filled = null;
    this.at = null;
  }

  load(offered, send) {
    this.offered = offered ?? null;
    if (!this.exchange.load(offered, send)) return;
    if (offered.problem) this.refuse(offered.problem);
    else this.close(this.holdsFocus);
  }

  /* Whether the chords of the piece that is shown can be changed. */
  get on() {
    return this.offered !== null && this.player.side?.id === this.offered.id && !this.player.data.live;
  }

  get holdsFocus() {
    return this.parts.card.contains(this.root.getRootNode().activeElement);
  }

  // ---- what is seen ----

  /* Shows the symbols of a piece; where it has none those that were heard in it, if they are to be shown. */
  fill(piece) {
    const heard = !piece.chords.length && this.on && this.offered.heard;
    const symbols = heard || piece.chords;
    const { row, show } = this.parts;
    show.hidden = !(this.on && !piece.chords.length && piece.has_pitches && piece.end > 0);
    show.textContent = heard ? 'Hide' : 'Show chords';
    show.title = heard ? 'Hide the chords that are heard in this piece' : 'Hear which chords this piece has, and show them here';
    this.root.hidden = !symbols.length && show.hidden;
    this.root.classList.toggle('heard', !!heard);
    row.hidden = !symbols.length;
    row.inert = this.player.data.live;
    const known = JSON.stringify([symbols, this.on]);
    if (this.filled === known) return;
    const focused = this.buttons.indexOf(this.root.getRootNode().activeElement);
    this.filled = known;
    this.symbols = symbols;
    this.lit = -1;
    this.buttons = symbols.map(([, , bar, , name, held], index) => {
      const button = Object.assign(document.createElement('button'), { type: 'button', tabIndex: -1, textContent: name });
      button.setAttribute('aria-label', `${name}, bar ${bar + 1}${held ? ', held' : ''}`);
      button.title = this.on ? `${name} in bar ${bar + 1}: click to change it` : `${name} in bar ${bar + 1}`;
      if (this.on) button.setAttribute('aria-haspopup', 'dialog');
      button.onclick = () => this.press(index);
      button.onfocus = () => this.seen(index);
      return button;
    });
    row.replaceChildren(...this.buttons);
    this.stopAt(Math.min(this.stop, this.buttons.length - 1));
    if (focused >= 0) this.buttons[Math.min(focused, this.buttons.length - 1)]?.focus({ preventScroll: true });
    if (!this.on || !symbols.length) this.close();
  }

  /* Puts each symbol where the roll shows it; where there is no room for the name of one, it is a tick. */
  place(at) {
    const focused = this.root.getRootNode().activeElement;
    let free = -1e9;
    this.symbols.forEach(([from, to, , , name, held], index) => {
      const button = this.buttons[index];
      const left = Math.max(0, at.x(from) - at.gutter);
      const right = Math.min(at.width, at.x(to)) - at.gutter;
      const gone = right - left < 1 && button !== focused;
      button.style.display = gone ? 'none' : '';
      if (gone) return;
      button.style.left = `${left}px`;
      button.style.width = `${Math.max(1, right - left)}px`;
      const continues = held && at.x(from) >= at.gutter - 1; // of a chord that began before the view its name is seen
      const named = !continues && left >= free;
      if (named) free = left + textWidth(name) + 8;
      button.className = continues ? `held${right - left < SHORT_PX ? ' short' : ''}` : named ? '' : 'tick';
      button.style.setProperty('--room', `${Math.max(right - left, textWidth(name) + 12)}px`);
    });
    this.lit = -1;
    if (this.at !== null) this.moveCard(at);
  }

  /* Lights what sounds at a time; returns its name. */
  light(now, playing) {
    const { symbols, buttons } = this;
    const index = symbols.findLastIndex(([from]) => from <= now + 0.005);
    const lit = index >= 0 && now < symbols[index][1] ? index : -1;
    const marked = playing ? lit : -1;
    if (this.lit !== marked) {
      buttons.forEach((button, number) => {
        button.classList.toggle('now', number === marked);
        if (number === marked) button.setAttribute('aria-current', 'true');
        else button.removeAttribute('aria-current');
      });
      this.lit = marked;
    }
    return lit < 0 ? '' : symbols[lit][4];
  }

  // ---- keyboard ----

  walk(event) {
    const here = this.buttons.indexOf(event.target);
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
    if (here < 0 || step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const next = clamp(here + step, 0, this.buttons.length - 1);
    this.stopAt(next);
    const { player } = this;
    if (player.view.reveal(this.symbols[next][0])) player.draw();
    this.buttons[next].style.display = '';
    this.buttons[next].focus({ preventScroll: true });
  }

  stopAt(index) {
    this.buttons.forEach((button, number) => (button.tabIndex = number === index ? 0 : -1));
    this.stop = Math.max(0, index);
  }

  seen(index) {
    this.stopAt(index);
    if (this.at !== null && this.at !== index) this.close();
  }

  // ---- the card ----

  press(index) {
    const { player } = this;
    const [from, , bar, share] = this.symbols[index];
    if (!this.on) return player.seek(from);
    const { title, field, wrong, choices, how, card, apply } = this.parts;
    const text = this.offered.texts[bar] ?? '';
    this.at = index;
    title.textContent = `Bar ${bar + 1}`;
    card.setAttribute('aria-label', `Chords of bar ${bar + 1}`);
    field.setAttribute('aria-label', `Chords of bar ${bar + 1}, such as Am7 or F G`);
    field.value = text;
    wrong.textContent = player.editor.draft?.count ? 'There are edits that are not kept. Keep or discard them first.' : '';
    apply.disabled = !!wrong.textContent;
    how.textContent = this.offered.how;
    choices.setAttribute('aria-label', `Chords of ${this.offered.key}`);
    choices.replaceChildren(...this.offered.choices.map((row) => {
      const line = Object.assign(document.createElement('div'), { className: 'line' });
      line.append(...row.map(([name, step]) => {
        const button = Object.assign(document.createElement('button'), { type: 'button', textContent: name, title: `${step} of ${this.offered.key}`, disabled: apply.disabled });
        button.onclick = () => this.apply(withShare(text, share, name));
        return button;
      }));
      return line;
    }));
    card.hidden = false;
    this.moveCard(player.layout);
    field.focus({ preventScroll: true });
    const words = text.split(' ');
    const start = words.slice(0, share).join(' ').length + (share > 0);
    field.setSelectionRange(start, start + (words[share] ?? '').length);
  }

  moveCard(at) {
    const { card } = this.parts;
    const room = at.width - card.offsetWidth;
    card.style.left = `${clamp(at.x(this.symbols[this.at][0]) - 12, 0, Math.max(0, room))}px`;
  }

  close(back = false) {
    if (this.at === null) return;
    const index = this.at;
    this.at = null;
    this.parts.card.hidden = true;
    if (back) this.buttons[index]?.focus({ preventScroll: true });
  }

  refuse(problem) {
    const { wrong, field, apply } = this.parts;
    apply.disabled = false;
    wrong.textContent = problem;
    field.setAttribute('aria-invalid', true);
    if (this.at !== null) field.focus({ preventScroll: true });
  }

  apply(text) {
    const { field, apply, wrong } = this.parts;
    if (apply.disabled || this.at === null) return;
    const { player } = this;
    field.value = text;
    field.removeAttribute('aria-invalid');
    wrong.textContent = '';
    apply.disabled = true;
    rememberPlace(player);
    this.exchange.ask(this.offered.id, { bar: this.symbols[this.at][2], text: text.trim() });
  }
}

/* Returns the text of a bar with another chord in one of its shares. */
function withShare(text, share, name) {
  const words = text.split(' ').filter(Boolean);
  if (words.length < 2) return name;
  words[share] = name;
  return words.join(' ');
}

/* Notes where the visitor is, for a player that the page may draw anew. */
function rememberPlace({ piece, view, transport }) {
  leftPlace = { bars: piece.bars.length, at: performance.now(), view: view.touched && { from: view.from, span: view.span }, position: transport.now(), loop: transport.loop };
}

/* Puts a player that the page has drawn anew back to where the visitor was, where the piece is as long as it was. */
function restorePlace(player) {
  const place = leftPlace;
  if (!place || player.data.live || player.piece.bars.length !== place.bars) return;
  leftPlace = null;
  if (performance.now() - place.at > RESTORED_MS) return;
  if (place.view) player.view.choose(place.view.from, place.view.span);
  if (place.loop.to <= player.piece.seconds + 0.01) player.transport.setLoop(place.loop);
  player.transport.seek(clamp(place.position, 0, player.piece.seconds));
  player.draw();
}

const widths = new Map();
let ruler = null;

/* Returns how wide a symbol is, in pixels. */
function textWidth(text) {
  if (!widths.has(text)) {
    ruler ??= document.createElement('canvas').getContext('2d');
    ruler.font = '600 13px sans-serif'; // near enough to the page's own
    widths.set(text, ruler.measureText(text).width);
  }
  return widths.get(text);
}
