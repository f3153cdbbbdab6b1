// What stands beside the flow: what is held, its form, questions, the store and the log.

function wfkitSides(side, send, changed) {
  const section = (name, title) => {
    const body = wfkitMake("div", { className: "wfd-body" });
    const head = title ? [wfkitMake("h4", { textContent: title })] : [];
    const box = wfkitMake("section", { className: `wfd-part wfd-${name}`, hidden: true }, ...head, body);
    side.append(box);
    return { box, body };
  };
  const questions = section("asked", "question"), ready = section("ready", "ready"), held = section("held", "");
  const beside = section("beside", "beside"), store = section("tree", "state"), log = section("log", "log");
  let form = null, skipForm = null, sent = null, answers = [];

  function fill({ box, body }, parts) {
    box.hidden = !parts.length;
    body.replaceChildren(...parts);
  }
  const button = (word, title, act, kind = "") => {
    const made = wfkitMake("button", { type: "button", className: `wfd-button ${kind}`, textContent: word, title });
    made.onclick = act;
    return made;
  };

  function listReady({ stop, held: chosen }) {
    const rows = stop.ready.map((one) => {
      const on = one.key === chosen?.held;
      const way = wfkitMake("code", {}, `${one.event} → ${one.step}`);
      const from = wfkitMake("small", { textContent: `${one.from ? `from ${one.from}` : ""}${one.attempt > 1 ? `, attempt ${one.attempt}` : ""}` });
      const told = one.error || one.result || one.brief;
      const row = wfkitMake("button", { type: "button", className: `wfd-choice${one.error ? " failed" : ""}`, ariaPressed: String(on) }, way, from);
      if (told) row.append(wfkitMake("span", { className: "wfd-brief", textContent: told }));
      row.title = on ? "chosen: step lets this one go" : "choose: step lets this one go";
      row.onclick = () => send({ do: "choose", held: one.key });
      return row;
    });
    if (stop.more) rows.push(wfkitMake("small", { textContent: `and ${stop.more.toLocaleString("en")} more` }));
    fill(ready, rows);
  }

  // The event that is held, as a form; it stays while somebody types in it.
  function showHeld(view) {
    const { held: one, looking } = view;
    form?.destroy();
    skipForm?.destroy();
    form = skipForm = null;
    if (!one) return fill(held, []);
    const past = typeof looking === "number";
    const error = view.stop.ready.find(({ key }) => key === one.held)?.error;
    const title = wfkitMake("h4", {}, wfkitMake("code", { textContent: one.name }), ` ${one.kind === "result" ? "is to end the run" : `for ${one.step}`}`);
    const place = wfkitMake("div", { className: "wfd-form" }), rest = wfkitMake("div", { className: "wfd-skip", hidden: true });
    const act = (name, more = {}) => send({ do: name, held: one.held, ...more });
    const go = (values) => {
      sent = form;
      past ? send({ do: "fork", held: one.held, values }) : act(one.kind === "failed" ? "retry" : "step", { values });
    };
    const row = wfkitMake("div", { className: "wfd-actions" });
    const word = past ? "fork as edited" : one.kind === "failed" ? "retry as edited" : "send as edited";
    const main = button(word, "with the values of this form (Enter)", () => go(form.values()));
    row.append(main);
    if (!past) {
      if (one.kind === "failed") row.append(button("give up", "let the failure count", () => act("give_up")));
      else row.append(button("drop", "nobody gets it", () => act("drop")));
      if (one.kind !== "result") row.append(button("skip with a result…", "do not run the step; say what it returns", () => {
        rest.hidden = !rest.hidden;
        if (rest.hidden) return;
        skip(rest, one, act);
        rest.scrollIntoView({ block: "nearest" });
      }));
    }
    fill(held, [title, ...(error ? [wfkitMake("p", { className: "wfd-error", textContent: error })] : []), place, row, rest]);
    form = wfkitForm(place, one.fields, go, { open: one.open, onChange: typed, label: one.name });
    // Loud only when there is something to send: else the next click is `step`.
    function typed() {
      main.classList.toggle("wfd-main", Object.keys(form.values()).length > 0);
      changed();
    }
  }
  function skip(box, one, act) {
    skipForm?.destroy();
    const pick = wfkitMake("select", { className: "wfd-button" }, ...one.skips.map(({ name }) => new Option(name)), new Option("None"));
    pick.setAttribute("aria-label", "what the step returns");
    const place = wfkitMake("div", { className: "wfd-form" });
    const give = () => {
      sent = skipForm;
      act("skip", { name: pick.selectedIndex < one.skips.length ? pick.value : "", values: skipForm?.values() ?? {} });
    };
    const show = () => {
      const found = one.skips[pick.selectedIndex];
      skipForm?.destroy();
      skipForm = null;
      place.replaceChildren();
      if (found) skipForm = wfkitForm(place, found.fields, give, { open: found.open, label: found.name });
    };
    pick.onchange = show;
    const label = wfkitMake("label", { className: "wfd-returns" }, `${one.step} returns `, pick);
    box.replaceChildren(label, place, wfkitMake("div", { className: "wfd-actions" }, button("skip", "the step counts as done", give, "wfd-main")));
    show();
  }

  function ask(asked) {
    for (const one of answers) one.destroy();
    answers = [];
    fill(questions, asked.map((question) => {
      const box = wfkitMake("div", { className: "wfd-question" });
      const title = question.event || `${question.step} waits`;
      box.append(wfkitMake("h4", {}, wfkitMake("code", { textContent: title })));
      for (const [name, text] of question.fields) box.append(wfkitMake("p", { className: "wfd-text", textContent: text, title: name }));
      for (const answer of question.answers) {
        const place = wfkitMake("div", { className: "wfd-form" });
        const several = question.answers.length > 1;
        box.append(place);
        const made = wfkitForm(place, answer.fields, (values) => {
          sent = made;
          send({ do: "answer", question: question.key, name: answer.name, values });
        }, { submit: several ? `answer with ${answer.name}` : "answer", open: answer.open, label: answer.name });
        answers.push(made);
      }
      return box;
    }));
  }

  function around({ beside: lines = [], buffers = [] }) {
    const rows = lines.map(([state, words]) => wfkitMake("p", { className: `wfd-line ${state}` }, wfkitMake("b", { textContent: state }), ` ${words}`));
    for (const [step, name, words] of buffers) {
      rows.push(wfkitMake("p", { className: "wfd-line" }, wfkitMake("b", { textContent: "put aside" }), ` ${step}${name === "default" ? "" : ` ${name}`}: ${words}`));
    }
    fill(beside, rows);
  }

  let editing = null; // a row of the tree in which somebody types
  function tree(rows) {
    if (editing?.isConnected) return false;
    fill(store, rows.map((row) => {
      const key = wfkitMake("code", { className: "wfd-key", textContent: row.key, title: row.path ?? row.key });
      key.style.paddingLeft = `${row.depth * 12}px`;
      const value = wfkitMake("span", { className: "wfd-value" }, wfkitMake("span", { textContent: row.text, title: row.type }));
      if (row.was) value.append(wfkitMake("small", { textContent: `was ${row.was}` }));
      const line = wfkitMake("div", { className: `wfd-leaf${row.changed ? " changed" : ""}` }, key, value);
      if (row.edit !== null && row.path) line.append(pencil(row, value));
      return line;
    }));
    return true;
  }
  function pencil(row, value) {
    const open = () => {
      const control = wfkitMake("textarea", { className: "wfd-edit", rows: 1, value: row.edit, ariaLabel: `new value of ${row.path}` });
      control.title = "Enter sets it, Escape leaves it";
      editing = control;
      control.onkeydown = (event) => {
        event.stopPropagation();
        if (event.key === "Enter" && !event.shiftKey) {
          event.preventDefault();
          editing = null;
          send({ do: "set_state", path: row.path, text: control.value, plain: !!row.plain });
        } else if (event.key === "Escape") {
          editing = null;
          changed();
        }
      };
      value.replaceChildren(control);
      control.focus();
    };
    const made = wfkitMake("button", { type: "button", className: "wfd-link", textContent: "edit", onclick: open });
    made.setAttribute("aria-label", `edit ${row.path}`);
    return made;
  }

  function write(lines) {
    const list = log.body, low = list.scrollHeight - list.scrollTop - list.clientHeight < 24;
    fill(log, lines.map((line) => wfkitMake("div", { textContent: line })));
    if (low || !list.scrollTop) list.scrollTop = list.scrollHeight;
  }

  function update(view, lines, once) {
    const { stop = { ready: [] }, held: one = null, problems = {} } = view;
    once("ready", [stop.ready, one?.held], () => listReady({ stop, held: one }));
    once("held", [one?.key, view.looking ?? null], () => showHeld(view));
    once("asked", (view.questions ?? []).map(({ key, answers: found }) => [key, found.map(({ key: own }) => own)]), () => ask(view.questions ?? []));
    once("beside", [stop.beside, stop.buffers], () => around(stop));
    const rows = view.tree ?? [];
    if (!editing) once("tree", rows, () => tree(rows));
    once("lines", lines, () => write(lines));
    once("problems", problems, () => sent?.errors(problems));
  }
  return {
    update,
    values: () => form?.values() ?? {},
    destroy() {
      for (const one of [form, skipForm, ...answers]) one?.destroy();
    },
  };
}
