// A producer and a subscriber of notifyd, each in a process of its own, as jobs.js has them of BullMQ.
// usage: node notifications.js receive PORT KEY COUNT | node notifications.js single|batch PORT KEY COUNT [PER_SECOND]
// Prints one JSON object: how long it took, its own CPU, and of a subscriber how long notifications were under way.
const http = require("http");
const WebSocket = require("ws");

const [mode, port, key, count] = [process.argv[2], +process.argv[3], process.argv[4], +process.argv[5]];
const perSecond = +process.argv[6] || 0;
const IN_FLIGHT = 64;
const BATCH = 100;
const CHANNEL = "orders";
const data = () => ({ id: 42, state: "paid", total: "17.50", at: Date.now() });

class Meter {
  start() { this.at ??= process.hrtime.bigint(); this.cpu ??= process.cpuUsage(); }
  say(more) {
    const cpu = process.cpuUsage(this.cpu);
    const seconds = Number(process.hrtime.bigint() - this.at) / 1e9;
    console.log(JSON.stringify({ seconds, cpu: (cpu.user + cpu.system) / 1e6, ...more }));
  }
}
const meter = new Meter();

function connect(heard) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
  socket.on("open", () => socket.send(JSON.stringify({ type: "authenticate", apiKey: key })));
  socket.on("message", (text) => {
    const message = JSON.parse(text);
    if (message.type === "error") { console.error(text.toString()); process.exit(1); }
    if (message.type !== "connected") heard(message, socket);
  });
  return socket;
}

function receive() {
  const delays = [];
  connect((message, socket) => {
    if (message.type === "authenticated") socket.send(JSON.stringify({ type: "subscribe", channel: CHANNEL }));
    if (message.type === "subscribed") console.log("ready");
    if (message.type !== "notification") return;
    meter.start();
    delays.push(Date.now() - message.notification.data.at);
    if (delays.length < count) return;
    delays.sort((a, b) => a - b);
    meter.say({ p50: delays[Math.floor(count / 2)], p99: delays[Math.floor(count * 0.99)] });
    process.exit(0);
  });
}

function single() {
  let left = count;
  let answered = 0;
  const publish = (socket) => {
    if (left-- > 0) socket.send(JSON.stringify({ type: "publish", channel: CHANNEL, data: data() }));
  };
  const pace = (socket) => {
    for (let sent = count - left; left > 0 && Number(process.hrtime.bigint() - meter.at) / 1e9 > sent / perSecond; sent++) publish(socket);
    if (left > 0) setTimeout(pace, 1, socket);
  };
  connect((message, socket) => {
    if (message.type === "authenticated") {
      meter.start();
      if (perSecond) pace(socket); else for (let n = 0; n < IN_FLIGHT; n++) publish(socket);
    } else if (message.type === "published") {
      if (++answered === count) { meter.say({}); process.exit(0); }
      if (!perSecond) publish(socket);
    }
  });
}

function post(agent, body) {
  return new Promise((resolve, reject) => {
    const headers = { "X-API-Key": key, "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
    const options = { port, host: "127.0.0.1", path: "/api/notifications/batch", method: "POST", agent, headers };
    const request = http.request(options, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode));
    });
    request.on("error", reject);
    request.end(body);
  });
}

async function batch() {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  meter.start();
  for (let left = count; left > 0; ) {
    const notifications = Array.from({ length: BATCH }, () => ({ channel: CHANNEL, data: data() }));
    const status = await post(agent, JSON.stringify({ notifications }));
    if (status === 202) left -= BATCH;
    else if (status === 429) await new Promise((resolve) => setTimeout(resolve, 20));
    else { console.error(`status ${status}`); process.exit(1); }
  }
  meter.say({});
  process.exit(0);
}

({ receive, single, batch })[mode]();
