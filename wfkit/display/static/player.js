// The playback of a run: header, side panel, controls and timeline around a stage.

// How long each moment is shown, in milliseconds: its real time made readable, the whole in at most a minute.
function wfkitPace(moments) {
  const shown = moments.map(({ t, kind }, i) => {
    const next = moments[i + 1] ?? { t };
    const least = kind !== "sent" ? 240 : next.kind === "sent" ? 160 : 480; // what is sent together flies together
    return Math.min(Math.max((next.t - t) * 1000, least), 1200);
  });
  const total = shown.reduce((all, ms) => all + ms, 1);
  return shown.map((ms) => ms * Math.min(1, 60000 / total));
}

// Buttons and a slider. `acts` are what they do, by their keys.
function wfkitControls(moments, acts) {
  const last = moments.length - 1, sign = (path) => wfkitSign(wfkitDraw("path", { d: path }));
  const keys = [
    ["to the first moment", "Home", "M-4-5V5M4.5-5-.5 0 4.5 5", "Home"], ["one moment back", "←", "M2.5-5-2.5 0 2.5 5", "ArrowLeft"],
    ["play", "space", "", " "], ["one moment forward", "→", "M-2.5-5 2.5 0-2.5 5", "ArrowRight"],
    ["to the last moment", "End", "M4-5V5M-4.5-5 .5 0-4.5 5", "End"],
  ].map(([ariaLabel, key, path, act]) => {
    return wfkitButton("key", `${ariaLabel} (${key})`, acts[act], { ariaLabel }, sign(path));
  });
  const speeds = [1, 2, 8].map((factor, i) => wfkitButton("speed", `${factor} times as fast (${i + 1})`, acts[i + 1], `${factor}×`));
  const slider = wfkitPut("input", { type: "range", min: 0, max: Math.max(last, 0), title: "the moment (← →)", ariaLabel: "moment" });
  const failed = [...moments.keys()].filter((i) => moments[i].kind === "failed").slice(0, 200);
  const marks = failed.map((i) => wfkitPut("i", { style: `left:${(i / last) * 100}%` }));
  const play = keys[2], clock = wfkitPut(".clock");
  slider.oninput = () => acts.go(Number(slider.value));
  play.classList.add("wfp-play");
  play.ariaDisabled = slider.disabled = last < 1;
  return {
    box: wfkitPut(
      ".controls", wfkitPut(".group", ...keys), wfkitPut(".group", ...speeds), wfkitPut(".slide", wfkitPut(".marks", ...marks), slider), clock,
    ),
    show(i, words, time) {
      slider.value = i;
      slider.style.setProperty("--wfp-at", `${(i / (last || 1)) * 100}%`);
      slider.ariaValueText = `${i + 1} of ${last + 1}: ${words}`;
      clock.textContent = time;
      // Not `disabled`: that would take the focus away, and the keys with it.
      keys[0].ariaDisabled = keys[1].ariaDisabled = i <= 0;
      keys[3].ariaDisabled = keys[4].ariaDisabled = i >= last;
    },
    turn(plays) {
      play.ariaLabel = plays ? "pause" : "play";
      play.title = `${play.ariaLabel} (space)`;
      play.replaceChildren(sign(plays ? "M-4.5-5.5h3v11h-3ZM1.5-5.5h3v11h-3Z" : "M-3.5-6 6 0-3.5 6Z"));
    },
    speed: (chosen) => speeds.forEach((button, i) => (button.ariaPressed = i === chosen)),
  };
}

