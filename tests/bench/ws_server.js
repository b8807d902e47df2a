// A plain Node server on npm `ws` that speaks the protocol of the channel service, for `make bench` to compare with:
// connected, authenticate (one fixed key), subscribe, and a fan-out of what is POSTed to /api/notifications.
//
//   KEY=... node ws_server.js PORT
"use strict";
const http = require("node:http");
const { randomUUID } = require("node:crypto");
const { WebSocketServer } = require("ws");

const keys = new Set([process.env.KEY]);
const channels = new Map();

const answers = {
  authenticate(ws, message) {
    if (!keys.has(message.apiKey)) {
      ws.send(JSON.stringify({ type: "error", code: "invalid_api_key", message: "the API key is not known" }));
      ws.close(4003, "wrong credential");
      return;
    }
    ws.authenticated = true;
    ws.send(JSON.stringify({ type: "authenticated", success: true, message: "Successfully authenticated" }));
  },
  subscribe(ws, message) {
    if (!ws.authenticated) {
      ws.send(JSON.stringify({ type: "error", code: "not_authenticated", message: "authenticate first" }));
      return;
    }
    if (!channels.has(message.channel)) channels.set(message.channel, new Set());
    channels.get(message.channel).add(ws);
    ws.subscriptions.add(message.channel);
    ws.send(JSON.stringify({ type: "subscribed", channel: message.channel }));
  },
};

function connected(ws) {
  ws.subscriptions = new Set();
  ws.authenticated = false;
  ws.on("message", (data) => {
    const message = JSON.parse(data);
    answers[message.type]?.(ws, message);
  });
  ws.on("close", () => ws.subscriptions.forEach((name) => channels.get(name).delete(ws)));
  ws.send(
    JSON.stringify({
      type: "connected",
      connectionId: randomUUID(),
      message: "Please authenticate with your API key",
    }),
  );
}

function publish(request, response, body) {
  const { channel, data } = JSON.parse(body);
  const id = randomUUID();
  const notification = { id, channel, data, timestamp: new Date().toISOString() };
  const text = Buffer.from(JSON.stringify({ type: "notification", notification }));
  for (const ws of channels.get(channel) ?? []) ws.send(text, { binary: false });
  const answer = JSON.stringify({ success: true, notificationId: id, status: "accepted" });
  response.writeHead(202, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(answer) });
  response.end(answer);
}

const server = http.createServer((request, response) => {
  if (request.method !== "POST" || !keys.has(request.headers["x-api-key"])) {
    response.writeHead(request.method === "POST" ? 401 : 404).end();
    return;
  }
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => publish(request, response, Buffer.concat(pieces)));
});
new WebSocketServer({ server, perMessageDeflate: false, maxPayload: 65536 }).on("connection", connected);
server.listen({ port: Number(process.argv[2]), host: "127.0.0.1", backlog: 4096 });
