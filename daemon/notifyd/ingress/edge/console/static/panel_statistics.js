// Live figures with small plots.

import { session } from "./api.js";
import { h, say } from "./dom.js";
import { bytes, count, duration, moment, rate } from "./format.js";
import { Panel } from "./panel.js";
import { Bars, Plot } from "./plot.js";
import { Table } from "./table.js";

const percent = (value) => (Number.isFinite(value) ? `${value.toFixed(value < 10 ? 1 : 0)} %` : "–");
const perSecond = (value) => (Number.isFinite(value) ? `${rate(value)}/s` : "–");

const PLOTS = [
  ["accepted", "Accepted", perSecond],
  ["deliveries", "Deliveries", perSecond],
  ["waiting", "Waiting in the queue", count],
  ["connections", "Connections", count],
  ["memory", "Memory", bytes],
  ["cpu", "CPU", percent],
  ["errors", "Errors", perSecond, "bad"],
  ["rejected", "Refused publishes", perSecond, "bad"],
];

const MOST_CHANNELS = 10;

/** Milliseconds that a plot shows, and no more than there is to show. */
const MOST_SPAN = 600_000;

/** The part "Statistics". */
export class StatisticsPanel extends Panel {
  constructor(overview) {
    super("statistics", "Statistics");
    this.overview = overview;
    this.plots = PLOTS.map(([name, title, format, kind]) => [name, new Plot(title, format, { kind })]);
    this.priorities = new Bars(count);
    this.transports = new Bars(count);
    this.channels = new Table("Channels", [
      { title: "Channel", text: (row) => row.channel, wide: true },
      { title: "Client", text: (row) => row.clientId },
      { title: "Published/s", text: (row) => rate(row.publicationsPerSecond), number: true },
      { title: "Subscribers", text: (row) => count(row.subscriberCount), number: true },
    ], { key: (row) => `${row.clientId}/${row.channel}`, empty: "Nobody is subscribed, and nothing is published." });
    this.silent = h("p.notice", { hidden: true });
    this.nodes = nodeTable();
    this.engines = h("dl.facts");
    this.span = h("p.hint");
    this.facts = h("dl.facts");
    this.counters = h("dl.facts");
    this.content.append(
      this.span,
      h("div.plots", {}, this.plots.map(([, plot]) => plot.element)),
      h("div.cards", {},
        card("Queue by priority", this.priorities.element),
        h("div.stack", {}, card("Connections by transport", this.transports.element), card("Engines", this.engines)),
        card("Kept", this.facts)),
      h("div.cards.wide-cards", {},
        card("Busiest channels", this.channels.element),
        card("Nodes", this.silent, this.nodes.element)),
      h("details.card", {}, h("summary", {}, "All counters since the start"), this.counters));
    overview.follow(() => this.draw());
  }

  /** The overview is asked by itself; there is nothing of its own. */
  settle() {
    super.settle();
    this.poller.stop();
    this.overview?.settle(this.visible);
  }

  async refresh() {}

  draw() {
    const { latest } = this.overview;
    if (!session.signedIn || !latest || !this.visible) return;
    const { stats } = latest;
    const span = this.overview.span(MOST_SPAN);
    for (const [name, plot] of this.plots) plot.show(this.overview.line(name), span);
    const minutes = Math.ceil(span / 60000);
    say(this.span, `The last ${minutes === 1 ? "minute" : `${minutes} minutes`}, as this page has seen it.`);
    const waiting = Object.entries(stats.queue.byPriority).map(([name, value]) => [Number(name), value]);
    const byPriority = new Map(waiting);
    this.priorities.show([10, 9, 8, 7, 6, 5, 4, 3, 2, 1].map((one) => [String(one), byPriority.get(one) ?? 0]));
    this.transports.show(Object.entries(stats.connectionsByTransport).sort(([, a], [, b]) => b - a));
    this.channels.show(busiest(stats));
    this.silent.hidden = !stats.missingNodes;
    say(this.silent, `${count(stats.missingNodes)} more did not answer in time, and are not in these figures.`);
    this.nodes.show(latest.nodes);
    facts(this.engines, latest.engines.map(engine));
    facts(this.facts, kept(latest));
    facts(this.counters, Object.entries(stats.counters).map(([name, value]) => [words(name), count(value)]));
  }
}

function nodeTable() {
  return new Table("Nodes", [
    { title: "Node", text: (row) => (row.here ? `${row.name} (this one)` : row.name) },
    { title: "State", text: (row) => row.state },
    { title: "Version", text: (row) => row.version },
    { title: "Up since", text: (row) => moment(row.startedAt) },
    { title: "Connections", text: (row) => count(row.connections), number: true },
    { title: "Accepted", text: (row) => count(row.accepted), number: true },
    { title: "Deliveries", text: (row) => count(row.deliveries), number: true },
    { title: "Memory", text: (row) => bytes(row.residentBytes), number: true },
    { title: "Lag", text: (row) => duration(row.lagSeconds), number: true },
  ]);
}

/** Those with the most subscribers and those in which most happens, the busiest first. */
function busiest({ topChannels, busiestChannels }) {
  const every = new Map([...topChannels, ...busiestChannels].map((row) => [`${row.clientId}/${row.channel}`, row]));
  const busier = (one, other) =>
    other.publicationsPerSecond - one.publicationsPerSecond || other.subscriberCount - one.subscriberCount;
  return [...every.values()].sort(busier).slice(0, MOST_CHANNELS);
}

function engine({ name, engine, healthy, detail }) {
  return [name, `${engine}${healthy ? "" : ", away"}${detail ? `: ${detail}` : ""}`];
}

function kept({ stats, durability }) {
  const { history, inboxes, memoryLimitBytes: limit } = stats;
  return [
    ["Up for", duration(stats.uptimeSeconds)],
    ["Durability", durability],
    ["Channels subscribed", count(stats.channels)],
    ["Subscriptions", count(stats.subscriptions)],
    ["History", `${count(history.publications)} in ${count(history.channels)} channels, ${bytes(history.bytes)}`],
    ["Inboxes", `${count(inboxes.notifications)} of ${count(inboxes.users)} users, ${bytes(inboxes.bytes)}`],
    ["Dead letters", `${count(stats.deadLetters.count)}, ${bytes(stats.deadLetters.bytes)}`],
    ["Open acks", count(stats.acks.unacked)],
    ["Outboxes", bytes(stats.outboxBytes)],
    ["Open files", `${count(stats.openFiles)} of ${count(stats.openFilesLimit)}`],
    ["Memory", `${bytes(stats.residentBytes)}${limit ? ` of ${bytes(limit)}` : ""}`],
  ];
}

/** Names and values, in place. */
export function facts(list, rows) {
  rows.forEach(([name, value], index) => {
    const pair = list.children[index] ?? list.appendChild(h("div", {}, h("dt"), h("dd")));
    say(pair.children[0], name);
    say(pair.children[1], value);
  });
  while (list.children.length > rows.length) list.lastElementChild.remove();
}

/** A box with a title. */
export function card(title, ...children) {
  return h("section.card", {}, h("h2", {}, title), children);
}

/** `slowConsumers` as "Slow consumers". */
function words(name) {
  const said = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return said.charAt(0).toUpperCase() + said.slice(1);
}
