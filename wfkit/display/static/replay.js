// A run as its moments tell it, and the counts of every node at any of them. Nothing here touches the page.

function wfkitRead(data) {
  const fields = {
    began: "restored", sent: "e r targets", started: "r attempt", finished: "r es", failed: "r x again", cancelled: "r",
    waiting: "r name", resumed: "r e", held: "r", released: "r", replaced: "r e", stood_in: "r", buffered: "r e", collected: "r by", streamed: "r e", state: "r change keys",
    idle: "what stuck", ended: "outcome e x", skipped: "records tallies what open",
  };
  const moments = data.moments.map(([t, kind, ...rest]) => {
    const moment = { t, kind, r: -1, e: -1, x: -1 }; // of a run, an event, an error
    fields[kind]?.split(" ").forEach((name, i) => (moment[name] = rest[i]));
    return moment;
  });
  const repeated = new Set(data.runs.filter((run) => run[1] > 1).map((run) => run[0]));
  const runs = data.runs.map(([node, number, events, from, lane, spans, taken]) => {
    const sum = (...kinds) => spans.reduce((all, [t0, t1, kind]) => all + (kinds.includes(kind) ? t1 - t0 : 0), 0);
    const [id, name] = data.nodes[node];
    return {
      node, id, from, lane, spans, events: [].concat(events), name: repeated.has(node) ? `${name} #${number}` : name,
      taken: taken ?? [].concat(events).length, attempts: 1 + spans.filter((span) => span[2] === "retry").length,
      worked: sum("run", "fail", "open"), waited: sum("wait", "retry"), held: sum("hold"), open: spans.some((span) => span[2] === "open"),
      first: -1, over: Infinity, end: "", x: -1, touched: "", edits: [], keys: new Set(), onward: [],
    };
  });
  runs.forEach((run, r) => run.from.forEach((from) => runs[from].onward.push(r)));
  moments.forEach(({ kind, r, e, x, keys }, i) => {
    const run = runs[r];
    if (!run) return;
    if (kind === "started" && run.first < 0) run.first = i;
    if (kind === "failed") run.x = x;
    if (kind === "stood_in") run.touched = "skipped";
    if (kind === "replaced") {
      run.touched ||= "edited";
      run.edits.push([i, e]);
    }
    if (["finished", "failed", "cancelled"].includes(kind)) [run.end, run.over] = [kind, i];
    keys?.forEach((key) => run.keys.add(key));
  });
  return { moments, runs };
}

// Checkpoints are kept on the way, so that going back in a long run is quick.
function wfkitReplay({ nodes, events }, moments, runs) {
  const names = ["queued", "running", "held", "waiting", "failed", "retried", "done", "cancelled", "sent"];
  const width = names.length + 1; // the last column: 1 + the run that ended last
  const becomes = { resumed: 1, released: 1, held: 2, waiting: 3, finished: 6, cancelled: 7 };
  const every = 100, kept = [];
  let at = -1;
  let counts = new Int32Array(nodes.length * width);
  let standing = new Uint8Array(runs.length); // the column in which a run is counted, 0: in none
  let waits = new Uint8Array(runs.length); // for how many events a run waits

  // An event without a pill has the node -1, and what is written there is lost.
  const add = (node, column, by = 1) => (counts[node * width + column] += by);
  function move(r, column) {
    const { node } = runs[r];
    if (standing[r]) add(node, standing[r], -1);
    add(node, column);
    standing[r] = column;
    if (column > 3) counts[node * width + width - 1] = r + 1;
  }
  function apply({ kind, r, e, targets, attempt, again, tallies, open }) {
    if (kind === "waiting") waits[r]++;
    if (kind === "resumed" && waits[r]) waits[r]--;
    if (kind === "resumed" && waits[r]) return;
    if (kind === "sent") {
      add(events[e][0], 8);
      for (const node of targets) add(node, 0);
    } else if (kind === "started") {
      if (attempt === 1) add(runs[r].node, 0, -runs[r].taken);
      move(r, 1);
    } else if (kind === "failed") {
      if (again !== null) add(runs[r].node, 5);
      move(r, again === null ? 4 : 3);
    } else if (kind === "ended") {
      for (let i = 0; i < counts.length; i += width) {
        counts[i + 7] += counts[i + 1] + counts[i + 2] + counts[i + 3];
        counts.fill(0, i, i + 4);
      }
    } else if (kind === "skipped") {
      counts.fill(0);
      standing.fill(0);
      for (const [node, tally] of tallies) names.forEach((name, column) => add(node, column, tally[name] ?? 0));
      for (const [run, how] of open ?? []) {
        standing[run] = names.indexOf(how);
        waits[run] = how === "waiting";
      }
    } else if (becomes[kind]) {
      move(r, becomes[kind]);
    }
  }
  return {
    go(index) {
      if (index < at) ({ at, counts, standing, waits } = structuredClone(kept[Math.floor(index / every)]));
      while (at < index) {
        apply(moments[++at]);
        if (at % every === 0) kept[at / every] ??= structuredClone({ at, counts, standing, waits });
      }
    },
    of: (node) => counts.subarray(node * width, node * width + width),
  };
}
