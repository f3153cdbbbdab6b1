// Which part of a picture is seen, and how large: a view box that moves, so that lines and letters stay sharp.

function wfkitView(root, svg, set, on, moved) {
  const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
  const smallest = 0.62; // where the smallest letters have about 7 px; frame.py has the same number
  const held = (value, low, high) => Math.max(low, Math.min(value, high));
  const within = (at, seen, size) => (seen >= size ? (size - seen) / 2 : held(at, 0, size - seen));
  const fingers = new Map();
  let view = { x: 0, y: 0, k: 1 }, wide = 0, high = 0, touched = false, dragged = false, frame = 0;

  // A picture that cannot be seen whole keeps a size to read; a high one needs no less than its width allows.
  function size() {
    const fit = Math.min(wide / width, set.height / height, 1);
    return fit < smallest ? held(wide / width, height < set.height ? 0.8 : smallest, 1) : fit;
  }
  const whole = () => Math.min(1, wide / width, high / height);
  function show({ x, y, k }) {
    const w = wide / k, h = high / k;
    view = { x: within(x, w, width), y: within(y, h, height), k };
    svg.setAttribute("viewBox", `${view.x} ${view.y} ${w} ${h}`);
    const more = [view.y > 1, view.x + w < width - 1, view.y + h < height - 1, view.x > 1];
    root.classList.toggle("wf-wider", more.includes(true));
    root.classList.toggle("wf-touched", touched);
    // The picture fades where it goes on.
    more.forEach((goes, side) => root.style.setProperty(`--wf-more-${side}`, goes ? "20px" : "0px"));
    moved();
  }
  const stop = () => cancelAnimationFrame(frame);
  function glide(goal) {
    stop();
    if (wfkitStill()) return show(goal);
    const from = view, began = performance.now();
    const step = (now) => {
      const left = (1 - held((now - began) / 180, 0, 1)) ** 3;
      const between = (name) => goal[name] + (from[name] - goal[name]) * left;
      show({ x: between("x"), y: between("y"), k: between("k") });
      if (left) frame = requestAnimationFrame(step);
    };
    step(began);
  }
  function opening() {
    const k = size();
    // It opens at its beginning.
    const first = svg.querySelector(".start .box") ?? svg.querySelector(".node .box");
    const from = first ? centre(first) : { x: 0, y: 0 };
    return { x: from.x - wide / k / 2, y: from.y - high / k / 2, k };
  }
  const centre = (g) => {
    const at = g.getBoundingClientRect(), all = svg.getBoundingClientRect();
    const middle = (side, size) => (at[side] + at[size] / 2 - all[side]) / view.k + view[side];
    return { x: middle("x", "width"), y: middle("y", "height") };
  };
  const scaled = (factor, x = wide / 2, y = high / 2) => {
    const k = held(view.k * factor, Math.min(whole(), smallest), 4);
    return { x: view.x + x / view.k - x / k, y: view.y + y / view.k - y / k, k };
  };
  const shifted = (dx, dy) => ({ ...view, x: view.x - dx / view.k, y: view.y - dy / view.k });
  const go = (goal, how = glide) => {
    touched = true;
    if (how !== glide) stop();
    how(goal);
  };
  const point = (event) => {
    const { left, top } = svg.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };

  on(svg, "wheel", (event) => {
    const zooms = event.ctrlKey || event.metaKey, before = view;
    if (zooms) go(scaled(Math.exp(-held(event.deltaY, -60, 60) / 150), ...point(event)), show);
    else if (set.wheel) go(shifted(-event.deltaX, -event.deltaY), show);
    // Else, and where the picture ends, the notebook scrolls.
    if (zooms || view.x !== before.x || view.y !== before.y) event.preventDefault();
  }, { passive: false });
  on(svg, "dblclick", (event) => go(scaled(event.shiftKey ? 1 / 1.8 : 1.8, ...point(event))));
  on(svg, "pointerdown", (event) => {
    if (event.button) return;
    if (!fingers.size) dragged = false;
    fingers.set(event.pointerId, point(event));
  });
  on(svg, "pointermove", (event) => {
    const from = fingers.get(event.pointerId), to = point(event);
    if (!from) return;
    const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
    // A click may tremble; and where all is seen there is nowhere to go.
    if (fingers.size < 2 && !dragged && (Math.hypot(dx, dy) < 4 || !root.matches(".wf-wider"))) return;
    dragged = true;
    svg.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, to);
    const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
    if (!other) return go(shifted(dx, dy), show);
    const apart = ([x, y]) => Math.max(8, Math.hypot(x - other[0], y - other[1]));
    go(scaled(apart(to) / apart(from), (to[0] + other[0]) / 2, (to[1] + other[1]) / 2), show);
    show(shifted(dx / 2, dy / 2));
  });
  for (const kind of ["pointerup", "pointercancel"]) on(svg, kind, (event) => fingers.delete(event.pointerId));

  return {
    pan: (dx, dy) => go(shifted(dx, dy)),
    zoom: (factor, x, y) => go(scaled(factor, x, y)),
    // Asked once more, it shows all of a picture that is larger than its window.
    fit() {
      const goal = opening(), there = !touched && whole() < goal.k;
      touched = there;
      glide(there ? { x: 0, y: 0, k: whole() } : goal);
    },
    measure() {
      if (!root.clientWidth || root.clientWidth === wide) return;
      wide = root.clientWidth;
      high = Math.ceil(held(height * size(), 160, set.height)); // a low one leaves room for tips
      svg.style.width = `${wide}px`;
      svg.style.height = `${high}px`;
      show(view); // the places in the opening are read off what is shown
      if (!touched) show(opening());
    },
    // Bring a node into sight.
    reveal(g) {
      const at = g.getBoundingClientRect(), all = svg.getBoundingClientRect();
      const inside = at.left > all.left + 8 && at.right < all.right - 8;
      if (inside && at.top > all.top + 8 && at.bottom < all.bottom - 8) return;
      const { x, y } = centre(g);
      go({ x: x - wide / view.k / 2, y: y - high / view.k / 2, k: view.k });
    },
    dragged: () => dragged,
    stop,
  };
}
