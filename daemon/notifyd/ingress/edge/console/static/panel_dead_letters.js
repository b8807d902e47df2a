// What was given up: look, put back, drop, take away as a file.

import { call, query } from "./api.js";
import { attempt, complain, confirmed, show } from "./dialogs.js";
import { button, field, h, say, select, small, text } from "./dom.js";
import { brief, count, moment, place } from "./format.js";
import { filters, notificationLink, Panel } from "./panel.js";
import { card, facts } from "./panel_statistics.js";
import { numbered, timeline } from "./receipt.js";
import { Table } from "./table.js";

const PAGE = 50;
const EXPORT = "/console/api/dead-letters/export";
const STAGES = [["", "any"], "dispatch", "subscription", "inbox", "push", "webhook"];

/** The part "Dead letters". */
export class DeadLettersPanel extends Panel {
  constructor() {
    super("dead-letters", "Dead letters", 5000);
    this.inputs = { clientId: text(), stage: select(STAGES), reason: text(), channel: text(), userId: text() };
    this.total = h("p.state-line", { role: "status" });
    this.behind = [];
    this.older = button("Older", () => this.page(1));
    this.newer = button("Newer", () => this.page(-1));
    this.download = h("a.button", { href: EXPORT, download: "dead-letters.ndjson" }, "Download NDJSON");
    this.retrying = button("Retry all that fit…", () => this.retryAll());
    this.dropping = button("Drop all that fit…", () => this.dropAll(), { class: "danger" });
    this.table = letterTable(this);
    this.content.append(
      h("div.toolbar", {}, this.total, h("div.actions", {},
        this.download,
        this.retrying, this.dropping)),
      filters(() => this.apply(),
        field("Client", this.inputs.clientId), field("Stage", this.inputs.stage), field("Reason", this.inputs.reason),
        field("Channel", this.inputs.channel), field("User", this.inputs.userId)),
      this.table.element,
      h("div.pager", {}, this.newer, this.older));
  }

  fields() {
    return Object.fromEntries(Object.entries(this.inputs).map(([name, input]) => [name, input.value.trim()]));
  }

  apply() {
    this.behind = [];
    this.download.href = `${EXPORT}${query(this.fields())}`;
    this.poller.now();
  }

  page(step) {
    if (step > 0) this.behind.push(this.last);
    else this.behind.pop();
    this.poller.now();
  }

  async refresh() {
    const after = this.behind.at(-1) ?? "";
    const answer = await call("GET", `/dead-letters${query({ ...this.fields(), after, limit: PAGE })}`);
    this.count = answer.total;
    this.last = answer.deadLetters.at(-1)?.id;
    say(this.total, answer.total === 1 ? "1 dead letter" : `${count(answer.total)} dead letters`);
    this.retrying.disabled = this.dropping.disabled = !answer.total;
    this.table.show(answer.deadLetters);
    this.newer.hidden = !this.behind.length;
    this.older.hidden = answer.deadLetters.length < PAGE;
  }

  async open(id) {
    try {
      const { deadLetter } = await call("GET", `/dead-letters/${encodeURIComponent(id)}`);
      const dialog = show("Dead letter", letterView(deadLetter), [
        button("Retry", () => this.retry(id).then(() => dialog.close())),
        button("Drop…", () => this.drop(id).then((done) => done && dialog.close()), { class: "danger" }),
      ]);
    } catch (problem) {
      complain(problem);
    }
  }

  async retry(id) {
    const path = `/dead-letters/${encodeURIComponent(id)}/retry`;
    await attempt(() => call("POST", path), (answer) => `Put back as ${answer.notificationId}.`);
    await this.poller.now();
  }

  async drop(id) {
    if (!(await confirmed("Drop this dead letter?", h("p", {}, "It is forgotten for good."), "Drop it"))) return false;
    const done = await attempt(() => call("DELETE", `/dead-letters/${encodeURIComponent(id)}`), "It was dropped.");
    await this.poller.now();
    return done;
  }

  async retryAll() {
    const question = `${count(this.count)} dead letters fit the filter. Each is put back and delivered again.`;
    if (!(await confirmed("Retry all that fit?", h("p", {}, question), "Retry them"))) return;
    const filter = Object.fromEntries(Object.entries(this.fields()).filter(([, value]) => value));
    await attempt(() => call("POST", "/dead-letters/retry", { filter }),
      (answer) => `${count(answer.retried)} of ${count(answer.results.length)} were put back.`);
    await this.poller.now();
  }

  async dropAll() {
    const question = `${count(this.count)} dead letters fit the filter. They are forgotten for good.`;
    if (!(await confirmed("Drop all that fit?", h("p", {}, question), "Drop them"))) return;
    const chosen = query(this.fields()) || "?all=true";
    await attempt(() => call("DELETE", `/dead-letters${chosen}`), (answer) => `${count(answer.dropped)} were dropped.`);
    await this.poller.now();
  }
}

function letterTable(panel) {
  const named = (label, row, act) => small(label, act, `${label} ${row.id}`);
  return new Table("Dead letters, the newest first", [
    { title: "Died", text: (row) => moment(row.diedAt) },
    { title: "Stage", text: (row) => row.stage },
    { title: "Reason", text: (row) => row.reason },
    { title: "For", text: (row) => row.userId ?? row.channel ?? row.kind, wide: true },
    { title: "Client", text: (row) => row.clientId },
    { title: "Tries", text: (row) => row.attempts, number: true },
    { title: "Notification", node: (row) => notificationLink(row.notificationId) },
    { title: "Actions", node: (row) => h("div.actions", {},
      named("Details", row, () => panel.open(row.id)),
      named("Retry", row, () => panel.retry(row.id)),
      named("Drop", row, () => panel.drop(row.id))) },
  ], { empty: "Nothing was given up." });
}

function letterView(letter) {
  const list = h("dl.facts");
  facts(list, [
    ["Id", letter.id],
    ["Notification", letter.notificationId],
    ["Stage", letter.stage],
    ["Reason", letter.reason],
    ["Error", letter.error || "–"],
    ["Client", letter.clientId],
    ["Channel", letter.channel ?? "–"],
    ["User", letter.userId ?? "–"],
    ["Durable name", letter.durable ?? "–"],
    ["Connection", letter.connectionId ?? "–"],
    ["Position", place(letter.position)],
    ["Priority", letter.priority],
    ["Tries", letter.attempts],
    ["Accepted", moment(letter.acceptedAt)],
    ["Died", moment(letter.diedAt)],
    ["Expires", moment(letter.expiresAt)],
    ...(letter.metadata ? [["Metadata", brief(letter.metadata, 500)]] : []),
  ]);
  const table = timeline();
  table.show(numbered(letter.timeline));
  const data = h("pre.data", { tabindex: "0" }, JSON.stringify(letter.data, null, 2));
  return h("div.receipt", {}, list, card("Data", data), card("Timeline", table.element));
}
