/* A browser's MIDI for tests: a keyboard that `pressKey` plays, and an instrument that notes what it is sent. */
(() => {
  const input = { id: 'in', name: 'Toy keys', onmidimessage: null };
  const output = { id: 'out', name: 'Toy synth', sent: [], send(bytes, when) { this.sent.push([...bytes, when]); } };
  window.toyMidi = { output, denied: false, say: (...data) => input.onmidimessage({ data: new Uint8Array(data), timeStamp: performance.now() }) };
  navigator.requestMIDIAccess = async () => {
    if (window.toyMidi.denied) throw new DOMException('denied', 'NotAllowedError');
    return { inputs: new Map([['in', input]]), outputs: new Map([['out', output]]), onstatechange: null };
  };
})();
