// A stock producer of the npm package bullmq: reads what to do from standard input, one JSON object a line, and prints
// what came of it likewise. Arguments: where Redis is (a port of the loopback, options of ioredis, or a list of a
// cluster's nodes and options of each connection), queue, and the prefix of the keys where it is not BullMQ's own.
const readline = require('readline');
const { Queue, QueueEvents, FlowProducer } = require('bullmq');
const { Cluster } = require('ioredis');

const [where, name, prefix = 'bull'] = process.argv.slice(2);
const place = JSON.parse(where);
const connect = () => Array.isArray(place)
  ? new Cluster(place[0], { redisOptions: { ...place[1], maxRetriesPerRequest: null } })
  : { ...(typeof place === 'number' ? { host: '127.0.0.1', port: place } : place), maxRetriesPerRequest: null };
const connection = connect();
const queue = new Queue(name, { connection, prefix });
const events = new QueueEvents(name, { connection: connect(), prefix });
const tell = answer => console.log(JSON.stringify(answer));

// how a job ended, and what BullMQ keeps of it
const outcome = async (job, added) => {
  const ended = { id: job.id };
  try {
    ended.value = await job.waitUntilFinished(events, 20000);
  } catch (error) {
    ended.error = error.message;
  }
  const kept = await queue.getJob(job.id);
  return { ...ended, ms: Date.now() - added, state: kept ? await kept.getState() : 'gone', tries: kept?.attemptsMade,
    reason: kept?.failedReason, value: ended.value ?? kept?.returnvalue, stack: kept?.stacktrace,
    begun: kept?.processedOn, finished: kept?.finishedOn };
};

const orders = {
  async add({ job = 'notification-job', data, opts }) {
    const added = Date.now();
    return outcome(await queue.add(job, data, opts), added);
  },
  async bulk({ jobs }) {
    const added = Date.now();
    const all = await queue.addBulk(jobs.map(job => ({ name: 'notification-job', ...job })));
    return Promise.all(all.map(job => outcome(job, added)));
  },
  // returns when they are added
  async many({ count, data, opts }) {
    for (let from = 0; from < count; from += 500) {
      const some = Array.from({ length: Math.min(500, count - from) }, (_, n) => ({ name: 'notification-job', data: { ...data, payload: from + n }, opts }));
      await queue.addBulk(some);
    }
    return { added: count };
  },
  async remove({ id }) {
    await (await queue.getJob(id)).remove();
    return {};
  },
  async retry({ id }) {
    const job = await queue.getJob(id);
    await job.retry();
    return outcome(job, Date.now());
  },
  async flow({ data }) {
    const flows = new FlowProducer({ connection, prefix });
    const child = { name: 'notification-job', queueName: name, data };
    const { job } = await flows.add({ ...child, children: [child, child] });
    const ended = await outcome(job, Date.now());
    await flows.close();
    return ended;
  },
  async schedule({ every, limit, data }) {
    await queue.upsertJobScheduler('again', { every, limit }, { name: 'notification-job', data });
    return {};
  },
  pause: () => queue.pause(),
  resume: () => queue.resume(),
  limit: ({ max, duration }) => queue.setGlobalRateLimit(max, duration),
  workers: () => queue.getWorkers(),
  counts: () => queue.getJobCounts(),
};

(async () => {
  await Promise.all([queue.waitUntilReady(), events.waitUntilReady()]);
  tell({ ready: true });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const { order, ...what } = JSON.parse(line);
    Promise.resolve(orders[order](what)).then(answer => tell({ answer: answer ?? {} }), error => tell({ problem: error.message }));
  }
  await Promise.all([events.close(), queue.close()]);
})();
