// A form for the fields of an event: labelled controls, errors beside them. What the fields hold is hostile text: it
// enters the page through values, attributes and text nodes only.

// Call `onSubmit(values)` when a person sends it. Options: `submit`, the word on its button, none without; `open`,
// whether fields may be added; `onChange`; `label`, what the form is called.
function wfkitForm(root, fields, onSubmit, options = {}) {
  // The ids of controls must be unique on a page, and each panel on it has this script for itself.
  globalThis.wfkitForms = (globalThis.wfkitForms ?? 0) + 1;
  const prefix = `wf-form-${globalThis.wfkitForms}`;
  const list = wfkitMake("div", { className: "wf-form-list" });
  const trouble = wfkitMake("p", { className: "wf-form-error", role: "alert", hidden: true });
  const foot = wfkitMake("div", { className: "wf-form-foot" });
  const element = wfkitMake("form", { className: "wf-form", noValidate: true, autocomplete: "off" }, list, trouble, foot);
  if (options.label) element.setAttribute("aria-label", options.label);
  element.dataset.lmSuppressShortcuts = "true"; // else JupyterLab takes the keys
  const changed = () => options.onChange?.();
  let rows = [], serial = 0;

  function add(field, extra = false) {
    const row = wfkitFormRow(field, `${prefix}-${++serial}`, extra);
    rows.push(row);
    list.append(row.box);
    return row;
  }
  function reset(given) {
    list.replaceChildren();
    trouble.hidden = true;
    rows = [];
    for (const field of given) add(field);
    requestAnimationFrame(() => rows.forEach((row) => row.grow())); // when it is on the page, and has a width
    if (!given.length && !options.open) list.append(wfkitMake("p", { className: "wf-form-quiet" }, "It has no fields."));
  }
  function errors(map) {
    const rest = [];
    for (const row of rows) row.fail("");
    for (const [name, message] of Object.entries(map)) {
      const row = name && rows.find((one) => one.name() === name);
      if (row) row.fail(message);
      else rest.push(name ? `${name}: ${message}` : message);
    }
    trouble.textContent = rest.join(" ");
    trouble.hidden = !rest.length;
    rows.find((row) => row.failed())?.focus();
  }
  function values() {
    return Object.fromEntries(rows.filter((row) => row.touched()).map((row) => [row.name(), row.read()]));
  }
  function enable(on) {
    for (const control of element.elements) control.disabled = !on;
  }

  if (options.submit) {
    const title = `${options.submit} (Enter, or Ctrl+Enter in a field of several lines; Shift+Enter begins a line)`;
    foot.append(wfkitMake("button", { type: "submit", className: "wf-form-send", title }, options.submit));
  }
  if (options.open) {
    const blank = { name: "", kind: "any", title: "", help: "", note: "JSON, or else plain text", limits: {}, choices: [] };
    const onclick = () => {
      add(blank, true).focus();
      changed();
    };
    const title = "add a field that the class does not declare";
    foot.append(wfkitMake("button", { type: "button", className: "wf-form-add", title, onclick }, "+ field"));
  }
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    errors({});
    onSubmit?.(values());
  });
  const touched = ({ target }) => {
    rows.find((row) => row.box.contains(target))?.fail(""); // what was wrong with it may be right now
    changed();
  };
  element.addEventListener("input", touched);
  element.addEventListener("change", touched);
  element.addEventListener("keydown", (event) => {
    event.stopPropagation(); // what is typed is no command
    if (event.key !== "Enter" || event.isComposing) return;
    const oneLine = event.target.dataset.line === "one" && !event.shiftKey; // it takes several all the same
    if (oneLine || event.ctrlKey || event.metaKey) {
      event.preventDefault();
      element.requestSubmit();
    }
  });
  reset(fields);
  root.append(element);
  return {
    element, values, errors, reset, enable,
    changed: () => rows.some((row) => row.touched()),
    focus: () => (rows.find((row) => !row.fixed) ?? { focus() { element.querySelector("button")?.focus(); } }).focus(),
    destroy: () => element.remove(),
  };
}

