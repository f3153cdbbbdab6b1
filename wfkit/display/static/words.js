// What a playback says: durations, points in time, and moments in plain words.

function wfkitCount(number, word, many = `${word}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? word : many}`;
}

// Names in a row, what is there several times once: a, b ×2 and c. Lists in the data end after 40.
function wfkitListed(names, most = 4) {
  const times = (name) => names.filter((other) => other === name).length;
  const found = [...new Set(names)].map((name) => (times(name) < 2 ? name : `${name} ×${times(name)}${times(name) < 40 ? "" : " or more"}`));
  const shown = found.length > most ? [...found.slice(0, most), `${found.length - most} more`] : found;
  return shown.length < 2 ? shown.join("") : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}

// How long something took, as the drawings made in Python say it.
function wfkitLasted(seconds) {
  if (seconds < 0.00005) return seconds ? "<0.1 ms" : "0 ms";
  if (seconds < 0.0995) return `${(seconds * 1000).toFixed(seconds < 0.00995 ? 1 : 0)} ms`;
  if (seconds < 59.95) return `${seconds.toFixed(seconds < 0.995 ? 2 : 1)} s`;
  const whole = Math.round(seconds), minutes = Math.floor(whole / 60);
  return whole < 3600 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

// A point in time in a run of this duration, told apart from others that are `step` seconds away.
function wfkitClock(seconds, duration, step = duration < 10 ? Math.max(duration / 400, 1e-5) : 0.1) {
  const scale = duration < 0.1 || (step < 0.001 && seconds < 1) ? 1000 : 1;
  const digits = Math.max(0, Math.min(-Math.floor(Math.log10(step * scale) + 1e-6), 5));
  if (duration < 120 || scale > 1) return `${(seconds * scale).toFixed(digits)} ${scale > 1 ? "ms" : "s"}`;
  return `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(digits).padStart(digits ? digits + 3 : 2, "0")}`;
}

function wfkitStateOf(outcome) {
  if (outcome === "stuck") return "waiting";
  return ["done", "cancelled", "running", "waiting"].includes(outcome) ? outcome : "failed";
}

// A function from a moment to its state and its words; a name among the words is a list of one.
function wfkitWords({ nodes, events, errors }, moments, runs) {
  const awaited = new Set(moments.map(({ kind, e }) => kind === "resumed" && e));
  const ways = { stop: "", question: " to whoever can answer" };
  const event = (e) => events[e]?.[1];
  return (moment) => {
    if (!moment) return ["", ["nothing happened yet"]];
    const { kind, r, e, x, targets = [], attempt, es = [], again, by = [], change, outcome, keys = [], what } = moment;
    const who = r < 0 ? "" : " by $r", changed = { clear: "cleared", set_state: "replaced" }[change] ?? "changed";
    const unqueued = awaited.has(e) ? "" : ways[nodes[events[e]?.[0]]?.[2]] ?? ", which no step takes";
    const text = {
      began: moment.restored ? ":the run went on from a snapshot" : ":the run began",
      sent: ":$e sent" + (who || " from outside") + (targets.length ? " to $t" : unqueued),
      started: "running:$r started" + (attempt > 1 ? ` again, attempt ${attempt}` : ""),
      finished: "done:$r returned " + (es.length ? "$f" : "nothing"),
      failed: again === null ? "failed:$r failed with $x" : `retried:$r failed with $x, retry in ${wfkitLasted(again)}`,
      cancelled: "cancelled:$r was cancelled",
      waiting: "waiting:$r waits for $n",
      resumed: "running:" + (e < 0 ? "$r waited in vain: its time is up" : "$r got $e and goes on"),
      held: "held:$r is held",
      released: "running:$r was let go",
      replaced: "held:$r was given " + (e < 0 ? "other events" : "another $e"),
      stood_in: "held:$r is skipped: what it returns was given",
      buffered: "waiting:$r put $e aside until the others are there",
      collected: "done:$r has " + (by.length ? `all that it gathers, from ${wfkitCount(by.length, "run")}` : "nothing to gather"),
      streamed: ":$e written to the stream" + who,
      state: (r < 0 ? `:the state was ${changed}` : `:$r ${changed} the state`) + (keys.length ? ": $k" : ""),
      idle: moment.stuck ? "failed:stuck: $w" : "waiting:at rest: $w",
      ended: wfkitStateOf(outcome) + ":the run $o",
      skipped: ":$w",
    }[kind] ?? ":$w";
    const names = {
      $e: event(e), $r: runs[r]?.name, $t: wfkitListed(targets.map((n) => nodes[n][1])), $x: errors[x]?.[0],
      $f: wfkitListed(es.map(event)), $n: moment.name, $k: wfkitListed(keys),
    };
    const plain = { $w: what ?? kind, $o: { done: "is done", cancelled: "was cancelled" }[outcome] ?? outcome };
    const [, state, rest] = /^(\w*):(.*)/.exec(text);
    return [state, rest.split(/(\$[a-z])/).map((word) => (word in names ? [names[word] ?? "?"] : plain[word] ?? word))];
  };
}
