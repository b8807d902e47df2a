// A part of the console that only operators see: who is not signed in is asked for the admin token in its place.

import { onSession, session, signIn } from "./api.js";
import { field, h, put } from "./dom.js";
import { Poller } from "./poller.js";

/** What all of them have in common. A subclass has `refresh()`, and may have `milliseconds`. */
export class Panel {
  constructor(name, title, milliseconds = 3000) {
    this.name = name;
    this.title = title;
    this.visible = false;
    this.content = h("div.content", { hidden: true });
    this.problem = h("p.notice", { role: "alert", hidden: true });
    this.gate = h("div");
    this.element = h("div", {}, this.gate, this.problem, this.content);
    this.poller = new Poller(() => this.ask(), milliseconds);
    onSession(() => this.settle());
  }

  /** It is looked at from now on. */
  shown() {
    this.visible = true;
    this.settle();
  }

  /** It is not looked at any more. */
  hidden() {
    this.visible = false;
    this.settle();
  }

  settle() {
    this.content.hidden = !session.signedIn;
    if (session.signedIn) put(this.gate);
    else if (!this.gate.firstChild) put(this.gate, signInForm(this.title));
    if (session.signedIn && this.visible) this.poller.start();
    else this.poller.stop();
  }

  async ask() {
    try {
      await this.refresh();
      this.problem.hidden = true;
    } catch (problem) {
      if (session.signedIn) put(this.problem, problem.message).hidden = false;
      throw problem;
    }
  }
}

/** Asks for the admin token. */
export function signInForm(title) {
  const token = h("input", {
    type: "password", name: "token", required: true, autocomplete: "current-password", spellcheck: "false",
    autocapitalize: "off",
  });
  const wrong = h("p.error", { role: "alert" });
  const send = h("button.primary", { type: "submit" }, "Sign in");
  const submit = async (event) => {
    event.preventDefault();
    wrong.textContent = "";
    send.disabled = true;
    try {
      await signIn(token.value.trim());
    } catch (problem) {
      wrong.textContent = problem.message;
      token.select();
      token.focus();
    } finally {
      send.disabled = false;
    }
  };
  // the browser's password manager wants a name beside a password
  const user = h("input", { type: "text", name: "username", value: "admin", autocomplete: "username", hidden: true });
  const form = h("form.card.sign-in", { onsubmit: submit },
    h("h2", {}, "Sign in"),
    h("p", {}, `${title} is for operators. Paste the admin token; it is sent once and not kept on this page.`),
    user, field("Admin token", token), wrong, send,
    h("p.hint", {}, "On the daemon's machine ", h("code", {}, "notifyctl tokens admin"), " shows it."));
  return form;
}

/** The id of a notification as a button that leads to its receipt. */
export function notificationLink(id) {
  return h("a.mono", { href: `#notification/${encodeURIComponent(id)}` }, id);
}

/** A line of filters, with a button that applies them. */
export function filters(apply, ...controls) {
  const submit = (event) => {
    event.preventDefault();
    apply();
  };
  const applying = h("button", { type: "submit" }, "Apply");
  return h("form.filters", { onsubmit: submit, role: "search", "aria-label": "Filter" }, controls, applying);
}
