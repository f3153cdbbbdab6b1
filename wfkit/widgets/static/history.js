// The stops of each run as a row of dots: a click looks at one, and a fork starts from the one that is looked at.

function wfkitHistory(box, send) {
  const wide = 18, high = 24, head = 104; // px of a dot, a row, and what stands before the dots

  // In which column each run begins: a fork one to the right of the stop that it comes from.
  function columns(runs) {
    const found = [];
    for (const { parent, forked } of runs) {
      const at = parent === null ? -1 : Math.max(0, runs[parent].stops.findIndex(([number]) => number === forked));
      found.push(parent === null ? 0 : found[parent] + at + 1);
    }
    return found;
  }
  const middle = (column) => head + (column + 0.5) * wide;
  const level = (row) => (row + 0.5) * high;

  function lines(runs, begin) {
    const drawn = runs.flatMap(({ parent, stops }, row) => {
      const x = middle(begin[row]), y = level(row), end = middle(begin[row] + Math.max(stops.length, 1) - 1);
      const along = `M${x} ${y}H${end}`;
      if (parent === null) return along;
      const from = middle(begin[row] - 1);
      return `M${from} ${level(parent)}V${y - 6}Q${from} ${y} ${from + 6} ${y}H${x}${along}`;
    });
    return wfkitDraw("path", { d: drawn.join("") });
  }
  function dot([number, why, failed], run, row, left) {
    const last = run.stops.at(-1)[0] === number, now = last && run.state === "held";
    const made = wfkitMake("button", { type: "button", className: `wfd-stop${now ? " now" : ""}${failed ? " failed" : ""}`, title: why, ariaLabel: why });
    const shown = run.on && (run.at === null ? now : run.at === number);
    if (shown) made.setAttribute("aria-current", "step");
    made.tabIndex = shown || (!run.on && last) || (run.on && run.at === null && !now && last) ? 0 : -1; // arrows lead to the others
    made.dataset.focus = `stop ${row} ${number}`;
    made.style.cssText = `left:${left - wide / 2}px;top:${level(row) - wide / 2}px`;
    made.onclick = () => send({ do: "look", run: row, number });
    return made;
  }
  function row(run, at, begin, names) {
    const label = at === 0 ? "history" : `${run.name} from ${run.forked}`;
    const origin = at === 0 ? "the first run" : `${run.name}, from stop ${run.forked} of the ${names[run.parent]}`;
    const name = wfkitMake("button", { type: "button", className: "wfd-run", textContent: label, title: `show ${origin}` });
    name.ariaPressed = String(run.on);
    name.dataset.focus = `run ${at}`;
    name.onclick = () => send({ do: "look", run: at, number: null });
    name.style.top = `${at * high}px`;
    const dots = run.stops.map((stop, number) => dot(stop, run, at, middle(begin + number)));
    const state = wfkitMake("span", { className: "wfd-how" }, wfkitStateSign(run.state, 12), run.state);
    if (run.earlier) state.append(` · ${run.earlier.toLocaleString("en")} earlier ones forgotten`);
    if (names.length > 1 && !(run.on && run.parent === null)) {
      const title = run.on ? "say where it parts from the run that it was forked from" : "say where it parts from the run that is shown";
      const compare = wfkitMake("button", { type: "button", className: "wfd-link", textContent: "compare", title });
      compare.dataset.focus = `compare ${at}`;
      compare.onclick = () => send({ do: "compare", run: at });
      state.append(compare);
    }
    state.style.cssText = `left:${middle(begin + run.stops.length)}px;top:${at * high}px`;
    return [name, ...dots, state];
  }
  // Where the runs part, until it is closed.
  function compared(found) {
    if (!found) return [];
    const close = wfkitMake("button", { type: "button", className: "wfd-gone", textContent: "×", title: "close", ariaLabel: "close" });
    close.onclick = () => send({ do: "uncompare" });
    const [first, ...rest] = found;
    const text = wfkitMake("div", { className: "wfd-differ" }, ...rest.map((line) => wfkitMake("p", { textContent: line })));
    return [wfkitMake("div", { className: "wfd-compared" }, wfkitMake("h4", { textContent: first }), close, text)];
  }
  box.addEventListener("keydown", (event) => {
    const side = { ArrowLeft: -1, ArrowRight: 1 }[event.key], dot = event.target.closest(".wfd-stop");
    if (!side || !dot) return;
    const line = [...box.querySelectorAll(".wfd-stop")].filter(({ style }) => style.top === dot.style.top);
    line[line.indexOf(dot) + side]?.click();
    event.preventDefault();
    event.stopPropagation();
  });

  return ({ runs = [], memory = ["", ""], comparison = null }) => {
    box.hidden = !runs.some(({ stops }) => stops.length);
    const before = box.querySelector(".wfd-tracks"), begin = columns(runs);
    const [x, y] = [before?.scrollLeft ?? 0, before?.scrollTop ?? 0];
    const end = Math.max(0, ...runs.map(({ stops }, at) => begin[at] + stops.length));
    const drawing = wfkitDraw("svg", { width: middle(end), height: runs.length * high, "aria-hidden": true }, lines(runs, begin));
    const all = runs.flatMap((run, at) => row(run, at, begin[at], runs.map(({ name }) => name)));
    const tracks = wfkitMake("div", { className: "wfd-tracks" }, wfkitMake("div", { className: "wfd-rows" }, drawing, ...all));
    tracks.firstChild.style.cssText = `width:${middle(end) + 220}px;height:${runs.length * high}px`;
    box.replaceChildren(tracks, wfkitMake("small", { className: "wfd-memory", textContent: memory[0], title: memory[1] }), ...compared(comparison));
    tracks.scrollTo(x, y);
    const seen = tracks.querySelector("[aria-current]");
    if (!seen) return;
    const left = seen.offsetLeft, room = tracks.clientWidth;
    if (left < tracks.scrollLeft + head || left > tracks.scrollLeft + room - 3 * wide) tracks.scrollLeft = left - room / 2;
    const top = seen.offsetTop;
    if (top < tracks.scrollTop || top > tracks.scrollTop + tracks.clientHeight - high) tracks.scrollTop = top - high;
  };
}
