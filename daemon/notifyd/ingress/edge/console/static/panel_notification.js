// One notification: its receipt and everything that happened to it.

import { call } from "./api.js";
import { attempt } from "./dialogs.js";
import { button, field, h, put } from "./dom.js";
import { Panel } from "./panel.js";
import { ReceiptView } from "./receipt.js";

/** The part "Notification". */
export class NotificationPanel extends Panel {
  constructor(go) {
    super("notification", "Notification", 2000);
    this.id = "";
    this.input = h("input", { type: "text", required: true, autocomplete: "off", spellcheck: "false", class: "mono" });
    this.view = new ReceiptView();
    this.view.element.hidden = true;
    this.missing = h("p.notice", { role: "alert", hidden: true });
    this.cancelling = button("Cancel it", () => this.cancel(), { class: "danger", hidden: true });
    const submit = (event) => {
      event.preventDefault();
      go(this.name, this.input.value.trim());
    };
    const form = h("form.filters", { onsubmit: submit, role: "search", "aria-label": "Look up" },
      field("Id of a notification", this.input), h("button.primary", { type: "submit" }, "Look up"), this.cancelling);
    this.content.append(form, this.missing, this.view.element);
  }

  /** Show the one of the id *detail*. */
  shown(detail) {
    if (detail && detail !== this.id) {
      this.id = this.input.value = detail;
      this.view.element.hidden = true;
      this.missing.hidden = true;
      this.cancelling.hidden = true;
    }
    super.shown();
    this.poller.now();
  }

  async refresh() {
    if (!this.id) return;
    const asked = this.id;
    try {
      const { notification } = await call("GET", `/notifications/${encodeURIComponent(asked)}`);
      if (asked !== this.id) return;
      this.view.show(notification);
      this.view.element.hidden = false;
      this.missing.hidden = true;
      this.cancelling.hidden = notification.state !== "waiting";
    } catch (problem) {
      if (problem.status !== 404) throw problem;
      put(this.missing, problem.message).hidden = false;
      this.view.element.hidden = true;
      this.cancelling.hidden = true;
    }
  }

  async cancel() {
    const id = this.id;
    await attempt(() => call("DELETE", `/notifications/${encodeURIComponent(id)}`), `${id} was cancelled.`);
    await this.poller.now();
  }
}
