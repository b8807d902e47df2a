// Who is connected, who cannot keep up, and having somebody go.

import { call, query } from "./api.js";
import { attempt, confirmed } from "./dialogs.js";
import { check, field, h, say, small, text } from "./dom.js";
import { brief, bytes, count, duration, moment } from "./format.js";
import { filters, Panel } from "./panel.js";
import { card } from "./panel_statistics.js";
import { Table } from "./table.js";

/** The part "Connections". */
export class ConnectionsPanel extends Panel {
  constructor() {
    super("connections", "Connections");
    this.inputs = { clientId: text(), channel: text(), keyId: text(), userId: text() };
    this.slow = h("input", { type: "checkbox" });
    this.slow.addEventListener("change", () => this.poller.now());
    this.total = h("p.state-line", { role: "status" });
    this.table = connectionTable(this);
    this.cut = new Table("Connections that were cut off lately", [
      { title: "When", text: (row) => moment(row.at) },
      { title: "Connection", text: (row) => row.id },
      { title: "Whose", text: whose, wide: true },
      { title: "Transport", text: (row) => row.transport },
      { title: "Address", text: (row) => row.address },
      { title: "Outbox", text: (row) => bytes(row.outboxBytes), number: true },
    ], { empty: "None was." });
    this.cutCard = card("Cut off lately, because they did not read", this.cut.element);
    this.content.append(
      h("div.toolbar", {}, this.total),
      filters(() => this.poller.now(),
        field("Client", this.inputs.clientId), field("Channel", this.inputs.channel), field("Key", this.inputs.keyId),
        field("User", this.inputs.userId), check("Slow ones only", this.slow)),
      this.table.element, this.cutCard);
  }

  async refresh() {
    const fields = Object.fromEntries(Object.entries(this.inputs).map(([name, input]) => [name, input.value.trim()]));
    const slow = this.slow.checked;
    const answer = await call("GET", `/connections${query({ ...fields, slow: slow && "true", limit: 200 })}`);
    const shown = answer.connections.length;
    const missing = answer.missingNodes.join(", ");
    const silent = missing ? ` Without those of ${missing}, silent at present.` : "";
    const more = shown < answer.total ? `, ${count(shown)} of them are shown` : "";
    say(this.total, `${count(answer.total)} ${answer.total === 1 ? "connection" : "connections"}${more}.${silent}`);
    this.table.show(answer.connections);
    this.cut.show(answer.recentlyCut);
    this.cutCard.hidden = !slow;
  }

  async kick(row) {
    const reason = text("", { maxlength: 100 });
    const who = `${row.id} (${row.transport}, ${row.address})`;
    const question = `${who} is closed with 4005, which tells it not to come back.`;
    const content = h("div", {}, h("p", {}, question), field("Reason, which it is told", reason));
    const said = await confirmed("Kick this connection?", content, "Kick it", () => ({ reason: reason.value }));
    if (said === null) return;
    const done = (answer) => (answer.kicked.length ? `${row.id} was closed.` : `${row.id} was gone already.`);
    await attempt(() => call("POST", "/connections/kick", { ids: [row.id], reason: said.reason }), done);
    await this.poller.now();
  }
}

function connectionTable(panel) {
  return new Table("Live connections", [
    { title: "Connection", text: (row) => row.id, mono: true },
    { title: "Whose", text: whose, wide: true },
    { title: "Transport", text: (row) => row.transport },
    { title: "Address", text: (row) => row.address },
    { title: "Since", text: (row) => moment(row.connectedAt) },
    { title: "Idle", text: (row) => duration(row.idleSeconds), number: true },
    { title: "Channels", text: channels, wide: true },
    { title: "Sent", text: (row) => bytes(row.sentBytes), number: true },
    { title: "Outbox", text: outbox, number: true },
    { title: "Node", text: (row) => row.node },
    { title: "Actions", node: (row) => small("Kick…", () => panel.kick(row), `Kick ${row.id}`) },
  ], { empty: "Nobody is connected." });
}

function whose(row) {
  if (row.userId) return `${row.clientId} / ${row.userId}`;
  if (row.keyId) return `${row.clientId} / ${row.keyId}`;
  return row.clientId || "not authenticated";
}

function channels(row) {
  const more = row.subscriptionCount - row.channels.length;
  return brief(row.channels.join(", "), 120) + (more > 0 ? ` and ${more} more` : "");
}

function outbox(row) {
  if (!row.outboxBytes) return "–";
  const since = row.behindSince ? ` for ${duration((Date.now() - Date.parse(row.behindSince)) / 1000)}` : "";
  return `${bytes(row.outboxBytes)}${since}`;
}
