// What moves on a picture while a run goes through it: counts and states of the nodes, events along the ways.

function wfkitMoves(svg, graph) {
  const states = ["queued", "held", "running", "waiting", "failed", "retried", "done", "cancelled"];
  const column = 11 * 0.61; // as wide as the drawing takes a small letter to be
  const told = new Map();
  const going = new Set();

  function chip([state, count]) {
    const number = count.toLocaleString("en");
    const sign = svg.querySelector(`[id="wf-g-${state}"]`)?.cloneNode(true) ?? wfkitDraw("g");
    sign.removeAttribute("id");
    sign.setAttribute("transform", "translate(5 0) scale(.8)");
    const text = wfkitDraw("text", { class: "small", x: 14 }, number);
    return { part: wfkitDraw("g", { class: `chip ${state}` }, sign, text), width: 14 + number.length * column };
  }
  function row(chips, took, room) {
    const parts = chips.map(chip);
    const total = () => parts.reduce((sum, { width }) => sum + width + 8, -8);
    if (took) {
      const gap = parts.length ? 8 : 0; // wider than between the counts, else the two read as one number
      const part = wfkitDraw("g", {}, wfkitDraw("text", { class: "small took", x: gap }, took));
      parts.push({ part, width: took.length * column + gap });
      if (parts.length > 1 && total() > room * 1.2) parts.pop(); // the counts matter more
    }
    const scale = Math.min(1, room / Math.max(total(), 1));
    let x = -total() / 2;
    for (const { part, width } of parts) {
      part.setAttribute("transform", `translate(${x.toFixed(1)} 0)`);
      x += width + 8;
    }
    return wfkitDraw("g", { transform: `scale(${scale.toFixed(3)})` }, ...parts.map(({ part }) => part));
  }

  function setNode(id, news) {
    const g = graph.nodes.get(id)?.g;
    if (!g) return;
    const all = { chips: [], took: "", ...told.get(id), ...news };
    told.set(id, all);
    if ("state" in news) {
      g.classList.remove(...states);
      if (states.includes(news.state)) g.classList.add(news.state);
    }
    if ("idle" in news) g.classList.toggle("idle", !!news.idle);
    const mark = g.querySelector(".mark"), tally = g.querySelector(".tally");
    if ("mark" in news && mark) {
      mark.textContent = news.mark;
      // While there is nothing to count, the name stands in the middle.
      const aside = news.mark ? 0 : mark.dataset.room / 2;
      for (const part of g.querySelectorAll(":scope > text:not(.mark), :scope > g:not(.tally)")) {
        part.style.translate = `${aside}px`;
      }
    }
    if (tally && ("chips" in news || "took" in news)) {
      tally.replaceChildren(row(all.chips, all.took, Number(tally.dataset.room)));
    }
  }

  function travel(from, to, ms, state = "running") {
    const way = graph.way(from, to), path = way?.querySelector("path.edge");
    if (!path || !(ms > 0) || wfkitStill()) return Promise.resolve();
    const dot = wfkitDraw("circle", { class: `wf-dot ${state}`, r: 5.5 });
    const length = path.getTotalLength(), began = performance.now();
    way.parentNode.append(dot);
    way.classList.add("wf-busy");
    return new Promise((resolve) => {
      const one = { way, end };
      function end() {
        going.delete(one);
        dot.remove();
        if (![...going].some((other) => other.way === way)) way.classList.remove("wf-busy");
        resolve();
      }
      function step(now) {
        if (!going.has(one)) return;
        const part = Math.max(0, Math.min((now - began) / ms, 1));
        const { x, y } = path.getPointAtLength(length * part * part * (3 - 2 * part));
        dot.setAttribute("transform", `translate(${x} ${y})`);
        part < 1 ? requestAnimationFrame(step) : end();
      }
      going.add(one);
      step(began);
    });
  }

  return { setNode, travel, stopTravels: () => going.forEach(({ end }) => end()) };
}
