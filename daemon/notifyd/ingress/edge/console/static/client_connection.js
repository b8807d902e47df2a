// The form that a connection of the test client is described by.

import { call, session } from "./api.js";
import { attempt } from "./dialogs.js";
import { button, check, field, h, put, say, select, text, tick } from "./dom.js";
import { RawLink } from "./raw.js";
import { SocketIoLink } from "./socketio.js";

const HOUR = 3_600_000;
const RAW = "raw";

/** Protocol, endpoint and credential, with *actions*: `connect()`, `disconnect()` and `drop()`. */
export class ConnectionForm {
  constructor(actions) {
    this.protocols = h("fieldset.choices", {}, h("legend", {}, "Protocol"),
      this.choice(RAW, "Raw WebSocket", true), this.choice("socketio", "Socket.IO", false));
    this.endpoint = h("select");
    this.kind = select([["key", "API key"], ["token", "User token"]], { onchange: () => this.settle() });
    this.client = text("default");
    this.user = text("tester");
    this.credential = h("input", { type: "password", autocomplete: "off", spellcheck: "false", "data-1p-ignore": "" });
    this.make = button("Make one for an hour", () => this.issue());
    this.acksInbox = tick();
    this.reconnects = tick(true);
    this.connecting = h("button.primary", { type: "submit" }, "Connect");
    this.leaving = button("Disconnect", () => actions.disconnect());
    const drops = "Loses the connection as a network would";
    this.dropping = button("Drop the link", () => actions.drop(), { title: drops });
    this.status = h("p.state-line", { role: "status", "data-kind": "idle" }, "Not connected.");
    this.live = false;
    this.element = this.form(actions);
  }

  choice(value, label, checked) {
    const input = h("input", { type: "radio", name: "protocol", value, checked, onchange: () => this.settle() });
    return h("label.choice", {}, input, label);
  }

  form(actions) {
    this.endpointField = field("Endpoint", this.endpoint);
    this.kindField = field("Credential", this.kind);
    this.clientField = field("Client id", this.client);
    this.userField = field("User, for a new token", this.user);
    this.secretField = field("API key", this.credential, "Kept in this page's memory alone.");
    this.acksField = check("Ack what comes from the inbox", this.acksInbox);
    const submit = (event) => {
      event.preventDefault();
      actions.connect();
    };
    return h("form.card", { onsubmit: submit, "aria-label": "Connection" },
      h("h2", {}, "Connection"), this.protocols,
      h("div.pair", {}, this.endpointField, this.clientField, this.kindField, this.userField),
      this.secretField, this.make, this.acksField, check("Reconnect and resume by itself", this.reconnects),
      h("div.actions", {}, this.connecting, this.leaving, this.dropping), this.status);
  }

  /** Whether the raw protocol is chosen. */
  get raw() {
    return this.protocols.querySelector("input:checked").value === RAW;
  }

  /** Whether an API key is asked for, and not a user's token. */
  get wantsKey() {
    return this.raw && this.kind.value === "key";
  }

  /** What stands in the field of the credential. */
  get secret() {
    return this.credential.value.trim();
  }

  get clientId() {
    return this.client.value.trim() || "default";
  }

  /** Show what goes with the choices of the moment; *live*: there is a connection. */
  settle(live = this.live) {
    this.live = live;
    this.endpointField.hidden = this.kindField.hidden = !this.raw;
    this.acksField.hidden = this.raw;
    this.clientField.hidden = this.raw && !session.signedIn;
    this.userField.hidden = this.wantsKey || !session.signedIn;
    this.make.hidden = !session.signedIn;
    say(this.secretField.querySelector("label"), this.wantsKey ? "API key" : "User token");
    this.connecting.hidden = live;
    this.leaving.hidden = this.dropping.hidden = !live;
    for (const control of this.protocols.querySelectorAll("input")) control.disabled = live;
    this.endpoints();
  }

  endpoints() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const urls = [`${scheme}//${location.host}/`];
    if (session.websocketPort) urls.push(`${scheme}//${location.hostname}:${session.websocketPort}/`);
    if (this.endpoint.options.length === urls.length) return;
    put(this.endpoint, urls.map((url) => h("option", { value: url }, url)));
  }

  /** Say how the connection is. */
  tell(state, said) {
    this.status.dataset.kind = { open: "ok", closed: "idle" }[state] ?? "warn";
    this.status.dataset.state = state;
    say(this.status, said);
  }

  /** Make a credential that ends in an hour. It is shown to nobody: it goes straight into the field. */
  async issue() {
    const { clientId } = this;
    await attempt(async () => {
      if (this.wantsKey) {
        const expiresAt = new Date(Date.now() + HOUR).toISOString();
        const body = { clientName: "console test client", clientId, expiresAt };
        this.credential.value = (await call("POST", "/keys", body)).apiKey;
      } else {
        const channels = ["subscribe:*", "publish:*"];
        const body = { clientId, userId: this.user.value.trim(), ttlSeconds: HOUR / 1000, channels };
        this.credential.value = (await call("POST", "/tokens", body)).token;
      }
    }, "Made; it is good for an hour.");
  }

  /** The link that is described; what happens on it is told to *events*. */
  link(events) {
    if (this.raw) {
      const credential = this.wantsKey ? { key: this.secret } : { token: this.secret };
      return new RawLink(events, { url: this.endpoint.value, ...credential });
    }
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const url = `${scheme}//${location.host}${session.socketioPath}/?EIO=4&transport=websocket`;
    const acksInbox = this.acksInbox.checked;
    return new SocketIoLink(events, { url, clientId: this.clientId, token: this.secret, acksInbox });
  }
}
