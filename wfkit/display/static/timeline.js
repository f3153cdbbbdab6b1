// The timeline of a playback: one lane per worker, bars true to the folded time, a playhead, arrows of causes.

// Time to place, 0 to 1, along the folded axis, and back.
function wfkitAxis({ fold, duration }) {
  const along = (from, to) => (value) => {
    const i = fold.findIndex((point, k) => k && (point[from] >= value || k === fold.length - 1));
    const [a, b] = [fold[i - 1], fold[i]];
    const part = b[from] > a[from] ? (value - a[from]) / (b[from] - a[from]) : 1;
    return a[to] + Math.max(0, Math.min(part, 1)) * (b[to] - a[to]);
  };
  // Round times, at least `room` (0 to 1) from each other. Folds crowd them, so each piece of the axis has its own.
  function ticks(room) {
    const found = [];
    for (let i = 1; i < fold.length; i++) {
      const [[t0, x0], [t1, x1]] = [fold[i - 1], fold[i]];
      const least = ((t1 - t0) / Math.max(x1 - x0, 1e-9)) * room || 1, ten = 10 ** Math.floor(Math.log10(least));
      const step = ten * [1, 2, 5, 10].find((n) => n * ten >= least * 0.999);
      for (let n = Math.ceil(t0 / step - 1e-6); n * step <= t1 + 1e-9; n++) {
        const x = x0 + ((n * step - t0) / (t1 - t0 || 1)) * (x1 - x0), text = n ? wfkitClock(n * step, duration, step) : "0";
        // The clock has no more than five digits: of times that it cannot tell apart the first one stands.
        if (x - (found.at(-1)?.[0] ?? -1) >= room * 0.999 && found.at(-1)?.[1] !== text) found.push([x, text]);
      }
    }
    return found;
  }
  return { at: along(0, 1), back: along(1, 0), ticks };
}

