// The newest records of the log, and those that come.

import { call, query } from "./api.js";
import { button, field, h, say, select, text } from "./dom.js";
import { clock } from "./format.js";
import { filters, Panel } from "./panel.js";

const MOST = 1000;
const SHOWN_ELSEWHERE = new Set(["timestamp", "level", "event", "logger"]);

/** The part "Logs". */
export class LogsPanel extends Panel {
  constructor() {
    super("logs", "Logs", 1500);
    this.paused = false;
    this.node = "";
    this.sequence = null;
    this.level = select([["", "all"], "info", "warning", "error"]);
    this.level.addEventListener("change", () => this.again());
    this.pattern = text("", { placeholder: "regular expression" });
    this.toggle = button("Pause", () => this.pause(), { "aria-pressed": "false" });
    this.note = h("p.state-line", { role: "status" });
    this.list = h("ol.log", { tabindex: "0", role: "log", "aria-live": "off", "aria-label": "Records of the log" });
    this.content.append(
      h("div.toolbar", {}, this.note, h("div.actions", {}, this.toggle, button("Clear the view", () => this.clear()))),
      filters(() => this.again(), field("From level", this.level), field("Holds", this.pattern)),
      this.list);
  }

  again() {
    this.clear();
    this.sequence = null;
    this.poller.now();
  }

  clear() {
    this.list.textContent = "";
    this.tell();
  }

  pause() {
    this.paused = !this.paused;
    this.toggle.setAttribute("aria-pressed", String(this.paused));
    say(this.toggle, this.paused ? "Go on" : "Pause");
    this.tell();
    if (!this.paused) this.poller.now();
  }

  async refresh() {
    if (this.paused) return;
    const asked = this.wish();
    const answer = await call("GET", `/logs${asked}`);
    if (this.paused || asked !== this.wish()) return;
    // another worker answers: its newest records come as a whole
    if (this.node && answer.node !== this.node) this.list.append(gap(`From here on those of ${answer.node}`));
    [this.node, this.sequence] = [answer.node, answer.sequence];
    this.add(answer);
    this.tell();
  }

  wish() {
    const place = this.sequence === null ? {} : { after: this.sequence, node: this.node };
    return query({ level: this.level.value, grep: this.pattern.value.trim(), ...place });
  }

  add(answer) {
    const list = this.list;
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    if (answer.dropped) list.append(gap(`${answer.dropped} records went by before they were read`));
    list.append(...answer.records.map(({ record }) => line(record)));
    while (list.children.length > MOST) list.firstElementChild.remove();
    if (atEnd) list.scrollTop = list.scrollHeight;
  }

  tell() {
    say(this.note, this.paused ? "Paused." : "Following.");
    this.note.dataset.kind = this.paused ? "warn" : "ok";
  }
}

function line(record) {
  const more = Object.entries(record).filter(([name]) => !SHOWN_ELSEWHERE.has(name));
  return h("li", { "data-level": record.level },
    h("time", { datetime: record.timestamp, title: record.timestamp }, clock(record.timestamp)),
    h("span.level", {}, record.level),
    h("span.event", {}, record.event),
    h("span.fields", {}, more.map(([name, value]) => [
      h("span.name", {}, `${name}=`), typeof value === "string" ? value : JSON.stringify(value), " ",
    ])));
}

function gap(text) {
  return h("li.gap", {}, text);
}
