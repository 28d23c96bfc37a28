/* The chord grid: four bars a row, a field a bar. A field that is left, or Enter, tells the page what all fields say;
   a serial number that the page sends back tells whether it knows of the last change here. */

const grids = new Map(); // by component key: what was told last, which outlives a page that is drawn anew
const A_ROW = 4;
const LONG = 8; // letters that fit a field

class Grid {
  constructor() {
    this.serial = 0;
    this.told = [];
  }

  mount(root) {
    this.root = root;
    this.fields = [];
    root.replaceChildren();
    root.onchange = () => this.tell();
    root.onkeydown = (event) => this.key(event);
    root.onpaste = (event) => this.paste(event);
  }

  load(data, send) {
    this.send = send;
    if (data.serial < this.serial) return;
    this.serial = data.serial;
    if (data.cells.length !== this.fields.length) this.build(data.cells.length);
    const focused = this.root.getRootNode().activeElement;
    this.fields.forEach((field, bar) => {
      const typing = field === focused && field.value !== (this.told[bar] ?? '');
      if (!typing) field.value = data.cells[bar];
      field.placeholder = data.ghosts[bar];
      field.title = data.wrong[bar] ?? (data.cells[bar] || data.ghosts[bar]);
      field.classList.toggle('long', (data.cells[bar] || data.ghosts[bar]).length > LONG);
      field.setAttribute('aria-invalid', data.wrong[bar] !== undefined);
      field.classList.toggle('selected', data.selected.some(([from, to]) => from <= bar && bar < to));
    });
    this.told = [...data.cells];
  }

  build(count) {
    this.fields = [];
    const children = [];
    for (let bar = 0; bar < count; bar++) {
      if (bar % A_ROW === 0) children.push(Object.assign(document.createElement('span'), { textContent: bar + 1 }));
      const field = Object.assign(document.createElement('input'), { type: 'text', autocomplete: 'off', spellcheck: false, enterKeyHint: 'next' });
      field.setAttribute('aria-label', `Bar ${bar + 1}`);
      field.setAttribute('autocapitalize', 'off');
      field.classList.toggle('last', bar % A_ROW === A_ROW - 1 || bar === count - 1);
      this.fields.push(field);
      children.push(field);
    }
    this.root.replaceChildren(...children);
  }

  tell(pasted, text) {
    const cells = this.fields.map((field) => field.value.trim());
    if (JSON.stringify(cells) === JSON.stringify(this.told)) return;
    this.told = cells;
    this.serial++;
    this.send('cells', { cells: cells.map((cell, bar) => (bar === pasted ? text : cell)), serial: this.serial });
  }

  key(event) {
    const bar = this.fields.indexOf(event.target);
    const step = { Enter: event.shiftKey ? -1 : 1, ArrowUp: -A_ROW, ArrowDown: A_ROW }[event.key];
    if (bar < 0 || step === undefined || event.isComposing) return;
    event.preventDefault();
    const next = this.fields[bar + step];
    if (!next) return this.tell();
    next.focus(); // the change of the field that is left tells the page
    next.select();
  }

  /* Lines and tabs part bars, as bar lines do; the page gets the text as it is, for a sheet with words has chords in lines. */
  paste(event) {
    const text = event.clipboardData.getData('text').trim();
    const bar = this.fields.indexOf(event.target);
    if (!/[|\n\t]/.test(text) || bar < 0) return;
    event.preventDefault();
    event.target.value = text.replace(/\s*[\n\t]+\s*/g, ' | ');
    this.tell(bar, text);
  }
}

export default function ({ data, key, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector('.chart');
  let grid = grids.get(key);
  if (!grid) grids.set(key, (grid = new Grid()));
  if (grid.root !== root) grid.mount(root);
  grid.load(data, setTriggerValue);
}
