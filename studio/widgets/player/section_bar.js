/* The strip over the roll that names the sections of a piece. A press loops one and shows what can be done with it; one that is
   dragged is moved. The page does it, and says there what could not be done. */

const HUES = [255, 25, 150, 330, 200, 90];
const FRAME = ['Intro', 'Ending'];
const DRAG_PX = 6;

class SectionBar {
  constructor(player) {
    this.player = player;
    this.offered = null; // what the page says can be done with the sections of a piece; null for nothing
    this.exchange = new Exchange('section');
    this.chosen = null; // the section that is looped, by its number
  }

  mount(strip, tools) {
    Object.assign(this, { strip, tools, known: null });
  }

  load(offered, send) {
    this.offered = offered ?? null;
    this.exchange.load(offered, send);
  }

  /* Whether the sections of the piece that is shown can be changed. */
  get on() {
    return this.offered !== null && this.player.side?.id === this.offered.id && !this.player.data.live;
  }

  // ---- what is seen ----

  /* Fills the strip with a button a section; sections of one theme share a color. */
  fill(piece) {
    const { sections } = piece;
    this.strip.hidden = !sections.length;
    const known = JSON.stringify([sections, this.on && this.offered.sections.map(({ locked }) => locked)]);
    if (this.known !== known) {
      const names = JSON.stringify(sections.map(({ name }) => name));
      if (this.names !== names) this.leave();
      Object.assign(this, { known, names });
      const themes = [...new Set(sections.map(({ theme }) => theme))].filter((name) => !FRAME.includes(name));
      this.strip.replaceChildren(...sections.map((section, number) => this.button(piece, section, number, themes)));
    }
    this.showTools(piece);
  }

  button(piece, { name, theme, from }, number, themes) {
    const bar = piece.bars.findLastIndex((time) => time <= from + 0.01) + 1;
    const locked = this.on && this.offered.sections[number]?.locked;
    const button = Object.assign(document.createElement('button'), { type: 'button' });
    button.title = `${name}, from bar ${bar}${locked ? ', locked' : ''}: click to loop it${this.movable(number) ? ', drag to move it' : ''}`;
    button.append(Object.assign(document.createElement('span'), { textContent: name }));
    button.setAttribute('aria-label', `${name}, from bar ${bar}${locked ? ', locked' : ''}`);
    if (themes.includes(theme)) button.style.setProperty('--hue', HUES[themes.indexOf(theme) % HUES.length]);
    else button.className = 'frame';
    button.classList.toggle('locked', !!locked);
    button.onclick = (event) => event.detail < 2 && this.choose(number); // the second press of two takes nothing back
    button.onpointerdown = (event) => this.movable(number) && this.drag(event, number);
    return button;
  }

  /* Puts each section where the roll shows it. */
  place(piece, at) {
    piece.sections.forEach(({ from, to }, index) => {
      const button = this.strip.children[index];
      if (!button) return;
      const [left, right] = [Math.max(at.x(from), at.gutter), Math.min(at.x(to), at.width)];
      button.style.display = right - left < 3 ? 'none' : '';
      button.style.left = `${left}px`;
      button.style.width = `${Math.max(0, right - left - 2)}px`;
    });
  }

  showTools(piece) {
    const { chosen, tools } = this;
    [...this.strip.children].forEach((button, number) => button.setAttribute('aria-pressed', number === chosen));
    const told = this.on && chosen !== null ? this.offered.sections[chosen] : null;
    tools.hidden = !told;
    if (!told) return;
    const { name, from, to } = piece.sections[chosen];
    const first = piece.bars.findLastIndex((time) => time <= from + 0.01) + 1;
    const last = Math.max(first, piece.bars.findLastIndex((time) => time <= to - 0.01) + 1);
    tools.setAttribute('aria-label', `Section ${name}`);
    const title = Object.assign(document.createElement('b'), { textContent: `${name} · bars ${first}–${last}` });
    const buttons = told.actions.map(([action, label, text]) => {
      const button = Object.assign(document.createElement('button'), { type: 'button', textContent: label, title: text, disabled: this.exchange.sending });
      button.onclick = () => this.ask(action, chosen);
      return button;
    });
    const wrong = Object.assign(document.createElement('p'), { className: 'wrong', textContent: this.offered.problem });
    wrong.setAttribute('role', 'alert');
    const note = Object.assign(document.createElement('p'), { className: 'note', textContent: told.note });
    const focused = tools.contains(this.tools.getRootNode().activeElement) && this.tools.getRootNode().activeElement.textContent;
    tools.replaceChildren(title, ...buttons, ...(this.offered.problem ? [wrong] : []), ...(told.note ? [note] : []));
    if (focused) (buttons.find((button) => button.textContent === focused) ?? this.strip.children[chosen]).focus({ preventScroll: true });
  }

  // ---- what can be asked for ----

  /* Loops a section, or ends that. */
  choose(number) {
    if (this.dragged) return;
    const { player } = this;
    const { from, to } = player.piece.sections[number];
    if (this.chosen === number) {
      this.leave();
      player.transport.setLoop({ ...player.transport.loop, on: false });
      player.overlay();
    } else {
      this.chosen = number;
      player.loopOver(from, to);
    }
    this.showTools(player.piece);
  }

  leave() {
    this.chosen = null;
  }

  ask(action, section, to = null) {
    if (this.exchange.sending || !this.on) return;
    rememberPlace(this.player);
    this.exchange.ask(this.offered.id, { action, section, to });
    this.showTools(this.player.piece);
  }

  movable(number) {
    return this.on && !!this.offered.sections[number]?.movable;
  }

  drag(event, number) {
    const { strip } = this;
    const button = strip.children[number];
    let to = null;
    this.dragged = false;
    const move = (e) => {
      const by = e.clientX - event.clientX;
      if (!this.dragged && Math.abs(by) < DRAG_PX) return;
      this.dragged = true;
      button.classList.add('dragged');
      button.style.translate = `${by}px 0`;
      to = [...strip.children].findIndex((each, place) => {
        const { left, right } = each.getBoundingClientRect();
        return place !== number && this.movable(place) && e.clientX >= left && e.clientX < right;
      });
      [...strip.children].forEach((each, place) => {
        each.classList.toggle('before', place === to && to < number);
        each.classList.toggle('after', place === to && to > number);
      });
    };
    const end = (e) => {
      button.removeEventListener('pointermove', move);
      for (const type of ['pointerup', 'pointercancel']) button.removeEventListener(type, end);
      button.classList.remove('dragged');
      button.style.translate = '';
      for (const each of strip.children) each.classList.remove('before', 'after');
      if (!this.dragged) return;
      setTimeout(() => (this.dragged = false)); // the click that a drag ends with is none
      if (e.type === 'pointerup' && to !== null && to >= 0) this.ask('move', number, to);
    };
    button.setPointerCapture(event.pointerId); // at once: a fast hand is elsewhere before the first move is told
    button.addEventListener('pointermove', move);
    for (const type of ['pointerup', 'pointercancel']) button.addEventListener(type, end);
  }
}
