// The panel that asks: a card with a form for each open question, those that were answered, and how the run stands.

function wfkitPanel(root, model) {
  const put = (tag, className, ...children) => wfkitMake(tag, { className }, ...children);
  const [header, trouble, cards, rest] = ["head", "trouble", "cards", "rest"].map((name) => put("div", `wfa-${name}`));
  const face = wfkitMake("section", { className: "wfa-face", ariaLabel: "questions of a run" }, header, trouble, cards, rest);
  trouble.setAttribute("role", "alert");
  cards.setAttribute("aria-live", "polite");
  root.append(face);
  face.tabIndex = -1; // takes the focus while no question is there
  const open = new Map(); // question -> its card: kept as it is while somebody types
  let folded = true;

  const code = (text) => put("code", "", text);
  const facts = (pairs) => put("dl", "wfa-facts", ...pairs.flatMap(([name, value]) => [put("dt", "", name), put("dd", "", value)]));

  function update() {
    const view = model.get("view") ?? {};
    if (!view.status) return;
    face.dataset.state = view.status.state;
    head(view);
    trouble.hidden = !view.error;
    trouble.textContent = view.error ?? "";
    deal(view);
    below(view);
  }

  function head({ name, status, open: asked, more }) {
    const count = asked.length + more;
    const words = count
      ? `${wfkitTold(count, "question")} for you`
      : { stuck: "cannot go on", queued: "waits for its turn" }[status.state] ?? status.state;
    const events = put("span", "wfa-quiet", wfkitTold(status.events, "event"));
    const state = put("span", "wfa-state", wfkitStateSign(status.state), words);
    header.replaceChildren(state, put("span", "wfa-name", name), events);
  }

  function deal({ open: asked, more, elsewhere, tries, status }) {
    const keys = new Set(asked.map(({ key }) => key));
    let lost = document.activeElement === face; // since the last answer
    for (const [key, card] of open) {
      if (keys.has(key)) continue;
      lost ||= card.box.contains(document.activeElement);
      card.box.remove();
      open.delete(key);
    }
    for (const question of asked) {
      if (!open.has(question.key)) open.set(question.key, wfkitAskCard(question, model, { put, code, facts }));
      const card = open.get(question.key);
      if (cards.children[asked.indexOf(question)] !== card.box) cards.insertBefore(card.box, cards.children[asked.indexOf(question)] ?? null);
      card.update(question, tries);
    }
    cards.querySelectorAll(":scope > .wfa-none").forEach((line) => line.remove());
    for (const name of elsewhere) {
      const why = " asks, but goes on in a thread of its own, where no answer comes in. Await it in an async step instead of calling run_sync.";
      cards.append(put("p", "wfa-none", "The child run ", code(name), why));
    }
    const none = more ? `${wfkitTold(more, "more question")} after these` : asked.length || elsewhere.length ? "" : status.result || status.waiting_for || "No question is open.";
    if (none) cards.append(put("p", "wfa-none", none));
    if (lost) (asked.length ? open.get(asked[0].key) : face).focus();
  }

  function below({ answered, status }) {
    const rows = status.rows.filter(({ state }) => state);
    const chips = rows.map(({ name, state, counts }) => {
      const told = counts.map(([what, count]) => `${count} ${what}`).join(", ");
      const chip = put("span", "wfa-chip", wfkitStateSign(state, 12), code(name), put("span", "wfa-quiet", told));
      chip.title = `${name}: ${told}`;
      return chip;
    });
    const parts = [];
    if (answered.length) {
      const list = put("ol", "wfa-answers", ...answered.map(answer));
      const details = put("details", "wfa-answered", put("summary", "", `${wfkitTold(answered.length, "answer")} given`), list);
      details.open = !folded;
      details.addEventListener("toggle", () => { folded = !details.open; });
      parts.push(details);
    }
    if (chips.length) parts.push(put("div", chips.length > 6 ? "wfa-steps wfa-many" : "wfa-steps", ...chips));
    const now = JSON.stringify([answered, rows]);
    if (rest.dataset.told === now) return;
    rest.dataset.told = now;
    rest.replaceChildren(...parts);
    rest.hidden = !parts.length;
  }

  function answer({ name, asked, answer: given, kind }) {
    const said = (pairs) => pairs.map(([field, value]) => (pairs.length > 1 ? `${field}: ${value}` : value)).join(", ");
    return put("li", "", put("span", "wfa-quiet", said(asked) || name), put("span", "wfa-given", said(given) || kind));
  }

  model.on("change:view", update);
  update();
  return () => {
    model.off("change:view", update);
    for (const card of open.values()) card.destroy();
  };
}

function wfkitTold(count, word) {
  return `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;
}

// One question with its form. `update` takes what has changed; the form is made anew only for another class of answer.
function wfkitAskCard(question, model, { put, code, facts }) {
  const { key, name, step, child, fields, forms } = question;
  const place = put("div", "wfa-form");
  const note = put("p", "wfa-quiet wfa-after");
  const from = put("span", "wfa-quiet", step ? "from " : "", step ? code(step) : "", child ? " of the child run " : "", child ? code(child) : "");
  const title = put("h4", "", name ? code(name) : "An answer is awaited", from);
  const box = put("article", "wfa-card", title);
  box.setAttribute("aria-label", [name || "question", child && `of ${child}`].filter(Boolean).join(" "));
  if (fields.length === 1) box.append(put("p", "wfa-text", fields[0][1]));
  else if (fields.length) box.append(facts(fields));
  let chosen = forms[0], form, tried = null;

  function choose(found) {
    chosen = found;
    form?.destroy();
    const submit = (values) => model.send({ do: "answer", key, kind: chosen.name, values });
    form = wfkitForm(place, chosen.fields, submit, { submit: "Send answer", open: chosen.open, label: `answer: ${chosen.name}` });
  }
  if (forms.length > 1) {
    const select = wfkitMake("select", { className: "wfa-kinds", ariaLabel: "kind of answer" }, ...forms.map(({ name: kind }) => new Option(kind)));
    select.addEventListener("change", () => {
      choose(forms[select.selectedIndex]);
      form.focus();
    });
    box.append(put("label", "wfa-kind", put("span", "wfa-quiet", "answer with"), select));
  }
  box.append(place, note);
  choose(chosen);
  return {
    box,
    focus: () => form.focus(),
    destroy: () => form.destroy(),
    update({ after, errors }, tries) {
      note.hidden = !after;
      note.textContent = after ? "Answer the question above first: the run could not tell the two answers apart." : "";
      form.enable(!after);
      const now = JSON.stringify([tries, errors]);
      if (tried !== null && tried !== now) form.errors(errors);
      tried = now;
    },
  };
}
