// Elements and texts. Whatever comes from elsewhere becomes a text node: nothing here reads markup.

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element: `h("p.note", {title}, "text", child)`. Names after dots are classes. Properties that begin with "on" are
 * listeners, `true` and `false` set and leave out an attribute; children that are no nodes become text.
 */
export function h(name, properties = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  return fill(document.createElement(tag), classes, properties, children);
}

/** As `h`, for SVG. */
export function s(name, properties = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  return fill(document.createElementNS(SVG, tag), classes, properties, children);
}

function fill(element, classes, properties, children) {
  if (classes.length) element.classList.add(...classes);
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "value") element.value = value;
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  add(element, children);
  return element;
}

function add(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/** Have *element* hold these children alone. */
export function put(element, ...children) {
  element.textContent = "";
  add(element, children);
  return element;
}

/** Set the text of *element* where it is another one, so that selections and screen readers are left in peace. */
export function say(element, text) {
  const said = String(text);
  if (element.textContent !== said) element.textContent = said;
}

let names = 0;

/** An id that nothing else on the page has. */
export function fresh(prefix) {
  names += 1;
  return `${prefix}-${names}`;
}

/** A labelled control: `field("Channel", input, "a hint")`. */
export function field(label, control, hint = "") {
  control.id ||= fresh("field");
  const parts = [h("label", { for: control.id }, label), control];
  if (hint) {
    const note = h("small", { id: fresh("hint") }, hint);
    control.setAttribute("aria-describedby", note.id);
    parts.push(note);
  }
  return h("div.field", {}, parts);
}

/** A checkbox with its label behind it. */
export function check(label, control) {
  control.id ||= fresh("check");
  return h("div.check", {}, control, h("label", { for: control.id }, label));
}

/** A button. */
export function button(label, onclick, properties = {}) {
  return h("button", { type: "button", onclick, ...properties }, label);
}

/** A button in a row of a table; *label* says which row, to who does not see it. */
export function small(text, onclick, label) {
  return button(text, onclick, { class: "small", "aria-label": label });
}

/** A field for a word that is no prose: nothing is filled in, corrected or made a capital. */
export function text(value = "", properties = {}) {
  const quiet = { autocomplete: "off", spellcheck: "false", autocapitalize: "off" };
  return h("input", { type: "text", ...quiet, value, ...properties });
}

/** A checkbox. */
export function tick(checked = false) {
  return h("input", { type: "checkbox", checked });
}

/** A choice of texts, or of pairs of a value and its text. */
export function select(options, properties = {}) {
  const rows = options.map((one) => (Array.isArray(one) ? one : [one, one]));
  return h("select", properties, rows.map(([value, text]) => h("option", { value }, text)));
}
