// What stands before the page: questions, details, and short notes that go by themselves.

import { button, fresh, h } from "./dom.js";

const NOTE_SECONDS = 6;
const MOST_NOTES = 4;

/** Say *text* in the corner; *kind* is "ok" or "bad". What is bad stays until it is closed. */
export function toast(text, kind = "ok") {
  const place = document.getElementById("toasts");
  const note = h("div.toast", { "data-kind": kind }, h("span", {}, text));
  note.append(button("×", () => note.remove(), { class: "quiet", "aria-label": "Close this note" }));
  place.append(note);
  while (place.children.length > MOST_NOTES) place.firstElementChild.remove();
  if (kind === "ok") setTimeout(() => note.remove(), NOTE_SECONDS * 1000);
}

/** Say what went wrong. */
export function complain(problem) {
  toast(problem.message || String(problem), "bad");
}

/** Do *work*, say *done* when it is done, and what went wrong where it is not; whether it was done. */
export async function attempt(work, done = "") {
  try {
    const result = await work();
    const said = typeof done === "function" ? done(result) : done;
    if (said) toast(said);
    return true;
  } catch (problem) {
    complain(problem);
    return false;
  }
}

function open(title, content, actions) {
  const heading = h("h2", { id: fresh("dialog") }, title);
  const dialog = h("dialog", { "aria-labelledby": heading.id });
  dialog.append(h("div.dialog-body", {}, heading, content), h("div.dialog-actions", {}, actions(dialog)));
  // outside of the box is the backdrop, whose clicks come to the dialog itself
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Show *content*, which lives on as it is, until it is closed; the dialog. */
export function show(title, content, more = []) {
  return open(title, content, (dialog) => [...more, button("Close", () => dialog.close(), { autofocus: true })]);
}

/**
 * Ask before something is done that cannot be undone. Answers null where it was not agreed to, else what *read* gives.
 * The safe answer has the focus.
 */
export function confirmed(title, content, label, read = () => true) {
  return new Promise((resolve) => {
    let answer = null;
    const agree = (dialog) => {
      answer = read();
      dialog.close();
    };
    const dialog = open(title, content, (box) => [
      button("Keep things as they are", () => box.close(), { autofocus: true }),
      button(label, () => agree(box), { class: "danger" }),
    ]);
    dialog.addEventListener("close", () => resolve(answer));
  });
}
