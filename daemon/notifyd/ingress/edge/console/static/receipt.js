// What became of one notification.

import { h } from "./dom.js";
import { moment, clock, place } from "./format.js";
import { card, facts } from "./panel_statistics.js";
import { Table } from "./table.js";

/** The view of a receipt: `show(receipt)`. */
export class ReceiptView {
  constructor() {
    this.facts = h("dl.facts");
    this.timeline = timeline();
    this.users = new Table("Users", [
      { title: "User", text: (row) => row.userId, wide: true },
      { title: "State", text: (row) => row.state },
      { title: "Offset", text: (row) => row.offset ?? "–", number: true },
      { title: "Connections", text: (row) => row.connections ?? 0, number: true },
      { title: "Pushed", text: (row) => row.pushed ?? 0, number: true },
      { title: "Reason", text: (row) => row.reason ?? "", wide: true },
    ], { key: (row) => row.userId });
    this.usersCard = card("Users", this.users.element);
    this.element = h("div.receipt", {}, this.facts, card("Timeline", this.timeline.element), this.usersCard);
  }

  /** Show *receipt*, in the place of what was shown. */
  show(receipt) {
    facts(this.facts, [
      ["Id", receipt.id],
      ["State", receipt.state],
      ["Kind", receipt.kind],
      ["Channel", receipt.channel ?? "–"],
      ["Client", receipt.clientId],
      ["Priority", receipt.priority],
      ["Position", place(receipt.position)],
      ["Accepted", moment(receipt.acceptedAt)],
      ["Due", moment(receipt.dueAt)],
      ["Expires", moment(receipt.expiresAt)],
      ["Settled", moment(receipt.settledAt)],
      ["Attempts", receipt.attempts],
      ["Delivered", receipt.delivered],
      ["Acked", receipt.acked],
      ["Stored", receipt.stored],
      ["Pushed", receipt.pushed],
      ["Failed", receipt.failed],
      ...(receipt.reason ? [["Reason", receipt.reason]] : []),
      ...(receipt.requestId ? [["Request", receipt.requestId]] : []),
    ]);
    this.timeline.show(numbered(receipt.timeline));
    this.users.show(receipt.users);
    this.usersCard.hidden = !receipt.users.length;
  }
}

/** The table of what happened. */
export function timeline() {
  return new Table("Timeline", [
    { title: "Time", text: (row) => clock(row.at) },
    { title: "What", text: (row) => words(row.event) },
    { title: "Whom", text: (row) => row.userId || row.receiver || "", wide: true },
    { title: "Try", text: (row) => row.attempt || "", number: true },
    { title: "Detail", text: (row) => row.detail ?? "", wide: true },
  ], { key: (row) => row.number, empty: "Nothing is known any more." });
}

function words(event) {
  return event.replaceAll("_", " ");
}

/** Events with numbers, which they are told apart by. */
export function numbered(events) {
  return events.map((event, number) => ({ ...event, number }));
}
