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
  const [header, bar, said, points] = [part("header"), part("bar", "toolbar"), part("next"), part("points")];
  const [middle, ground, side, history] = [part("middle"), part("ground"), part("side"), part("history")];
  middle.append(ground, side);
  face.append(header, bar, said, points, middle, history);
  root.append(face);

  const flow = wfkitFlow(ground, send);
  const sides = wfkitSides(side, send, () => update());
  const head = wfkitHead(header), buttons = wfkitButtons(bar, on, act);
  const showPoints = wfkitPoints(points, send), showHistory = wfkitHistory(history, send);
  const told = new Map();
  const look = () => model.get("view") ?? {};
  // What has not changed stays as it is: somebody may be typing there. What is built anew gives the focus back.
  function once(name, data, build) {
    const now = JSON.stringify(data);
    if (told.get(name) === now) return;
    told.set(name, now);
    const document = root.getRootNode(), before = document.activeElement;
    const mine = before && face.contains(before), key = before?.dataset?.focus;
    build(data);
    if (!mine || face.contains(document.activeElement)) return;
    const again = key && [...face.querySelectorAll("[data-focus]")].find((one) => one.dataset.focus === key);
    (again || face).focus({ preventScroll: true });
  }

  function act(name, more = {}) {
    const { can = [], held, runs = [], looking } = look();
    if (name === "now") return send({ do: "look", run: runs.findIndex((run) => run.on), number: null });
    if (!can.includes(name)) return;
    // What a step has returned is no event that a fork could begin with.
    const takes = held && (name === "step" || (name === "fork" && (held.kind !== "result" || typeof looking === "number")));
    send({ do: name, ...(takes ? { held: held.held, values: sides.take() } : {}), ...more });
  }

  function update() {
    const view = look(), past = typeof view.looking === "number";
    sides.update(view, model.get("lines") ?? [], once); // first: an edit is over when its delivery has gone
    const edited = Object.keys(sides.values()).length > 0;
    const { title, why, name, counts, state, can, goals, next = "", error = "", held, looking, breakpoints = [] } = view;
    face.dataset.state = state ?? "";
    face.classList.toggle("wfd-past", past);
    face.classList.toggle("wfd-broken", !past && held?.kind === "failed");
    once("head", [title, why, name, counts, state, looking], () => head(view));
    once("bar", [can, goals, edited, looking, held?.kind], () => buttons(view, edited));
    const goes = edited && !past ? "The event is edited: the next click sends it so." : next;
    once("said", [goes, error], () => wfkitSaid(said, goes, error, send));
    once("points", breakpoints, showPoints);
    flow.update(view);
    once("history", [view.runs, view.memory, view.comparison], () => showHistory(view));
    grow(sides.lacks());
  }
  // As high as is needed, and never lower again: what is below shall not move up and down with the run.
  let high = 520;
  function grow(more) {
    if (more <= 0 || high >= 720) return;
    high = Math.min(720, high + more);
    middle.style.setProperty("--wfd-high", `${high}px`);
  }
  function draw() {
    flow.draw(model.get("picture"));
    update();
    grow(ground.offsetHeight - high);
  }

  const keys = { n: "step", c: "continue", p: "pause", r: "rewind", f: "fork" };
  on(face, "keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.key.length > 1) return;
    event.stopPropagation(); // no letter goes on to the notebook, which would cut or make a cell
    if (event.target.closest("input, textarea, select")) return;
    const node = event.target.closest(".node")?.id ?? flow.place(look().held);
    if (Object.hasOwn(keys, event.key)) act(keys[event.key]);
    else if (event.key === "b" && node) send({ do: "break", node });
    else return;
    event.preventDefault();
  });
  const sizes = new ResizeObserver(() => {
    flow.update(look());
    sides.settle();
  });
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
