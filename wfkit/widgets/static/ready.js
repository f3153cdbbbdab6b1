// What is held and can be let go: each with its way, those that go the same way under one head.

function wfkitReady(box, send) {
  const many = 8; // from so many on there is a field to find one
  const find = wfkitMake("input", { type: "search", className: "wfd-find", placeholder: "find among them", hidden: true });
  find.setAttribute("aria-label", "find among what is ready");
  find.onkeydown = (event) => event.stopPropagation();
  let timer = 0;
  find.oninput = () => {
    clearTimeout(timer);
    timer = setTimeout(() => send({ do: "seek", text: find.value }), 200);
  };
  const list = wfkitMake("div", { className: "wfd-list wfd-scrolls" });
  box.append(find, list);

  const way = ([from, to]) => wfkitMake("code", {}, `${from} → ${to}`);
  function choice(one, chosen, ...parts) {
    const on = one.key === chosen;
    const row = wfkitMake("button", { type: "button", className: `wfd-choice${one.failed ? " failed" : ""}`, ariaPressed: String(on) }, ...parts);
    if (one.brief) row.append(wfkitMake("span", { className: "wfd-brief", textContent: one.brief, title: one.brief }));
    row.title = on ? "chosen: step lets this one go" : "choose: step lets this one go";
    row.dataset.focus = `choice ${one.key}`;
    row.onclick = () => send({ do: "choose", held: one.key });
    return row;
  }
  function grouped(ready) {
    const groups = new Map();
    for (const one of ready) {
      const name = JSON.stringify([one.way, one.note, one.failed]);
      groups.set(name, [...(groups.get(name) ?? []), one]);
    }
    return [...groups.values()];
  }

  return ({ ready, count, more, sought }, chosen) => {
    const top = list.scrollTop;
    find.hidden = count < many;
    if (!sought && box.getRootNode().activeElement !== find) find.value = "";
    const rows = grouped(ready).flatMap(([first, ...others]) => {
      const head = [way(first.way), wfkitMake("small", { textContent: first.note })];
      if (!others.length) return choice(first, chosen, ...head);
      return [wfkitMake("div", { className: "wfd-way" }, ...head), ...[first, ...others].map((one) => choice(one, chosen))];
    });
    const quiet = (textContent) => wfkitMake("p", { className: "wfd-quiet", textContent });
    if (!ready.length) rows.push(quiet(sought ? "nothing like that" : "nothing is held"));
    if (more) rows.push(quiet(`and ${more.toLocaleString("en")} more: ${sought ? "say more to find one" : "find one by its text"}`));
    list.replaceChildren(...rows);
    list.scrollTop = top;
    const on = list.querySelector("[aria-pressed=true]");
    if (on && (on.offsetTop < list.scrollTop || on.offsetTop + on.offsetHeight > list.scrollTop + list.clientHeight)) {
      list.scrollTop = on.offsetTop - 8;
    }
  };
}
