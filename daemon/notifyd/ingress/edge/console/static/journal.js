// Bounded lists of what came and went over a connection, the newest first.

import { button, h, say } from "./dom.js";
import { brief, clock } from "./format.js";

const MOST = 300;
const MANY = 30;
const REST_MS = 300;
const LONGEST = 20000;
const ARROWS = { in: "←", out: "→", end: "×" };
const WORDS = { in: "received", out: "sent", end: "closed" };

/** A list that lets go of its oldest. */
class Newest {
  constructor(label, empty) {
    this.total = 0;
    this.pending = [];
    this.rested = 0;
    this.counter = h("span.badge", { hidden: true });
    this.list = h("ol.journal", { "aria-label": label });
    this.empty = h("p.empty", {}, empty);
    const clear = button("Clear", () => this.clear(), { class: "quiet small" });
    const head = h("div.card-head", {}, h("h2", {}, label, " ", this.counter), clear);
    this.element = h("section.card", {}, head, this.empty,
      h("div.scroller.tall", { tabindex: "0", role: "region", "aria-label": label }, this.list));
  }

  /** List what *make* makes, with the next picture: of thousands a second only those are made that stay. */
  put(make) {
    this.total += 1;
    if (this.pending.push(make) > MOST) this.pending.shift();
    if (this.pending.length > 1) return;
    const wait = Math.max(0, this.rested - performance.now());
    setTimeout(() => requestAnimationFrame(() => this.draw()), wait);
  }

  draw() {
    // after many at once the page is given time for everything else
    this.rested = performance.now() + (this.pending.length > MANY ? REST_MS : 0);
    for (const make of this.pending) this.list.prepend(make());
    this.pending = [];
    while (this.list.children.length > MOST) this.list.lastElementChild.remove();
    this.tell();
  }

  clear() {
    this.list.textContent = "";
    this.total = 0;
    this.tell();
  }

  tell() {
    say(this.counter, this.total);
    this.counter.hidden = !this.total;
    this.empty.hidden = this.total > 0;
  }
}

/** The frames of a connection. */
export class Frames extends Newest {
  constructor() {
    super("Frames", "What is sent and received is listed here.");
  }

  /** One frame; *way* is in, out or end. */
  add(way, text) {
    const at = clock(new Date());
    this.put(() => frame(at, way, text));
  }
}

function frame(at, way, text) {
  const size = new TextEncoder().encode(text).length;
  const whole = h("pre.data", {}, text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : pretty(text));
  const arrow = h("span.way", { "aria-hidden": "true" }, ARROWS[way]);
  return h("li", { "data-way": way }, h("details", {}, h("summary", {},
    h("time", {}, at), arrow, h("span.visually-hidden", {}, WORDS[way]),
    h("span.preview", {}, brief(text, 200)), h("span.size", {}, way === "end" ? "" : `${size} B`)), whole));
}

/** The notifications that came over a connection. */
export class Deliveries extends Newest {
  constructor(actions) {
    super("Deliveries", "Subscribe to a channel: what is delivered is listed here, with its position.");
    this.actions = actions;
  }

  /** One delivery. */
  add(delivery) {
    const at = clock(new Date());
    this.put(() => this.item(at, delivery));
  }

  item(at, delivery) {
    const ack = delivery.acks ? button("Ack", () => this.actions.ack(delivery, ack), { class: "small" }) : null;
    const named = { class: "small", "aria-label": `Receipt of ${delivery.id}` };
    const receipt = button("Receipt", () => this.actions.receipt(delivery.id), named);
    const place = delivery.epoch ? `${delivery.epoch}:${delivery.offset}` : "no position";
    return h("li.delivery", {},
      h("div.delivery-head", {},
        h("time", { title: delivery.timestamp }, at),
        h("strong.delivery-channel", {}, delivery.channel ?? "inbox"),
        h("span.mono.position", { title: "Position" }, place),
        delivery.priority ? h("span.chip", {}, `priority ${delivery.priority}`) : null,
        delivery.attempt > 1 ? h("span.chip", {}, `attempt ${delivery.attempt}`) : null,
        h("span.actions", {}, ack, receipt)),
      h("details", {}, h("summary.preview", {}, brief(delivery.data, 300)),
        h("pre.data", {}, pretty(JSON.stringify(delivery.data))),
        h("p.hint.mono", {}, delivery.id)));
  }
}

function pretty(text) {
  const start = text.search(/[[{]/);
  if (start < 0) return text;
  try {
    return text.slice(0, start) + JSON.stringify(JSON.parse(text.slice(start)), null, 2);
  } catch {
    return text;
  }
}
