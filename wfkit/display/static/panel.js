// What stands around the stage of a playback: the header, and the side panel that tells of one moment. What comes from
// a run is hostile text: it enters the page through `append`, `textContent` and properties only.

// Make an element, "h4", ".name" for a div, "span.name", with children and properties; what is falsy is left out.
function wfkitPut(what, ...parts) {
  const [tag, name] = what.split("."), made = wfkitMake(tag || "div", name ? { className: `wfp-${name}` } : {});
  for (const part of parts) part?.constructor === Object ? Object.assign(made, part) : part && made.append(part);
  return made;
}

function wfkitButton(name, title, onclick, ...parts) {
  return wfkitPut(`button.${name}`, { type: "button", title, onclick }, ...parts);
}

// A sign of 12 by 12 around (0, 0): a path, or the picture's sign of a state.
function wfkitSign(inside, name = "") {
  return wfkitDraw("svg", { class: `wfp-sign ${name}`, viewBox: "-8 -8 16 16", "aria-hidden": true }, inside);
}

function wfkitSignOf({ svg }, state) {
  const sign = state && svg.querySelector(`#wf-g-${state}`)?.cloneNode(true);
  sign?.removeAttribute?.("id");
  return sign && wfkitSign(sign, state);
}

// Save the document as it was delivered; return what became of that, in words.
function wfkitExport(name, page) {
  if (!page) return "not possible here: draw with filename=...";
  if (parent !== window && !wfkitOutside()) return "this viewer allows no downloads";
  const whole = page.replace("<html", `<html class="full"`); // a page of its own, no frame in a cell
  const href = URL.createObjectURL(new Blob([whole], { type: "text/html" }));
  const link = wfkitPut("a", { href, download: name.replace(/[^\w-]+/g, "_").slice(0, 60) + ".html" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(href), 10000);
  return `saving ${link.download}`;
}

function wfkitHeader(stage, { name, outcome, headline, counts, remarks }, page) {
  const told = [
    wfkitCount(counts.events, "event"), wfkitCount(counts.steps, "step"),
    counts.retries && wfkitCount(counts.retries, "retry", "retries"), counts.failed && wfkitCount(counts.failed, "failed", "failed"),
  ];
  const state = wfkitStateOf(outcome), standing = wfkitPut(`span.outcome ${state}`, wfkitSignOf(stage, state), headline);
  const became = wfkitPut("span.quiet", { role: "status" });
  const save = wfkitButton("toggle", "save this playback as an .html file (Shift+E)", () => {
    became.textContent = wfkitExport(name, page);
  }, "export");
  const result = wfkitPut(".result", standing, ...told.filter(Boolean).map((word) => ` · ${word}`));
  const title = wfkitPut(".title", wfkitPut("h3", name), result, became, save);
  return { save, box: wfkitPut(".header", title, ...remarks.map((remark) => wfkitPut("p", remark))) };
}

// `go` is called with a moment when the name of a run is clicked.
function wfkitPanel(stage, data, moments, runs, words, go) {
  const [where, told, facts] = [".where", ".words", ".facts"].map((name) => wfkitPut(name));
  const box = wfkitPut("section.panel", { ariaLabel: "the moment" }, where, told, facts);
  function long(text) {
    if (text.length < 140) return text;
    const value = wfkitPut("span.cut", text);
    const more = wfkitButton("link", "the whole value, or less of it", () => {
      more.textContent = value.classList.toggle("wfp-cut") ? "more" : "less";
    }, "more");
    return wfkitPut("span", value, more);
  }
  function list(...rows) {
    const cells = rows.filter(([, value]) => value).flatMap(([name, value]) => [
      wfkitPut("dt", { title: name }, name), wfkitPut("dd", value.append ? value : long(value)),
    ]);
    return cells.length && wfkitPut("dl", ...cells);
  }
  function event(e) {
    const [, name, fields, more] = data.events[e];
    return wfkitPut("", wfkitPut("h4", name), list(...fields, ["…", more && `${wfkitCount(more, "field")} more`]));
  }
  function links(found, none) {
    if (!found?.length) return none;
    return wfkitPut("span", ...found.slice(0, 6).flatMap((r, i) => {
      const { name, first } = runs[r], disabled = first < 0;
      return [i && ", ", wfkitButton("link", "go to where it started", () => go(first), { disabled }, name)];
    }), found.length > 6 && ` and ${found.length - 6} more`);
  }
  function error([name, message, trace]) {
    const folded = trace && wfkitPut("details", wfkitPut("summary", "traceback"), wfkitPut("pre", trace));
    return wfkitPut(".error", wfkitPut("h4", name), wfkitPut("p", long(message)), folded);
  }
  // What came of a run is told from its end on: a moment before, nobody knew.
  function of(run, { attempt, by }, known) {
    const { attempts, spans, waited, held, touched } = run;
    return list(
      ["from", links(run.from, "outside")],
      ["gathers", links(by)],
      ["attempt", known ? attempts > 1 && (attempt ? `${attempt} of ${attempts}` : `${attempts}`) : attempt > 1 && `${attempt}`],
      ["took", known && spans.length && `${wfkitLasted(run.worked)}${run.open ? " so far" : ""}`],
      ["waited", known && waited && wfkitLasted(waited)],
      ["held", known && held && wfkitLasted(held)],
      ["by a hook", known && { edited: "given another event", skipped: "given its result" }[touched]],
      ["state", known && wfkitListed([...run.keys], 20)],
      ["then", known && links(run.onward)],
    );
  }
  const counted = ([node, tally]) => [
    data.nodes[node][1],
    Object.entries(tally).filter(([, count]) => count).map(([name, count]) => wfkitCount(count, name, name)).join(", "),
  ];
  return {
    box,
    told,
    show(i) {
      const moment = moments[i] ?? {}, { kind, r, e, x, es, targets, tallies } = moment;
      const [state, parts] = words(moments[i]);
      const edited = runs[r]?.edits.findLast(([at]) => at <= i)?.[1] ?? -1;
      const found = (es ?? (e >= 0 ? [e] : edited >= 0 ? [edited] : runs[r]?.events ?? [])).filter((one) => one >= 0);
      const open = [...runs.keys()].filter((run) => kind === "idle" && !runs[run].end);
      where.textContent = [i + 1, moments.length].map((number) => number.toLocaleString("en")).join("/");
      const rich = parts.map((part) => (Array.isArray(part) ? wfkitPut("code", ...part) : part));
      told.replaceChildren(...[wfkitSignOf(stage, state), wfkitPut("span", ...rich)].filter(Boolean));
      facts.replaceChildren(...[
        data.errors[x] && error(data.errors[x]), ...found.slice(0, 3).map(event),
        found.length > 3 && list(["…", `${found.length - 3} more`]),
        targets ? list(["from", links(r < 0 ? [] : [r], "outside")]) : runs[r] && of(runs[r], moment, i >= Math.min(runs[r].over, moments.length - 1)),
        list(["open", links(open)]), tallies && list(...tallies.map(counted)),
      ].filter(Boolean));
      box.scrollTop = 0;
    },
  };
}
