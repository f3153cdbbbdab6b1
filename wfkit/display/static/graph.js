// What stands on a picture and what leads where. Lights a node with its paths.

function wfkitGraph(svg) {
  const nodes = new Map(), ways = [];
  const lead = (g, from, to) => {
    if (!from || !to) return;
    const way = { g, from, to };
    from.out.push(way);
    to.into.push(way);
    ways.push(way);
  };
  for (const g of svg.querySelectorAll(".node, .frame")) {
    const title = g.querySelector("title");
    const lines = (title ?? g).textContent.split("\n");
    nodes.set(g.id, { g, lines, box: g.querySelector(".box"), into: [], out: [] });
    title?.remove(); // else the browser's own tip would come up beside ours
  }
  svg.querySelector("title")?.remove();
  for (const g of svg.querySelectorAll(".way")) lead(g, nodes.get(g.dataset.from), nodes.get(g.dataset.to));

  // What is drawn inside of a frame belongs to it. Asked late: nothing has a place before it is shown.
  let filled = false;
  function fill() {
    filled = true;
    for (const frame of nodes.values()) {
      if (!frame.g.matches(".frame")) continue;
      const all = frame.box.getBoundingClientRect();
      for (const node of nodes.values()) {
        const at = node.box.getBoundingClientRect();
        const inside = at.left > all.left && at.right < all.right && at.top > all.top && at.bottom < all.bottom;
        if (inside) lead(null, frame, node);
      }
    }
  }
  const reach = (start, side, end) => {
    const found = new Set([start]);
    for (const node of found) for (const way of node[side]) found.add(way[end]); // grows while it is walked
    return found;
  };
  const clear = (lit) => {
    svg.classList.toggle("wf-lit", lit);
    for (const { g } of [...nodes.values(), ...ways]) g?.classList.remove("wf-on", "wf-near", "wf-back");
  };
  return {
    nodes,
    way: (from, to) => nodes.get(from)?.out.find((way) => way.g && way.to.g.id === to)?.g ?? null,
    light(id) {
      const start = nodes.get(id);
      clear(!!start);
      if (!start) return;
      if (!filled) fill();
      const after = reach(start, "out", "to"), before = reach(start, "into", "from");
      for (const node of before) node.g.classList.add("wf-back");
      for (const node of after) node.g.classList.add("wf-on");
      const lit = [];
      for (const { g, from, to } of ways) {
        const level = from === start ? 2 : after.has(from) ? 1 : before.has(to) ? 0 : -1;
        if (!g || level < 0) continue;
        g.classList.add(...[["wf-back"], ["wf-on"], ["wf-on", "wf-near"]][level]);
        lit.push([level, g]);
      }
      // Ways may share a trunk: what is lit is drawn over what is not.
      const above = [...nodes.values()].find(({ g }) => g.matches(".node")).g;
      above.before(...lit.sort(([one], [other]) => one - other).map(([, g]) => g));
    },
    lightOnly(found, first) {
      clear(true);
      for (const { g } of found) g.classList.add("wf-on");
      first?.g.classList.add("wf-near");
    },
  };
}
