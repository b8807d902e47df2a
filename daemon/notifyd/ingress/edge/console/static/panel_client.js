// The test client: one connection, over the raw WebSocket or over Socket.IO, and everything on it.

import { call, onSession, rest, session } from "./api.js";
import { attempt, complain, show, toast } from "./dialogs.js";
import { button, check, field, h, put, say, select } from "./dom.js";
import { placed } from "./format.js";
import { Deliveries, Frames } from "./journal.js";
import { RawLink } from "./raw.js";
import { ReceiptView } from "./receipt.js";
import { SocketIoLink } from "./socketio.js";
import { Subscriptions } from "./subscriptions.js";

const HOUR = 3_600_000;

const text = (value = "", properties = {}) =>
  h("input", { type: "text", autocomplete: "off", spellcheck: "false", autocapitalize: "off", value, ...properties });
const tick = (checked = false) => h("input", { type: "checkbox", checked });

/** The part "Test client"; nobody has to be signed in for it. */
export class ClientPanel {
  constructor() {
    this.name = "client";
    this.title = "Test client";
    this.link = null;
    this.key = "";
    this.frames = new Frames();
    this.deliveries = new Deliveries({ ack: (...given) => this.ack(...given), receipt: (id) => this.receipt(id) });
    this.status = h("p.state-line", { role: "status", "data-kind": "idle" }, "Not connected.");
    this.subscriptions = new Subscriptions((channel) => attempt(() => this.link.unsubscribe(channel)));
    this.subscribing = this.subscribeForm();
    this.publishing = this.publishForm();
    this.element = h("div.client", {},
      h("div.client-forms", {}, this.connectForm(), this.subscribing, this.publishing),
      h("div.client-lists", {}, this.deliveries.element, this.frames.element));
    onSession(() => this.settle());
    this.settle();
  }

  shown() {
    this.settle();
  }

  hidden() {}