// `go` is called with the moment that a click chose.
function wfkitTimeline(stage, data, moments, runs, go) {
  const { lanes, nodes, folds, errors } = data;
  const axis = wfkitAxis(data), percent = (part) => `${(part * 100).toFixed(3)}%`;
  const [names, area, ticks, head] = [".names", ".area", ".ticks", ".head"].map((name) => wfkitPut(name));
  const [under, over] = ["under", "over"].map((name) => wfkitDraw("svg", { class: `wfp-${name}`, "aria-hidden": true }));
  const track = wfkitPut(".track", area), rows = wfkitPut(".lanes", names, track);
  const causes = wfkitButton("toggle", "which run brought which about (C)", toggle, "causes");
  const box = wfkitPut("section.timeline", { ariaLabel: "timeline" }, rows, wfkitPut(".foot", causes, ticks));
  const tip = wfkitTip(box, new Map());
  let selected = -1, lit = null, shown = false, height = 4;
  causes.ariaPressed = false;

  const middles = lanes.map(([node, worker], i) => {
    const first = lanes[i - 1]?.[0] !== node, name = nodes[node][1], title = `${name}, worker ${worker}`;
    names.append(wfkitPut("", { title, style: `top:${(height += first && i ? 20 : 16) - 16}px` }, first && name));
    return height - 8;
  });
  track.style.height = names.style.height = `${(height += 4)}px`;
  const bars = runs.map(({ spans, end, lane, touched }, r) => spans.map(([t0, t1, kind]) => {
    const x = axis.at(t0), least = kind === "fail" ? 10 : 3; // pixels: what took no time is seen, too
    const left = `min(${percent(x)}, 100% - ${least}px)`, width = percent(axis.at(t1) - x);
    const style = `left:${left};width:${width};min-width:${least}px;top:${middles[lane] - 5}px`;
    return wfkitPut(`.bar ${kind} ${end} ${touched}`, { style, run: r });
  }));
  area.append(under, ...bars.flat(), over, head);

  const pixels = (t) => Math.round(axis.at(t) * area.clientWidth);
  function arrow(from, to, far) {
    const start = runs[to].spans[0]?.[0], end = runs[from].spans.at(-1)?.[1], [y1, y2] = [from, to].map((r) => middles[runs[r].lane]);
    if (!(start >= 0 && end >= 0)) return "";
    const x1 = pixels(Math.min(start, end)), x2 = pixels(start), bow = Math.max(12, (x2 - x1) / 2), lift = y1 === y2 ? 9 : 0;
    const d = `M${x1} ${y1}C${x1 + bow} ${y1 - lift} ${x2 - bow} ${y2 - lift} ${x2} ${y2}m-5-3l5 3-5 3`;
    return wfkitDraw("path", { class: `wfp-cause ${far ? "far" : ""}`, d });
  }
  // Back along what led to the selected run, a while, and onward to what it brought; everything when none is selected.
  function arrows() {
    const all = selected < 0, seen = new Set(!all ? [selected] : runs.length < 60 ? runs.keys() : []);
    const found = all ? [] : runs[selected].onward.map((to) => arrow(selected, to));
    for (const to of seen) {
      for (const from of runs[to].from) {
        found.push(arrow(from, to, to !== selected));
        if (seen.size < 30) seen.add(from);
      }
    }
    return found;
  }
  function zigzag([t0, t1]) {
    const teeth = Math.ceil(height / 8) + 1, across = Math.max(4, pixels(t1) - pixels(t0));
    return wfkitDraw("path", { d: `M${pixels(t0)}-4${"l3 4-3 4".repeat(teeth)}h${across}${"l3-4-3-4".repeat(teeth)}Z` });
  }
  // A fading edge tells that there are more lanes below.
  const fade = () => rows.classList.toggle("more", rows.scrollHeight - rows.clientHeight - rows.scrollTop > 8);
  rows.onscroll = fade;
  const drawOver = () => over.replaceChildren(...folds.map(zigzag), ...(shown ? arrows() : []));
  function draw() {
    const width = area.clientWidth || 1, gaps = [];
    for (const [t0, t1] of folds.toSorted(([a, b], [c, d]) => d - c - (b - a))) { // where they crowd, the longest is told
      const x = (axis.at(t0) + axis.at(t1)) / 2;
      if (gaps.every(([gap]) => Math.abs(gap - x) * width > 72)) gaps.push([x, `⋯ ${wfkitLasted(t1 - t0)} ⋯`]);
    }
    const clear = axis.ticks(72 / width).filter(([x]) => [...gaps, [1.04]].every(([gap]) => Math.abs(gap - x) * width > 56));
    under.replaceChildren(...clear.map(([x]) => wfkitDraw("path", { d: `M${Math.round(x * width) + 0.5} 0V${height}` })));
    ticks.replaceChildren(...[...clear, ...gaps].map(([x, text]) => wfkitPut("span", { style: `left:${percent(x)}` }, text)));
    drawOver();
    fade();
  }
  function toggle() {
    causes.ariaPressed = shown = !shown;
    drawOver();
  }
  function hover({ target }) {
    const run = runs[target.run];
    lit?.classList.remove("wfp-lit");
    lit = run && stage.node(run.id);
    lit?.classList.add("wfp-lit");
    if (!run) return tip.hide();
    const { name, worked, waited, held, open, attempts, x, end, touched } = run;
    const lines = [
      name, `took: ${wfkitLasted(worked)}${open ? " so far" : ""}`, waited && `waited: ${wfkitLasted(waited)}`, held && `held: ${wfkitLasted(held)}`,
      attempts > 1 && `tried: ${attempts} times`, errors[x] && `error: ${errors[x][0]}`, end === "cancelled" && end, touched,
    ];
    tip.show({ lines: lines.filter(Boolean), box: target });
  }
  track.onpointerover = track.onpointerleave = hover;
  track.onclick = ({ target, clientX }) => {
    const first = runs[target.run]?.first, { left, width } = area.getBoundingClientRect();
    const time = axis.back((clientX - left) / width);
    go(first >= 0 ? first : moments.findLastIndex(({ t }) => t <= time));
  };
  const watch = new ResizeObserver(draw);
  watch.observe(area);
  return {
    box,
    toggle,
    // `glide`: the milliseconds in which the playhead moves on to the next moment, 0 if it stands.
    show(i, glide) {
      const r = moments[i]?.r ?? -1, middle = middles[runs[r]?.lane];
      head.style.transition = glide ? `transform ${glide}ms linear` : "none";
      head.style.transform = `translateX(${percent(axis.at(moments[glide ? i + 1 : i]?.t ?? 0))})`;
      if (r === selected) return;
      bars[selected]?.forEach((bar) => bar.classList.remove("selected"));
      bars[(selected = r)]?.forEach((bar) => bar.classList.add("selected"));
      if (shown) drawOver();
      // Only the lanes scroll: `scrollIntoView` would take the whole notebook along.
      if (middle < rows.scrollTop + 16) rows.scrollTop = middle - 24;
      if (middle > rows.scrollTop + rows.clientHeight - 16) rows.scrollTop = middle - rows.clientHeight + 24;
    },
    destroy() {
      lit?.classList.remove("wfp-lit");
      watch.disconnect();
    },
  };
}
