// What stands beside the flow: questions, what is held and its form, what else goes on, the store and the log.

function wfkitSides(side, send, changed) {
  const section = (name, title, ...more) => {
    const body = wfkitMake("div", { className: "wfd-body" });
    const head = title || more.length ? [wfkitMake("h4", {}, wfkitMake("span", { textContent: title }), ...more)] : [];
    const box = wfkitMake("section", { className: `wfd-part wfd-${name}`, hidden: true }, ...head, body);
    side.append(box);
    return { box, body };
  };
  const fill = ({ box, body }, parts) => {
    box.hidden = !parts.length;
    body.replaceChildren(...parts);
  };
  const button = (word, title, act, kind = "") => {
    const made = wfkitMake("button", { type: "button", className: `wfd-button ${kind}`, textContent: word, title });
    made.onclick = () => made.ariaDisabled !== "true" && act();
    made.dataset.focus = word;
    return made;
  };
  const questions = section("asked", "question");
  const sends = wfkitMake("select", { className: "wfd-link wfd-sends", title: "send another event into the run" });
  sends.setAttribute("aria-label", "send another event into the run");
  sends.onchange = () => send({ do: "compose", node: sends.value });
  const ready = section("ready", "ready", sends), composed = section("composed", ""), held = section("held", "");
  const beside = section("beside", "also"), store = section("tree", "state"), log = section("log", "log");
  side.classList.add("wfd-scrolls");
  for (const { body } of [questions, beside, store, log]) body.classList.add("wfd-scrolls");
  const listReady = wfkitReady(ready.body, send), listStore = wfkitStore(store, send, fill);
  let form = null, other = null, skipForm = null, sent = null, answers = [];

  function offer(found) {
    const head = Object.assign(new Option("send an event…", ""), { disabled: true, hidden: true });
    sends.replaceChildren(head, ...found.map(([name, node]) => new Option(name, node)));
    sends.selectedIndex = 0;
    sends.hidden = !found.length;
  }
  // The form of an event that nobody has sent.
  function compose(one) {
    other?.destroy();
    other = null;
    sends.selectedIndex = 0;
    if (!one) return fill(composed, []);
    const place = wfkitMake("div", { className: "wfd-form wfd-scrolls" });
    const go = (values) => {
      sent = other;
      send({ do: "send", values });
    };
    const row = wfkitMake("div", { className: "wfd-actions" }, button("send", "give it to the steps that take it (Enter)", () => go(other.values()), "wfd-main"));
    row.append(button("leave it", "send nothing", () => send({ do: "compose" })));
    fill(composed, [wfkitMake("h4", {}, "send ", wfkitMake("code", { textContent: one.name })), place, row]);
    other = wfkitForm(place, one.fields, go, { open: one.open, label: `send ${one.name}` });
    if (side.getRootNode().activeElement === sends) other.focus(); // whoever asked for it, asked there
  }

  // The event that is held, as a form; it stays while somebody types in it.
  function showHeld(one, past, told) {
    form?.destroy();
    skipForm?.destroy();
    form = skipForm = null;
    if (!one) return fill(held, []);
    const place = wfkitMake("div", { className: "wfd-form" }), rest = wfkitMake("div", { className: "wfd-form", hidden: true });
    const area = wfkitMake("div", { className: "wfd-area wfd-scrolls" }, ...trouble(one, told), place, rest);
    const act = (name, more = {}) => send({ do: name, held: one.held, ...more });
    const failed = one.kind === "failed";
    const go = (values) => {
      sent = form;
      past ? act("fork", { values }) : act(failed ? "retry" : "step", { values });
    };
    const main = button("", "with the values of this form (Enter)", () => go(form.values()));
    main.dataset.focus = "main";
    const row = wfkitMake("div", { className: "wfd-actions" }, main);
    const give = wfkitMake("div", { className: "wfd-actions", hidden: true });
    function swap(skips) {
      for (const part of [place, row]) part.hidden = skips;
      for (const part of [rest, give]) part.hidden = !skips;
      if (skips) skip(rest, give, one, act, () => swap(false));
      (skips ? skipForm ?? give.querySelector("button") : row.lastChild).focus();
    }
    if (!past) {
      if (!failed) row.append(button("drop", "nobody gets it", () => act("drop")));
      if (one.kind !== "result") row.append(button("skip with a result…", "do not run the step; say what it returns", () => swap(true)));
    }
    const where = one.kind === "result" ? `from ${one.step}` : `for ${one.step}`;
    fill(held, [wfkitMake("h4", {}, wfkitMake("code", { textContent: one.name }), ` ${where}`), area, row, give]);
    form = wfkitForm(place, one.fields, go, { open: one.open, onChange: typed, label: one.name });
    typed();
    // Loud only when there is something to send: else the next click is `step`. A failed step is tried again as it is.
    function typed() {
      const edited = Object.keys(form.values()).length > 0;
      main.textContent = past ? "fork as edited" : failed ? (edited ? "retry as edited" : "retry") : "send as edited";
      main.ariaDisabled = String(!edited && !(failed && !past));
      main.classList.toggle("wfd-main", edited || (failed && !past));
      changed();
    }
  }
  // What a step has raised, and where.
  function trouble({ kind, trace }, told) {
    if (kind !== "failed") return [];
    const said = wfkitMake("p", { className: "wfd-error", textContent: told ?? "" });
    const lines = wfkitMake("pre", { textContent: trace });
    return [said, wfkitMake("details", { className: "wfd-trace" }, wfkitMake("summary", { textContent: "traceback" }), lines)];
  }
  // What the step is taken to have returned, in the place of the form.
  function skip(box, row, one, act, back) {
    const pick = wfkitMake("select", { className: "wfd-button" }, ...one.skips.map(({ name }) => new Option(name)), new Option("None"));
    pick.setAttribute("aria-label", "what the step returns");
    const place = wfkitMake("div");
    const give = () => {
      sent = skipForm;
      act("skip", { name: pick.selectedIndex < one.skips.length ? pick.value : "", values: skipForm?.values() ?? {} });
    };
    const show = () => {
      const found = one.skips[pick.selectedIndex];
      skipForm?.destroy();
      skipForm = found ? wfkitForm(place, found.fields, give, { open: found.open, label: found.name }) : null;
    };
    pick.onchange = show;
    box.replaceChildren(wfkitMake("label", { className: "wfd-returns" }, `${one.step} returns `, pick), place);
    row.replaceChildren(button("skip", "the step counts as done (Enter)", give, "wfd-main"), button("back", "do not skip it", back));
    show();
  }

  function ask(asked) {
    for (const one of answers) one.destroy();
    answers = [];
    fill(questions, asked.map((question) => {
      const box = wfkitMake("div", { className: "wfd-question" });
      const title = question.event || `${question.step} waits`;
      const from = question.event && question.step ? [wfkitMake("small", { textContent: ` from ${question.step}` })] : [];
      box.append(wfkitMake("h4", {}, wfkitMake("code", { textContent: title }), ...from));
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

  function around({ beside: lines = [], buffers = [], problem = "" }) {
    const line = (state, head, words) => wfkitMake("p", { className: `wfd-line ${state}` }, wfkitMake("b", { textContent: head }), ` ${words}`);
    const rows = problem ? [line("failed", "problem", problem)] : [];
    rows.push(...lines.map(([state, words]) => line(state, state, words)));
    for (const [step, name, words] of buffers) {
      rows.push(line("", "put aside", `for ${step}${name && ` in ${name}`}: ${words}`));
    }
    fill(beside, rows);
  }
  let follows = true; // the end of the log is in sight, and stays so
  log.body.onscroll = () => (follows = log.body.scrollHeight - log.body.scrollTop - log.body.clientHeight < 24);
  function settle() {
    if (follows) log.body.scrollTop = log.body.scrollHeight;
  }
  function write(lines) {
    const before = follows;
    fill(log, lines.map((line) => wfkitMake("div", { textContent: line })));
    follows = before;
    settle();
  }

  function update(view, lines, once) {
    const { stop = { ready: [] }, held: one = null, problems = [{}, 0], sends: offered = [], compose: filled = null } = view;
    const past = typeof view.looking === "number", live = offered.length > 0;
    once("stop", [view.run, view.looking, stop.number], () => (side.scrollTop = 0));
    once("sends", offered, offer);
    ready.box.hidden = !live && !stop.ready.length;
    once("ready", [stop.ready, stop.count, stop.more, stop.sought, one?.held], () => listReady(stop, one?.held));
    once("composed", filled?.node ?? null, () => compose(filled));
    const told = stop.ready.find(({ key }) => key === one?.held)?.brief;
    once("held", [one?.key, past], () => showHeld(one, past, told));
    once("asked", (view.questions ?? []).map(({ key, answers: found }) => [key, found.map(({ key: own }) => own)]), () => ask(view.questions ?? []));
    once("beside", [stop.beside, stop.buffers, stop.problem], () => around(stop));
    listStore(view.tree ?? [], once);
    once("lines", lines, () => write(lines));
    once("problems", problems, () => sent?.errors(problems[0]));
    settle(); // the log may have become lower
  }
  // How many pixels more would show the form whole and some rows of the store.
  function lacks() {
    const wanted = [[held.body.querySelector(".wfd-area"), 232], [store.body, 176]];
    const inside = wanted.map(([one, most]) => (one?.clientHeight ? Math.min(one.scrollHeight, most) - one.clientHeight : 0));
    return Math.max(0, side.scrollHeight - side.clientHeight) + inside.reduce((sum, more) => sum + Math.max(0, more), 0);
  }
  return {
    update,
    settle,
    lacks,
    values: () => form?.values() ?? {},
    // What the form says, for a button outside of it: mistakes are shown in it all the same.
    take() {
      sent = form;
      return form?.values() ?? {};
    },
    destroy() {
      for (const one of [form, other, skipForm, ...answers]) one?.destroy();
    },
  };
}

// The store as a tree of rows; plain data can be edited in place, and the run can stop when a part of it changes.
function wfkitStore(store, send, fill) {
  let editing = null, last = [], seen = ""; // the control in which somebody types; the first row that has changed

  function line(row) {
    const key = wfkitMake("code", { className: "wfd-key", textContent: row.key, title: row.path ?? row.key });
    key.style.paddingLeft = `${row.depth * 12}px`;
    const value = wfkitMake("span", { className: "wfd-value" }, wfkitMake("span", { textContent: row.text, title: row.type }));
    if (row.was) value.append(wfkitMake("small", { textContent: `was ${row.was}` }));
    const tools = wfkitMake("span", { className: `wfd-tools${row.watched ? " on" : ""}` });
    const made = wfkitMake("div", { className: `wfd-leaf${row.changed ? " changed" : ""}` }, key, value, tools);
    const tool = (word, title, act) => {
      const one = wfkitMake("button", { type: "button", className: "wfd-link", textContent: word, title, onclick: act });
      one.setAttribute("aria-label", `${title}: ${row.path}`);
      one.dataset.focus = `${word} ${row.path}`;
      tools.append(one);
      return one;
    };
    if (row.path && "watched" in row) {
      const dot = tool("", row.watched ? "do not stop when it changes" : "stop when it changes", () => send({ do: "watch", path: row.path }));
      dot.className = "wfd-dot";
      dot.ariaPressed = String(row.watched);
      dot.dataset.focus = `watch ${row.path}`;
    }
    if (row.edit !== null && row.path) tool("edit", "edit", () => open(row, value));
    return made;
  }
  function open(row, value) {
    const control = wfkitMake("textarea", { className: "wfd-edit", rows: 1, value: row.edit, ariaLabel: `new value of ${row.path}` });
    control.title = "Enter sets it, Escape leaves it";
    editing = control;
    const leave = () => {
      editing = null;
      show(last);
    };
    control.onkeydown = (event) => {
      event.stopPropagation();
      if (event.key === "Enter" && !event.shiftKey) {
        event.preventDefault();
        send({ do: "set_state", path: row.path, text: control.value, plain: !!row.plain });
        leave();
      } else if (event.key === "Escape") leave();
    };
    value.replaceChildren(control);
    control.style.height = `${Math.min(control.scrollHeight + 2, 120)}px`;
    control.focus();
  }
  function show(rows) {
    const top = store.body.scrollTop;
    fill(store, rows.map(line));
    store.body.scrollTop = top;
    const place = rows.findIndex(({ changed }, at) => changed && !rows[at + 1]?.path?.startsWith(`${rows[at].path}.`));
    const now = place < 0 ? "" : `${rows[place].path} ${rows[place].text}`;
    if (now && now !== seen) {
      const row = store.body.children[place], low = row.offsetTop + row.offsetHeight - store.body.clientHeight;
      if (row.offsetTop < top || low > top) store.body.scrollTop = Math.max(0, low + 24);
    }
    seen = now;
  }
  return (rows, once) => {
    last = rows;
    if (!editing?.isConnected) once("tree", rows, show);
  };
}