// Bring a run to life in `root`, which holds the stage's element. `page` is the document as it was delivered, for the
// export. Returns {go(index), play(), pause(), destroy()}.
function wfkitPlayer(root, stage, data, page) {
  const { nodes, events, duration } = data, { moments, runs } = wfkitRead(data);
  const last = moments.length - 1, pace = wfkitPace(moments);
  const replay = wfkitReplay(data, moments, runs), words = wfkitWords(data, moments, runs);
  const person = nodes.find((node) => node[2] === "person")?.[0];
  const shown = []; // what each node shows
  let at = -1, speed = 1, timer = 0, due = 0, now = null, trip = 0;

  function setNode([id, , kind], node) {
    const counts = replay.of(node);
    if (shown[node] === `${counts}`) return;
    shown[node] = `${counts}`;
    const [queued, running, held, waiting, failed, retried, done, cancelled, sent, ended] = counts;
    if (kind === "person") return;
    if (kind !== "step") return stage.setNode(id, { idle: !sent, mark: sent > 1 ? `×${sent.toLocaleString("en")}` : "" });
    const chips = Object.entries({ held, running, waiting, queued, failed, cancelled, retried, done }).filter(([, count]) => count);
    const state = chips.find(([name]) => name !== "retried")?.[0] ?? null;
    stage.setNode(id, { state, idle: !chips.length, chips, took: ended ? wfkitLasted(runs[ended - 1].worked) : "" });
  }
  const pill = (e) => nodes[events[e]?.[0]]?.[0];
  // From where an event came, over its pill, to the steps that got it.
  async function travel({ e, r, targets }, ms) {
    const mine = trip;
    await stage.travel(runs[r]?.id ?? person, pill(e), ms / 2);
    if (mine !== trip) return; // somebody has gone elsewhere
    const to = targets.length ? targets.map((node) => nodes[node][0]) : [person];
    for (const id of new Set(to)) stage.travel(pill(e), id, ms / 2);
  }
  function show(i, ms = 0) {
    const moment = moments[i] ?? { t: 0 }, { kind, r, e, t } = moment, moves = ms >= 60 && !wfkitStill();
    at = i;
    replay.go(i);
    nodes.forEach(setNode);
    now?.classList.remove("wfp-now");
    now = stage.node(kind === "sent" ? pill(e) : runs[r]?.id);
    now?.classList.add("wfp-now");
    if (now) stage.reveal?.(now.id);
    panel.show(i);
    timeline.show(i, timer && !wfkitStill() ? ms : 0);
    controls.show(i, words(moments[i])[1].flat().join(""), [t, duration].map((time) => wfkitClock(time, duration)).join(" of "));
    if (moves && kind === "sent") travel(moment, 480 / speed);
    if (moves && ["buffered", "collected", "streamed", "state"].includes(kind)) {
      now?.querySelector(".box").animate([{ strokeWidth: "6px" }, {}], { duration: 400, easing: "ease-out" });
    }
  }
  function turn(id) {
    timer = id;
    controls.turn(id);
    panel.told.ariaLive = id ? "off" : "polite";
  }
  function tick() {
    const time = performance.now();
    if (time - due > 1000) due = time; // the page was asleep
    let i = at;
    while (i < last && due <= time) due += pace[++i] / speed;
    if (i >= last) turn(0);
    else timer = setTimeout(tick, Math.max(due - time, 16));
    if (i !== at) show(i, due - time);
  }
  function play() {
    if (timer || last < 1) return;
    const i = at >= last ? 0 : at, ms = pace[i] / speed;
    due = performance.now() + ms;
    turn(setTimeout(tick, ms));
    show(i, ms);
  }
  function pause() {
    clearTimeout(timer);
    turn(0);
    timeline.show(at, 0);
  }
  function stop() {
    trip++;
    stage.stopTravels();
    pause();
  }
  function go(i, ms) {
    stop();
    show(Math.min(Math.max(i, 0), last), ms);
  }
  function setSpeed(chosen) {
    speed = [1, 2, 8][chosen];
    controls.speed(chosen);
  }

  const acts = {
    go: (index) => go(index), " ": () => (timer ? pause() : play()), ArrowLeft: () => go(at - 1), ArrowRight: () => go(at + 1, 480),
    Home: () => go(0), End: () => go(last), 1: () => setSpeed(0), 2: () => setSpeed(1), 3: () => setSpeed(2),
    c: () => timeline.toggle(), E: () => header.save.click(),
  };
  const header = wfkitHeader(stage, data, page), controls = wfkitControls(moments, acts);
  const panel = wfkitPanel(stage, data, moments, runs, words, acts.go);
  const timeline = wfkitTimeline(stage, data, moments, runs, acts.go);
  const held = [...root.children].find((child) => child.contains(stage.svg)), middle = wfkitPut(".middle");
  // Its tabIndex lets a click anywhere inside bring the keys here.
  const face = wfkitPut(".face", { tabIndex: -1 }, header.box, middle, controls.box, data.lanes.length && timeline.box);
  // A picture that lies gets the whole width, and the panel stands below it.
  const [width, height] = ["width", "height"].map((side) => Number(stage.svg.getAttribute(side)));
  face.classList.toggle("wide", width > 700 && width > 2 * height);
  held.replaceWith(face);
  middle.append(held, panel.box);
  face.onkeydown = (event) => {
    const { target, key } = event;
    // A button that is pressed with the space bar and a field that is typed in have a use for it themselves.
    const own = target.matches(key === " " ? "button, summary, input:not([type=range])" : "input:not([type=range])");
    if (own || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (key === "go" || !Object.hasOwn(acts, key) || (event.shiftKey && key !== "E")) return;
    event.preventDefault();
    event.stopPropagation();
    acts[key]();
  };
  setSpeed(0);
  turn(0);
  show(last);
  return {
    go: acts.go,
    play,
    pause,
    destroy() {
      stop();
      timeline.destroy();
      now?.classList.remove("wfp-now");
      face.replaceWith(held);
    },
  };
}
