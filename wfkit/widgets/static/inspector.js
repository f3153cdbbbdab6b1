// The inspector: the store as a tree, the value that is open with its history, and what differs between two moments.

function wfkitPanel(root, model) {
  const put = (tag, className, ...children) => wfkitMake(tag, { className }, ...children);
  const names = ["head", "trouble", "middle", "compare"];
  const [header, trouble, middle, compare] = names.map((name) => put("div", `wfi-${name}`));
  const [tree, side] = [put("div", "wfi-tree"), put("div", "wfi-side")];
  tree.setAttribute("role", "tree");
  tree.setAttribute("aria-label", "the state");
  trouble.setAttribute("role", "alert");
  middle.append(tree, side);
  const face = wfkitMake("section", { className: "wfi-face", ariaLabel: "state of a run" }, header, trouble, middle, compare);
  root.append(face);
  const told = new Map();
  const folded = new Set(); // paths of which the inside is not shown
  const button = (word, title, onclick, className = "wfi-link") => wfkitMake("button", { type: "button", className, title, onclick }, word);

  // What has not changed stays as it is, with its focus and its place.
  function once(name, data, build) {
    const now = JSON.stringify(data);
    if (told.get(name) === now) return;
    told.set(name, now);
    build(data);
  }

  function update() {
    const view = model.get("view") ?? {}, detail = model.get("detail") ?? {};
    if (!view.rows) return;
    face.dataset.state = view.state;
    once("head", [view.name, view.state, view.count, view.kept, view.moments.at(-1)], () => head(view));
    trouble.hidden = !view.error;
    trouble.textContent = view.error ?? "";
    once("tree", [view.rows, detail.open?.key], () => grow(view.rows, detail.open?.key));
    once("side", detail.open ?? null, () => open(detail.open));
    once("moments", view.moments, () => choices(view.moments));
    once("compared", detail.compared ?? null, () => differ(detail.compared));
  }

  function head({ name, state, count, kept, moments }) {
    const last = moments.at(-1);
    const by = last.number ? put("span", "wfi-quiet", "last changed by ", put("code", "", last.who), `: ${last.keys}`) : "";
    header.replaceChildren(
      put("span", "wfi-title", wfkitStateSign(state), `State of ${name}`),
      put("span", "wfi-quiet", `${count} ${count === 1 ? "key" : "keys"}`), by, put("span", "wfi-quiet wfi-kept", kept),
    );
  }

  function grow(rows, opened) {
    const focused = document.activeElement?.dataset?.wfiPath;
    let hidden = Infinity;
    const made = [];
    rows.forEach((row, place) => {
      const parent = rows[place + 1]?.depth > row.depth;
      if (row.depth > hidden) return;
      hidden = parent && folded.has(row.path) ? row.depth : Infinity;
      made.push(line(row, parent, row.path !== null && row.path === opened));
    });
    if (!made.length) made.push(put("p", "wfi-quiet wfi-empty", "Nothing is stored."));
    tree.replaceChildren(...made);
    if (focused !== undefined) [...tree.children].find(({ dataset }) => dataset.wfiPath === focused)?.focus();
  }

  function line({ path, key, depth, type, text, changed, was }, parent, opened) {
    const sign = put("span", "wfi-fold", parent ? (folded.has(path) ? "▸" : "▾") : "");
    const value = put("span", "wfi-value", text, was ? put("span", "wfi-was", ` was ${was}`) : "");
    const box = put("div", "wfi-row", put("span", "wfi-name", sign, put("code", "wfi-key", key)), put("span", "wfi-type", type), value);
    box.style.setProperty("--wfi-depth", depth);
    box.classList.toggle("wfi-changed", Boolean(changed));
    if (changed) {
      const mark = put("span", "wfi-mark", "●");
      mark.setAttribute("role", "img");
      mark.setAttribute("aria-label", mark.title = "changed in the last step");
      box.append(mark);
    }
    box.setAttribute("role", "treeitem");
    box.setAttribute("aria-level", depth + 1);
    box.setAttribute("aria-selected", opened);
    if (parent) box.setAttribute("aria-expanded", !folded.has(path));
    if (path === null) return box;
    box.tabIndex = 0;
    box.dataset.wfiPath = path;
    box.title = `${path}: the whole value and its history (Enter); arrows fold and unfold`;
    const fold = (shut) => {
      folded[shut ? "add" : "delete"](path);
      told.delete("tree");
      update();
    };
    box.addEventListener("click", (event) => {
      if (parent && event.target === sign) fold(!folded.has(path));
      else model.send({ do: opened ? "shut" : "open", ...(opened ? {} : { path }) });
    });
    box.addEventListener("keydown", (event) => {
      const to = { ArrowDown: box.nextElementSibling, ArrowUp: box.previousElementSibling }[event.key];
      if (to) to.focus();
      else if (event.key === "Enter" || event.key === " ") box.click();
      else if (parent && event.key === "ArrowLeft") fold(true);
      else if (parent && event.key === "ArrowRight") fold(false);
      else return;
      event.preventDefault();
    });
    return box;
  }

  function open(value) {
    face.classList.toggle("wfi-open", Boolean(value));
    if (!value) return side.replaceChildren();
    const past = value.moment !== null;
    const shut = button("✕", "close (Escape)", () => model.send({ do: "shut" }), "wfi-shut");
    const when = past ? put("span", "wfi-past", `as it was at moment ${value.moment} `, button("now", "the value as it is now", () => model.send({ do: "open", path: value.key }))) : "";
    const text = put("pre", "wfi-whole", value.text);
    text.tabIndex = 0;
    const more = value.more ? button("show more", "the next 10 kB of it", () => model.send({ do: "more" }), "wfi-more") : "";
    const history = put("ol", "wfi-history", ...value.history.map((one) => {
      const at = button(String(one.moment), "the value at this moment", () => model.send({ do: "open", path: value.key, moment: one.moment }));
      const item = put("li", "", at, put("span", "wfi-who", one.who), put("code", "", one.text));
      item.classList.toggle("wfi-here", one.moment === value.moment);
      return item;
    }));
    side.replaceChildren(
      put("h4", "", put("code", "", value.path), put("span", "wfi-quiet", value.type), shut), when,
      value.rich ? wfkitShutIn(value.rich, face) : "", text, more,
      put("h5", "", "history, since the inspector was made"), value.history.length ? history : put("p", "wfi-quiet", "Nothing is kept of it."),
    );
  }

  function choices(moments) {
    const chosen = [...compare.querySelectorAll("select")].map((select) => select.value);
    if (moments.length < 2) {
      compare.hidden = true;
      return;
    }
    compare.hidden = false;
    const word = ({ number, who, keys }) => (number ? `${number} · ${who} · ${keys}` : "0 · as it was found");
    const select = (label, value) => {
      const made = wfkitMake("select", { className: "wfi-select", ariaLabel: label }, ...moments.map((moment) => new Option(word(moment), String(moment.number))));
      made.value = value;
      if (made.selectedIndex < 0) made.selectedIndex = 0;
      return made;
    };
    const last = moments.length - 1;
    const one = select("earlier moment", chosen[0] ?? String(moments[last - 1].number));
    const other = select("later moment", chosen[1] ?? String(moments[last].number));
    const go = () => model.send({ do: "compare", one: Number(one.value), other: Number(other.value) });
    const bar = put("div", "wfi-bar", put("span", "wfi-quiet", "compare"), one, put("span", "wfi-quiet", "with"), other, button("compare", "show what differs between the two", go, "wfi-button"));
    compare.querySelector(".wfi-bar")?.remove();
    compare.prepend(bar);
  }

  function differ(found) {
    compare.querySelector(".wfi-diff")?.remove();
    if (!found) return;
    const close = button("✕", "close the comparison", () => model.send({ do: "compare" }), "wfi-shut");
    const title = put("h4", "", `from moment ${found.one} to moment ${found.other}`, close);
    const rows = found.rows.map(({ key, lines }) => {
      const body = put("pre", "wfi-whole", ...lines.map(([sign, text]) => put("span", `wfi-line ${{ "+": "wfi-new", "-": "wfi-gone" }[sign] ?? "wfi-quiet"}`, `${sign} ${text}\n`)));
      return put("div", "", put("code", "wfi-key", key), body);
    });
    if (!rows.length) rows.push(put("p", "wfi-quiet", "Nothing differs."));
    if (found.more) rows.push(put("p", "wfi-quiet", `and ${found.more} more keys`));
    compare.append(put("div", "wfi-diff", title, ...rows));
  }

  face.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Escape" && face.classList.contains("wfi-open")) model.send({ do: "shut" });
  });
  model.on("change:view", update);
  model.on("change:detail", update);
  update();
  return () => {
    model.off("change:view", update);
    model.off("change:detail", update);
  };
}

