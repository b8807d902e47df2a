// What waits to be dispatched, and what an operator does with it.

import { call, query } from "./api.js";
import { attempt, confirmed } from "./dialogs.js";
import { button, field, h, say, small } from "./dom.js";
import { bytes, count, moment } from "./format.js";
import { filters, notificationLink, Panel } from "./panel.js";
import { facts } from "./panel_statistics.js";
import { Table } from "./table.js";

/** The part "Queue". */
export class QueuePanel extends Panel {
  constructor(overview) {
    super("queue", "Queue");
    this.overview = overview;
    this.client = h("input", { type: "text", autocomplete: "off", placeholder: "all" });
    this.limit = h("input", { type: "number", min: 1, max: 1000, value: 100 });
    this.state = h("p.state-line", { role: "status" });
    this.figures = h("dl.facts.row");
    this.toggle = button("Pause dispatching", () => this.pauseOrResume());
    this.table = new Table("Waiting notifications, in the order of their dispatch", [
      { title: "Notification", node: (row) => notificationLink(row.id) },
      { title: "For", text: (row) => row.channel ?? row.kind, wide: true },
      { title: "Client", text: (row) => row.clientId },
      { title: "Priority", text: (row) => row.priority, number: true },
      { title: "Accepted", text: (row) => moment(row.acceptedAt) },
      { title: "Due", text: (row) => moment(row.dueAt) },
      { title: "Expires", text: (row) => moment(row.expiresAt) },
      { title: "Tries", text: (row) => row.attempts, number: true },
      { title: "Actions", node: (row) => small("Cancel", () => this.cancel(row.id), `Cancel ${row.id}`) },
    ], { empty: "Nothing waits." });
    const clearing = button("Clear…", () => this.clear(), { class: "danger" });
    this.content.append(
      h("div.toolbar", {}, this.state, h("div.actions", {}, this.toggle, clearing)),
      this.figures,
      filters(() => this.poller.now(), field("Client", this.client), field("At most", this.limit)),
      this.table.element);
    overview.follow(() => this.draw());
  }

  async refresh() {
    const wish = query({ clientId: this.client.value.trim(), limit: this.limit.value || 100 });
    const answer = await call("GET", `/queue${wish}`);
    this.table.show(answer.notifications);
  }

  draw() {
    const queue = this.overview.latest?.stats.queue;
    if (!queue) return;
    this.paused = queue.paused;
    say(this.state, queue.paused ? "Dispatching is paused: what is accepted waits." : "Dispatching.");
    this.state.dataset.kind = queue.paused ? "warn" : "ok";
    say(this.toggle, queue.paused ? "Resume dispatching" : "Pause dispatching");
    facts(this.figures, [
      ["Waiting", `${count(queue.waiting)} of ${count(queue.maxSize)}`],
      ["Ready", count(queue.ready)],
      ["Scheduled", count(queue.scheduled)],
      ["In hand", count(queue.leased)],
      ["Bytes", `${bytes(queue.waitingBytes)} of ${bytes(queue.maxBytes)}`],
      ["Oldest", moment(queue.oldestAcceptedAt)],
    ]);
  }

  async changed() {
    await Promise.allSettled([this.overview.poller.now(), this.poller.now()]);
  }

  async pauseOrResume() {
    const done = this.paused ? "Dispatching goes on." : "Dispatching is paused.";
    const path = this.paused ? "/queue/resume" : "/queue/pause";
    if (await attempt(() => call("POST", path), done)) await this.changed();
  }

  async clear() {
    const waiting = this.overview.latest?.stats.queue.waiting ?? 0;
    const question = `All ${count(waiting)} notifications that wait, scheduled ones and those of every client `
      + "included, are removed. Nobody will receive them.";
    if (!(await confirmed("Clear the queue?", h("p", {}, question), "Clear the queue"))) return;
    const done = (answer) => `Removed: ${count(answer.cleared)}.`;
    if (await attempt(() => call("DELETE", "/queue"), done)) await this.changed();
  }

  async cancel(id) {
    const done = () => `${id} was cancelled.`;
    if (await attempt(() => call("DELETE", `/notifications/${encodeURIComponent(id)}`), done)) await this.changed();
  }
}
