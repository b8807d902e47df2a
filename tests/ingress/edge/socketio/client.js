// A stock socket.io-client, or engine.io-client, against the conformance server; prints what it sees, line by line.
const { io } = require("socket.io-client");
const { Socket } = require("engine.io-client");

const [what, url, transports] = [process.argv[2], process.argv[3], process.argv[4].split(",")];
const say = (...words) => console.log(JSON.stringify(words, (_, value) =>
  value && value.type === "Buffer" ? "bytes:" + value.data.join(",") : value));

function sockets() {
  const main = io(url, { transports, auth: { token: "t" } });
  const custom = main.io.socket("/custom", { auth: { token: "c" } });
  custom.connect();
  const unknown = main.io.socket("/unknown");
  unknown.connect();
  unknown.on("connect_error", (error) => {
    say("refused", error.message);
    unknown.disconnect();
  });
  main.io.on("reconnect", () => say("reconnected"));
  main.io.engine.on("upgrade", (transport) => say("upgraded", transport.name));
  main.on("connect_error", (error) => say("error", error.message));
  main.on("auth", (auth) => {
    say("auth", auth);
    main.emit("message", 1, "ü", { a: [true, null] }, Buffer.from([0, 1, 255]));
  });
  main.on("message-back", (...args) => {
    say("back", ...args);
    main.emit("message-with-ack", Buffer.from([7]), "x".repeat(100000), (bytes, text) => {
      say("acked", bytes, text.length);
      main.emit("ask-me", "q", Buffer.from([8]));
    });
  });
  main.on("asked", (question, bytes, answer) => answer("a:" + question, bytes));
  main.on("answered", (...args) => {
    say("answered", ...args);
    custom.emit("message", "custom");
  });
  custom.on("message-back", (text) => {
    say("custom", text);
    custom.disconnect();
    setTimeout(() => {
      // longer than a heartbeat: a transport that did not answer pings would be gone
      say("still", main.connected, main.io.engine.transport.name);
      main.disconnect();
      process.exit(0);
    }, 1200);
  });
}

function engine() {
  const socket = new Socket(url, { transports, path: "/engine.io/" });
  socket.binaryType = "nodebuffer";
  const wanted = ["hello", Buffer.from([1, 2, 3]), "2probe", "ü".repeat(1000)];
  const got = [];
  socket.on("open", () => {
    say("open", socket.transport.name);
    wanted.forEach((message) => socket.send(message));
  });
  socket.on("upgrade", (transport) => say("upgraded", transport.name));
  socket.on("message", (message) => {
    got.push(message);
    if (got.length === wanted.length) {
      say("echoed", got.every((one, index) => Buffer.from(one).equals(Buffer.from(wanted[index]))));
      setTimeout(() => {
        say("still", socket.readyState, socket.transport.name);
        socket.close();
        process.exit(0);
      }, 1200);
    }
  });
  socket.on("close", (reason) => say("close", reason));
}

({ sockets, engine })[what]();
