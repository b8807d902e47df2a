// The raw WebSocket protocol: one JSON object a text; notifyd-protocol(7), WEBSOCKET.

import { Link } from "./link.js";

/** A connection with an API key or a user's token. */
export class RawLink extends Link {
  constructor(events, { url, key, token }) {
    super(events);
    this.url = url;
    this.credential = key ? { apiKey: key } : { token };
    this.inbox = null;
  }

  address() {
    return this.url;
  }

  begin() {
    this.state("connecting", "Connected, authenticating");
  }

  hear(text) {
    this.events.frame("in", text);
    const message = JSON.parse(text);
    const { type, requestId } = message;
    if (type === "connected") this.authenticate(message.connectionId);
    else if (type === "notification") this.deliver(message.notification);
    else if (type === "join" || type === "leave") return;
    else if (type === "error") this.refused(message);
    else this.settle(requestId, null, message);
  }

  refused({ requestId, code, message }) {
    const problem = Object.assign(new Error(`${code}: ${message}`), { code });
    if (!this.settle(requestId, problem)) this.events.problem(problem);
  }

  async authenticate(connectionId) {
    const message = { type: "authenticate", ...this.credential };
    if (this.inbox) message.since = this.inbox;
    try {
      const answer = await this.ask(message, { ...message, ...hidden(this.credential) });
      if (answer.position) this.inbox = answer.recovered && message.since ? message.since : answer.position;
      const who = answer.userId ? ` as ${answer.userId}` : "";
      const resumed = message.since ? `, inbox recovered: ${answer.recovered}` : "";
      this.entered(`Authenticated${who}${resumed}. Connection ${connectionId}.`);
    } catch (problem) {
      this.events.problem(problem);
    }
  }

  deliver(publication) {
    if (publication.channel === null && publication.epoch) {
      this.inbox = { epoch: publication.epoch, offset: publication.offset };
    }
    const acks = this.subscriptions.get(publication.channel)?.ack ?? false;
    if (!acks && publication.epoch) this.passed(publication.channel, publication);
    this.events.delivery({ ...publication, acks });
  }

  ask(message, shown = message) {
    return this.answered((requestId) =>
      this.write(JSON.stringify({ ...message, requestId }), JSON.stringify({ ...shown, requestId })));
  }

  /** Subscribe to a channel: `{channel, since, ack, durable}`. */
  async subscribe(wish) {
    const message = { type: "subscribe", channel: wish.channel };
    if (wish.since) message.since = wish.since;
    if (wish.ack) message.ack = true;
    if (wish.durable) message.durable = wish.durable;
    const answer = await this.ask(message);
    this.subscribed(wish, answer);
    return answer;
  }

  /** End a subscription. */
  async unsubscribe(channel) {
    const answer = await this.ask({ type: "unsubscribe", channel });
    this.subscriptions.delete(channel);
    this.events.subscription();
    return answer;
  }

  /** Publish over the connection; the receipt. */
  publish({ channel, data, priority }) {
    return this.ask({ type: "publish", channel, data, priority });
  }

  /** Ack one delivery, which is then the place to resume at. */
  async ack(delivery) {
    const answer = await this.ask({ type: "ack", id: delivery.id });
    if (delivery.channel) this.passed(delivery.channel, delivery);
    return answer;
  }

  /** Ask whether the daemon is there. */
  ping() {
    return this.ask({ type: "ping" });
  }
}

function hidden(credential) {
  return Object.fromEntries(Object.keys(credential).map((name) => [name, "•••"]));
}
