// @grpc/grpc-js with @grpc/proto-loader: reads what to do from standard input, prints what happens, as socketio.js does.
const readline = require('readline');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const stubs = {};
const streams = {};
const tell = (tell, as, more = {}) => console.log(JSON.stringify({ tell, as, ...more }));
const failed = ({ code, details, metadata }) => ({
  status: grpc.status[code],
  details,
  code: metadata.get('notifyd-code')[0],
});
const metadataOf = entries => {
  const metadata = new grpc.Metadata();
  Object.entries(entries || {}).forEach(([name, value]) => metadata.set(name, value));
  return metadata;
};
const within = (root, path) => path.split('.').reduce((found, part) => found[part], root);

const orders = {
  stub({ as, proto, options, service, address }) {
    const usual = { longs: String, enums: String, defaults: true, oneofs: true };
    const root = grpc.loadPackageDefinition(loader.loadSync(proto, { ...usual, ...options }));
    const Stub = within(root, service);
    stubs[as] = new Stub(address, grpc.credentials.createInsecure());
  },
  call({ as, method, request, metadata }) {
    const deadline = Date.now() + 20000;
    stubs[as][method](request, metadataOf(metadata), { deadline }, (error, response) =>
      error ? tell('failed', as, failed(error)) : tell('answer', as, { response }),
    );
  },
  open({ as, method, request, metadata }) {
    const given = request === undefined ? [] : [request];
    const stream = (streams[as] = stubs[as][method](...given, metadataOf(metadata)));
    stream.on('data', response => tell('data', as, { response }));
    stream.on('error', error => tell('failed', as, failed(error)));
    stream.on('end', () => tell('end', as));
  },
  write({ as, request }) {
    streams[as].write(request);
  },
  end({ as }) {
    streams[as].end();
  },
  cancel({ as }) {
    streams[as].cancel();
  },
};

readline.createInterface({ input: process.stdin }).on('line', line => {
  const order = JSON.parse(line);
  orders[order.do](order);
});
tell('ready', '');