// One row: the name, the control, what is to be known about it, and what is wrong.
function wfkitFormRow(field, id, extra) {
  const { control, read, focus, grow = () => {}, group } = wfkitFormControl(field, id);
  const told = [field.help, field.note, wfkitFormFilling(field)].filter(Boolean).join(" · ");
  const help = wfkitMake("p", { className: "wf-form-help", id: `${id}-help` }, told);
  const error = wfkitMake("p", { className: "wf-form-error", id: `${id}-error`, hidden: true });
  const named = extra && wfkitMake("input", { className: "wf-form-control", type: "text", placeholder: "name", ariaLabel: "name of the field" });
  const label = wfkitMake(group ? "span" : "label", { className: "wf-form-name", id: `${id}-name` });
  if (!group) label.htmlFor = id;
  label.append(named || field.name);
  if (field.required) {
    label.append(wfkitMake("span", { className: "wf-form-star", title: "needed", ariaHidden: true }, "*"));
    control.setAttribute("aria-required", "true");
  }
  if (field.title && field.title !== field.name) label.append(wfkitMake("small", {}, field.title));
  label.title = field.name;
  control.setAttribute("aria-describedby", `${id}-help ${id}-error`);
  if (group) control.setAttribute("aria-labelledby", `${id}-name`);
  if (extra) control.setAttribute("aria-label", "value of the field");
  const box = wfkitMake("div", { className: `wf-form-row wf-form-${field.kind}` }, label, wfkitMake("div", {}, control, help, error));
  help.hidden = !told;
  const first = read();
  return {
    box, focus: () => (named || { focus }).focus(), grow, read,
    fixed: field.kind === "fixed",
    name: () => (named ? named.value.trim() : field.name),
    touched: () => (named ? named.value.trim() !== "" : field.kind !== "fixed" && read() !== first),
    failed: () => !error.hidden,
    fail(message) {
      error.textContent = message;
      error.hidden = !message;
      control.setAttribute("aria-invalid", Boolean(message)); // by a word: an empty one would mean that all is well
      box.classList.toggle("wf-form-wrong", Boolean(message));
    },
  };
}

function wfkitFormFilling({ kind, filled, required, nullable, value, default: byDefault }) {
  if (kind === "secret") return filled ? "unchanged unless typed anew" : "";
  if (filled || required || kind === "fixed") return nullable && value !== null ? "empty: None" : "";
  return byDefault && value === null ? `default ${byDefault}` : "";
}

// The control that suits a field; `read` returns what it stands for, null for nothing where nothing will do.
function wfkitFormControl(field, id) {
  const { kind, value, nullable, filled } = field;
  const base = { id, className: "wf-form-control", spellcheck: kind === "text" || kind === "lines" };
  const given = value === null || value === undefined ? "" : String(value);
  if (kind === "fixed") {
    const output = wfkitMake("output", { id, className: "wf-form-told" }, given || "made in Python only");
    return { control: output, read: () => "", focus() {} };
  }
  if (kind === "bool") return wfkitFormTruth(field, id);
  if (kind === "choice") {
    const select = wfkitMake("select", base, ...field.choices.map((label, n) => new Option(label, String(n))));
    const none = nullable ? "None" : "choose";
    if (nullable || value === null) select.prepend(Object.assign(new Option(none, ""), { disabled: !nullable }));
    select.value = given;
    return { control: select, read: () => (select.value === "" ? null : Number(select.value)), focus: () => select.focus() };
  }
  const several = ["text", "lines", "json", "any"].includes(kind); // a box of one line would lose those of a pasted text
  const control = wfkitMake(several ? "textarea" : "input", several ? { ...base, rows: kind === "lines" ? 2 : 1 } : { ...base, type: "text" });
  if (kind === "number") control.inputMode = "decimal";
  if (kind === "secret") Object.assign(control, { type: "password", autocomplete: "new-password", placeholder: filled ? "****" : "" });
  if (kind === "text" || kind === "any") control.dataset.line = "one";
  control.value = given;
  control.setAttribute("dir", "auto");
  const grow = () => {
    if (!several || !control.scrollHeight) return;
    control.style.height = "auto";
    control.style.height = `${Math.max(kind === "lines" ? 48 : 28, Math.min(control.scrollHeight + 2, 240))}px`;
  };
  control.addEventListener("input", grow);
  const read = () => (control.value === "" && nullable ? null : control.value);
  return { control, grow, read, focus: () => control.focus() };
}

// Yes or no as two words to choose from: an answer that nobody gave is neither.
function wfkitFormTruth({ value, nullable }, id) {
  const words = { true: "yes", false: "no", ...(nullable ? { "": "None" } : {}) };
  const inputs = Object.entries(words).map(([told]) => wfkitMake("input", { type: "radio", name: id, value: told }));
  const box = wfkitMake("div", { className: "wf-form-truth" });
  box.setAttribute("role", "radiogroup");
  for (const input of inputs) {
    input.checked = input.value === String(value ?? (nullable ? "" : "none"));
    box.append(wfkitMake("label", {}, input, wfkitMake("span", {}, words[input.value])));
  }
  const read = () => {
    const told = inputs.find((input) => input.checked)?.value;
    return told ? told === "true" : null;
  };
  return { control: box, read, focus: () => (inputs.find((input) => input.checked) ?? inputs[0]).focus(), group: true };
}
