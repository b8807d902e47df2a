// The subscriptions of a connection, each with the place where it would go on.

import { h, say, small } from "./dom.js";
import { place } from "./format.js";

/** A list that changes in place, so that a button under a finger stays where it is. */
export class Subscriptions {
  constructor(unsubscribe) {
    this.unsubscribe = unsubscribe;
    this.items = new Map();
    this.element = h("ul.subscriptions", { "aria-label": "Subscriptions" });
  }

  /** Show *all*, a map by channel. */
  show(all) {
    for (const [channel, item] of this.items) {
      if (all.has(channel)) continue;
      item.element.remove();
      this.items.delete(channel);
    }
    for (const [channel, one] of all) {
      if (!this.items.has(channel)) this.add(channel);
      this.items.get(channel).update(one);
    }
  }

  add(channel) {
    const [position, recovery, acks] = [h("span.mono.position"), h("span.chip"), h("span.chip")];
    const leave = small("Unsubscribe", () => this.unsubscribe(channel), `Unsubscribe from ${channel}`);
    const element = this.element.appendChild(h("li", {}, h("strong", {}, channel), position, recovery, acks, leave));
    const update = (one) => {
      say(position, place(one.position));
      recovery.hidden = one.recovered === null;
      recovery.dataset.kind = one.recovered ? "ok" : "bad";
      const replayed = one.recovered && one.replayed !== null ? `, ${one.replayed} replayed` : "";
      say(recovery, `recovered: ${one.recovered}${replayed}`);
      acks.hidden = !one.ack;
      say(acks, one.durable ? `acks as ${one.durable}` : "acks");
    };
    this.items.set(channel, { element, update });
  }
}
