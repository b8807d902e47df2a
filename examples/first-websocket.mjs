#!/usr/bin/env node
// A first WebSocket connection: connect, authenticate, subscribe, publish, receive. Every step says how it went.
const USAGE = `Usage: KEY=... [URL=ws://localhost:3001] [CHANNEL=first] node first-websocket.mjs

Needs npm ws (npm install in this folder) and a key that may publish and subscribe:
  KEY=$(notifyctl keys create --name first -q)`;

const { URL: url = "ws://localhost:3001", KEY: key, CHANNEL: channel = "first" } = process.env;
const SECONDS = 10;

const fail = (problem, advice) => {
  console.error(`FAILED: ${problem}\n  ${advice}`);
  process.exit(1);
};

if (process.argv.length > 2) {
  console.log(USAGE);
  process.exit(["-h", "--help"].includes(process.argv[2]) ? 0 : 2);
}
if (!key) fail("KEY is not set.", "Make a key: export KEY=$(notifyctl keys create --name first -q)");

const { default: WebSocket } = await import("ws").catch(() =>
  fail("the package ws is not here.", "Run `npm install` in the folder of this script."),
);

let step = "connecting";
const late = setTimeout(
  () => fail(`no answer while ${step}.`, "Is that URL notifyd's? `notifyctl status` tells its listeners."),
  SECONDS * 1000,
);

// The receipt and the notification may come in either order.
const left = new Set(["published", "received"]);
const finish = (part) => {
  left.delete(part);
  if (left.size) return;
  console.log("It works.");
  clearTimeout(late);
  socket.removeAllListeners("close");
  socket.close(1000);
};

const open = () => {
  try {
    return new WebSocket(url);
  } catch (problem) {
    return fail(`${url}: ${problem.message}`, "URL is like ws://localhost:3001.");
  }
};
const socket = open();
const say = (message) => socket.send(JSON.stringify(message));

socket.on("error", (problem) =>
  fail(`${url}: ${problem.message || problem.code}`, "Is the daemon running there? Start one with `notifyctl serve --dev`."),
);
socket.on("close", (code, reason) =>
  fail(`the daemon closed the connection: ${code} ${reason}`, "CLOSE CODES in notifyd-protocol(7) tells what to do."),
);
socket.on("open", () => {
  console.log(`1. connected to ${url}`);
  step = "authenticating";
  say({ type: "authenticate", apiKey: key });
});
socket.on("message", (text) => {
  const message = JSON.parse(text);
  switch (message.type) {
    case "connected":
      break; // the greeting; there is no need to wait for it
    case "authenticated":
      console.log("2. authenticated");
      step = "subscribing";
      say({ type: "subscribe", channel });
      break;
    case "subscribed":
      // Keep the position of what was handled last: sent as `since` after a reconnect it brings what was missed.
      console.log(`3. subscribed to ${channel} at ${message.position.epoch}:${message.position.offset}`);
      step = "publishing";
      say({ type: "publish", channel, data: { title: "Hello", from: "first-websocket.mjs" } });
      break;
    case "published":
      console.log(`4. published ${message.notificationId}, kept: ${message.durability}`);
      step = "waiting for the notification";
      finish("published");
      break;
    case "notification":
      console.log(`5. received ${JSON.stringify(message.notification)}`);
      finish("received");
      break;
    case "error":
      fail(
        `${message.code} while ${step}: ${message.message}`,
        message.code === "invalid_api_key"
          ? "Make a key: export KEY=$(notifyctl keys create --name first -q)"
          : "ERROR CODES in notifyd-protocol(7) tells what it means.",
      );
  }
});