  connectForm() {
    const radio = (value, label, checked) => {
      const input = h("input", { type: "radio", name: "protocol", value, checked, onchange: () => this.settle() });
      return h("label.choice", {}, input, label);
    };
    this.protocols = h("fieldset.choices", {}, h("legend", {}, "Protocol"), radio("raw", "Raw WebSocket", true), radio("socketio", "Socket.IO"));
    this.endpoint = h("select");
    this.kind = select([["key", "API key"], ["token", "User token"]], { onchange: () => this.settle() });
    this.client = text("default");
    this.user = text("tester");
    this.credential = h("input", { type: "password", autocomplete: "off", spellcheck: "false", "data-1p-ignore": "" });
    this.make = button("Make one for an hour", () => this.issue());
    this.acksInbox = tick();
    this.reconnects = tick(true);
    this.reconnects.addEventListener("change", () => this.link && (this.link.reconnects = this.reconnects.checked));
    this.connecting = h("button.primary", { type: "submit" }, "Connect");
    this.leaving = button("Disconnect", () => this.link?.disconnect());
    this.dropping = button("Drop the link", () => this.link?.drop(), { title: "Loses the connection as a network would" });
    this.endpointField = field("Endpoint", this.endpoint);
    this.kindField = field("Credential", this.kind);
    this.clientField = field("Client id", this.client);
    this.userField = field("User, for a new token", this.user);
    this.secretField = field("API key", this.credential, "Kept in this page's memory alone.");
    this.acksField = check("Ack what comes from the inbox", this.acksInbox);
    const submit = (event) => {
      event.preventDefault();
      this.connect();
    };
    return h("form.card", { onsubmit: submit, "aria-label": "Connection" }, h("h2", {}, "Connection"), this.protocols,
      h("div.pair", {}, this.endpointField, this.clientField, this.kindField, this.userField), this.secretField, this.make,
      this.acksField, check("Reconnect and resume by itself", this.reconnects),
      h("div.actions", {}, this.connecting, this.leaving, this.dropping), this.status);
  }

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
    this.priority = select(["10", "9", "8", "7", "6", "5", "4", "3", "2", "1"], { value: "5" });
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
    return h("form.card", { onsubmit: submit, "aria-label": "Publish" }, h("h2", {}, "Publish"),
      h("div.pair", {}, this.targetField, this.usersField),
      field("Data", this.data, "JSON; anything else is sent as a text."),
      h("div.triple", {}, field("Priority", this.priority), field("Lives, ms", this.ttl), field("Delay, ms", this.delay)),
      h("div.actions", {}, h("button.primary", { type: "submit" }, "Publish")), this.sent);
  }

  get protocol() {
    return this.protocols.querySelector("input:checked").value;
  }

  /** Show what goes with the choices of the moment. */
  settle() {
    const raw = this.protocol === "raw";
    const token = !raw || this.kind.value === "token";
    const live = this.link !== null;
    this.endpointField.hidden = this.kindField.hidden = !raw;
    this.acksField.hidden = raw;
    this.clientField.hidden = raw && !session.signedIn;
    this.userField.hidden = !token || !session.signedIn;
    this.make.hidden = !session.signedIn;
    this.usersField.hidden = raw;
    say(this.secretField.querySelector("label"), token ? "User token" : "API key");
    say(this.targetField.querySelector("label"), raw ? "Channel" : "Label");
    this.connecting.hidden = live;
    this.leaving.hidden = this.dropping.hidden = !live;
    for (const form of [this.subscribing, this.publishing]) {
      for (const control of form.querySelectorAll("button[type=submit]")) control.disabled = !this.open;
    }
    for (const control of this.protocols.querySelectorAll("input")) control.disabled = live;
    this.endpoints();
  }

  endpoints() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const urls = [`${scheme}//${location.host}/`];
    if (session.websocketPort) urls.push(`${scheme}//${location.hostname}:${session.websocketPort}/`);
    if (this.endpoint.options.length !== urls.length) put(this.endpoint, urls.map((url) => h("option", { value: url }, url)));
  }

  /** Make a credential that ends in an hour. It is shown to nobody: it goes straight into the field. */
  async issue() {
    const clientId = this.client.value.trim() || "default";
    const ends = new Date(Date.now() + HOUR).toISOString();
    await attempt(async () => {
      if (this.protocol === "raw" && this.kind.value === "key") {
        const body = { clientName: "console test client", clientId, expiresAt: ends };
        this.credential.value = (await call("POST", "/keys", body)).apiKey;
      } else {
        const body = { clientId, userId: this.user.value.trim(), ttlSeconds: HOUR / 1000, channels: ["subscribe:*", "publish:*"] };
        this.credential.value = (await call("POST", "/tokens", body)).token;
      }
    }, "Made; it is good for an hour.");
  }

  connect() {
    const secret = this.credential.value.trim();
    if (!secret) {
      this.told("closed", "Enter a credential first.");
      this.credential.focus();
      return;
    }
    const raw = this.protocol === "raw";
    const key = raw && this.kind.value === "key";
    this.key = key ? secret : "";
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    this.link = raw
      ? new RawLink(this, { url: this.endpoint.value, ...(key ? { key: secret } : { token: secret }) })
      : new SocketIoLink(this, {
          url: `${scheme}//${location.host}${session.socketioPath}/?EIO=4&transport=websocket`,
          clientId: this.client.value.trim() || "default", token: secret, acksInbox: this.acksInbox.checked,
        });
    this.link.reconnects = this.reconnects.checked;
    this.subscription(new Map());
    this.link.connect();
  }

  // What a link tells.

  state(state, said) {
    this.open = state === "open";
    if (state === "closed") this.link = null;
    this.told(state, said);
    this.settle();
  }

  told(state, said) {
    this.status.dataset.kind = { open: "ok", closed: "idle" }[state] ?? "warn";
    this.status.dataset.state = state;
    say(this.status, said);
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

  subscription(all) {
    this.subscriptions.show(all);
  }

  // What is done with it.

  async subscribe() {
    await attempt(() => {
      const wish = { channel: this.channel.value, since: placed(this.since.value), ack: this.acks.checked, durable: this.durable.value.trim() };
      if (!this.target.value) this.target.value = wish.channel;
      return this.link.subscribe(wish);
    });
  }

  async publish() {
    const [ttl, delay] = [Number(this.ttl.value) || 0, Number(this.delay.value) || 0];
    const users = this.users.value.split(",").map((one) => one.trim()).filter(Boolean);
    const wish = { channel: this.target.value, users, data: parsed(this.data.value), priority: Number(this.priority.value), ttl, delay };
    await attempt(async () => {
      const overRest = this.protocol === "raw" && (ttl || delay);
      const answer = await (overRest ? this.publishOverRest(wish) : this.link.publish(wish));
      put(this.sent, `Accepted (${answer.durability})${overRest ? " over REST" : ""}: `,
        button(answer.notificationId, () => this.receipt(answer.notificationId), { class: "link mono" }));
    });
  }

  /** The raw protocol has no words for how long and when. */
  publishOverRest({ channel, data, priority, ttl, delay }) {
    if (!this.key) throw new Error("Only an API key can set how long a notification lives or waits: REST carries that.");
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
