/*
 * Tells when a page of Streamlit is at rest: all that it asked of its server has been registered there, the runs that this
 * brought about have ended, and what they sent has been drawn. The page itself marks that its script runs only when the
 * server says so: between a press and that word it looks as if nothing went on.
 */
(() => {
  const NEW_SESSION = 4, SCRIPT_FINISHED = 6, METADATA = 2, RUN = 6, FRAGMENTS = 2, HEARTBEAT_ACK = 26; // of a ForwardMsg
  const RERUN = 11, IS_AUTO = 6, FILE_URLS = 16, NAMES = 2; // of a BackMsg
  const HEARTBEAT = Uint8Array.of(0x88, 0x01, 0x01); // a BackMsg: app_heartbeat = true
  const EARLY_FOR_RERUN = 2;

  let socket = null;
  let asked = true; // a run was asked for that has not begun; the first one is asked for when the page is there
  let running = false; // the whole page
  let fragment = false; // a part of it, which may be one that runs every other moment
  let sent = 0; // how often the page asked for a run, other than by its own clock
  let confirmed = -1; // how many of these the server is known to have
  let files = 0; // how many files the visitor gave
  let arriving = 0; // how many of these the server has not got
  let waiting = []; // what to call at the next message
  let acks = [];

  /* Returns the fields of a protocol buffer: [number, value] with numbers, or with bytes for what has a length. */
  function fields(bytes) {
    const found = [];
    let at = 0;
    const varint = () => {
      let value = 0;
      for (let shift = 1; ; shift *= 128) {
        const byte = bytes[at++];
        value += (byte & 127) * shift;
        if (byte < 128) return value;
      }
    };
    while (at < bytes.length) {
      const tag = varint();
      const kind = tag & 7;
      if (kind === 0) found.push([tag >>> 3, varint()]);
      else if (kind === 2) {
        const length = varint();
        found.push([tag >>> 3, bytes.subarray(at, at + length)]);
        at += length;
      } else at += kind === 1 ? 8 : 4;
    }
    return found;
  }

  const field = (bytes, number) => fields(bytes ?? []).find((each) => each[0] === number)?.[1];

  function heard(bytes) {
    const message = Object.fromEntries(fields(bytes));
    if (HEARTBEAT_ACK in message) acks.splice(0).forEach((each) => each());
    if (NEW_SESSION in message) {
      const ofPart = field(field(message[METADATA], RUN), FRAGMENTS) !== undefined;
      [asked, running, fragment] = [false, !ofPart, ofPart];
    }
    if (SCRIPT_FINISHED in message) {
      if (message[SCRIPT_FINISHED] === EARLY_FOR_RERUN) asked = true;
      running = fragment = false;
    }
    changed();
  }

  function changed() {
    waiting.splice(0).forEach((each) => each());
  }

  const Plain = window.WebSocket;
  window.WebSocket = class extends Plain {
    constructor(address, ...rest) {
      super(address, ...rest);
      if (!String(address).includes('_stcore/stream')) return;
      socket = this;
      this.addEventListener('message', ({ data }) => heard(new Uint8Array(data)));
      this.addEventListener('close', () => acks.splice(0).forEach((each) => each()));
    }

    send(data) {
      const message = socket === this ? data : undefined;
      const [rerun, given] = [field(message, RERUN), field(message, FILE_URLS)];
      if (rerun && !field(rerun, IS_AUTO)) {
        asked = true;
        sent += 1;
      }
      if (given) {
        const count = fields(given).filter(([number]) => number === NAMES).length;
        files += count;
        arriving += count;
        changed();
      }
      super.send(data);
    }
  };

  const { open } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.open = function (method, address, ...rest) {
    if (method.toUpperCase() === 'PUT' && String(address).includes('upload_file')) {
      this.addEventListener('loadend', async () => {
        for (let count = 0; count < 2; count += 1) await frame(); // until then the page has asked for a run with the file
        arriving -= 1;
        changed();
      });
    }
    return open.call(this, method, address, ...rest);
  };

  const isIdle = () => !asked && !running && !fragment && !arriving;
  const change = () => new Promise((done) => waiting.push(done));
  const frame = () => new Promise((done) => requestAnimationFrame(done));

  /* Asks the server for a sign: what was sent before has been registered when it comes. */
  async function confirm() {
    const number = sent;
    const answered = new Promise((done) => acks.push(done));
    if (socket?.readyState !== Plain.OPEN) return;
    socket.send(HEARTBEAT);
    await answered;
    confirmed = number;
  }

  async function untilAtRest() {
    for (;;) {
      while (!isIdle()) await change();
      if (confirmed === sent && document.querySelector('[data-test-script-state=notRunning]')) return;
      await confirm();
      for (let count = 0; count < 2; count += 1) await frame(); // what has come is drawn
    }
  }

  async function untilGiven(count) {
    while (files < count) await change();
    await untilAtRest();
  }

  /* Returns how many files the visitor gave so far. */
  window.filesGiven = () => files;

  /* Returns once the page is at rest and so many files were given, or an error's text after so many milliseconds; other pages than Streamlit's are so always. */
  window.untilAtRest = (patience, given = 0) => {
    const isStreamlit = document.getElementById('root');
    const late = () => `It does not come to rest: ${JSON.stringify({ asked, running, fragment, sent, confirmed, arriving })}`;
    return isStreamlit && Promise.race([untilGiven(given), new Promise((done) => setTimeout(() => done(late()), patience))]);
  };
})();
