// A plain Node server on npm `socket.io` that speaks the protocol of the client service, for `make bench` to compare
// with: namespaces /client-{id}, whose tokens it verifies, and a broadcast of what is POSTed to
// /api/notifications/broadcast.
//
//   KEY=... SECRET=... node socketio_server.js PORT
"use strict";
const http = require("node:http");
const { randomUUID } = require("node:crypto");
const { Server } = require("socket.io");
const jwt = require("jsonwebtoken");

const namespaces = new Set();

function publish(request, response, body) {
  const { data } = JSON.parse(body);
  const notificationId = randomUUID();
  const payload = { ...data, notificationId, timestamp: new Date().toISOString() };
  for (const namespace of namespaces) namespace.emit("notification", payload);
  const answer = JSON.stringify({ success: true, notificationId, status: "accepted" });
  response.writeHead(202, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(answer) });
  response.end(answer);
}

const server = http.createServer((request, response) => {
  if (request.method !== "POST" || request.headers["x-api-key"] !== process.env.KEY) {
    response.writeHead(request.method === "POST" ? 401 : 404).end();
    return;
  }
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => publish(request, response, Buffer.concat(pieces)));
});

const io = new Server(server, { serveClient: false });
io.of(/^\/client-[\w-]+$/)
  .use((socket, next) => {
    try {
      const claims = jwt.verify(socket.handshake.auth.token, process.env.SECRET, { algorithms: ["HS256"] });
      if (claims.clientId !== socket.nsp.name.slice("/client-".length)) throw new Error("another client's token");
      socket.data.userId = claims.userId ?? claims.sub;
      next();
    } catch (error) {
      next(error);
    }
  })
  .on("connection", (socket) => {
    namespaces.add(socket.nsp);
    socket.join(`user:${socket.data.userId}`);
    socket.on("ping", () => socket.emit("pong"));
  });
server.listen({ port: Number(process.argv[2]), host: "127.0.0.1", backlog: 4096 });
