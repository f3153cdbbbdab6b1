// How the run stands, and what can be done: the head of the debugger's panel, its buttons and its breakpoints.

// Large enough to be seen from two metres.
function wfkitHead(header) {
  const part = (name) => wfkitMake("span", { className: `wfd-${name}` });
  const state = wfkitMake("strong", { className: "wfd-state" });
  const sign = part("sign"), why = part("why"), name = part("name"), counts = part("counts"), facts = part("facts");
  state.setAttribute("role", "status");
  facts.append(name, counts);
  header.append(sign, state, why, facts);
  return (view) => {
    const past = typeof view.looking === "number";
    sign.replaceChildren(wfkitStateSign(past ? "past" : view.state, 16));
    state.textContent = view.title ?? "";
    why.textContent = why.title = view.why ?? "";
    name.textContent = name.title = view.name ?? "";
    counts.textContent = view.counts ?? "";
  };
}

// Buttons with words and keys. What cannot be done now is grey and still there, so that nothing jumps.
function wfkitButtons(bar, on, act) {
  const made = {};
  const button = (name, key, title) => {
    const word = wfkitMake("span", { textContent: name });
    const mark = key ? [wfkitMake("kbd", { textContent: key, ariaHidden: "true" })] : [];
    const one = wfkitMake("button", { type: "button", className: `wfd-button wfd-${name}` }, word, ...mark);
    one.title = key ? `${title} (${key})` : title;
    on(one, "click", () => one.ariaDisabled !== "true" && act(name));
    made[name] = one;
    return one;
  };
  const until = wfkitMake("select", { className: "wfd-button wfd-until", title: "let it run to a step, an event or a failure" });
  until.setAttribute("aria-label", "step to");
  on(until, "change", () => {
    const node = until.selectedOptions[0]?.value;
    until.selectedIndex = 0;
    act("until", node ? { node } : {});
  });
  bar.append(
    button("step", "n", "let the chosen delivery go, and hold what comes of it"), until,
    button("continue", "c", "run on to the next breakpoint"),
    button("pause", "p", "hold whatever comes next"), wfkitMake("i"),
    button("rewind", "r", "look at the stop before; the run itself stays as it is"),
    button("fork", "f", "start a new run from the stop that is shown"),
    button("now", "", "look at how the run stands now"),
    button("cancel", "", "end the run"),
  );
  let goals = "";
  function offer(found) {
    if (goals === (goals = JSON.stringify(found))) return; // it may be open
    const group = (kind, label) => {
      const options = found.filter(([what]) => what === kind).map(([, name, node]) => new Option(name, node));
      return options.length ? [wfkitMake("optgroup", { label }, ...options)] : [];
    };
    const head = Object.assign(new Option("step to…", ""), { disabled: true, hidden: true });
    until.replaceChildren(head, ...group("step", "a step"), ...group("event", "an event"), new Option("the next failure", ""));
    until.selectedIndex = 0;
  }
  return ({ can = [], goals: found = [], looking, held }, edited) => {
    const past = typeof looking === "number", failed = held?.kind === "failed" && !past;
    for (const [name, one] of Object.entries(made)) one.ariaDisabled = String(!can.includes(name));
    made.now.hidden = !past;
    made.now.ariaDisabled = "false";
    const step = failed ? (edited ? "retry as edited" : "let it fail") : edited && !past ? "step as edited" : "step";
    made.step.firstChild.textContent = step;
    made.fork.firstChild.textContent = edited && held?.kind !== "result" ? "fork as edited" : "fork";
    // One button is loud: what most people do next.
    made.step.classList.toggle("wfd-main", !past && (!failed || edited));
    made.fork.classList.toggle("wfd-main", past);
    offer(found);
    until.disabled = !can.includes("until");
  };
}

// What the next click does; in its place what went wrong, because nobody would see it anywhere else.
function wfkitSaid(box, said, error, send) {
  const close = wfkitMake("button", { type: "button", className: "wfd-gone", textContent: "×", title: "close" });
  close.setAttribute("aria-label", "close");
  close.onclick = () => send({ do: "dismiss" });
  const text = wfkitMake("span", { textContent: error || said, title: error || said });
  box.classList.toggle("wfd-trouble", !!error);
  box.setAttribute("role", error ? "alert" : "note");
  box.replaceChildren(text, ...(error ? [close] : []));
}

// Where the run stops by itself. `asked` is the breakpoint whose condition somebody writes.
function wfkitPoints(box, send) {
  let asked = "", last = [];

  function condition({ key, text, when }) {
    const field = wfkitMake("input", { type: "text", className: "wfd-when", value: when, placeholder: `n > 3 and state["user"] is None` });
    field.setAttribute("aria-label", `condition of the breakpoint on ${text}`);
    field.title = "fields of the event are names; event and state are there. Enter sets it, Escape leaves it";
    field.dataset.focus = `when ${key}`;
    field.onkeydown = (event) => {
      event.stopPropagation();
      if (event.key !== "Enter" && event.key !== "Escape") return;
      event.preventDefault();
      if (event.key === "Enter" && field.value !== when) return send({ do: "when", key, text: field.value }); // it stays if it is wrong
      asked = "";
      show(last);
    };
    return field;
  }
  function chip(point) {
    const { key, text, on, notes, when, conditional, problem } = point;
    const button = (name, title, act, more = {}) => {
      const made = wfkitMake("button", { type: "button", className: `wfd-${name}`, title, ariaLabel: title, onclick: act, ...more });
      made.dataset.focus = `${name} ${key}`;
      return made;
    };
    const dot = button("dot", `${on ? "switch off" : "switch on"} the breakpoint on ${text}`, () => send({ do: "enable", key, on: !on }));
    dot.ariaPressed = String(on);
    const made = wfkitMake("span", { className: `wfd-point${on ? "" : " off"}` }, dot, wfkitMake("code", { textContent: text, title: text }));
    if (notes) made.append(wfkitMake("small", { textContent: notes, title: "how often it was reached" }));
    if (asked === key) made.append(condition(point));
    else if (conditional) {
      made.append(button("link", "stop only when a condition holds", () => {
        asked = key;
        show(last);
        box.querySelector(".wfd-when")?.focus();
      }, { textContent: "if…" }));
    }
    made.append(button("gone", `clear the breakpoint on ${text}`, () => send({ do: "clear", key }), { textContent: "×" }));
    if (problem) made.append(wfkitMake("em", { textContent: problem }));
    return made;
  }
  function show(found) {
    last = found;
    if (!found.some(({ key }) => key === asked)) asked = "";
    const failures = wfkitMake("button", { type: "button", className: "wfd-link", textContent: "stop at failures", title: "hold a step that raises, before that counts" });
    failures.onclick = () => send({ do: "failures" });
    failures.hidden = found.some(({ text }) => text === "a step fails");
    failures.dataset.focus = "failures";
    const hint = wfkitMake("span", { textContent: found.length ? "breakpoints" : "no breakpoints: click a step or an event to set one (b)" });
    hint.title = "a click on a step or an event sets one, another click clears it (b)";
    box.replaceChildren(hint, ...found.map(chip), failures);
  }
  return show;
}
