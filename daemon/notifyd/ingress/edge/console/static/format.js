// Numbers, instants and lengths as people read them.

const COUNT = new Intl.NumberFormat("en", { maximumFractionDigits: 1, notation: "compact" });
const WHOLE = new Intl.NumberFormat("en");
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** 1234567 as 1,234,567, and from a hundred thousand on as 1.2M. */
export function count(value) {
  if (!Number.isFinite(value)) return "–";
  return Math.abs(value) < 100000 ? WHOLE.format(Math.round(value)) : COUNT.format(value);
}

/** So many a second. */
export function rate(value) {
  if (!Number.isFinite(value)) return "–";
  return value > 0 && value < 9.95 ? value.toFixed(1) : count(value);
}

/** Bytes in binary units. */
export function bytes(value) {
  if (!Number.isFinite(value)) return "–";
  let [amount, unit] = [value, 0];
  while (Math.abs(amount) >= 1024 && unit < UNITS.length - 1) [amount, unit] = [amount / 1024, unit + 1];
  return `${unit && amount < 100 ? amount.toFixed(1) : Math.round(amount)} ${UNITS[unit]}`;
}

/** Seconds as 3 s, 4 min, 2 h 10 min, 3 d 4 h. */
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86400)} d ${Math.floor((seconds % 86400) / 3600)} h`;
}

function two(value, width = 2) {
  return String(value).padStart(width, "0");
}

/** The time of day of an instant, with milliseconds. */
export function clock(instant) {
  const at = instant instanceof Date ? instant : new Date(instant);
  if (Number.isNaN(at.getTime())) return "–";
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${two(at.getMilliseconds(), 3)}`;
}

/** Date and time of an instant; the date only where it is not today. */
export function moment(instant) {
  if (!instant) return "–";
  const at = new Date(instant);
  if (Number.isNaN(at.getTime())) return "–";
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const today = new Date().toDateString() === at.toDateString();
  const time = clock(at).slice(0, 8);
  return today ? time : `${day} ${time}`;
}

/** A value as JSON on one line, cut where it is long. */
export function brief(value, most = 160) {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (text === undefined) return "";
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

/** A position as EPOCH:OFFSET. */
export function place(position) {
  return position ? `${position.epoch}:${position.offset}` : "–";
}

/** What `place` says, read back; null for nothing. */
export function placed(text) {
  const found = /^\s*([^\s:]+):(\d+)\s*$/.exec(text);
  if (found) return { epoch: found[1], offset: Number(found[2]) };
  if (text.trim()) throw new Error("A position is EPOCH:OFFSET, as deliveries and subscriptions show it.");
  return null;
}
