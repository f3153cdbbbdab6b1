// A page that vis-network draws: in our colours, along our routes, with our tips, and a field to find a node.

(() => {
  const page = document.documentElement;
  const outside = wfkitOutside();
  const { ways, frames } = JSON.parse(document.getElementById("wf-data").textContent);
  for (const way of ways) way.splice(0, 2, new Path2D(way[0]), new Path2D(way[1]));
  let colours = {}, moved = false;
  const hide = (hidden) => edges.update(edges.getIds().map((id) => ({ id, hidden })));

  // vis-network knows only curves between two shapes, which run through others. So our routes are drawn under the
  // shapes, and its own edges appear once somebody drags a shape away from its place.
  network.on("beforeDrawing", (canvas) => {
    if (moved) return;
    canvas.save();
    canvas.strokeStyle = colours("line");
    canvas.fillStyle = colours("raised");
    canvas.lineWidth = 1.25;
    for (const frame of frames) {
      canvas.fillRect(...frame);
      canvas.strokeRect(...frame);
    }
    canvas.fillStyle = colours("edge");
    for (const [line, head, dashes, many] of ways) {
      canvas.setLineDash(dashes);
      canvas.lineWidth = many ? 4.25 : 1.25;
      canvas.strokeStyle = colours("edge");
      canvas.stroke(line);
      if (many) {
        canvas.lineWidth = 1.75;
        canvas.strokeStyle = colours("surface");
        canvas.stroke(line);
      }
      canvas.fill(head);
    }
    canvas.restore();
  });
  network.on("dragStart", (event) => {
    if (moved || !event.nodes.length) return;
    moved = true;
    hide(false);
  });

  function paint() {
    const style = getComputedStyle(page);
    colours = (name) => style.getPropertyValue(`--wf-${name}`).trim();
    const news = nodes.get().map(({ id, colours: [fill, line, ink], lines }) => {
      const chosen = { background: colours(fill), border: colours("ink") };
      const title = document.createElement("div");
      wfkitTell(title, lines);
      const color = { background: colours(fill), border: colours(line), highlight: chosen, hover: chosen };
      return { id, color, font: { color: colours(ink) }, title };
    });
    const color = { color: colours("edge"), highlight: colours("ink"), hover: colours("ink") };
    edges.update(edges.getIds().map((id) => ({ id, color })));
    nodes.update(news);
  }

  const field = document.getElementById("wf-find"), count = document.getElementById("wf-found");
  let found = [], at = -1;
  field.addEventListener("input", () => {
    const word = field.value.trim().toLowerCase();
    found = word ? nodes.get().filter(({ lines }) => lines[0].toLowerCase().includes(word)) : [];
    at = -1;
    count.value = word ? `${found.length} found` : "";
    network.selectNodes(found.map(({ id }) => id), false);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !found.length) return;
    at = (at + (event.shiftKey ? -1 : 1) + found.length) % found.length;
    count.value = `${at + 1} of ${found.length}`;
    network.selectNodes([found[at].id], false);
    const animation = wfkitStill() ? false : { duration: 180, easingFunction: "easeOutQuad" };
    network.focus(found[at].id, { scale: Math.max(network.getScale(), 1), animation });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target === field) return;
    event.preventDefault();
    field.select();
  });
  // In a cell the wheel scrolls the notebook, and zooms with a modifier.
  const scrolls = (event) => parent !== window && !event.ctrlKey && !event.metaKey && event.stopPropagation();
  addEventListener("wheel", scrolls, { capture: true, passive: true });

  addEventListener("pagehide", wfkitFollowTheme(page, outside, paint));
  hide(true);
  // A small flow is shown at its own size, not blown up to fill the window.
  network.fit({ maxZoomLevel: 1.15, animation: false });
  // A large one opens at its beginning, at a size to read.
  if (network.getScale() < 0.62) {
    const first = nodes.getIds().find((id) => /^▶/.test(nodes.get(id).label)) ?? nodes.getIds()[0];
    const { x, y } = network.getPosition(first);
    network.moveTo({ scale: 0.8, position: { x, y: y + innerHeight / 2 / 0.8 - 60 }, animation: false });
  }
})();
