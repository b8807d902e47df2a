// Tables whose rows come again and again: a row that is there already stays the same element, so that the focus, a
// selection and an opened menu survive.

import { h, say } from "./dom.js";

const KINDS = ["number", "wide", "mono"];

/**
 * A table of *columns*: each has a `title`, and `text(row)` or `node(row)`; `number` aligns it, `wide` lets it break,
 * `mono` is for what is no word.
 * A `node` is made once for each row, and again when `again(row)` says something else.
 */
export class Table {
  constructor(label, columns, { key = (row) => row.id, empty = "There are none." } = {}) {
    this.columns = columns;
    this.key = key;
    this.body = h("tbody");
    this.empty = h("p.empty", { tabindex: "-1" }, empty);
    this.rows = new Map();
    const kind = (column) => (column.number ? "number" : null);
    const heads = columns.map((column) => h("th", { scope: "col", class: kind(column) }, column.title));
    const caption = h("caption.visually-hidden", {}, label);
    const table = h("table", {}, caption, h("thead", {}, h("tr", {}, heads)), this.body);
    this.scroller = h("div.scroller", { tabindex: "0", role: "region", "aria-label": label }, table);
    this.element = h("div.table", {}, this.scroller, this.empty);
    this.show([]);
  }

  /** Have it hold *rows*, in this order. */
  show(rows) {
    const focused = this.body.contains(document.activeElement);
    const kept = new Map();
    let place = this.body.firstElementChild;
    for (const row of rows) {
      const key = this.key(row);
      if (kept.has(key)) continue;
      const line = this.rows.get(key) ?? this.make();
      this.fill(line, row);
      kept.set(key, line);
      if (line.element === place) place = place.nextElementSibling;
      else this.body.insertBefore(line.element, place);
    }
    for (const [key, line] of this.rows) if (!kept.has(key)) line.element.remove();
    this.rows = kept;
    this.scroller.hidden = !rows.length;
    this.empty.hidden = Boolean(rows.length);
    // the row that had the focus is gone: it must not fall back to the top of the page
    if (focused && !this.body.contains(document.activeElement)) (rows.length ? this.scroller : this.empty).focus();
  }

  make() {
    const cells = this.columns.map((column) =>
      h("td", { class: KINDS.find((kind) => column[kind]), "data-title": column.title }),
    );
    return { element: h("tr", {}, cells), cells, said: [] };
  }

  fill(line, row) {
    this.columns.forEach((column, index) => {
      const cell = line.cells[index];
      if (column.text) {
        say(cell, column.text(row));
        return;
      }
      const said = column.again ? column.again(row) : "";
      if (line.said[index] === said && cell.firstChild) return;
      line.said[index] = said;
      cell.textContent = "";
      cell.append(column.node(row));
    });
  }
}
