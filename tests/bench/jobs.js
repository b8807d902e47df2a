// The producer and the worker of BullMQ alone, each in a process of its own.
// usage: node jobs.js work PORT COUNT | node jobs.js add|bulk PORT COUNT [PER_SECOND]
// Prints one JSON object: how long it took, its own CPU, and of a worker how long jobs were under way.
const { Queue, Worker } = require("bullmq");

const [mode, port, count, perSecond] = [process.argv[2], +process.argv[3], +process.argv[4], +process.argv[5] || 0];
const connection = { host: "127.0.0.1", port, maxRetriesPerRequest: null };
const IN_FLIGHT = 64;
const BATCH = 100;
const job = () => ({ channel: "orders", data: { id: 42, state: "paid", total: "17.50" }, at: Date.now() });
const options = { removeOnComplete: true, attempts: 3 };

class Meter {
  start() { this.at ??= process.hrtime.bigint(); this.cpu ??= process.cpuUsage(); }
  say(more) {
    const cpu = process.cpuUsage(this.cpu);
    const seconds = Number(process.hrtime.bigint() - this.at) / 1e9;
    console.log(JSON.stringify({ seconds, cpu: (cpu.user + cpu.system) / 1e6, ...more }));
  }
}

function work() {
  const meter = new Meter();
  const delays = [];
  let done = 0;
  const take = async (taken) => { delays.push(Date.now() - taken.data.at); return { ok: true }; };
  const worker = new Worker("bench", take, { connection, concurrency: IN_FLIGHT });
  worker.on("completed", async () => {
    meter.start();
    if (++done < count) return;
    delays.sort((a, b) => a - b);
    meter.say({ p50: delays[Math.floor(count / 2)], p99: delays[Math.floor(count * 0.99)] });
    await worker.close();
    process.exit(0);
  });
  worker.waitUntilReady().then(() => console.log("ready"));
}

async function add() {
  const queue = new Queue("bench", { connection });
  await queue.waitUntilReady();
  const meter = new Meter();
  meter.start();
  let left = count;
  const paced = async () => {
    for (let sent = 0; left > 0; sent++) {
      left--;
      const due = meter.at + BigInt(Math.round((sent / perSecond) * 1e9));
      while (process.hrtime.bigint() < due) await new Promise((resolve) => setTimeout(resolve, 1));
      queue.add("notification-job", job(), options);
    }
  };
  const busy = async () => { while (left-- > 0) await queue.add("notification-job", job(), options); };
  const bulk = async () => {
    for (; left > 0; left -= BATCH) {
      await queue.addBulk(Array.from({ length: BATCH }, () => ({ name: "notification-job", data: job(), opts: options })));
    }
  };
  if (perSecond) await paced();
  else if (mode === "bulk") await bulk();
  else await Promise.all(Array.from({ length: IN_FLIGHT }, busy));
  meter.say({});
  await queue.close();
}

if (mode === "work") work(); else add();