// What a value makes of itself for a notebook is the user's own: in a frame without scripts, forms or network. A click on
// a link would still lead it elsewhere, so links lose where they lead, and whatever else loads or moves is taken out.
function wfkitHarmless(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const moving = "script, link, meta, base, iframe, frame, frameset, object, embed, portal, template, animate, set";
  for (const element of page.querySelectorAll(moving)) element.remove();
  for (const element of page.querySelectorAll("form")) element.replaceWith(...element.childNodes);
  for (const element of page.querySelectorAll("*")) {
    for (const { name, value } of [...element.attributes]) {
      const leads = /href$/i.test(name) && !value.startsWith("#");
      if (leads || /^(on.*|ping|action|formaction|target|srcdoc)$/i.test(name)) element.removeAttribute(name);
    }
  }
  return page.documentElement.innerHTML;
}

function wfkitShutIn({ type, data }, face) {
  const style = getComputedStyle(face);
  const [ink, line, ground] = ["--wf-ink", "--wf-line", "--wf-surface"].map((name) => style.getPropertyValue(name));
  const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";
  const looks = `:root{color-scheme:${style.colorScheme || "light"}}body{margin:8px;color:${ink};background:${ground};font:13px/20px system-ui,sans-serif}`
    + `table{border-collapse:collapse}td,th{border:1px solid ${line};padding:2px 8px;text-align:right;font-size:12px}img{max-width:100%}`;
  const html = type === "text/html";
  const inside = html ? wfkitHarmless(data) : `<img alt="" src="data:${type};base64,${data}">`;
  const frame = wfkitMake("iframe", { className: "wfi-rich", title: "the value as it shows itself" });
  // Nobody can look into the frame, so how high it should be is seen outside.
  const grow = (height) => { frame.style.height = `${Math.max(64, Math.min(height + 20, 360))}px`; };
  if (html) {
    const rows = inside.match(/<tr[\s>]/gi)?.length;
    if (rows) grow(26 * rows + 24 * /<\/table>\s*<(p|div)/i.test(inside));
  } else {
    const image = new Image();
    image.onload = () => image.naturalHeight && grow(image.naturalHeight * Math.min(1, (frame.clientWidth - 18) / image.naturalWidth));
    image.src = `data:${type};base64,${data}`;
  }
  frame.setAttribute("sandbox", "");
  frame.srcdoc = `<!DOCTYPE html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}"><style>${looks}</style>${inside}`;
  return frame;
}
