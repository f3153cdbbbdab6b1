// The flow that lives: how each node stands, what is held where, and where breakpoints are.

function wfkitFlow(ground, send) {
  let stage = null, seen = -1, shown = null, marked = "", spots = "", at = "";

  function draw(text) {
    stage?.destroy();
    stage = null;
    seen = -1;
    shown = new Map();
    marked = spots = at = "";
    ground.replaceChildren();
    if (!text) return;
    // Our own drawing: svg.py escapes whatever comes from a user. As XML, a mistake there would be an error, not a guess.
    const svg = document.importNode(new DOMParser().parseFromString(text, "image/svg+xml").documentElement, true);
    ground.append(wfkitMake("div", { className: "wf-stage" }, svg));
    stage = wfkitStage(ground.firstChild, { height: 536, space: false, onPick: press });
  }
  function press(id) {
    if (!id) return;
    stage.pick(null);
    stage.light(null);
    if (stage.node(id).matches(".step, .event, .start, .stop")) send({ do: "break", node: id });
  }
  function sign(state) {
    const glyph = stage?.svg.querySelector(`[id="wf-g-${state}"]`)?.cloneNode(true);
    if (!glyph) return null;
    glyph.removeAttribute("id");
    return wfkitDraw("svg", { class: "wfd-sign", viewBox: "-6 -6 12 12", "aria-hidden": true }, glyph);
  }

  function update({ nodes = {}, marks = {}, dots = [], moves = [], held = null, stop = {} }) {
    if (!stage || !ground.clientWidth) return;
    for (const [id, news] of Object.entries(nodes)) {
      const now = JSON.stringify(news);
      if (shown.get(id) === now) continue;
      shown.set(id, now);
      stage.setNode(id, news);
    }
    if (marked !== (marked = JSON.stringify([marks, Object.keys(nodes)]))) mark(marks, nodes);
    if (spots !== (spots = JSON.stringify(dots))) spot(dots);
    go(moves);
    // What is held is brought into sight once; after that the view is the reader's.
    const now = held?.node ? `${stop.number} ${held.node}` : at;
    if (at !== (at = now)) stage.reveal(held.node);
  }
  // A red dot on a node that stops the run; a pale one comes up where a click would set one.
  function mark(marks, nodes) {
    for (const id of stage.ids) {
      const g = stage.node(id);
      if (!(id in nodes)) continue; // a step of a child, whose run is another one
      const there = id in marks, kind = !there ? "none" : marks[id] ? "set" : "off";
      let dot = g.querySelector(".wfd-break");
      if (!dot) {
        const { x, y } = g.querySelector(".box").getBBox();
        const inset = g.matches(".step") ? 1 : 6;
        dot = wfkitDraw("circle", { r: 5, cx: x + inset, cy: y + inset });
        g.append(dot);
      }
      dot.setAttribute("class", `wfd-break ${kind}`);
    }
  }
  // What is held sits on its way, at the door of its step.
  function spot(dots) {
    for (const old of stage.svg.querySelectorAll(".wfd-spot")) old.remove();
    for (const [from, to, count] of dots) {
      const way = stage.way(from, to), path = way?.querySelector("path.edge");
      if (!path) continue;
      const { x, y } = path.getPointAtLength(path.getTotalLength() * 0.62);
      const text = count > 1 ? [wfkitDraw("text", { class: "small", x: 12 }, count.toLocaleString("en"))] : [];
      const dot = wfkitDraw("circle", { class: "wf-dot held", r: 5.5 });
      way.parentNode.append(wfkitDraw("g", { class: "wfd-spot", transform: `translate(${x} ${y})` }, dot, ...text));
    }
  }
  function go(moves) {
    const last = moves.at(-1)?.[0] ?? seen;
    const fresh = seen < 0 ? [] : moves.filter(([number]) => number > seen).slice(-12);
    seen = Math.max(last, 0);
    if (document.hidden) return;
    for (const [, from, to] of fresh) stage.travel(from, to, 420);
  }

  return {
    draw,
    update,
    sign,
    ready: () => stage,
    // The node of the step that has what is held, for the key that sets a breakpoint.
    place: (held) => held?.node ?? null,
    destroy: () => stage?.destroy(),
  };
}
