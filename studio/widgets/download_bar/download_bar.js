/* Buttons for files: a press has one made, the button says how far it is, and the browser takes it when it is there. `data` is what
   download_bar.py sends. */

const POLL_MS = 400;
const ICON = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 4v11M7.5 10.5 12 15l4.5-4.5M5 19.5h14"/></svg>';

const bars = new Map(); // by component key: they outlive a page that is drawn anew around them

class DownloadBar {
  constructor() {
    this.files = new Map(); // address -> { state, progress, message, wanted }
  }

  mount(root) {
    this.root = root;
    this.row = root.querySelector('.row');
    this.status = root.querySelector('[role=status]');
    this.shown = null;
  }

  load({ offers }) {
    this.offers = offers;
    const addresses = new Set(offers.map(({ address }) => address));
    for (const address of this.files.keys()) if (!addresses.has(address)) this.files.delete(address); // of another take
    const told = JSON.stringify(offers);
    if (told !== this.shown) this.row.replaceChildren(...offers.map((offer) => this._button(offer)));
    this.shown = told;
    this.show();
  }

  _button(offer) {
    const button = Object.assign(document.createElement('button'), { type: 'button', title: offer.help, innerHTML: ICON });
    button.classList.toggle('first', offer.is_first);
    button.append(Object.assign(document.createElement('span'), { textContent: offer.label }));
    button.onclick = () => this.ask(offer, true);
    if (offer.ahead) button.onpointerenter = button.onfocus = () => this.ask(offer, false);
    return button;
  }

  /* Has a file made, and takes it when it is there if somebody wants it. */
  async ask(offer, wanted) {
    let file = this.files.get(offer.address);
    if (file?.state === 'making') {
      file.wanted ||= wanted;
      return this.show();
    }
    if (file?.state === 'ready') return wanted && this.take(offer);
    file = { state: 'making', progress: null, message: '', wanted };
    this.files.set(offer.address, file);
    this.show();
    const url = new URL(offer.address, document.baseURI).href;
    while (file.state === 'making' && this.files.get(offer.address) === file) {
      try {
        const reply = await fetch(url);
        if (reply.status === 404) Object.assign(file, { state: 'failed', message: 'This file is gone. Reload the page to make it again.' });
        else if (reply.ok) Object.assign(file, await reply.json());
      } catch {
        // no network now: it is asked again
      }
      this.show();
      if (file.state === 'making') await new Promise((done) => setTimeout(done, POLL_MS));
    }
    if (this.files.get(offer.address) !== file) return;
    if (file.state === 'ready' && file.wanted) this.take(offer);
    if (file.state === 'failed') this.files.delete(offer.address); // the next press tries again
    this.show(file.state === 'failed' && file.wanted ? file.message : '');
  }

  take({ address, name, is_fresh: isFresh }) {
    if (isFresh) this.files.delete(address); // the next press has it made anew
    const link = Object.assign(document.createElement('a'), { href: new URL(`${address}/${encodeURIComponent(name)}`, document.baseURI).href, download: name });
    link.click();
  }

  show(problem = null) {
    this.offers.forEach((offer, index) => {
      const button = this.row.children[index];
      const file = this.files.get(offer.address);
      const busy = file?.state === 'making' && file.wanted;
      const share = busy ? file.progress : null;
      const text = !busy ? offer.label : `${offer.label} ${share === null ? '…' : `${Math.round(share * 100)} %`}`;
      if (button.lastElementChild.textContent !== text) button.lastElementChild.textContent = text;
      button.title = busy && file.message ? `${offer.label} ${file.message}` : offer.help;
      button.setAttribute('aria-busy', !!busy);
      button.style.setProperty('--share', `${(share ?? 0) * 100}%`);
    });
    if (problem === null) return;
    this.status.textContent = problem;
    this.status.classList.toggle('failed', !!problem);
  }
}

export default function showDownloads({ data, key, parentElement }) {
  const root = parentElement.querySelector('.downloads');
  if (!bars.has(key)) bars.set(key, new DownloadBar());
  const bar = bars.get(key);
  if (bar.root !== root) bar.mount(root);
  bar.load(data);
}
