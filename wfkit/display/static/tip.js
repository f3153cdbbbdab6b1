// A panel with what is to be known of a node, beside it and never outside of the frame.

function wfkitTell(panel, [heading, ...lines]) {
  panel.replaceChildren(wfkitMake("b", { textContent: heading }));
  let table = null;
  for (const line of lines) {
    // "name: type" and "returns type" go into columns; sentences do not.
    const [, name, type] = /^(returns(?= )|\w+(?=: ))[: ]+(.{1,200}[^.])$/.exec(line) ?? [];
    if (name && !table) panel.append((table = wfkitMake("dl")));
    if (!name) table = null;
    if (name) table.append(wfkitMake("dt", { textContent: name }), wfkitMake("dd", { textContent: type }));
    else panel.append(wfkitMake("p", { textContent: line }));
  }
}

function wfkitTip(root) {
  const panel = wfkitMake("div", { className: "wf-hint", hidden: true, ariaHidden: "true" }); // the label says the same
  root.append(panel);

  function place(box) {
    const at = box.getBoundingClientRect(), own = root.getBoundingClientRect();
    const all = (root.closest(".wf-root") ?? root).getBoundingClientRect();
    const left = Math.max(all.left, 0) + 6, right = Math.min(all.right, innerWidth) - 6;
    const top = Math.max(all.top, 0) + 6, bottom = Math.min(all.bottom, innerHeight) - 6;
    panel.style.maxWidth = `${Math.min(320, right - left)}px`;
    panel.style.maxHeight = `${bottom - top}px`;
    const { width, height } = panel.getBoundingClientRect();
    const middle = at.left + at.width / 2 - width / 2;
    const held = (value, low, high) => Math.max(low, Math.min(value, high));
    const shared = (from, size, start, end) => Math.max(0, Math.min(from + size, end) - Math.max(from, start));
    const hides = (x, y, at) => shared(x, width, at.left, at.right) * shared(y, height, at.top, at.bottom);
    // Itself must not be hidden, nor where it leads to; the controls and the rest count for less.
    const others = [...root.querySelectorAll(".wf-controls, .node")].map((other) => {
      const weight = other.contains(box) ? 20 : other.matches(".wf-on") ? 4 : 1;
      return [(other.querySelector(".box") ?? other).getBoundingClientRect(), weight];
    });
    const beside = [[at.right + 10, at.top], [at.left - 10 - width, at.top]];
    const places = [...beside, [middle, at.bottom + 10], [middle, at.top - 10 - height]];
    let best = null;
    for (const [x0, y0] of places) {
      const x = held(x0, left, right - width), y = held(y0, top, bottom - height);
      const cost = others.reduce((sum, [other, weight]) => sum + weight * hides(x, y, other), 0);
      if (!best || cost < best.cost) best = { x, y, cost };
    }
    panel.style.left = `${best.x - own.left}px`;
    panel.style.top = `${best.y - own.top}px`;
  }
  return {
    hide: () => (panel.hidden = true),
    remove: () => panel.remove(),
    show({ lines, box }) {
      wfkitTell(panel, lines);
      panel.style.left = panel.style.top = "0";
      panel.hidden = false;
      place(box);
    },
  };
}
