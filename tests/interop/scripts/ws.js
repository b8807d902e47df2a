// The npm package ws: reads what to do from standard input, prints what happens, as socketio.js does.
const readline = require('readline');
const WebSocket = require('ws');

const links = {};
const tell = (tell, as, more = {}) => console.log(JSON.stringify({ tell, as, ...more }));

const orders = {
  connect({ as, url, options }) {
    const link = (links[as] = new WebSocket(url, options));
    link.on('open', () => tell('open', as));
    link.on('message', data => tell('message', as, { text: data.toString() }));
    link.on('ping', () => tell('ping', as));
    link.on('close', (code, reason) => tell('close', as, { code, reason: reason.toString() }));
    link.on('error', error => tell('error', as, { message: error.message }));
  },
  send({ as, text }) {
    links[as].send(text);
  },
  terminate({ as }) {
    links[as].terminate();
  },
};

readline.createInterface({ input: process.stdin }).on('line', line => {
  const order = JSON.parse(line);
  orders[order.do](order);
});
tell('ready', '');
