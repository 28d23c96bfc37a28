/* Numbered messages to the page, one at a time: each waits until the page says that it was dealt with, and what was wrong with it. */

class Exchange {
  constructor(name) {
    this.name = name; // of the trigger that the page listens to
    this.serial = 0;
    this.sending = false;
    this.accepted = false; // whether the piece that came last is what was asked for
  }

  /* Hears what the page says; returns whether that answers what was sent. A key tells whether the piece is another one since. */
  load(said, send, key = said?.id) {
    this.send = send;
    this.accepted = false;
    if (said && !this.sending) this.serial = Math.max(this.serial, said.answered); // another page may have sent some
    if (!said || !this.sending || said.answered !== this.serial) return false;
    this.sending = false;
    this.accepted = !said.problem && this.sent !== key;
    return true;
  }

  /* Sends a message about a piece, unless one is on its way. */
  ask(piece, message, key = piece) {
    if (this.sending) return;
    this.sending = true;
    this.serial++;
    this.sent = key;
    this.send(this.name, { piece, serial: this.serial, ...message });
  }
}
