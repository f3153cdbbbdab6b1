// A field that lights the nodes of a name and goes from one to the next.

function wfkitFind(bar, nodes, on, light, reveal, done) {
  const told = "find a node";
  const field = wfkitMake("input", { type: "search", placeholder: told, ariaLabel: told, hidden: true });
  const count = wfkitMake("output", {});
  bar.append(field, count);
  let found = [], at = 0;
  function go(to) {
    at = (to + found.length) % found.length || 0;
    count.value = field.value ? (found.length ? `${at + 1} of ${found.length}` : "none") : "";
    if (!field.value) return done();
    light(found, found[at]);
    if (found.length) reveal(found[at].g);
  }
  function close() {
    if (field.hidden) return;
    field.value = "";
    field.hidden = true;
    go(0);
  }
  on(field, "input", () => {
    const word = field.value.trim().toLowerCase();
    found = nodes.filter(({ g, lines }) => `${lines[0]} ${g.textContent}`.toLowerCase().includes(word));
    go(0);
  });
  on(field, "keydown", (event) => {
    if (event.key === "Enter") go(at + (event.shiftKey ? -1 : 1));
    if (event.key === "Escape") {
      close();
      bar.parentNode.querySelector("svg.wfkit").focus();
    }
    event.stopPropagation(); // a notebook has commands on letters
  });
  return {
    close,
    active: () => !!field.value,
    open() {
      field.hidden = false;
      field.select();
    },
  };
}
