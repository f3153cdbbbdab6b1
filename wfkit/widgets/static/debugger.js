// The debugger's panel. Python says how things stand in `view`; a click is sent as a message, and nothing else is.

function wfkitPanel(root, model) {
  const ending = new AbortController();
  const on = (target, kind, act) => target.addEventListener(kind, act, { signal: ending.signal });
  const send = (message) => model.send(message);
  const face = wfkitMake("section", { className: "wfd-face", tabIndex: -1, ariaLabel: "debugger" });
  const part = (name, role) => {
    const made = wfkitMake("div", { className: `wfd-${name}` });
    if (role) made.setAttribute("role", role);
    return made;
  };
  const [header, bar, points, trouble] = [part("header"), part("bar", "toolbar"), part("points"), part("trouble", "alert")];
  const [middle, ground, side, history] = [part("middle"), part("ground"), part("side"), part("history")];
  middle.append(ground, side);
  face.append(header, bar, points, trouble, middle, history);
  root.append(face);

  const flow = wfkitFlow(ground, send);
  const sides = wfkitSides(side, send, () => update());
  const head = wfkitHead(header, flow.sign);
  const buttons = wfkitButtons(bar, on, act);
  const told = new Map();
  const look = () => model.get("view") ?? {};
  // What has not changed stays as it is: somebody may be typing there.
  function once(name, data, build) {
    const now = JSON.stringify(data);
    if (told.get(name) === now) return;
    told.set(name, now);
    build(data);
  }

  function act(name, more = {}) {
    const { can = [], held } = look();
    const fits = { until: "until", now: "now" }[name] ?? name;
    if (fits !== "now" && !can.includes(fits)) return;
    const picked = ["step", "fork"].includes(name) && held ? { held: held.held, values: sides.values() } : {};
    if (name === "now") return send({ do: "look", run: look().runs.findIndex((run) => run.on), number: null });
    send({ do: name, ...picked, ...more });
  }

  function update() {
    const view = look(), edited = Object.keys(sides.values()).length > 0;
    face.dataset.state = view.state ?? "";
    face.classList.toggle("wfd-past", typeof view.looking === "number");
    once("head", [view.title, view.name, view.counts, view.state, !!flow.ready()], () => head(view));
    once("bar", [view.can, view.steps, view.next, edited, view.looking, view.held?.kind], () => buttons(view, edited));
    once("points", view.breakpoints ?? [], (found) => wfkitPoints(points, found, send));
    once("trouble", [view.error ?? "", view.stop?.problem ?? ""], ([error, problem]) => {
      wfkitTrouble(trouble, error, problem, send);
    });
    flow.update(view);
    sides.update(view, model.get("lines") ?? [], once);
    once("history", view.runs ?? [], (runs) => wfkitHistory(history, runs, send));
  }
  function draw() {
    flow.draw(model.get("picture"));
    told.delete("head");
    update();
  }

  const keys = { n: "step", c: "continue", p: "pause", r: "rewind", f: "fork" };
  on(face, "keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
    const node = event.target.closest(".node")?.id ?? flow.place(look().held);
    if (keys[event.key]) act(keys[event.key]);
    else if (event.key === "b" && node) send({ do: "break", node });
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  const sizes = new ResizeObserver(() => flow.update(look()));
  sizes.observe(face);
  model.on("change:view", update);
  model.on("change:lines", update);
  model.on("change:picture", draw);
  draw();

  return () => {
    model.off("change:view", update);
    model.off("change:lines", update);
    model.off("change:picture", draw);
    sizes.disconnect();
    ending.abort();
    sides.destroy();
    flow.destroy();
  };
}

// How the run stands, large enough to be seen from two metres.
function wfkitHead(header, sign) {
  const state = wfkitMake("strong", { className: "wfd-state" }), name = wfkitMake("span", { className: "wfd-name" });
  const counts = wfkitMake("span", { className: "wfd-counts" });
  state.setAttribute("role", "status");
  header.append(state, name, counts);
  return (view) => {
    const shown = typeof view.looking === "number" ? "past" : view.state;
    state.className = `wfd-state ${shown}`;
    state.replaceChildren(...[sign(shown)].filter(Boolean), view.title ?? "");
    name.textContent = view.name ?? "";
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
  const until = wfkitMake("select", { className: "wfd-button wfd-until", title: "let it run until a step has something to do" });
  until.setAttribute("aria-label", "step to");
  on(until, "change", () => {
    const step = until.selectedOptions[0]?.dataset.step;
    act("until", step ? { step } : {});
    until.selectedIndex = 0;
  });
  const next = wfkitMake("p", { className: "wfd-next" });
  bar.append(
    button("step", "n", "let the chosen delivery go, and hold what comes of it"), until,
    button("continue", "c", "run on to the next breakpoint"),
    button("pause", "p", "hold whatever comes next"), wfkitMake("i"),
    button("rewind", "r", "look at the stop before; the run itself stays as it is"),
    button("now", "", "look at how the run stands now"),
    button("fork", "f", "start a new run from the stop that is shown"), wfkitMake("i"),
    button("cancel", "", "end the run"), next,
  );
  return ({ can = [], steps = [], next: said = "", looking, held }, edited) => {
    for (const [name, one] of Object.entries(made)) one.ariaDisabled = String(!can.includes(name));
    const past = typeof looking === "number";
    made.now.hidden = !past;
    made.now.ariaDisabled = "false";
    const word = edited ? "step as edited" : held?.kind === "failed" ? "let it fail" : "step";
    made.step.firstChild.textContent = edited && held?.kind === "failed" ? "retry as edited" : word;
    made.fork.firstChild.textContent = edited ? "fork as edited" : "fork";
    const option = (text, step) => {
      const one = wfkitMake("option", { textContent: text });
      if (step) one.dataset.step = step;
      return one;
    };
    until.replaceChildren(option("step to…"), ...steps.map((step) => option(step, step)), option("the next failure"));
    until.options[0].disabled = true;
    until.selectedIndex = 0;
    until.disabled = !can.includes("until");
    next.textContent = edited && !past ? "The event is edited: the next click sends it so." : said;
  };
}

// Where the run stops by itself.
function wfkitPoints(box, found, send) {
  const points = found.map(({ key, text, on, hits, problem }) => {
    const dot = wfkitMake("button", { type: "button", className: "wfd-dot", ariaPressed: String(on) });
    dot.title = dot.ariaLabel = `${on ? "switch off" : "switch on"} the breakpoint on ${text}`;
    dot.onclick = () => send({ do: "enable", key, on: !on });
    const gone = wfkitMake("button", { type: "button", className: "wfd-gone", textContent: "×" });
    gone.title = gone.ariaLabel = `clear the breakpoint on ${text}`;
    gone.onclick = () => send({ do: "clear", key });
    const times = wfkitMake("small", { textContent: hits ? `${hits.toLocaleString("en")}×` : "", title: "times reached" });
    const made = wfkitMake("span", { className: `wfd-point${on ? "" : " off"}` }, dot, wfkitMake("code", {}, text), times, gone);
    if (problem) made.append(wfkitMake("em", { textContent: problem }));
    return made;
  });
  const failures = wfkitMake("button", { type: "button", className: "wfd-link", textContent: "stop at failures" });
  failures.onclick = () => send({ do: "failures" });
  failures.hidden = found.some(({ text }) => text === "a step fails");
  const hint = wfkitMake("span", { textContent: found.length ? "breakpoints" : "no breakpoints: click a node to set one (b)" });
  box.replaceChildren(hint, ...points, failures);
}

// What went wrong in the panel or in the brain. Nobody would see it anywhere else.
function wfkitTrouble(box, error, problem, send) {
  const close = wfkitMake("button", { type: "button", className: "wfd-gone", textContent: "×", title: "close" });
  close.setAttribute("aria-label", "close");
  close.onclick = () => send({ do: "dismiss" });
  box.hidden = !error && !problem;
  box.replaceChildren(wfkitMake("span", { textContent: [error, problem].filter(Boolean).join(" · ") }), ...(error ? [close] : []));
}

// The stops of each run as a row of dots: a click looks at one, and a fork starts from the one that is looked at.
function wfkitHistory(box, runs, send) {
  const size = 18;
  box.hidden = !runs.some(({ stops }) => stops.length);
  const rows = runs.map((run, place) => {
    const from = run.parent === null ? null : runs[run.parent];
    const indent = from ? Math.max(0, from.stops.findIndex(([number]) => number === run.forked)) * size : 0;
    const label = place === 0 ? "history" : `${run.name} from ${run.forked}`;
    const name = wfkitMake("button", { type: "button", className: "wfd-run", textContent: label, title: `show this run: ${run.state}` });
    name.ariaPressed = String(run.on);
    name.onclick = () => send({ do: "look", run: place, number: null });
    const dots = run.stops.map(([number, why], at) => {
      const last = at === run.stops.length - 1;
      const shown = run.on && (run.at === null ? last && run.state === "held" : run.at === number);
      const dot = wfkitMake("button", { type: "button", className: "wfd-stop", title: why });
      dot.setAttribute("aria-label", why);
      if (shown) dot.setAttribute("aria-current", "step");
      if (last && run.state === "held") dot.classList.add("now");
      dot.onclick = () => send({ do: "look", run: place, number });
      return dot;
    });
    const earlier = run.earlier ? [wfkitMake("small", { textContent: `${run.earlier.toLocaleString("en")} forgotten` })] : [];
    const line = wfkitMake("span", { className: "wfd-stops" }, ...earlier, ...dots);
    line.style.marginLeft = `${indent}px`;
    return wfkitMake("div", { className: `wfd-row${run.on ? " on" : ""}` }, name, line, wfkitMake("small", { textContent: run.state }));
  });
  box.replaceChildren(...rows);
}
