// Asking again and again: never twice at once, more seldom while it fails, not at all while nobody looks.

const SLOWEST = 15000;

/** Calls *ask* every *milliseconds* while it is started and the page is visible. */
export class Poller {
  constructor(ask, milliseconds) {
    this.ask = ask;
    this.milliseconds = milliseconds;
    this.running = false;
    this.busy = false;
    this.failures = 0;
    this.timer = 0;
    document.addEventListener("visibilitychange", () => this.now());
  }

  /** Begin, at once. */
  start() {
    if (this.running) return;
    this.running = true;
    this.failures = 0;
    this.now();
  }

  /** End; what is on its way is ignored by who looks at `running`. */
  stop() {
    this.running = false;
    clearTimeout(this.timer);
  }

  /** Ask now instead of later. */
  async now() {
    clearTimeout(this.timer);
    if (!this.running || this.busy || document.hidden) return;
    this.busy = true;
    try {
      await this.ask();
      this.failures = 0;
    } catch {
      this.failures += 1;
    } finally {
      this.busy = false;
    }
    if (!this.running) return;
    const wait = Math.min(SLOWEST, this.milliseconds * 2 ** Math.min(this.failures, 5));
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.now(), Math.max(wait, this.milliseconds));
  }
}
