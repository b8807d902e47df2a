// Small plots of the last minutes, as SVG. No library, no inline style.

import { h, s, say } from "./dom.js";

const WIDTH = 300;
const HEIGHT = 64;

/** A number of the moment with its line: `show(samples, span)`, each `{at, value}`, all in milliseconds. */
export class Plot {
  constructor(title, format, { kind = "" } = {}) {
    this.format = format;
    this.value = h("span.plot-value", {}, "–");
    this.top = h("span.plot-top", {}, "");
    this.line = s("polyline.plot-line", { points: "", "vector-effect": "non-scaling-stroke" });
    this.area = s("polygon.plot-area", { points: "" });
    const foot = { x1: 0, x2: WIDTH, y1: HEIGHT, y2: HEIGHT };
    const base = s("line.plot-base", { ...foot, "vector-effect": "non-scaling-stroke" });
    const svg = s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" });
    svg.append(base, this.area, this.line);
    this.frame = h("div.plot-frame", {}, svg, this.top);
    this.element = h("section.card.plot", { "data-kind": kind || null }, h("h3", {}, title), this.value, this.frame);
  }

  /** Draw those of the last *span*. The newest stands at the right edge. */
  show(samples, span) {
    const newest = samples.at(-1);
    if (!newest) return;
    say(this.value, this.format(newest.value));
    const begin = newest.at - span;
    const shown = samples.filter((sample) => sample.at >= begin && Number.isFinite(sample.value));
    const most = Math.max(0, ...shown.map((sample) => sample.value));
    this.element.toggleAttribute("data-flat", most === 0);
    say(this.top, most > 0 ? `max ${this.format(most)}` : "");
    const scale = most > 0 ? (HEIGHT - 4) / most : 0;
    const points = shown.map((sample) => {
      const x = ((sample.at - begin) / span) * WIDTH;
      return `${x.toFixed(1)},${(HEIGHT - 1 - sample.value * scale).toFixed(1)}`;
    });
    this.line.setAttribute("points", points.join(" "));
    const [first, last] = [points[0], points.at(-1)].map((point) => point?.split(",")[0]);
    const closed = `${first},${HEIGHT} ${points.join(" ")} ${last},${HEIGHT}`;
    this.area.setAttribute("points", points.length > 1 ? closed : "");
  }
}

/** Bars beside each other: `show([[label, value], ...])`. */
export class Bars {
  constructor(format) {
    this.format = format;
    this.element = h("ul.bars");
  }

  /** Draw them, the longest as long as there is room. */
  show(rows) {
    const most = Math.max(1, ...rows.map(([, value]) => value));
    while (this.element.children.length > rows.length) this.element.lastElementChild.remove();
    rows.forEach(([label, value], index) => {
      let item = this.element.children[index];
      if (!item) {
        const bar = s("rect", { x: 0, y: 0, height: 8, rx: 2, width: 0 });
        const svg = s("svg", { viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" }, bar);
        item = h("li", {}, h("span.bar-label"), svg, h("span.bar-value"));
        this.element.append(item);
      }
      say(item.children[0], label);
      item.querySelector("rect").setAttribute("width", String((100 * value) / most));
      say(item.children[2], this.format(value));
    });
  }
}
