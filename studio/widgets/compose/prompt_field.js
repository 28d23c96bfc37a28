/* The sentence: a field that tells the page what stands in it while it is typed, and marks the words that were
   understood. A serial number that the page sends back tells whether it knows of the last change here. */

const fields = new Map(); // by component key: what was told last, which outlives a page that is drawn anew
const PAUSE_MS = 250; // longer than between two keys, shorter than one waits for an answer

class Sentence {
  constructor() {
    this.serial = 0;
    this.told = '';
  }

  mount(root) {
    this.field = root.querySelector('textarea');
    this.marks = root.querySelector('.marks');
    this.field.oninput = () => {
      this.paint();
      clearTimeout(this.pause);
      this.pause = setTimeout(() => this.tell(), PAUSE_MS);
    };
    this.field.onblur = () => this.tell();
    this.field.onkeydown = (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.tell('submitted');
    };
  }

  load(data, send) {
    this.data = data;
    this.send = send;
    this.field.placeholder = data.placeholder;
    this.field.setAttribute('aria-label', data.label);
    this.field.maxLength = data.most;
    if (data.serial >= this.serial || data.song !== this.song) {
      [this.serial, this.song] = [data.serial, data.song];
      if (this.field.value === this.told || data.text !== this.told) this.field.value = data.text; // nothing typed since
      this.told = data.text;
    }
    this.paint();
  }

  tell(what = 'typed') {
    clearTimeout(this.pause);
    const text = this.field.value;
    if (what === 'typed' && text === this.told) return;
    this.told = text;
    this.serial++;
    this.send(what, { text, serial: this.serial });
  }

  /* Marks of words that were changed since wait for the page. */
  paint() {
    const now = [...this.field.value];
    const then = [...this.data.text];
    let same = now.findIndex((letter, index) => letter !== then[index]);
    if (same < 0) same = now.length;
    const parts = [];
    let at = 0;
    for (const [start, end, kind] of this.data.marks) {
      if (start < at || end > same) continue;
      parts.push(now.slice(at, start).join(''), Object.assign(document.createElement('mark'), { className: kind, textContent: now.slice(start, end).join('') }));
      at = end;
    }
    this.marks.replaceChildren(...parts, `${now.slice(at).join('')}\n`);
  }
}

export default function ({ data, key, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector('.sentence');
  let sentence = fields.get(key);
  if (!sentence) fields.set(key, (sentence = new Sentence()));
  if (sentence.field !== root.querySelector('textarea')) sentence.mount(root);
  sentence.load(data, setTriggerValue);
}
