// A stock socket.io-client: reads what to do from standard input, prints what happens, one JSON object a line.
const https = require('https');
const readline = require('readline');
const { io } = require('socket.io-client');

const sockets = {};
const callbacks = {};
const tell = (tell, as, more = {}) => console.log(JSON.stringify({ tell, as, ...more }));
const revive = (_key, value) => (value && value.$hex !== undefined ? Buffer.from(value.$hex, 'hex') : value);

const orders = {
  // agent: what an https.Agent is made of
  connect({ as, url, options: { agent, ...options } }) {
    if (agent) options.agent = new https.Agent({ keepAlive: true, ...agent });
    const socket = (sockets[as] = io(url, options));
    socket.io.on('open', () => {
      const { engine } = socket.io;
      tell('open', as, { transport: engine.transport.name });
      engine.once('upgrade', transport => tell('upgrade', as, { transport: transport.name }));
    });
    socket.on('connect', () => tell('connect', as, { id: socket.id, recovered: Boolean(socket.recovered) }));
    socket.on('connect_error', ({ message, data }) => tell('connect_error', as, { message, data }));
    socket.on('disconnect', reason => tell('disconnect', as, { reason, active: socket.active }));
    socket.onAny((event, ...args) => {
      const last = args.at(-1);
      if (typeof last === 'function') callbacks[args[0].notificationId] = last;
      tell(event, as, { args });
    });
  },
  emit({ as, event, args, ack }) {
    const answer = (...args) => tell('ack', as, { args });
    sockets[as].emit(event, ...args, ...(ack ? [answer] : []));
  },
  callback({ id }) {
    callbacks[id]();
  },
  drop({ as }) {
    sockets[as].io.engine.close();
  },
  leave({ as }) {
    sockets[as].disconnect();
  },
  again({ as, auth }) {
    if (auth) sockets[as].auth = auth;
    sockets[as].connect();
  },
  forge({ as, pid, offset }) {
    sockets[as]._pid = pid;
    if (offset !== undefined) sockets[as]._lastOffset = offset;
  },
  status({ as }) {
    const { engine } = sockets[as].io;
    const { connected, active } = sockets[as];
    tell('status', as, { connected, active, transport: engine.transport.name, engine: engine.id });
  },
};

readline.createInterface({ input: process.stdin }).on('line', line => {
  const order = JSON.parse(line, revive);
  orders[order.do](order);
});
tell('ready', '');
