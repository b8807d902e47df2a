// One WebSocket that comes back by itself: what the raw protocol and Socket.IO have in common.

/** Close codes after which coming back makes no sense; notifyd-protocol(7), CLOSE CODES. */
const FOR_GOOD = new Set([1000, 1002, 1007, 1009, 4000, 4003, 4004, 4005]);
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 20000;
const PATIENCE = 10000;

/**
 * A link to the daemon. A subclass has `address()`, `hear(text)`, `begin()` (the socket is open) and `again()` (it is
 * let in: subscribe anew). What happens is told to *events*: state, frame, delivery, subscription, left, problem.
 */
export class Link {
  constructor(events) {
    this.events = events;
    this.socket = null;
    this.reconnects = true;
    this.wanted = false;
    this.tries = 0;
    this.timer = 0;
    this.waiting = new Map();
    this.number = 0;
    /** By channel: {channel, ack, durable, position, recovered, replayed}. */
    this.subscriptions = new Map();
  }

  /** Connect, and stay so. */
  connect() {
    this.wanted = true;
    this.tries = 0;
    this.open();
  }

  /** Leave for good. */
  disconnect() {
    this.stop("Disconnected.");
  }

  /** End it, and say why. Nobody waits for the daemon to agree: it may be gone. */
  stop(why) {
    this.wanted = false;
    clearTimeout(this.timer);
    const { socket } = this;
    this.lose();
    socket?.close(1000);
    this.events.frame("end", why);
    this.state("closed", why);
  }

  /** Lose the link, as a network would: nobody says goodbye, and then it comes back. */
  drop() {
    const lost = this.socket;
    if (!lost) return;
    this.lose();
    lost.close(4900, "dropped by the test client");
    this.closed(1006, "the link was dropped here", true);
  }

  open() {
    clearTimeout(this.timer);
    this.state("connecting", `Connecting to ${this.address()}`);
    let socket;
    try {
      socket = new WebSocket(this.address());
    } catch (problem) {
      this.wanted = false;
      this.state("closed", problem.message);
      return;
    }
    this.socket = socket;
    const late = setTimeout(() => socket === this.socket && this.drop(), PATIENCE);
    socket.onopen = () => {
      clearTimeout(late);
      this.begin();
    };
    socket.onmessage = ({ data }) => {
      if (typeof data === "string") this.hear(data);
      else this.events.frame("in", `(binary, ${data.size} bytes)`);
    };
    socket.onclose = ({ code, reason }) => {
      clearTimeout(late);
      this.lose();
      this.closed(code, reason, !FOR_GOOD.has(code));
    };
  }

  /** Forget the socket, and who waits for answers over it. */
  lose() {
    const { socket } = this;
    this.socket = null;
    if (socket) socket.onopen = socket.onmessage = socket.onclose = null;
    for (const { reject } of this.waiting.values()) reject(new Error("The link was lost before the answer came."));
    this.waiting.clear();
  }

  closed(code, reason, sensible) {
    const why = `Closed with ${code}${reason ? `: ${reason}` : ""}.`;
    this.events.frame("end", why);
    if (!this.wanted || !sensible || !this.reconnects) {
      this.wanted = false;
      this.state("closed", why);
      return;
    }
    // with a random pause, so that a thousand clients do not come back in the same instant
    const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.tries) * (0.5 + Math.random() / 2);
    this.tries += 1;
    this.state("waiting", `${why} Again in ${(pause / 1000).toFixed(1)} s.`);
    this.timer = setTimeout(() => this.open(), pause);
  }

  state(state, text) {
    this.events.state(state, text);
  }

  /** It is let in. */
  entered(text) {
    this.tries = 0;
    this.state("open", text);
    this.again();
  }

  /** Write one text; *shown* stands in the list in its place, where it holds a secret. */
  write(text, shown = text) {
    if (this.socket?.readyState !== WebSocket.OPEN) throw new Error("There is no connection.");
    this.socket.send(text);
    this.events.frame("out", shown);
  }

  /** A promise of the answer to what is sent under the number that *send* is called with. */
  answered(send) {
    this.number += 1;
    const number = this.number;
    return new Promise((resolve, reject) => {
      this.waiting.set(number, { resolve, reject });
      try {
        send(number);
      } catch (problem) {
        this.waiting.delete(number);
        reject(problem);
      }
    });
  }

  settle(number, problem, value) {
    const found = this.waiting.get(number);
    if (!found) return false;
    this.waiting.delete(number);
    if (problem) found.reject(problem);
    else found.resolve(value);
    return true;
  }

  /** Remember what a subscribe was answered with. */
  subscribed(wish, answer) {
    const recovered = answer.recovered ?? null;
    const known = { ...wish, position: answer.position, recovered, replayed: answer.replayed ?? null, since: null };
    // what is replayed comes after the place that was asked for; it counts once it is there
    if (recovered && wish.since) known.position = wish.since;
    this.subscriptions.set(wish.channel, known);
    this.events.subscription();
  }

  /** A publication came: from here on a lost link resumes. With acks it is the ack that counts. */
  passed(channel, position) {
    const known = this.subscriptions.get(channel);
    if (!known || position.offset === undefined) return;
    const before = known.position;
    if (before?.epoch === position.epoch && before.offset >= position.offset) return;
    known.position = { epoch: position.epoch, offset: position.offset };
    this.events.subscription();
  }

  /** Subscribe again to all, each from where it was. */
  again() {
    for (const { channel, ack, durable, position } of [...this.subscriptions.values()]) {
      this.subscribe({ channel, ack, durable, since: position }).catch((problem) => this.events.problem(problem));
    }
  }
}
