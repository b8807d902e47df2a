// The parts of the console as tabs (WAI-ARIA Authoring Practices, tabs with automatic activation).

import { h, say } from "./dom.js";

/** Holds the panels: each has a `name`, a `title`, an `element`, and `shown(detail)` and `hidden()`. */
export class Tabs {
  constructor(list, main, panels) {
    this.panels = panels;
    this.current = null;
    this.tabs = panels.map((panel) => this.add(list, main, panel));
    list.addEventListener("keydown", (event) => this.key(event));
    window.addEventListener("hashchange", () => this.follow());
  }

  add(list, main, panel) {
    const badge = h("span.badge", { hidden: true });
    const tab = h("button", {
      type: "button", role: "tab", id: `tab-${panel.name}`, "aria-controls": `panel-${panel.name}`,
      "aria-selected": "false", tabindex: "-1", onclick: () => this.go(panel.name),
    }, panel.title, badge);
    const labelled = { role: "tabpanel", id: `panel-${panel.name}`, "aria-labelledby": tab.id };
    const box = h("section.panel", { ...labelled, hidden: true });
    box.append(panel.element);
    list.append(tab);
    main.append(box);
    return { panel, tab, box, badge };
  }

  /** Show a number beside the name of a part; none for 0. */
  count(name, text) {
    const found = this.tabs.find((one) => one.panel.name === name);
    found.badge.hidden = !text;
    say(found.badge, text || "");
  }

  /** Go to a part: the address says so, and with it the history of the browser. */
  go(name, detail = "") {
    const wanted = `#${name}${detail ? `/${encodeURIComponent(detail)}` : ""}`;
    if (location.hash === wanted) this.follow();
    else location.hash = wanted;
  }

  /** Show what the address says, or *otherwise*. */
  follow(otherwise = "") {
    const [name, detail] = location.hash.slice(1).split("/", 2);
    const known = this.panels.some((panel) => panel.name === name);
    // what else the address may say is a place on the page, such as the content that is skipped to
    if (known || otherwise) this.show(known ? name : otherwise, known && detail ? decode(detail) : "");
  }

  show(name, detail) {
    for (const { panel, tab, box } of this.tabs) {
      const chosen = panel.name === name;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      box.hidden = !chosen;
      if (chosen) tab.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
    const found = this.panels.find((panel) => panel.name === name);
    if (this.current && this.current !== found) {
      this.current.hidden();
      const top = document.querySelector("header").offsetHeight;
      if (scrollY > top) scrollTo(0, top);
    }
    this.current = found;
    document.title = `${found.title} · notifyd console`;
    found.shown(detail);
  }

  key(event) {
    const at = this.tabs.findIndex(({ tab }) => tab === document.activeElement);
    const last = this.tabs.length - 1;
    const [next, before] = [at === last ? 0 : at + 1, at <= 0 ? last : at - 1];
    const to = { ArrowRight: next, ArrowLeft: before, Home: 0, End: last }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    this.tabs[to].tab.focus();
    this.go(this.tabs[to].panel.name);
  }
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
