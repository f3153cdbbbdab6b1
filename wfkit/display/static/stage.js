// A stage brings one picture to life. Several may stand on one page: everything is found inside `root`, nothing is kept
// outside of a stage, and destroy() takes away what it added. Its parts: graph, view, tip, find, and moves for a run.

// height: at most, in pixels. picks: whether nodes can be picked. space: whether it presses a node, like Enter. wheel:
// whether it pans without a modifier. onPick(id or null): a person picked a node.
function wfkitStage(root, options) {
  const set = { height: 560, picks: true, space: true, wheel: false, onPick() {}, ...options };
  const svg = root.querySelector("svg.wfkit");
  const ending = new AbortController();
  const on = (target, kind, act, more) => target.addEventListener(kind, act, { signal: ending.signal, ...more });
  const graph = wfkitGraph(svg), { nodes } = graph;
  const tip = wfkitTip(root);
  const view = wfkitView(root, svg, set, on, tip.hide);
  const moves = typeof wfkitMoves === "function" ? wfkitMoves(svg, graph) : {};
  const steps = [...nodes.values()].filter(({ g }) => g.matches(".node"));
  let kept = null, picked = null, timer = 0;

  function light(id) {
    kept = nodes.has(id) ? id : null;
    graph.light(kept);
  }
  function pick(id) {
    picked = nodes.has(id) ? id : null;
    for (const { g } of steps) g.setAttribute("aria-pressed", g.id === picked);
    ring("wf-picked", nodes.get(picked));
  }
  function choose(id) {
    const before = picked;
    light(id);
    if (!set.picks) return;
    pick(id);
    if (picked || before) set.onPick(picked);
  }
  function look(id, delay) {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (!kept && !find?.active()) graph.light(id);
      id ? tip.show(nodes.get(id)) : tip.hide();
    }, delay);
  }
  // One for what is picked, one for what has the focus.
  function ring(name, node) {
    svg.querySelector(`.${name}`)?.remove();
    if (!node) return;
    const { x, y, width, height } = node.box.getBBox();
    const rx = node.g.matches(".event, .start, .stop") ? height / 2 + 4 : 9;
    const size = { x: x - 4, y: y - 4, width: width + 8, height: height + 8, rx };
    node.g.parentNode.append(wfkitDraw("rect", { class: name, ...size }));
  }
  function clear() {
    find?.close();
    look(null, 0);
    light(null);
  }
  const idAt = (target) => {
    const g = target.closest(".node, .frame");
    // Most of a frame is ground; its title stands for it.
    return g && (g.matches(".node") || target.matches("text")) ? g.id : null;
  };

  on(svg, "pointerover", (event) => event.pointerType === "mouse" && look(idAt(event.target), 120));
  on(svg, "pointerleave", () => look(null, 80));
  on(svg, "click", ({ target }) => {
    if (view.dragged()) return;
    choose(idAt(target));
    look(idAt(target), 0);
  });
  on(svg, "focusin", ({ target }) => {
    if (!target.matches(".node:focus-visible")) return;
    view.reveal(target);
    ring("wf-focus", nodes.get(target.id));
    look(target.id, 200);
  });
  on(svg, "focusout", () => {
    ring("wf-focus", null);
    look(null, 80);
  });
  on(root, "keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const id = idAt(event.target), press = id && (() => choose(id));
    const [closer, further] = [() => view.zoom(1.3), () => view.zoom(1 / 1.3)];
    const keys = { "+": closer, "=": closer, "-": further, 0: view.fit, "/": find?.open, Enter: press };
    if (set.space) keys[" "] = press;
    keys.Escape = () => (clear(), choose(null));
    const by = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
    if (by && event.shiftKey) keys[event.key] = () => view.pan(...by);
    if (!keys[event.key]) return;
    keys[event.key]();
    event.preventDefault();
    event.stopPropagation();
  });

  const bar = wfkitMake("div", { className: "wf-controls" });
  const button = (title, d, act) => {
    const sign = wfkitDraw("svg", { viewBox: "0 0 16 16", width: 16, "aria-hidden": true }, wfkitDraw("path", { d }));
    const made = wfkitMake("button", { type: "button", title, ariaLabel: title }, sign);
    on(made, "click", act);
    bar.append(made);
  };
  const unfound = () => graph.light(kept);
  const find = steps.length > 12 ? wfkitFind(bar, steps, on, graph.lightOnly, view.reveal, unfound) : null;
  if (find) button("find (/)", "M10.5 10.5 14 14M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 1 0 0-9", find.open);
  button("zoom in (+)", "M8 3.5v9M3.5 8h9", () => view.zoom(1.3));
  button("zoom out (-)", "M3.5 8h9", () => view.zoom(1 / 1.3));
  button("fit (0)", "M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3", view.fit);
  root.append(bar);

  svg.setAttribute("role", "group"); // its parts can be reached
  svg.setAttribute("tabindex", 0);
  for (const { g, lines } of steps) {
    g.setAttribute("aria-label", lines.join(", "));
    g.setAttribute("tabindex", 0);
    g.setAttribute("role", "button");
  }
  const tips = [...svg.querySelectorAll("marker")];
  for (const kind of ["dim", "near", "busy"]) {
    // An arrow's head has the colour of its line.
    for (const head of tips) head.parentNode.append(Object.assign(head.cloneNode(true), { id: `wf-tip-${kind}` }));
  }
  const sizes = new ResizeObserver(view.measure);
  sizes.observe(root);
  view.measure();

  return {
    svg,
    ids: steps.map(({ g }) => g.id),
    node: (id) => nodes.get(id)?.g ?? null,
    way: graph.way,
    waysOf(id) {
      const drawn = (ways = []) => ways.map(({ g }) => g).filter(Boolean);
      return { in: drawn(nodes.get(id)?.into), out: drawn(nodes.get(id)?.out) };
    },
    fit: view.fit,
    zoom: view.zoom,
    reveal: (id) => nodes.has(id) && view.reveal(nodes.get(id).g),
    reset() {
      clear();
      pick(null);
      view.fit();
    },
    light,
    pick,
    ...moves,
    destroy() {
      ending.abort();
      sizes.disconnect();
      view.stop();
      moves.stopTravels?.();
      clear();
      clearTimeout(timer);
      pick(null);
      ring("wf-focus", null);
      tip.remove();
      bar.remove();
    },
  };
}
