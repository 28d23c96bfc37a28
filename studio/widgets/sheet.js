/* The pages of a sheet, one at a time, with a cursor that follows the player of the same page; a click on a bar sends it there. */

class Pages {
  constructor(root) {
    this.root = root;
    for (const name of ['turn', 'back', 'on', 'number', 'paper', 'frame', 'line']) this[name] = root.querySelector(`.${name}`);
    this.image = root.querySelector('img');
    this.page = 0;
    this.sounding = -1; // the page that the cursor is on
    this.back.onclick = () => this.turnTo(this.page - 1);
    this.on.onclick = () => this.turnTo(this.page + 1);
    this.paper.onclick = (event) => this.press(event);
    this.follow = (event) => this.show(event.detail);
  }

  load(data) {
    document.removeEventListener('studio-player-time', this.follow);
    document.addEventListener('studio-player-time', this.follow);
    const before = this.data;
    this.data = data;
    this.paper.style.maxWidth = `${data.width}px`;
    this.turn.hidden = data.pages.length < 2;
    if (before?.of !== data.of) {
      this.page = 0;
      this.sounding = -1;
      this.turnTo(0);
    }
    this.ask(null); // where the player is now
  }

  /* Asks the player to go to a second; with null, only to say where it is. */
  ask(seconds) {
    document.dispatchEvent(new CustomEvent('studio-player-seek', { detail: { piece: this.data.heard, seconds } }));
  }

  turnTo(page) {
    const { pages } = this.data;
    this.page = Math.max(0, Math.min(page, pages.length - 1));
    URL.revokeObjectURL(this.image.src);
    this.image.src = URL.createObjectURL(new Blob([pages[this.page]], { type: 'image/svg+xml' }));
    this.image.alt = `Sheet music, page ${this.page + 1} of ${pages.length}`;
    this.number.textContent = `Page ${this.page + 1} of ${pages.length}`;
    this.back.disabled = this.page === 0;
    this.on.disabled = this.page === pages.length - 1;
    this.place();
  }

  show({ piece, seconds }) {
    if (!this.root.isConnected) return document.removeEventListener('studio-player-time', this.follow);
    this.cursor = piece === this.data.heard ? cursorAt(this.data.sheet, seconds) : null;
    const page = this.cursor?.page ?? -1;
    const turned = page >= 0 && page !== this.sounding && page !== this.page; // a page that one turned to by hand stays
    this.sounding = page;
    if (turned) this.turnTo(page);
    else this.place();
  }

  place() {
    const here = this.cursor?.page === this.page ? this.cursor : null;
    showCursor(this.frame, this.line, here);
    Object.assign(this.root.dataset, { bar: this.cursor ? this.cursor.bar : -1, page: this.page });
  }

  press(event) {
    const box = this.paper.getBoundingClientRect();
    const bar = barAt(this.data.sheet, this.page, (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
    if (bar >= 0) this.ask(this.data.sheet.bars[bar][5]);
  }

  close() {
    document.removeEventListener('studio-player-time', this.follow);
  }
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector('.sheet');
  const pages = (root.pages ??= new Pages(root));
  pages.load(data);
  return () => pages.close();
}
