// Socket.IO 5 on Engine.IO 4 over WebSocket, as much of it as notifyd speaks without binary parts.

import { Link } from "./link.js";

const [OPEN, CLOSE, PING, PONG, MESSAGE] = ["0", "1", "2", "3", "4"];
const [CONNECT, DISCONNECT, EVENT, ACK, REFUSED] = ["0", "1", "2", "3", "4"];

/** The parts of a Socket.IO packet: `{type, namespace, id, data}`. */
export function decode(text) {
  const type = text[0];
  let rest = text.slice(1);
  let namespace = "/";
  if (rest.startsWith("/")) {
    const comma = rest.indexOf(",");
    [namespace, rest] = comma < 0 ? [rest, ""] : [rest.slice(0, comma), rest.slice(comma + 1)];
  }
  const id = /^\d+/.exec(rest)?.[0] ?? "";
  const body = rest.slice(id.length);
  return { type, namespace, id: id === "" ? null : Number(id), data: body ? JSON.parse(body) : null };
}

/** A packet as a text. */
export function encode({ type, namespace, id = null, data }) {
  return `${type}${namespace},${id ?? ""}${data === undefined ? "" : JSON.stringify(data)}`;
}

/** A connection with a user's token to the namespace of a client. */
export class SocketIoLink extends Link {
  constructor(events, { url, clientId, token, acksInbox }) {
    super(events);
    this.url = url;
    this.namespace = `/client-${clientId}`;
    this.auth = acksInbox ? { clientId, token, ack: true } : { clientId, token };
    this.acksInbox = acksInbox;
    // what a stock client brings back to recover its state
    this.pid = "";
    this.offset = "";
    this.silence = 0;
    this.patience = 0;
  }

  address() {
    return this.url;
  }

  begin() {
    this.state("connecting", "Connected, entering the namespace");
  }

  hear(text) {
    const kind = text[0];
    if (kind !== PING) this.events.frame("in", text);
    this.listen();
    if (kind === OPEN) this.opened(JSON.parse(text.slice(1)));
    else if (kind === PING) this.socket?.send(PONG);
    else if (kind === CLOSE) this.socket?.close();
    else if (kind === MESSAGE) this.packet(text.slice(1));
  }

  /** The daemon pings; who hears nothing for too long has a dead link. */
  listen() {
    clearTimeout(this.silence);
    if (this.patience) this.silence = setTimeout(() => this.drop(), this.patience);
  }

  lose() {
    clearTimeout(this.silence);
    super.lose();
  }

  opened({ pingInterval, pingTimeout }) {
    this.patience = pingInterval + pingTimeout;
    this.listen();
    const auth = { ...this.auth };
    if (this.pid) Object.assign(auth, { pid: this.pid, offset: this.offset });
    this.send({ type: CONNECT, data: auth }, { type: CONNECT, data: { ...auth, token: "•••" } });
  }

  send(packet, shown = packet) {
    const text = (one) => MESSAGE + encode({ namespace: this.namespace, ...one });
    this.write(text(packet), text(shown));
  }

  packet(text) {
    if (text[0] === "5" || text[0] === "6") return;
    const packet = decode(text);
    if (packet.namespace !== this.namespace) return;
    if (packet.type === CONNECT) this.connected(packet.data);
    else if (packet.type === EVENT) this.event(packet);
    else if (packet.type === ACK) this.acknowledged(packet);
    else if (packet.type === REFUSED) this.refused(why(packet.data?.data?.code ?? "refused", packet.data?.message));
    else if (packet.type === DISCONNECT) this.refused("The daemon ended the namespace.");
  }

  connected({ sid, pid }) {
    const asked = this.pid !== "";
    const recovered = asked && pid === this.pid;
    if (!recovered) this.offset = "";
    this.pid = pid ?? "";
    this.entered(`In ${this.namespace} as socket ${sid}${asked ? `, recovered: ${recovered}` : ""}.`);
  }

  refused(why) {
    this.events.problem(new Error(why));
    this.stop(why);
  }

  event({ id, data }) {
    const [name, ...parameters] = data;
    // behind an event there is its place, for who recovers
    if (this.pid && typeof parameters.at(-1) === "string") this.offset = parameters.at(-1);
    if (name === "notification") this.deliver(parameters[0], id);
    else if (name === "exception") this.exception(parameters[0] ?? {});
  }

  exception({ code, message, reason }) {
    this.events.problem(new Error(why(code, message ?? reason)));
  }

  deliver(fields, id) {
    const { notificationId, timestamp, channel = null, epoch, offset, attempt, priority, ...data } = fields;
    const acks = id !== null;
    if (channel && epoch && !acks) this.passed(channel, { epoch, offset });
    const place = { channel, epoch, offset };
    this.events.delivery({ id: notificationId, timestamp, ...place, attempt, priority, data, acks, packet: id });
  }

  acknowledged({ id, data }) {
    const answer = data?.[0] ?? {};
    if (answer.success === false) {
      const { code, message } = answer.error;
      this.settle(id, Object.assign(new Error(`${code}: ${message}`), { code }));
    } else this.settle(id, null, answer);
  }

  ask(name, body) {
    return this.answered((id) => this.send({ type: EVENT, id, data: [name, body] }));
  }

  /** Subscribe to a channel: `{channel, since, ack, durable}`. */
  async subscribe(wish) {
    const body = { channel: wish.channel };
    if (wish.since) body.since = wish.since;
    if (wish.ack) body.ack = true;
    if (wish.durable) body.durable = wish.durable;
    const answer = await this.ask("subscribe", body);
    this.subscribed(wish, answer);
    return answer;
  }

  /** End a subscription. */
  async unsubscribe(channel) {
    const answer = await this.ask("unsubscribe", { channel });
    this.subscriptions.delete(channel);
    this.events.subscription();
    return answer;
  }

  /** Publish to users, or to everyone in the namespace; the receipt. */
  publish({ users, channel, data, priority, ttl, delay }) {
    const body = { payload: data, priority };
    if (users.length) body.users = users;
    else if (channel) body.channel = channel;
    if (ttl) body.ttl = ttl;
    if (delay) body.delay = delay;
    return this.ask("notification-job", body);
  }

  /** Ack one delivery, as the handler of a stock client does. */
  async ack(delivery) {
    this.send({ type: ACK, id: delivery.packet, data: [] });
    if (delivery.channel) this.passed(delivery.channel, delivery);
  }

  /** Ask whether the daemon is there. */
  async ping() {
    this.send({ type: EVENT, data: ["ping"] });
  }
}

function why(code, message) {
  return `${code}: ${message ?? ""}`;
}
