#!/usr/bin/env node
// A first Socket.IO connection of a user: connect, publish to this very socket, receive. Every step says how it went.
const USAGE = `Usage: CLIENT_ID=... TOKEN=... [URL=http://localhost:3000] node first-socketio.mjs

Needs npm socket.io-client (npm install in this folder), a client, and a token of one of its users:
  export CLIENT_ID=$(notifyctl clients register --name first --secret-out first.secret -q)
  export TOKEN=$(notifyctl tokens mint --client $CLIENT_ID --user alice --ttl 1h -q)`;

const { URL: url = "http://localhost:3000", CLIENT_ID: clientId, TOKEN: token } = process.env;
const SECONDS = 10;

const fail = (problem, advice) => {
  console.error(`FAILED: ${problem}\n  ${advice}`);
  process.exit(1);
};

if (process.argv.length > 2) {
  console.log(USAGE);
  process.exit(["-h", "--help"].includes(process.argv[2]) ? 0 : 2);
}
if (!clientId) fail("CLIENT_ID is not set.", "Register a client: see --help.");
if (!token) fail("TOKEN is not set.", "Make a token: see --help.");

const { io } = await import("socket.io-client").catch(() =>
  fail("the package socket.io-client is not here.", "Run `npm install` in the folder of this script."),
);

// The namespace belongs to the client; the token says which user this is.
const socket = io(`${url}/client-${clientId}`, { auth: { clientId, token }, timeout: SECONDS * 1000 });

const late = setTimeout(
  () => fail(`no notification within ${SECONDS} s.`, "`notifyctl logs tail` shows what the daemon did."),
  SECONDS * 1000,
);

socket.on("connect_error", (refused) =>
  fail(
    `${url}: ${refused.message}`,
    refused.data?.code // only the daemon says one
      ? `${refused.data.code}: make a new token (see --help); \`notifyctl tokens verify\` tells what is wrong with this one.`
      : "Is the daemon running there? Start one with `notifyctl serve --dev`.",
  ),
);
socket.on("exception", (problem) => fail(`${problem.code}: ${problem.message ?? problem.reason}`, "See --help."));

const ours = (notification) => notification.from === "first-socketio.mjs";
const arrived = new Promise((resolve) => {
  socket.on("notification", (notification) => {
    // What waited in the inbox of the user comes first; it is shown, and the one sent below ends the test.
    if (ours(notification)) resolve(notification);
    else console.log(`   from the inbox: ${JSON.stringify(notification)}`);
  });
});

socket.on("connect", async () => {
  console.log(`1. connected to ${url} as ${socket.id}${socket.recovered ? ", and recovered" : ""}`);
  const job = { payload: { title: "Hello", from: "first-socketio.mjs" }, sockets: [socket.id] };
  const receipt = await socket.timeout(SECONDS * 1000).emitWithAck("notification-job", job);
  if (!receipt.success) fail(`${receipt.error.code}: ${receipt.error.message}`, "ERROR CODES in notifyd-protocol(7).");
  console.log(`2. published ${receipt.notificationId}, kept: ${receipt.durability}`);
  console.log(`3. received ${JSON.stringify(await arrived)}`);
  console.log("It works.");
  clearTimeout(late);
  socket.disconnect();
});
