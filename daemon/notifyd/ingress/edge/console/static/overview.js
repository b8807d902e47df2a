// What all parts show of the service: asked for once, kept for the plots, told to who wants it.

import { call, session } from "./api.js";
import { Poller } from "./poller.js";

const MOST = 900;
const KEPT = 660_000;

/** The counters whose rates are shown. */
const RATES = ["accepted", "deliveries", "rejected", "errors"];

const PLACE = "notifyd-samples";

/** The samples that a page that was loaded anew has left in this tab. */
function remembered() {
  try {
    const found = JSON.parse(sessionStorage.getItem(PLACE) ?? "[]");
    // JSON has no word for a rate that is not known
    const whole = (sample) => Object.entries(sample).map(([name, value]) => [name, value ?? NaN]);
    return found.map((sample) => Object.fromEntries(whole(sample)));
  } catch {
    return [];
  }
}

function remember(samples) {
  try {
    sessionStorage.setItem(PLACE, JSON.stringify(samples));
  } catch {
    // the plots begin anew then
  }
}

/** The figures of the moment, and samples of the last minutes. */
export class Overview {
  constructor() {
    this.latest = null;
    this.samples = [];
    this.reachable = true;
    this.listeners = new Set();
    this.poller = new Poller(() => this.ask(), 2000);
    this.samples = remembered();
    addEventListener("pagehide", () => remember(this.samples));
  }

  /** Have *listener* called with each new one, and when the daemon is away. */
  follow(listener) {
    this.listeners.add(listener);
  }

  /** Somebody signed out: what was seen is not for who comes next. */
  forget() {
    [this.latest, this.samples] = [null, []];
    remember([]);
  }

  /** Ask as long as somebody is signed in; more often where it is looked at. */
  settle(often) {
    this.poller.milliseconds = often ? 1000 : 3000;
    if (session.signedIn) this.poller.start();
    else this.poller.stop();
    this.tell();
  }

  tell() {
    for (const listener of this.listeners) listener(this);
  }

  async ask() {
    try {
      const answer = await call("GET", "/overview");
      this.take(answer, Date.now());
      this.reachable = true;
    } catch (problem) {
      this.reachable = problem.code !== "unreachable";
      throw problem;
    } finally {
      this.tell();
    }
  }

  take(answer, now) {
    const { stats } = answer;
    const before = this.samples.at(-1);
    const counters = Object.fromEntries(RATES.map((name) => [name, stats.counters[name]]));
    const sample = { at: now, counters, uptime: stats.uptimeSeconds, cpuSeconds: stats.cpuSeconds };
    // after a restart the counters begin anew, and a rate over that would be nonsense
    const same = before && stats.uptimeSeconds >= before.uptime && now > before.at;
    const seconds = same ? (now - before.at) / 1000 : NaN;
    for (const name of RATES) {
      sample[name] = same ? Math.max(0, stats.counters[name] - before.counters[name]) / seconds : NaN;
    }
    sample.cpu = same ? Math.max(0, (100 * (stats.cpuSeconds - before.cpuSeconds)) / seconds) : NaN;
    sample.waiting = stats.queue.waiting;
    sample.connections = stats.connections;
    sample.memory = stats.residentBytes;
    sample.outbox = stats.outboxBytes;
    this.latest = answer;
    this.samples = [...this.samples, sample].filter((one) => one.at > now - KEPT).slice(-MOST);
  }

  /** One line of a plot. */
  line(name) {
    return this.samples.map((sample) => ({ at: sample.at, value: sample[name] }));
  }

  /** How many milliseconds a plot should show: as much as there is, a minute at least, *most* at most. */
  span(most) {
    const age = this.samples.length ? this.samples.at(-1).at - this.samples[0].at : 0;
    return Math.min(most, Math.max(60_000, age));
  }

  /** The newest value of a line. */
  now(name) {
    return this.samples.at(-1)?.[name] ?? NaN;
  }
}
