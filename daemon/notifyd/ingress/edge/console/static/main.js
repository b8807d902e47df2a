// The console: a bar with the state of the service, and its parts as tabs.

import { loadSession, onSession, session, signOut } from "./api.js";
import { attempt } from "./dialogs.js";
import { h, put, say } from "./dom.js";
import { count, rate } from "./format.js";
import { Overview } from "./overview.js";
import { ClientPanel } from "./panel_client.js";
import { ConnectionsPanel } from "./panel_connections.js";
import { DeadLettersPanel } from "./panel_dead_letters.js";
import { LogsPanel } from "./panel_logs.js";
import { NotificationPanel } from "./panel_notification.js";
import { QueuePanel } from "./panel_queue.js";
import { facts, StatisticsPanel } from "./panel_statistics.js";
import { Tabs } from "./tabs.js";

const AGAIN_MS = 3000;

const element = (id) => document.getElementById(id);
const overview = new Overview();

function theme() {
  const [chosen, root] = [element("theme"), document.documentElement];
  chosen.value = root.dataset.theme;
  chosen.addEventListener("change", () => {
    root.dataset.theme = chosen.value;
    try {
      localStorage.setItem("notifyd-theme", chosen.value);
    } catch {
      // it holds until the page is left
    }
  });
}

function bar(tabs) {
  const [state, ticker, sign] = [element("state"), element("ticker"), element("sign")];
  const show = () => {
    const { latest, reachable } = overview;
    state.dataset.kind = !reachable ? "bad" : latest?.state === "ready" ? "ok" : latest ? "warn" : "idle";
    const known = latest ? latest.state : session.signedIn ? "…" : "not signed in";
    say(state, reachable ? known : "unreachable, trying again");
    ticker.hidden = !latest;
    sign.hidden = session.development;
    say(sign, session.signedIn ? "Sign out" : "Sign in");
    if (!latest) return;
    const { queue, deadLetters, connections } = latest.stats;
    facts(ticker, [
      ["accepted/s", rate(overview.now("accepted"))],
      ["deliveries/s", rate(overview.now("deliveries"))],
      ["waiting", count(queue.waiting) + (queue.paused ? " (paused)" : "")],
      ["connections", count(connections)],
      ["dead letters", count(deadLetters.count)],
    ]);
    tabs.count("queue", queue.waiting ? count(queue.waiting) : "");
    tabs.count("dead-letters", deadLetters.count ? count(deadLetters.count) : "");
  };
  overview.follow(show);
  onSession(() => {
    if (!session.signedIn) for (const name of ["queue", "dead-letters"]) tabs.count(name, "");
    show();
  });
  sign.addEventListener("click", () => {
    if (session.signedIn) attempt(signOut, "You are signed out.");
    else {
      if (tabs.current?.name === "client") tabs.go("statistics");
      requestAnimationFrame(() => tabs.current?.element.querySelector("input[name=token]")?.focus());
    }
  });
  show();
}

async function begin() {
  theme();
  const tabs = new Tabs(element("tabs"), element("main"), [
    new StatisticsPanel(overview),
    new ClientPanel(),
    new QueuePanel(overview),
    new DeadLettersPanel(),
    new ConnectionsPanel(),
    new NotificationPanel((name, detail) => tabs.go(name, detail)),
    new LogsPanel(),
  ]);
  bar(tabs);
  onSession(() => {
    if (!session.signedIn) overview.forget();
    overview.settle(tabs.current?.name === "statistics");
  });
  for (;;) {
    try {
      await loadSession();
      break;
    } catch (problem) {
      element("state").dataset.kind = "bad";
      say(element("state"), problem.code === "unreachable" ? "unreachable, trying again" : problem.message);
      if (problem.status && problem.status < 500) {
        element("main").append(put(h("p.notice", { role: "alert" }), problem.message));
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
  if (!session.signedIn) overview.forget();
  tabs.follow(session.signedIn ? "statistics" : "client");
  overview.tell();
  document.documentElement.dataset.ready = "yes";
}

begin();
