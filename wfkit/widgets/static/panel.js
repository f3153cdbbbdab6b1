// What the notebook calls to show a panel: the theme, the ground, and an answer to Python's question whether clicks come.

function render({ model, el }) {
  const root = wfkitMake("div", { className: "wfkit-panel" });
  root.dataset.lmSuppressShortcuts = "true"; // our keys are ours, not JupyterLab's
  el.append(root);
  const forget = wfkitFollowTheme(root, document.body);
  const hear = (message) => message?.ask === "ping" && model.send({ do: "pong" });
  model.on("msg:custom", hear);
  const end = wfkitPanel(root, model);
  model.send({ do: "hello" });
  return () => {
    model.off("msg:custom", hear);
    forget();
    end();
    root.remove();
  };
}
