// What the notebook calls to show a panel: the theme, the ground, and an answer to Python's question whether clicks come.

// Panels come and go just as one cell follows another. A message that reaches ipykernel 7.4 in that moment, whosever it is,
// can make it report the end of the second cell as that of the first, and Run All waits for ever: so what is not urgent
// comes later.
const wfkitLater = 4000;

function wfkitTry(act) {
  try {
    act();
    return true;
  } catch {
    return false; // its kernel is gone
  }
}

function render({ model, el }) {
  const root = wfkitMake("div", { className: "wfkit-panel" });
  root.dataset.lmSuppressShortcuts = "true"; // our keys are ours, not JupyterLab's
  el.append(root);
  const forget = wfkitFollowTheme(root, document.body);
  const page = Math.random().toString(36).slice(2);
  const silence = wfkitSilence(root);
  const hear = (message) => {
    if (message?.ask === "ping") model.send({ do: "pong" });
    if (message?.heard) silence.end();
  };
  const send = (message) => {
    silence.begin();
    if (!wfkitTry(() => model.send(message))) silence.show();
  };
  // Said when the kernel was restarted, too; whether it lives is then seen by its answer.
  const doubt = () => send({ do: "hello", page });
  model.on("comm_live_update", doubt);
  model.on("msg:custom", hear);
  const end = wfkitPanel(root, { get: (name) => model.get(name), on: (...what) => model.on(...what), off: (...what) => model.off(...what), send });
  let greeted = false;
  const greeting = setTimeout(() => {
    greeted = true;
    doubt();
  }, wfkitLater);
  return () => {
    clearTimeout(greeting);
    model.off("msg:custom", hear);
    model.off("comm_live_update", doubt);
    if (greeted) setTimeout(() => wfkitTry(() => model.send({ do: "bye", page })), wfkitLater);
    silence.end();
    forget();
    end();
    root.remove();
  };
}

// Nothing is worse than a button that does nothing: it says so when the kernel does not answer.
function wfkitSilence(root) {
  const text = "The kernel does not answer. It is busy, or gone: after a restart, run the cell again.";
  const note = wfkitMake("div", { className: "wfkit-silence", hidden: true, textContent: text });
  note.setAttribute("role", "status");
  root.append(note);
  let timer = 0;
  const show = () => (note.hidden = false);
  return {
    show,
    begin() {
      clearTimeout(timer);
      timer = setTimeout(show, 3000);
    },
    end() {
      clearTimeout(timer);
      note.hidden = true;
    },
  };
}
