// The test client: one connection, over the raw WebSocket or over Socket.IO, and everything on it.

import { call, onSession, rest, session } from "./api.js";
import { ConnectionForm } from "./client_connection.js";
import { attempt, complain, show, toast } from "./dialogs.js";
import { button, check, field, h, put, say, select, text, tick } from "./dom.js";
import { placed } from "./format.js";
import { Deliveries, Frames } from "./journal.js";
import { ReceiptView } from "./receipt.js";
import { Subscriptions } from "./subscriptions.js";

const PRIORITIES = ["10", "9", "8", "7", "6", "5", "4", "3", "2", "1"];

/** The part "Test client"; nobody has to be signed in for it. */
export class ClientPanel {
  constructor() {
    this.name = "client";
    this.title = "Test client";
    this.link = null;
    this.open = false;
    this.showing = false;
    this.key = "";
    this.frames = new Frames();
    this.deliveries = new Deliveries({ ack: (...given) => this.ack(...given), receipt: (id) => this.receipt(id) });
    this.subscriptions = new Subscriptions((channel) => attempt(() => this.link.unsubscribe(channel)));
    this.connection = new ConnectionForm({
      connect: () => this.connect(), disconnect: () => this.link?.disconnect(), drop: () => this.link?.drop(),
    });
    this.connection.reconnects.addEventListener("change", () => this.follow());
    this.connection.element.addEventListener("change", () => this.settle());
    this.subscribing = this.subscribeForm();
    this.publishing = this.publishForm();
    this.element = h("div.client", {},
      h("div.client-forms", {}, this.connection.element, this.subscribing, this.publishing),
      h("div.client-lists", {}, this.deliveries.element, this.frames.element));
    onSession(() => this.settle());
    this.settle();
  }

  shown() {
    this.settle();
  }

  hidden() {}

  subscribeForm() {
    this.channel = text("", { required: true, placeholder: "updates" });
    this.since = text("", { placeholder: "EPOCH:OFFSET", class: "mono" });
    this.acks = tick();
    this.durable = text("", { placeholder: "only with acks" });
    const submit = (event) => {
      event.preventDefault();
      this.subscribe();
    };
    return h("form.card", { onsubmit: submit, "aria-label": "Subscribe" }, h("h2", {}, "Subscribe"),
      h("div.pair", {}, field("Channel", this.channel), field("After the position", this.since)),
      h("div.pair", {}, check("With acks", this.acks), field("Durable name", this.durable)),
      h("div.actions", {}, h("button.primary", { type: "submit" }, "Subscribe")), this.subscriptions.element);
  }

  publishForm() {
    this.target = text("", { placeholder: "updates" });
    this.users = text("", { placeholder: "all, or names with commas" });
    this.data = h("textarea", { rows: 4, spellcheck: "false", class: "mono", value: '{"title": "Hello"}' });
    this.priority = select(PRIORITIES);
    this.priority.value = "5";
    this.ttl = h("input", { type: "number", min: 1, placeholder: "default" });
    this.delay = h("input", { type: "number", min: 0, placeholder: "none" });
    this.targetField = field("Channel", this.target);
    this.usersField = field("Users", this.users);
    this.sent = h("p.hint", { role: "status" });
    const submit = (event) => {
      event.preventDefault();
      this.publish();
    };
    const numbers = [
      field("Priority", this.priority), field("Lives, ms", this.ttl), field("Delay, ms", this.delay),
    ];
    return h("form.card", { onsubmit: submit, "aria-label": "Publish" }, h("h2", {}, "Publish"),
      h("div.pair", {}, this.targetField, this.usersField),
      field("Data", this.data, "JSON; anything else is sent as a text."), h("div.triple", {}, numbers),
      h("div.actions", {}, h("button.primary", { type: "submit" }, "Publish")), this.sent);
  }

  settle() {
    const { raw } = this.connection;
    this.connection.settle(this.link !== null);
    this.usersField.hidden = raw;
    say(this.targetField.querySelector("label"), raw ? "Channel" : "Label");
    for (const form of [this.subscribing, this.publishing]) {
      for (const control of form.querySelectorAll("button[type=submit]")) control.disabled = !this.open;
    }
  }

  connect() {
    const { connection } = this;
    if (!connection.secret) {
      connection.tell("closed", "Enter a credential first.");
      connection.credential.focus();
      return;
    }
    this.key = connection.wantsKey ? connection.secret : "";
    this.link = connection.link(this);
    this.follow();
    this.subscription();
    this.link.connect();
  }

  follow() {
    if (this.link) this.link.reconnects = this.connection.reconnects.checked;
  }

  // What a link tells.

  state(state, said) {
    this.open = state === "open";
    if (state === "closed") this.link = null;
    if (!this.link) this.subscription();
    this.connection.tell(state, said);
    this.settle();
  }

  frame(way, said) {
    this.frames.add(way, said);
  }

  delivery(delivery) {
    this.deliveries.add(delivery);
  }

  problem(problem) {
    complain(problem);
  }

  /** Positions change with each delivery: they are shown with the next picture. */
  subscription() {
    if (!this.showing) requestAnimationFrame(() => this.showSubscriptions());
    this.showing = true;
  }

  showSubscriptions() {
    this.showing = false;
    this.subscriptions.show(this.link?.subscriptions ?? new Map());
  }

  // What is done with it.

  async subscribe() {
    await attempt(() => {
      const [channel, durable] = [this.channel.value, this.durable.value.trim()];
      if (!this.target.value) this.target.value = channel;
      return this.link.subscribe({ channel, since: placed(this.since.value), ack: this.acks.checked, durable });
    });
  }

  async publish() {
    const [ttl, delay] = [Number(this.ttl.value) || 0, Number(this.delay.value) || 0];
    const users = this.users.value.split(",").map((one) => one.trim()).filter(Boolean);
    const [channel, priority] = [this.target.value, Number(this.priority.value)];
    const wish = { channel, users, data: parsed(this.data.value), priority, ttl, delay };
    await attempt(async () => {
      const overRest = this.connection.raw && (ttl || delay);
      const answer = await (overRest ? this.publishOverRest(wish) : this.link.publish(wish));
      const receipt = () => this.receipt(answer.notificationId);
      put(this.sent, `Accepted (${answer.durability})${overRest ? " over REST" : ""}: `,
        button(answer.notificationId, receipt, { class: "link mono" }));
    });
  }

  /** The raw protocol has no words for how long and when. */
  publishOverRest({ channel, data, priority, ttl, delay }) {
    if (!this.key) throw new Error("How long it lives and waits goes over REST here, which needs an API key.");
    const body = { channel, data, priority };
    if (ttl) body.ttl = ttl;
    if (delay) body.delay = delay;
    return rest("POST", "/api/notifications", this.key, body);
  }

  async ack(delivery, control) {
    control.disabled = true;
    if (await attempt(() => this.link.ack(delivery))) say(control, "Acked");
    else control.disabled = false;
  }

  async receipt(id) {
    const path = `/notifications/${encodeURIComponent(id)}`;
    if (!session.signedIn && !this.key) {
      toast("Receipts are for API keys and operators: sign in to see this one.", "bad");
      return;
    }
    try {
      const { notification } = await (session.signedIn ? call("GET", path) : rest("GET", `/api${path}`, this.key));
      const view = new ReceiptView();
      view.show(notification);
      show("Receipt", view.element);
    } catch (problem) {
      complain(problem);
    }
  }
}

function parsed(said) {
  try {
    return JSON.parse(said);
  } catch {
    return said;
  }
}
